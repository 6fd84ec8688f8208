#include "service/attest/attest.h"

#include <string.h>

#include "proto/capability.h"
#include "reference.h"

#define LIFECYCLE_COMPLETE 1u /* Module1Complete: keys and fuses are final */
#define PRODUCTION_PREFIX "Production"
#define HARMLESS_CAPABILITIES TATU_CAPABILITY_BIT(TATU_CAPABILITY_FIELD_SERVICING)

/* What an appraisal found out, before anything is issued. */
struct appraisal {
    struct tatu_endorsement endorsement;
    const char *maker;
    struct tatu_span payload; /* of the evidence */
    struct tatu_evidence evidence;
};

/* Steps up to the signature believe nothing but the list of makers; the nonce comes after it, so
 * that a stranger cannot use up somebody's nonce. */
static enum tatu_err check_genuine(const struct tatu_call *call, struct tatu_nonces *nonces,
                                   const struct tatu_attest_request *request, struct appraisal *out)
{
    struct tatu_cose_sign1 sign1;
    uint8_t device_id[64], ueid[32];
    TATU_TRY(
        tatu_fleet_check_endorsement(call, request->endorsement, &out->endorsement, &out->maker));
    TATU_TRY(tatu_proto_decode_sign1(request->evidence, &sign1));
    TATU_TRY(tatu_proto_peek_evidence_device(sign1.payload, device_id));
    if (memcmp(device_id, out->endorsement.device_id, sizeof(device_id)) != 0) {
        return TATU_ERR_FOREIGN;
    }
    TATU_TRY(tatu_crypto_verify_cose(out->endorsement.attestation, TATU_COSE_AAD_EVIDENCE, &sign1));
    tatu_crypto_sha256(TATU_SPAN_OF(device_id), ueid);
    TATU_TRY(tatu_proto_decode_evidence(sign1.payload, ueid, &out->evidence));
    TATU_TRY(tatu_identity_nonces_use(nonces, TATU_NONCE_SCOPE_ATTEST, call->now_s,
                                      out->evidence.nonce));
    if (memcmp(out->evidence.implementation, out->endorsement.implementation, 32) != 0 ||
        out->evidence.board_class != out->endorsement.board_class) {
        return TATU_ERR_ENDORSEMENT;
    }
    out->payload = sign1.payload;
    return TATU_OK;
}

/* A lab board has doors that production must not have; so has one whose capabilities let other
 * code than its owner's run. Field servicing opens no such door. */
static bool fits_group(const struct tatu_evidence *evidence, const struct tatu_device *device)
{
    bool production = device->group != NULL &&
                      strncmp(device->group, PRODUCTION_PREFIX, sizeof(PRODUCTION_PREFIX) - 1) == 0;
    bool open = evidence->board_class == TATU_CLASS_LAB ||
                (evidence->capabilities & ~HARMLESS_CAPABILITIES) != 0;
    return !(production && open);
}

static enum tatu_err judge(const struct tatu_call *call, const struct tatu_evidence *evidence,
                           const struct tatu_device *device, uint32_t *out_verdict,
                           const char **out_release)
{
    struct tatu_reference reference = {0};
    enum tatu_err err = tatu_attest_find_reference(call, evidence, &reference);
    if (err != TATU_OK && err != TATU_ERR_NOT_FOUND) {
        return err;
    }
    bool current = err == TATU_OK && reference.current;
    bool lab = evidence->board_class == TATU_CLASS_LAB;
    if (!current) {
        *out_verdict = TATU_ERR_MEASUREMENT;
    } else if ((evidence->lifecycle & LIFECYCLE_COMPLETE) == 0 || (evidence->debug_open && !lab)) {
        *out_verdict = TATU_ERR_LIFECYCLE;
    } else {
        *out_verdict = fits_group(evidence, device) ? TATU_OK : TATU_ERR_DENIED;
    }
    *out_release = tatu_arena_copy_text(call->arena, reference.release, strlen(reference.release));
    return TATU_OK;
}

static enum tatu_err get_catalog(const struct tatu_call *call, int64_t id,
                                 struct tatu_span *out_certificate, uint8_t out_tenant[16])
{
    TATU_ROWS_SCOPED rows = NULL;
    TATU_TRY(TATU_QUERY(call->store, "SELECT ca_cert, tenant FROM catalog WHERE id=?", &rows,
                        TATU_INT(id)));
    TATU_TRY(tatu_store_rows_next(rows));
    *out_certificate = tatu_store_rows_bytes(rows, 0, call->arena);
    tatu_store_rows_fixed(rows, 1, out_tenant, 16);
    return TATU_OK;
}

static enum tatu_err issue_one(const struct tatu_call *call, const struct tatu_device *device,
                               const struct tatu_key *ca, const struct tatu_evidence_tenant *entry,
                               struct tatu_span *out)
{
    struct tatu_buf der = tatu_arena_buf(call->arena, TATU_CERTIFICATE_MAX);
    TATU_TRY(
        tatu_identity_issue_customer(ca, entry->tenant, device->id, entry->key, call->now_s, &der));
    *out = (struct tatu_span){der.data, der.len};
    return TATU_OK;
}

static bool is_installed(const struct tatu_evidence *evidence, const uint8_t component[16])
{
    for (size_t i = 0; i < evidence->app_count; i++) {
        if (memcmp(evidence->apps[i].component, component, 16) == 0) {
            return true;
        }
    }
    return false;
}

/* For the owner's tenant only, and only for applications that the same evidence lists. */
static enum tatu_err issue_customers(const struct tatu_call *call, const struct tatu_device *device,
                                     const struct tatu_evidence *evidence,
                                     struct tatu_attest_result *out)
{
    struct tatu_span authority;
    uint8_t tenant[16];
    TATU_TRY(get_catalog(call, device->catalog_id, &authority, tenant));
    struct tatu_key *ca __attribute__((cleanup(tatu_crypto_drop_key))) = NULL;
    TATU_TRY(tatu_fleet_get_catalog_key(call, device->catalog_id, TATU_CATALOG_CA_KEY, &ca));
    for (size_t i = 0; i < evidence->tenant_count; i++) {
        const struct tatu_evidence_tenant *entry = &evidence->tenants[i];
        if (memcmp(entry->tenant, tenant, sizeof(tenant)) != 0 ||
            !is_installed(evidence, entry->component)) {
            continue;
        }
        struct tatu_attest_customer *customer = &out->customers[out->customer_count];
        TATU_TRY(issue_one(call, device, ca, entry, &customer->certificate));
        memcpy(customer->tenant, tenant, sizeof(customer->tenant));
        memcpy(customer->component, entry->component, sizeof(customer->component));
        customer->authority = authority;
        out->customer_count++;
    }
    return TATU_OK;
}

static enum tatu_err issue(const struct tatu_call *call, const struct tatu_identity *identity,
                           const struct tatu_device *device, const struct tatu_evidence *evidence,
                           struct tatu_attest_result *out)
{
    struct tatu_buf der = tatu_arena_buf(call->arena, TATU_CERTIFICATE_MAX);
    TATU_TRY(
        tatu_identity_issue_update(identity, device->id, evidence->update_key, call->now_s, &der));
    out->update_certificate = (struct tatu_span){der.data, der.len};
    bool customer = out->verdict == TATU_OK && device->catalog_id != 0;
    return customer ? issue_customers(call, device, evidence, out) : TATU_OK;
}

static enum tatu_err keep(const struct tatu_call *call, const struct appraisal *a, uint32_t verdict,
                          const char *release)
{
    return TATU_RUN(call->store,
                    "UPDATE device SET evidence=?, attested_s=?, seen_s=?, verdict=?, release=?,"
                    " boot_count=?, fallback=? WHERE id=?",
                    TATU_BYTES(a->payload), TATU_INT(call->now_s), TATU_INT(call->now_s),
                    TATU_INT(verdict), TATU_TEXT(release), TATU_INT(a->evidence.boot_count),
                    TATU_INT(a->evidence.fallback), TATU_FIXED(a->evidence.device_id));
}

static void note_previous(const struct tatu_device *device, struct tatu_attest_result *out)
{
    struct tatu_evidence previous;
    out->was_known = tatu_attest_read_evidence(device, &previous) == TATU_OK;
    if (out->was_known) {
        out->previous_verdict = device->verdict;
        out->previous_fallback = previous.fallback;
        out->previous_boot_count = previous.boot_count;
    }
}

enum tatu_err tatu_attest_appraise(const struct tatu_call *call,
                                   const struct tatu_identity *identity, struct tatu_nonces *nonces,
                                   const struct tatu_attest_request *request,
                                   struct tatu_attest_result *out)
{
    struct appraisal *a = TATU_ARENA_ONE(call->arena, struct appraisal);
    struct tatu_attest_result result = {.customer_count = 0};
    struct tatu_device device;
    const char *release = NULL;
    TATU_TRY(check_genuine(call, nonces, request, a));
    TATU_TRY(tatu_fleet_note_device(call, &a->endorsement, a->maker));
    TATU_TRY(tatu_fleet_get_device(call, a->evidence.device_id, &device));
    note_previous(&device, &result);
    TATU_TRY(judge(call, &a->evidence, &device, &result.verdict, &release));
    memcpy(result.device_id, device.id, sizeof(result.device_id));
    result.fallback = a->evidence.fallback;
    result.boot_count = a->evidence.boot_count;
    TATU_TRY(issue(call, identity, &device, &a->evidence, &result));
    TATU_TRY(keep(call, a, result.verdict, release));
    *out = result;
    return TATU_OK;
}

enum tatu_err tatu_attest_read_evidence(const struct tatu_device *device, struct tatu_evidence *out)
{
    uint8_t ueid[32];
    if (device->evidence.len == 0) {
        return TATU_ERR_NOT_FOUND;
    }
    tatu_crypto_sha256(TATU_SPAN_OF(device->id), ueid);
    return tatu_proto_decode_evidence(device->evidence, ueid, out);
}
