#include "service/attest/attest.h"

#include <string.h>

#include "proto/image.h"
#include "proto/mailbox.h"
#include "proto/map.h"
#include "reference.h"

#define TICKET_ROOM 256u

static enum tatu_err sign_ticket(const struct tatu_call *call, const struct tatu_identity *identity,
                                 const struct tatu_ticket *ticket, struct tatu_span *out)
{
    struct tatu_buf payload = tatu_arena_buf(call->arena, TICKET_ROOM);
    struct tatu_buf object = tatu_arena_buf(call->arena, 2 * TICKET_ROOM);
    TATU_TRY(tatu_proto_encode_ticket(ticket, &payload));
    TATU_TRY(tatu_crypto_sign_cose(tatu_identity_director_key(identity), TATU_COSE_AAD_TICKET,
                                   (struct tatu_span){payload.data, payload.len}, &object));
    *out = (struct tatu_span){object.data, object.len};
    return TATU_OK;
}

enum tatu_err tatu_attest_make_ticket(const struct tatu_call *call,
                                      const struct tatu_identity *identity,
                                      const uint8_t device_id[64], const uint8_t nonce[32],
                                      struct tatu_span *out_object)
{
    struct tatu_device device;
    struct tatu_ticket ticket;
    TATU_TRY(tatu_fleet_get_device(call, device_id, &device));
    /* a device that cannot prove good software gets no more time; none is needed to disarm it */
    if (device.renewal_grace_s != 0 && device.verdict != TATU_OK) {
        return TATU_ERR_DENIED;
    }
    memcpy(ticket.device_id, device_id, sizeof(ticket.device_id));
    memcpy(ticket.nonce, nonce, sizeof(ticket.nonce));
    ticket.grace_s = (uint32_t)device.renewal_grace_s;
    return sign_ticket(call, identity, &ticket, out_object);
}

/* ---- floors ---- */

static enum tatu_err find_release(const struct tatu_call *call, const char *release,
                                  const uint8_t implementation[32], struct tatu_reference *out)
{
    TATU_ROWS_SCOPED rows = NULL;
    TATU_TRY(TATU_QUERY(call->store,
                        "SELECT payload FROM reference WHERE release=? AND implementation=?", &rows,
                        TATU_TEXT(release), TATU_AT(implementation, 32)));
    TATU_TRY(tatu_store_rows_next(rows));
    return tatu_proto_decode_reference(tatu_store_rows_bytes(rows, 0, call->arena), out);
}

/* The floor that an image type has. Types without one count for no floor. */
static bool floor_of(uint16_t type, size_t *out)
{
    static const struct {
        uint16_t type;
        size_t floor;
    } floors[] = {
        {TATU_IMAGE_VAULT_RUNTIME, TATU_FUSE_FLOOR_VAULT},
        {TATU_IMAGE_MONITOR, TATU_FUSE_FLOOR_MONITOR},
        {TATU_IMAGE_DTB, TATU_FUSE_FLOOR_OS},
        {TATU_IMAGE_KERNEL, TATU_FUSE_FLOOR_OS},
        {TATU_IMAGE_ROOT, TATU_FUSE_FLOOR_OS},
        {TATU_IMAGE_KEYSTORE, TATU_FUSE_FLOOR_KEYSTORE},
    };
    for (size_t i = 0; i < TATU_COUNT_OF(floors); i++) {
        if (floors[i].type == type) {
            *out = floors[i].floor;
            return true;
        }
    }
    return false;
}

/* A floor above the release itself would be refused by each device that runs it. */
static bool floors_fit(const struct tatu_confirmation *confirmation,
                       const struct tatu_reference *reference)
{
    for (size_t i = 0; i < reference->measurement_count; i++) {
        size_t floor = 0;
        if (floor_of(reference->measurements[i].image_type, &floor) &&
            confirmation->floors[floor] > reference->measurements[i].security_version) {
            return false;
        }
    }
    return true;
}

enum tatu_err tatu_attest_put_confirmation(const struct tatu_call *call, const char *release,
                                           struct tatu_span object, struct tatu_confirmation *out)
{
    struct tatu_cose_sign1 sign1;
    struct tatu_named_key key;
    struct tatu_confirmation confirmation;
    struct tatu_reference reference;
    TATU_TRY(tatu_proto_decode_sign1(object, &sign1));
    TATU_TRY(tatu_fleet_find_key(call, TATU_KEYS_RELEASE, sign1.kid, &key));
    TATU_TRY(tatu_crypto_verify_cose(key.public_key, TATU_COSE_AAD_CONFIRM, &sign1));
    TATU_TRY(tatu_proto_decode_confirmation(sign1.payload, &confirmation));
    TATU_TRY(find_release(call, release, confirmation.implementation, &reference));
    if (!floors_fit(&confirmation, &reference)) {
        return TATU_ERR_ARGUMENT;
    }
    TATU_TRY(TATU_RUN(
        call->store, "UPDATE reference SET confirmation=? WHERE release=? AND implementation=?",
        TATU_BYTES(object), TATU_TEXT(release), TATU_FIXED(confirmation.implementation)));
    TATU_TRY(tatu_store_audit(call, "confirm release", release));
    *out = confirmation;
    return TATU_OK;
}

enum tatu_err tatu_attest_get_confirmation(const struct tatu_call *call,
                                           const uint8_t device_id[64],
                                           struct tatu_span *out_object)
{
    struct tatu_device device;
    struct tatu_evidence *evidence = TATU_ARENA_ONE(call->arena, struct tatu_evidence);
    struct tatu_reference reference;
    TATU_TRY(tatu_fleet_get_device(call, device_id, &device));
    TATU_TRY(tatu_attest_read_evidence(&device, evidence));
    if (device.verdict != TATU_OK || evidence->fallback || evidence->mode != TATU_BOOT_NORMAL) {
        return TATU_ERR_NOT_FOUND;
    }
    TATU_TRY(tatu_attest_find_reference(call, evidence, &reference));
    TATU_ROWS_SCOPED rows = NULL;
    TATU_TRY(TATU_QUERY(call->store,
                        "SELECT confirmation FROM reference WHERE release=? AND implementation=?"
                        " AND confirmation IS NOT NULL",
                        &rows, TATU_TEXT(reference.release), TATU_FIXED(reference.implementation)));
    TATU_TRY(tatu_store_rows_next(rows));
    *out_object = tatu_store_rows_bytes(rows, 0, call->arena);
    return TATU_OK;
}
