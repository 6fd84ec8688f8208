#include "names.h"
#include "service/fleet/fleet.h"

#include <string.h>

#define COLUMNS "SELECT name, public_key, thumbprint, created_s FROM "

/* One statement of each kind per list: table names cannot be arguments. */
static const struct {
    const char *by_name;
    const char *by_thumbprint;
    const char *page;
    const char *insert;
    const char *action;
} lists[] = {
    [TATU_KEYS_MAKER] = {COLUMNS "maker WHERE name=?", COLUMNS "maker WHERE thumbprint=?",
                         COLUMNS "maker ORDER BY name LIMIT ? OFFSET ?",
                         "INSERT INTO maker(name, public_key, thumbprint, created_s)"
                         " VALUES(?,?,?,?)",
                         "list maker"},
    [TATU_KEYS_RELEASE] = {COLUMNS "release_key WHERE name=?",
                           COLUMNS "release_key WHERE thumbprint=?",
                           COLUMNS "release_key ORDER BY name LIMIT ? OFFSET ?",
                           "INSERT INTO release_key(name, public_key, thumbprint, created_s)"
                           " VALUES(?,?,?,?)",
                           "list release key"},
};

static void read_key(const struct tatu_call *call, const struct tatu_rows *rows,
                     struct tatu_named_key *out)
{
    struct tatu_named_key key = {.name = tatu_store_rows_text(rows, 0, call->arena),
                                 .created_s = tatu_store_rows_int(rows, 3)};
    tatu_store_rows_fixed(rows, 1, key.public_key, sizeof(key.public_key));
    tatu_store_rows_fixed(rows, 2, key.thumbprint, sizeof(key.thumbprint));
    *out = key;
}

static enum tatu_err get_key(const struct tatu_call *call, enum tatu_key_list list,
                             const char *name, struct tatu_named_key *out)
{
    TATU_ROWS_SCOPED rows = NULL;
    TATU_TRY(TATU_QUERY(call->store, lists[list].by_name, &rows, TATU_TEXT(name)));
    TATU_TRY(tatu_store_rows_next(rows));
    read_key(call, rows, out);
    return TATU_OK;
}

enum tatu_err tatu_fleet_put_key(const struct tatu_call *call, enum tatu_key_list list,
                                 const char *name, const uint8_t public_key[TATU_PUBLIC_SIZE],
                                 struct tatu_named_key *out, bool *out_made)
{
    struct tatu_named_key key;
    enum tatu_err err = get_key(call, list, name, &key);
    if (err == TATU_OK) {
        if (memcmp(key.public_key, public_key, TATU_PUBLIC_SIZE) != 0) {
            return TATU_ERR_EXISTS;
        }
        *out = key;
        *out_made = false;
        return TATU_OK;
    }
    if (err != TATU_ERR_NOT_FOUND) {
        return err;
    }
    if (!tatu_crypto_is_public(public_key)) {
        return TATU_ERR_FORMAT;
    }
    uint8_t thumbprint[TATU_THUMBPRINT_SIZE];
    tatu_crypto_thumbprint(public_key, thumbprint);
    TATU_TRY(TATU_RUN(call->store, lists[list].insert, TATU_TEXT(name),
                      TATU_AT(public_key, TATU_PUBLIC_SIZE), TATU_FIXED(thumbprint),
                      TATU_INT(call->now_s)));
    TATU_TRY(tatu_store_audit(call, lists[list].action, name));
    TATU_TRY(get_key(call, list, name, out));
    *out_made = true;
    return TATU_OK;
}

enum tatu_err tatu_fleet_list_keys(const struct tatu_call *call, enum tatu_key_list list,
                                   const struct tatu_page *page, struct tatu_named_key_list *out)
{
    TATU_ROWS_SCOPED rows = NULL;
    TATU_TRY(TATU_QUERY(call->store, lists[list].page, &rows, NAMES_PAGE(page)));
    struct tatu_named_key_list found = {
        TATU_ARENA_MANY(call->arena, struct tatu_named_key, (size_t)page->top + 1), 0, false};
    enum tatu_err err = tatu_store_rows_next(rows);
    for (; err == TATU_OK; err = tatu_store_rows_next(rows)) {
        read_key(call, rows, &found.items[found.count++]);
    }
    if (err != TATU_ERR_NOT_FOUND) {
        return err;
    }
    found.more = found.count > (size_t)page->top;
    found.count -= found.more;
    *out = found;
    return TATU_OK;
}

enum tatu_err tatu_fleet_find_key(const struct tatu_call *call, enum tatu_key_list list,
                                  struct tatu_span thumbprint, struct tatu_named_key *out)
{
    TATU_ROWS_SCOPED rows = NULL;
    TATU_TRY(TATU_QUERY(call->store, lists[list].by_thumbprint, &rows, TATU_BYTES(thumbprint)));
    enum tatu_err err = tatu_store_rows_next(rows);
    if (err != TATU_OK) {
        return err == TATU_ERR_NOT_FOUND ? TATU_ERR_KEY_UNKNOWN : err;
    }
    read_key(call, rows, out);
    return TATU_OK;
}

/* Trouble of our own, as against something wrong with what was sent. */
static bool is_environment(enum tatu_err err)
{
    return err == TATU_ERR_FULL || err == TATU_ERR_IO || err == TATU_ERR_BUSY ||
           err == TATU_ERR_MEMORY;
}

enum tatu_err tatu_fleet_check_endorsement(const struct tatu_call *call, struct tatu_span object,
                                           struct tatu_endorsement *out, const char **out_maker)
{
    struct tatu_cose_sign1 sign1;
    struct tatu_named_key maker;
    struct tatu_endorsement endorsement;
    if (tatu_proto_decode_sign1(object, &sign1) != TATU_OK) {
        return TATU_ERR_ENDORSEMENT;
    }
    enum tatu_err err = tatu_fleet_find_key(call, TATU_KEYS_MAKER, sign1.kid, &maker);
    if (err != TATU_OK) {
        return is_environment(err) ? err : TATU_ERR_ENDORSEMENT;
    }
    if (tatu_crypto_verify_cose(maker.public_key, TATU_COSE_AAD_ENDORSEMENT, &sign1) != TATU_OK ||
        tatu_proto_decode_endorsement(sign1.payload, &endorsement) != TATU_OK) {
        return TATU_ERR_ENDORSEMENT;
    }
    *out = endorsement;
    *out_maker = maker.name;
    return TATU_OK;
}

static enum tatu_err import_one(const struct tatu_call *call, const char *maker, int64_t catalog,
                                const struct tatu_import *device)
{
    struct tatu_endorsement endorsement;
    const char *by = NULL;
    TATU_TRY(tatu_fleet_check_endorsement(call, device->endorsement, &endorsement, &by));
    if (strcmp(by, maker) != 0 ||
        memcmp(endorsement.device_id, device->device_id, sizeof(device->device_id)) != 0) {
        return TATU_ERR_ENDORSEMENT;
    }
    TATU_TRY(tatu_fleet_note_device(call, &endorsement, by));
    TATU_TRY(TATU_RUN(call->store,
                      "INSERT INTO maker_import(device, maker, catalog, endorsement)"
                      " VALUES(?,?,?,?) ON CONFLICT(device) DO NOTHING",
                      TATU_FIXED(device->device_id), TATU_TEXT(maker), TATU_INT(catalog),
                      TATU_BYTES(device->endorsement)));
    TATU_ROWS_SCOPED rows = NULL;
    TATU_TRY(TATU_QUERY(call->store, "SELECT catalog FROM maker_import WHERE device=?", &rows,
                        TATU_FIXED(device->device_id)));
    TATU_TRY(tatu_store_rows_next(rows));
    return tatu_store_rows_int(rows, 0) == catalog ? TATU_OK : TATU_ERR_OWNED;
}

enum tatu_err tatu_fleet_import(const struct tatu_call *call, const char *maker, int64_t catalog,
                                const struct tatu_import *devices, size_t count)
{
    struct tatu_named_key key;
    TATU_TRY(get_key(call, TATU_KEYS_MAKER, maker, &key));
    for (size_t i = 0; i < count; i++) {
        TATU_TRY(import_one(call, key.name, catalog, &devices[i]));
    }
    return tatu_store_audit(call, "import devices",
                            tatu_arena_format(call->arena, "%zu by %s", count, key.name));
}
