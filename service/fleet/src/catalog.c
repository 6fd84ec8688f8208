#include <string.h>

#include "names.h"
#include "service/fleet/fleet.h"

#define COLUMNS                                                                                    \
    "id, sub, rg, name, tenant, tags, created_s, created_by, ca_cert, owner_key FROM catalog "

static void read_catalog(const struct tatu_call *call, const struct tatu_rows *rows,
                         struct tatu_catalog *out)
{
    struct tatu_catalog catalog = {
        .id = tatu_store_rows_int(rows, 0),
        .sub = tatu_store_rows_text(rows, 1, call->arena),
        .rg = tatu_store_rows_text(rows, 2, call->arena),
        .name = tatu_store_rows_text(rows, 3, call->arena),
        .tags = tatu_store_rows_text(rows, 5, call->arena),
        .created_s = tatu_store_rows_int(rows, 6),
        .created_by = tatu_store_rows_text(rows, 7, call->arena),
        .ca_certificate = tatu_store_rows_bytes(rows, 8, call->arena),
    };
    tatu_store_rows_fixed(rows, 4, catalog.tenant, sizeof(catalog.tenant));
    tatu_store_rows_fixed(rows, 9, catalog.owner_key, sizeof(catalog.owner_key));
    *out = catalog;
}

static const char *fold_key(const struct tatu_call *call, const struct tatu_catalog_key *key)
{
    return tatu_fleet_fold_name(call->arena, tatu_arena_format(call->arena, "%s/%s/%s",
                                                               key->sub == NULL ? "%" : key->sub,
                                                               key->rg, key->name));
}

enum tatu_err tatu_fleet_get_catalog(const struct tatu_call *call,
                                     const struct tatu_catalog_key *key, struct tatu_catalog *out)
{
    TATU_ROWS_SCOPED rows = NULL;
    if (key->sub != NULL) {
        TATU_TRY(TATU_QUERY(call->store, "SELECT " COLUMNS "WHERE folded=?", &rows,
                            TATU_TEXT(fold_key(call, key))));
    } else {
        TATU_TRY(TATU_QUERY(call->store, "SELECT " COLUMNS "WHERE lower(rg)=? AND lower(name)=?",
                            &rows, TATU_TEXT(tatu_fleet_fold_name(call->arena, key->rg)),
                            TATU_TEXT(tatu_fleet_fold_name(call->arena, key->name))));
    }
    TATU_TRY(tatu_store_rows_next(rows));
    struct tatu_catalog catalog;
    read_catalog(call, rows, &catalog);
    enum tatu_err err = tatu_store_rows_next(rows);
    if (err != TATU_ERR_NOT_FOUND) {
        return err == TATU_OK ? TATU_ERR_STATE : err;
    }
    *out = catalog;
    return TATU_OK;
}

/* A random GUID (RFC 4122 version 4) in the byte order of the image format. */
static void make_tenant(uint8_t out[16])
{
    tatu_crypto_random(out, 16);
    out[7] = (out[7] & 0x0f) | 0x40;
    out[8] = (out[8] & 0x3f) | 0x80;
}

/* The CA under the service root and the image key; both private keys stay in the database, in the
 * same transaction as the catalog. */
static enum tatu_err insert_catalog(const struct tatu_call *call,
                                    const struct tatu_identity *identity,
                                    const struct tatu_catalog_key *key, const char *tags,
                                    struct tatu_span given)
{
    struct tatu_key *ca __attribute__((cleanup(tatu_crypto_drop_key))) = NULL;
    struct tatu_key *image __attribute__((cleanup(tatu_crypto_drop_key))) = NULL;
    uint8_t tenant[16], ca_public[TATU_PUBLIC_SIZE], owner_key[TATU_PUBLIC_SIZE];
    make_tenant(tenant);
    TATU_TRY(tatu_crypto_make_key(&ca));
    tatu_crypto_get_public(ca, ca_public);
    struct tatu_buf certificate = tatu_arena_buf(call->arena, TATU_CERTIFICATE_MAX);
    struct tatu_buf ca_der = tatu_arena_buf(call->arena, TATU_KEY_DER_MAX);
    struct tatu_buf image_der = tatu_arena_buf(call->arena, TATU_KEY_DER_MAX);
    TATU_TRY(tatu_identity_issue_catalog(identity, tenant, ca_public, call->now_s, &certificate));
    TATU_TRY(tatu_crypto_encode_key(ca, &ca_der));
    if (given.len == sizeof(owner_key)) {
        memcpy(owner_key, given.data, sizeof(owner_key)); /* and no image key: the owner signs */
    } else {
        TATU_TRY(tatu_crypto_make_key(&image));
        tatu_crypto_get_public(image, owner_key);
        TATU_TRY(tatu_crypto_encode_key(image, &image_der));
    }
    TATU_TRY(TATU_RUN(
        call->store,
        "INSERT INTO catalog(sub, rg, name, folded, tenant, tags, created_s, created_by, ca_key,"
        " ca_cert, image_key, owner_key) VALUES(?,?,?,?,?,?,?,?,?,?,?,?)",
        TATU_TEXT(key->sub), TATU_TEXT(key->rg), TATU_TEXT(key->name),
        TATU_TEXT(fold_key(call, key)), TATU_FIXED(tenant), TATU_TEXT(tags), TATU_INT(call->now_s),
        TATU_TEXT(call->who), TATU_AT(ca_der.data, ca_der.len),
        TATU_AT(certificate.data, certificate.len), TATU_AT(image_der.data, image_der.len),
        TATU_FIXED(owner_key)));
    return tatu_store_audit(call, "make catalog", key->name);
}

enum tatu_err tatu_fleet_put_catalog(const struct tatu_call *call,
                                     const struct tatu_identity *identity,
                                     const struct tatu_catalog_key *key, const char *tags,
                                     struct tatu_span owner_key, struct tatu_catalog *out,
                                     bool *out_made)
{
    struct tatu_catalog catalog;
    enum tatu_err err = tatu_fleet_get_catalog(call, key, &catalog);
    bool made = err == TATU_ERR_NOT_FOUND;
    if (made) {
        err = insert_catalog(call, identity, key, tags, owner_key);
    } else if (err == TATU_OK && owner_key.len == sizeof(catalog.owner_key) &&
               memcmp(owner_key.data, catalog.owner_key, owner_key.len) != 0) {
        err = TATU_ERR_EXISTS;
    } else if (err == TATU_OK) {
        err = TATU_RUN(call->store, "UPDATE catalog SET tags=? WHERE id=?", TATU_TEXT(tags),
                       TATU_INT(catalog.id));
        if (err == TATU_OK) {
            err = tatu_store_audit(call, "set catalog", key->name);
        }
    }
    TATU_TRY(err);
    TATU_TRY(tatu_fleet_get_catalog(call, key, out));
    *out_made = made;
    return TATU_OK;
}

enum tatu_err tatu_fleet_list_catalogs(const struct tatu_call *call, const char *sub,
                                       const char *rg, const struct tatu_page *page,
                                       struct tatu_catalog_list *out)
{
    TATU_ROWS_SCOPED rows = NULL;
    const char *folded_rg = rg == NULL ? NULL : tatu_fleet_fold_name(call->arena, rg);
    TATU_TRY(TATU_QUERY(call->store,
                        "SELECT " COLUMNS
                        "WHERE lower(sub)=? AND (? IS NULL OR lower(rg)=?) ORDER BY id"
                        " LIMIT ? OFFSET ?",
                        &rows, TATU_TEXT(tatu_fleet_fold_name(call->arena, sub)),
                        TATU_TEXT(folded_rg), TATU_TEXT(folded_rg), NAMES_PAGE(page)));
    struct tatu_catalog_list list = {
        TATU_ARENA_MANY(call->arena, struct tatu_catalog, (size_t)page->top + 1), 0, false};
    enum tatu_err err = tatu_store_rows_next(rows);
    for (; err == TATU_OK; err = tatu_store_rows_next(rows)) {
        read_catalog(call, rows, &list.items[list.count++]);
    }
    if (err != TATU_ERR_NOT_FOUND) {
        return err;
    }
    list.more = list.count > (size_t)page->top;
    list.count -= list.more;
    *out = list;
    return TATU_OK;
}

enum tatu_err tatu_fleet_delete_catalog(const struct tatu_call *call,
                                        const struct tatu_catalog_key *key)
{
    struct tatu_catalog catalog;
    TATU_TRY(tatu_fleet_get_catalog(call, key, &catalog));
    enum tatu_err err =
        TATU_RUN(call->store, "DELETE FROM catalog WHERE id=?", TATU_INT(catalog.id));
    if (err != TATU_OK) {
        return err == TATU_ERR_EXISTS ? TATU_ERR_STATE : err; /* something refers to it */
    }
    return tatu_store_audit(call, "delete catalog", catalog.name);
}

enum tatu_err tatu_fleet_get_catalog_key(const struct tatu_call *call, int64_t catalog,
                                         enum tatu_catalog_secret which, struct tatu_key **out)
{
    TATU_ROWS_SCOPED rows = NULL;
    TATU_TRY(TATU_QUERY(call->store, "SELECT ca_key, image_key FROM catalog WHERE id=?", &rows,
                        TATU_INT(catalog)));
    TATU_TRY(tatu_store_rows_next(rows));
    int column = which == TATU_CATALOG_CA_KEY ? 0 : 1;
    const struct tatu_span der = tatu_store_rows_bytes(rows, column, call->arena);
    return der.len == 0 ? TATU_ERR_STATE : tatu_crypto_decode_key(der, out);
}

enum tatu_err tatu_fleet_get_owner_key(const struct tatu_call *call, int64_t catalog,
                                       uint8_t out[TATU_PUBLIC_SIZE])
{
    TATU_ROWS_SCOPED rows = NULL;
    TATU_TRY(TATU_QUERY(call->store, "SELECT owner_key FROM catalog WHERE id=?", &rows,
                        TATU_INT(catalog)));
    TATU_TRY(tatu_store_rows_next(rows));
    tatu_store_rows_fixed(rows, 0, out, TATU_PUBLIC_SIZE);
    return TATU_OK;
}
