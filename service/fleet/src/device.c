#include "names.h"
#include "service/fleet/fleet.h"

#include <string.h>

#define COLUMNS                                                                                    \
    "d.id, d.catalog, d.device_group, c.rg, c.name, p.name, g.name, g.policy, d.maker,"            \
    " d.attestation, d.implementation, d.board_class, d.evidence, d.created_s, d.claimed_s,"       \
    " d.attested_s, d.seen_s, d.deployment_s, d.verdict, d.release, g.renewal_grace_s"             \
    " FROM device d"                                                                               \
    " LEFT JOIN catalog c ON c.id=d.catalog LEFT JOIN device_group g ON g.id=d.device_group"       \
    " LEFT JOIN product p ON p.id=g.product "

static void read_device(const struct tatu_call *call, const struct tatu_rows *rows,
                        struct tatu_device *out)
{
    struct tatu_device device = {
        .catalog_id = tatu_store_rows_int(rows, 1),
        .group_id = tatu_store_rows_int(rows, 2),
        .rg = tatu_store_rows_text(rows, 3, call->arena),
        .catalog = tatu_store_rows_text(rows, 4, call->arena),
        .product = tatu_store_rows_text(rows, 5, call->arena),
        .group = tatu_store_rows_text(rows, 6, call->arena),
        .policy = tatu_store_rows_text(rows, 7, call->arena),
        .maker = tatu_store_rows_text(rows, 8, call->arena),
        .board_class = (uint32_t)tatu_store_rows_int(rows, 11),
        .evidence = tatu_store_rows_bytes(rows, 12, call->arena),
        .created_s = tatu_store_rows_int(rows, 13),
        .claimed_s = tatu_store_rows_int(rows, 14),
        .attested_s = tatu_store_rows_int(rows, 15),
        .seen_s = tatu_store_rows_int(rows, 16),
        .deployment_s = tatu_store_rows_int(rows, 17),
        .verdict = (uint32_t)tatu_store_rows_int(rows, 18),
        .release = tatu_store_rows_text(rows, 19, call->arena),
        .renewal_grace_s = tatu_store_rows_int(rows, 20),
    };
    tatu_store_rows_fixed(rows, 0, device.id, sizeof(device.id));
    tatu_store_rows_fixed(rows, 9, device.attestation, sizeof(device.attestation));
    tatu_store_rows_fixed(rows, 10, device.implementation, sizeof(device.implementation));
    *out = device;
}

enum tatu_err tatu_fleet_get_device(const struct tatu_call *call, const uint8_t id[64],
                                    struct tatu_device *out)
{
    TATU_ROWS_SCOPED rows = NULL;
    TATU_TRY(TATU_QUERY(call->store, "SELECT " COLUMNS "WHERE d.id=?", &rows, TATU_AT(id, 64)));
    TATU_TRY(tatu_store_rows_next(rows));
    read_device(call, rows, out);
    return TATU_OK;
}

enum tatu_err tatu_fleet_list_devices(const struct tatu_call *call,
                                      const struct tatu_device_filter *filter,
                                      const struct tatu_page *page, struct tatu_device_list *out)
{
    TATU_ROWS_SCOPED rows = NULL;
    TATU_TRY(TATU_QUERY(
        call->store,
        "SELECT " COLUMNS "WHERE (?=0 OR d.catalog=?) AND (?=0 OR COALESCE(d.device_group,0)=?)"
        " AND (? IS NULL OR d.id=?)"
        " ORDER BY d.created_s, d.id LIMIT ? OFFSET ?",
        &rows, TATU_INT(filter->catalog), TATU_INT(filter->catalog), TATU_INT(filter->in_group),
        TATU_INT(filter->group), TATU_AT(filter->id, filter->id == NULL ? 0 : 64),
        TATU_AT(filter->id, filter->id == NULL ? 0 : 64), NAMES_PAGE(page)));
    struct tatu_device_list list = {
        TATU_ARENA_MANY(call->arena, struct tatu_device, (size_t)page->top + 1), 0, false};
    enum tatu_err err = tatu_store_rows_next(rows);
    for (; err == TATU_OK; err = tatu_store_rows_next(rows)) {
        read_device(call, rows, &list.items[list.count++]);
    }
    if (err != TATU_ERR_NOT_FOUND) {
        return err;
    }
    list.more = list.count > (size_t)page->top;
    list.count -= list.more;
    *out = list;
    return TATU_OK;
}

enum tatu_err tatu_fleet_count_devices(const struct tatu_call *call, int64_t catalog, int64_t *out)
{
    TATU_ROWS_SCOPED rows = NULL;
    TATU_TRY(TATU_QUERY(call->store, "SELECT COUNT(*) FROM device WHERE catalog=?", &rows,
                        TATU_INT(catalog)));
    TATU_TRY(tatu_store_rows_next(rows));
    *out = tatu_store_rows_int(rows, 0);
    return TATU_OK;
}

static enum tatu_err set_group(const struct tatu_call *call, const uint8_t id[64], int64_t group)
{
    return TATU_RUN(call->store, "UPDATE device SET device_group=NULLIF(?,0) WHERE id=?",
                    TATU_INT(group), TATU_AT(id, 64));
}

static enum tatu_err audit_device(const struct tatu_call *call, const char *action,
                                  const uint8_t id[64])
{
    return tatu_store_audit(call, action, tatu_arena_hex(call->arena, (struct tatu_span){id, 64}));
}

enum tatu_err tatu_fleet_move_device(const struct tatu_call *call, int64_t catalog,
                                     const uint8_t id[64], int64_t group)
{
    struct tatu_device device;
    TATU_TRY(tatu_fleet_get_device(call, id, &device));
    if (device.catalog_id != catalog) {
        return TATU_ERR_NOT_FOUND;
    }
    TATU_TRY(set_group(call, id, group));
    return audit_device(call, "move device", id);
}

enum tatu_err tatu_fleet_note_device(const struct tatu_call *call,
                                     const struct tatu_endorsement *endorsement, const char *maker)
{
    TATU_TRY(TATU_RUN(call->store,
                      "INSERT INTO device(id, created_s, maker, attestation, implementation,"
                      " board_class) VALUES(?,?,?,?,?,?) ON CONFLICT(id) DO NOTHING",
                      TATU_FIXED(endorsement->device_id), TATU_INT(call->now_s), TATU_TEXT(maker),
                      TATU_FIXED(endorsement->attestation), TATU_FIXED(endorsement->implementation),
                      TATU_INT(endorsement->board_class)));
    struct tatu_device device;
    TATU_TRY(tatu_fleet_get_device(call, endorsement->device_id, &device));
    bool same = memcmp(device.attestation, endorsement->attestation, 64) == 0 &&
                memcmp(device.implementation, endorsement->implementation, 32) == 0 &&
                device.board_class == endorsement->board_class;
    return same ? TATU_OK : TATU_ERR_ENDORSEMENT;
}

/* The statement of the device itself; the nonce is used up last, by a statement good in all else.
 */
static enum tatu_err check_statement(const struct tatu_call *call, struct tatu_nonces *nonces,
                                     const struct tatu_catalog *catalog, const uint8_t id[64],
                                     struct tatu_span object)
{
    struct tatu_cose_sign1 sign1;
    struct tatu_claim claim;
    if (tatu_proto_decode_sign1(object, &sign1) != TATU_OK ||
        tatu_crypto_verify_cose(id, TATU_COSE_AAD_CLAIM, &sign1) != TATU_OK) {
        return TATU_ERR_SIGNATURE; /* the device id is the identity key */
    }
    TATU_TRY(tatu_proto_decode_claim(sign1.payload, &claim));
    if (memcmp(claim.device_id, id, sizeof(claim.device_id)) != 0 ||
        memcmp(claim.tenant, catalog->tenant, sizeof(claim.tenant)) != 0 ||
        memcmp(claim.owner_key, catalog->owner_key, sizeof(claim.owner_key)) != 0) {
        return TATU_ERR_FOREIGN;
    }
    return tatu_identity_nonces_use(nonces, catalog->id, call->now_s, claim.nonce);
}

static enum tatu_err check_proof(const struct tatu_call *call, struct tatu_nonces *nonces,
                                 const struct tatu_catalog *catalog, const uint8_t id[64],
                                 const struct tatu_claim_proof *proof)
{
    struct tatu_endorsement endorsement;
    const char *maker = NULL;
    TATU_TRY(tatu_fleet_check_endorsement(call, proof->endorsement, &endorsement, &maker));
    if (memcmp(endorsement.device_id, id, sizeof(endorsement.device_id)) != 0) {
        return TATU_ERR_ENDORSEMENT;
    }
    TATU_TRY(check_statement(call, nonces, catalog, id, proof->statement));
    return tatu_fleet_note_device(call, &endorsement, maker);
}

/* A bare id: only what a maker imported for this very catalog. */
static enum tatu_err check_import(const struct tatu_call *call, int64_t catalog,
                                  const uint8_t id[64])
{
    TATU_ROWS_SCOPED rows = NULL;
    TATU_TRY(TATU_QUERY(call->store, "SELECT 1 FROM maker_import WHERE device=? AND catalog=?",
                        &rows, TATU_AT(id, 64), TATU_INT(catalog)));
    enum tatu_err err = tatu_store_rows_next(rows);
    return err == TATU_ERR_NOT_FOUND ? TATU_ERR_DENIED : err;
}

enum tatu_err tatu_fleet_claim(const struct tatu_call *call, struct tatu_nonces *nonces,
                               const struct tatu_catalog *catalog, int64_t group,
                               const uint8_t id[64], const struct tatu_claim_proof *proof,
                               bool *out_new)
{
    struct tatu_device device;
    enum tatu_err err = tatu_fleet_get_device(call, id, &device);
    if (err != TATU_OK && err != TATU_ERR_NOT_FOUND) {
        return err;
    }
    if (err == TATU_OK && device.catalog_id != 0) {
        if (device.catalog_id != catalog->id) {
            return TATU_ERR_OWNED;
        }
        TATU_TRY(set_group(call, id, group));
        *out_new = false;
        return audit_device(call, "claim again", id);
    }
    TATU_TRY(proof != NULL ? check_proof(call, nonces, catalog, id, proof)
                           : check_import(call, catalog->id, id));
    /* only an unowned row is taken, whatever happened in between */
    TATU_TRY(TATU_RUN(call->store,
                      "UPDATE device SET catalog=?, device_group=NULLIF(?,0), claimed_s=?"
                      " WHERE id=? AND catalog IS NULL",
                      TATU_INT(catalog->id), TATU_INT(group), TATU_INT(call->now_s),
                      TATU_AT(id, 64)));
    TATU_TRY(audit_device(call, "claim", id));
    *out_new = true;
    return TATU_OK;
}
