/*
 * Mailbox: any sequence of requests, from any caller, over any number of power-ons. Input: {caller,
 * command, len as u16, payload} again and again; a payload that is cut short is as long as what is
 * left. Caller 0x80 signs: the payload's first bytes become an order that is right for this device,
 * so that the fuzzer gets behind the signatures. Caller 0x81 is a power cycle.
 */
#include "fake_chip.h"
#include "proto/capability.h"
#include "proto/cose.h"
#include "proto/mailbox.h"
#include "runtime.h"

#include <stdlib.h>
#include <string.h>

#define SIGNS 0x80
#define POWER_CYCLE 0x81

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What only rises. */
struct marks {
    uint32_t floors[4];
    uint32_t lifecycle;
    uint64_t time_s;
    uint64_t counters[TATU_FUSE_COUNTER_COUNT];
};

static void promise(bool kept)
{
    if (!kept) {
        abort();
    }
}

static struct marks look(const struct tatu_vault *vault)
{
    struct marks marks = {.time_s = vault->record.time_floor_s};
    marks.lifecycle = vault->chip->fuses[TATU_FUSE_LIFECYCLE / 4];
    memcpy(marks.counters, vault->chip->counters, sizeof(marks.counters));
    for (uint32_t n = 0; n < 4; n++) {
        marks.floors[n] = tatu_vault_floor(vault->chip, n);
    }
    return marks;
}

static void check_marks(const struct marks *before, const struct marks *now)
{
    for (uint32_t n = 0; n < 4; n++) {
        promise(now->floors[n] >= before->floors[n]);
    }
    for (uint32_t n = 0; n < TATU_FUSE_COUNTER_COUNT; n++) {
        promise(now->counters[n] >= before->counters[n]);
    }
    promise((now->lifecycle & before->lifecycle) == before->lifecycle);
    promise(now->time_s >= before->time_s);
}

static void check_state(const struct tatu_vault *vault, enum tatu_err err)
{
    const struct tatu_evidence *evidence = &vault->evidence;
    promise(evidence->measurement_count <= TATU_MEASUREMENT_MAX &&
            evidence->app_count <= TATU_EVIDENCE_APP_MAX &&
            evidence->tenant_count <= TATU_EVIDENCE_TENANT_MAX && err <= TATU_ERR_STALE);
    promise(vault->record.claimed || (evidence->tenant_count == 0 && evidence->capabilities == 0));
    promise(evidence->debug_open == (vault->chip->debug != 0));
    for (uint32_t slot = TATU_ENGINE_SLOT_UPDATE; slot < TATU_ENGINE_SLOT_COUNT; slot++) {
        promise((vault->filled >> slot & 1) == (vault->chip->slots[slot] != NULL));
    }
}

/* ---- orders that are right ---- */

static size_t sign_order(EVP_PKEY *key, const char *aad, const struct tatu_buf *payload,
                         uint8_t *out, size_t cap)
{
    uint8_t bytes[1024];
    uint8_t public_key[64];
    uint8_t digest[32];
    uint8_t kid[32];
    uint8_t signature[64];
    struct tatu_buf to_sign = TATU_BUF_OF(bytes);
    struct tatu_buf message = {out, 0, cap};
    struct tatu_span span = {payload->data, payload->len};
    fake_public(key, public_key);
    fake_digest(TATU_SPAN_OF(public_key), kid);
    promise(tatu_proto_put_sig_head(tatu_cose_protected_es256, aad, span.len, &to_sign) == TATU_OK);
    promise(tatu_base_put_bytes(&to_sign, span) == TATU_OK);
    fake_digest((struct tatu_span){bytes, to_sign.len}, digest);
    fake_sign(key, digest, signature);
    promise(tatu_proto_encode_sign1(span, (struct tatu_span){kid, 20}, signature, &message) ==
            TATU_OK);
    return message.len;
}

/* The request's length; 0 when the bytes make none. */
static size_t make_order(struct fake_world *world, const struct tatu_vault *vault, uint8_t command,
                         const uint8_t in[16], uint8_t *out, size_t cap)
{
    uint8_t room[512];
    struct tatu_buf buf = TATU_BUF_OF(room);
    struct tatu_signed_time at = {.unix_s = tatu_get_le64(in)};
    struct tatu_ticket ticket = {.grace_s = tatu_get_le32(in)};
    struct tatu_confirmation confirmation = {.floors = {in[0], in[1], in[2], in[3]}};
    switch (command) {
    case TATU_VAULT_SET_TIME:
        memcpy(at.nonce, vault->time_nonce.bytes, sizeof(at.nonce));
        promise(tatu_proto_encode_time(&at, &buf) == TATU_OK);
        return sign_order(world->time_key, TATU_COSE_AAD_TIME, &buf, out, cap);
    case TATU_VAULT_SET_TICKET:
        memcpy(ticket.nonce, vault->ticket_nonce.bytes, sizeof(ticket.nonce));
        memcpy(ticket.device_id, vault->evidence.device_id, sizeof(ticket.device_id));
        return tatu_proto_encode_ticket(&ticket, &buf) == TATU_OK
                   ? sign_order(world->director, TATU_COSE_AAD_TICKET, &buf, out, cap)
                   : 0;
    case TATU_VAULT_CONFIRM:
        memcpy(confirmation.implementation, vault->evidence.implementation, 32);
        return tatu_proto_encode_confirmation(&confirmation, &buf) == TATU_OK
                   ? sign_order(world->release, TATU_COSE_AAD_CONFIRM, &buf, out, cap)
                   : 0;
    case TATU_VAULT_SET_CAPABILITY:
        tatu_put_le32(out, in[0] & 1);
        return tatu_proto_encode_capability(tatu_get_le16(in + 1), vault->evidence.device_id,
                                            &buf) == TATU_OK
                   ? 4 + fake_pack(TATU_IMAGE_CAPABILITY, 0, (struct tatu_span){room, buf.len},
                                   world->owner, out + 4, cap - 4)
                   : 0;
    case TATU_VAULT_CLAIM: /* by the owner whose key the harness has */
        memset(out, 7, 48);
        fake_public(world->owner, out + 48);
        return 112;
    default:
        return 0;
    }
}

/* ---- */

static void start(struct fake_world *world, struct tatu_vault *vault)
{
    /* every input starts from the same unclaimed device */
    memset(world->chip->counters, 0, sizeof(world->chip->counters));
    memset(world->chip->nvm, 0, sizeof(world->chip->nvm));
    memset(world->chip->fuses + TATU_FUSE_FLOOR / 4, 0, 32);
    world->chip->fuses[TATU_FUSE_LIFECYCLE / 4] = 1;
    promise(fake_world_boot(world, vault));
}

static void run_request(struct fake_world *world, struct tatu_vault *vault, const uint8_t *head,
                        struct tatu_span payload)
{
    uint8_t made[2048];
    uint8_t in[16] = {0};
    struct tatu_span answer;
    uint16_t caller = head[0];
    memcpy(in, payload.data, payload.len < sizeof(in) ? payload.len : sizeof(in));
    if (caller == SIGNS) {
        payload =
            (struct tatu_span){made, make_order(world, vault, head[1], in, made, sizeof(made))};
        caller = TATU_VAULT_CALLER_NORMAL;
    }
    enum tatu_err err = fake_ask(vault, caller, head[1], payload, &answer);
    check_state(vault, err);
    promise(err == TATU_OK || answer.len == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct fake_world *world;
    static struct tatu_vault vault;
    world = world == NULL ? fake_world_new() : world;
    start(world, &vault);
    while (size >= 4) {
        struct marks before = look(&vault);
        size_t len = tatu_get_le16(data + 2);
        len = len < size - 4 ? len : size - 4;
        len = len < TATU_MAILBOX_PAYLOAD_MAX ? len : TATU_MAILBOX_PAYLOAD_MAX;
        if (data[0] == POWER_CYCLE) {
            /* floors never rise above what boots, so it always does */
            promise(fake_world_boot(world, &vault));
        } else {
            run_request(world, &vault, data, (struct tatu_span){data + 4, len});
        }
        struct marks now = look(&vault);
        check_marks(&before, &now);
        data += 4 + len;
        size -= 4 + len;
    }
    return 0;
}
