#include "reference.h"

#include "proto/image.h"

#include <string.h>

static const uint16_t boot_images[] = {TATU_IMAGE_VAULT_RUNTIME, TATU_IMAGE_MONITOR, TATU_IMAGE_DTB,
                                       TATU_IMAGE_KERNEL, TATU_IMAGE_ROOT};

static size_t count_type(const struct tatu_measurement *measurements, size_t count, uint16_t type)
{
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        found += measurements[i].image_type == type;
    }
    return found;
}

bool tatu_attest_is_complete_reference(const struct tatu_reference *reference)
{
    for (size_t i = 0; i < TATU_COUNT_OF(boot_images); i++) {
        if (count_type(reference->measurements, reference->measurement_count, boot_images[i]) !=
            1) {
            return false;
        }
    }
    for (size_t i = 0; i < reference->measurement_count; i++) {
        if (count_type(reference->measurements, reference->measurement_count,
                       reference->measurements[i].image_type) != 1) {
            return false;
        }
    }
    return true;
}

static bool same(const struct tatu_measurement *a, const struct tatu_measurement *b)
{
    return a->image_type == b->image_type && a->security_version == b->security_version &&
           tatu_base_equal_ct(a->digest, b->digest, sizeof(a->digest));
}

static const struct tatu_measurement *find_type(const struct tatu_measurement *measurements,
                                                size_t count, uint16_t type)
{
    for (size_t i = 0; i < count; i++) {
        if (measurements[i].image_type == type) {
            return &measurements[i];
        }
    }
    return NULL;
}

bool tatu_attest_matches_reference(const struct tatu_reference *reference,
                                   const struct tatu_evidence *evidence)
{
    if (!tatu_attest_is_complete_reference(reference) ||
        memcmp(reference->implementation, evidence->implementation, 32) != 0) {
        return false;
    }
    for (size_t i = 0; i < reference->measurement_count; i++) {
        const struct tatu_measurement *wanted = &reference->measurements[i];
        const struct tatu_measurement *found =
            find_type(evidence->measurements, evidence->measurement_count, wanted->image_type);
        if (found == NULL || !same(found, wanted) ||
            count_type(evidence->measurements, evidence->measurement_count, wanted->image_type) !=
                1) {
            return false;
        }
    }
    for (size_t i = 0; i < evidence->measurement_count; i++) {
        uint16_t type = evidence->measurements[i].image_type;
        /* a keystore names one service: no release can list it, and a root key signed it */
        if (type != TATU_IMAGE_KEYSTORE &&
            find_type(reference->measurements, reference->measurement_count, type) == NULL) {
            return false;
        }
    }
    return true;
}

enum tatu_err tatu_attest_find_reference(const struct tatu_call *call,
                                         const struct tatu_evidence *evidence,
                                         struct tatu_reference *out)
{
    TATU_ROWS_SCOPED rows = NULL;
    TATU_TRY(TATU_QUERY(call->store,
                        "SELECT payload FROM reference WHERE implementation=?"
                        " ORDER BY is_current DESC, created_s DESC",
                        &rows, TATU_FIXED(evidence->implementation)));
    enum tatu_err err = tatu_store_rows_next(rows);
    for (; err == TATU_OK; err = tatu_store_rows_next(rows)) {
        struct tatu_reference reference;
        TATU_TRY(
            tatu_proto_decode_reference(tatu_store_rows_bytes(rows, 0, call->arena), &reference));
        if (tatu_attest_matches_reference(&reference, evidence)) {
            *out = reference;
            return TATU_OK;
        }
    }
    return err;
}

enum tatu_err tatu_attest_put_reference(const struct tatu_call *call, struct tatu_span object,
                                        struct tatu_reference *out)
{
    struct tatu_cose_sign1 sign1;
    struct tatu_named_key key;
    struct tatu_reference reference;
    TATU_TRY(tatu_proto_decode_sign1(object, &sign1));
    TATU_TRY(tatu_fleet_find_key(call, TATU_KEYS_RELEASE, sign1.kid, &key));
    TATU_TRY(tatu_crypto_verify_cose(key.public_key, TATU_COSE_AAD_REFERENCE, &sign1));
    TATU_TRY(tatu_proto_decode_reference(sign1.payload, &reference));
    if (!tatu_attest_is_complete_reference(&reference)) {
        return TATU_ERR_ARGUMENT;
    }
    TATU_TRY(TATU_RUN(call->store,
                      "INSERT INTO reference(release, implementation, is_current, payload,"
                      " created_s) VALUES(?,?,?,?,?) ON CONFLICT(release, implementation)"
                      " DO UPDATE SET is_current=excluded.is_current, payload=excluded.payload,"
                      " created_s=excluded.created_s, confirmation=NULL",
                      TATU_TEXT(reference.release), TATU_FIXED(reference.implementation),
                      TATU_INT(reference.current), TATU_BYTES(sign1.payload),
                      TATU_INT(call->now_s)));
    TATU_TRY(tatu_store_audit(call, "put reference values", reference.release));
    *out = reference;
    return TATU_OK;
}

enum tatu_err tatu_attest_list_references(const struct tatu_call *call,
                                          const struct tatu_page *page,
                                          struct tatu_reference_list *out)
{
    TATU_ROWS_SCOPED rows = NULL;
    TATU_TRY(TATU_QUERY(call->store,
                        "SELECT payload FROM reference ORDER BY created_s DESC, release"
                        " LIMIT ? OFFSET ?",
                        &rows, TATU_INT(page->top + 1), TATU_INT(page->skip)));
    struct tatu_reference_list list = {
        TATU_ARENA_MANY(call->arena, struct tatu_reference, (size_t)page->top + 1), 0, false};
    enum tatu_err err = tatu_store_rows_next(rows);
    for (; err == TATU_OK; err = tatu_store_rows_next(rows)) {
        TATU_TRY(tatu_proto_decode_reference(tatu_store_rows_bytes(rows, 0, call->arena),
                                             &list.items[list.count]));
        list.count++;
    }
    if (err != TATU_ERR_NOT_FOUND) {
        return err;
    }
    list.more = list.count > (size_t)page->top;
    list.count -= list.more;
    *out = list;
    return TATU_OK;
}
