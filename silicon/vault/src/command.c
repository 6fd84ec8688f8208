/* The mailbox: docs/protocol/mailbox.md. */
#include "log.h"
#include "mem.h"
#include "proto/cose.h"
#include "runtime.h"
#include "silicon/vault/vault.h"

#define VAULT "[VAULT]"
#define GUID_SIZE 16u
#define KEY_SIZE 64u
#define SIG_HEAD_MAX 64u

/* Lengths are checked by the table before a handler runs; answers go into out. */
struct command {
    uint16_t number;
    uint16_t len_min;
    uint16_t len_max;
    enum tatu_err (*run)(struct tatu_vault *vault, struct tatu_span in, struct tatu_buf *out);
};

static bool is_zero(const uint8_t *bytes, size_t len)
{
    uint8_t all = 0;
    for (size_t i = 0; i < len; i++) {
        all |= bytes[i];
    }
    return all == 0;
}

static enum tatu_err put_le32(struct tatu_buf *out, uint32_t value)
{
    uint8_t raw[4];
    tatu_put_le32(raw, value);
    return tatu_base_put_bytes(out, TATU_SPAN_OF(raw));
}

/* ---- COSE ---- */

static enum tatu_err hash_cose(struct tatu_vault *vault, struct tatu_span protected_header,
                               const char *aad, struct tatu_span payload, uint8_t out_digest[32])
{
    uint8_t head[SIG_HEAD_MAX];
    struct tatu_buf buf = TATU_BUF_OF(head);
    TATU_TRY(tatu_proto_put_sig_head(protected_header, aad, payload.len, &buf));
    TATU_TRY(tatu_vault_chip_hash_init(vault->chip));
    TATU_TRY(tatu_vault_chip_hash(vault->chip, (struct tatu_span){head, buf.len}));
    TATU_TRY(tatu_vault_chip_hash(vault->chip, payload));
    return tatu_vault_chip_hash_done(vault->chip, out_digest);
}

static enum tatu_err sign_cose(struct tatu_vault *vault, uint32_t slot, const uint8_t *public_key,
                               const char *aad, struct tatu_span payload, struct tatu_buf *out)
{
    uint8_t digest[32];
    uint8_t kid[32];
    uint8_t signature[64];
    TATU_TRY(hash_cose(vault, tatu_cose_protected_es256, aad, payload, digest));
    TATU_TRY(tatu_vault_chip_sign(vault->chip, slot, digest, signature));
    TATU_TRY(tatu_vault_digest(vault->chip, (struct tatu_span){public_key, KEY_SIZE}, kid));
    return tatu_proto_encode_sign1(payload, (struct tatu_span){kid, TATU_IMAGE_THUMBPRINT_SIZE},
                                   signature, out);
}

/* ---- boot phase ---- */

struct verify_request {
    struct tatu_vault_package package;
    uint16_t type;
    bool measure;
};

static bool is_inside(uint32_t at, uint32_t len, uint32_t base, uint32_t size)
{
    return at >= base && at - base <= size && len <= size - (at - base);
}

static enum tatu_err decode_verify(const struct tatu_vault *vault, struct tatu_span in,
                                   struct verify_request *out)
{
    uint32_t at = tatu_get_le32(in.data);
    uint32_t len = tatu_get_le32(in.data + 4);
    uint16_t type = tatu_get_le16(in.data + 8);
    uint16_t flags = tatu_get_le16(in.data + 10);
    bool measure = (flags & TATU_VERIFY_MEASURE) != 0;
    bool fixed = is_inside(at, len, TATU_MAP_FLASH_BASE, TATU_MAP_FLASH_SIZE) ||
                 is_inside(at, len, TATU_MAP_SECRAM_BASE, TATU_MAP_SECRAM_SIZE);
    bool memory = at >= TATU_MAP_RAM_BASE && len <= UINT32_MAX - at;
    if ((flags & ~TATU_VERIFY_MEASURE) != 0 || !(fixed || (memory && !vault->booted))) {
        return TATU_ERR_ARGUMENT;
    }
    if (measure && (type == TATU_IMAGE_VAULT_RUNTIME || type == TATU_IMAGE_MONITOR ||
                    type == TATU_IMAGE_APPLICATION)) {
        return TATU_ERR_ARGUMENT;
    }
    if (measure && vault->booted) {
        return TATU_ERR_STATE;
    }
    *out = (struct verify_request){
        .package = {.remote = at, .len = len}, .type = type, .measure = measure};
    return TATU_OK;
}

/* Evidence names the keystore this vault trusts. The set of the monitor may hold another one. */
static enum tatu_err check_in_use(const struct tatu_vault *vault, uint32_t body_len)
{
    uint8_t digest[32];
    TATU_TRY(tatu_vault_digest(vault->chip, (struct tatu_span){vault->scratch, body_len}, digest));
    return tatu_base_equal_ct(digest, vault->keystore_digest, sizeof(digest)) ? TATU_OK
                                                                              : TATU_ERR_DIGEST;
}

static enum tatu_err check_package(struct tatu_vault *vault, const struct verify_request *request,
                                   struct tatu_vault_image *out)
{
    const struct tatu_vault_package *package = &request->package;
    struct tatu_vault_trust trust = tatu_vault_trust_of(vault);
    struct tatu_keystore keystore;
    if (request->type != TATU_IMAGE_KEYSTORE) {
        return tatu_vault_check_image(vault->chip, &trust, package, request->type, out);
    }
    if (package->len > sizeof(vault->scratch)) {
        return TATU_ERR_LONG;
    }
    TATU_TRY(tatu_vault_chip_fetch(vault->chip, package->remote, vault->scratch, package->len));
    TATU_TRY(tatu_vault_check_keystore(
        vault->chip, (struct tatu_span){vault->scratch, package->len}, &keystore, out));
    return request->measure ? check_in_use(vault, out->info.body_len) : TATU_OK;
}

static enum tatu_err verify_image(struct tatu_vault *vault, struct tatu_span in,
                                  struct tatu_buf *out)
{
    struct verify_request request;
    struct tatu_vault_image image;
    TATU_TRY(decode_verify(vault, in, &request));
    TATU_TRY(check_package(vault, &request, &image));
    if (request.measure) {
        TATU_TRY(tatu_vault_measure(vault, &image));
    }
    struct tatu_verified_image answer = {
        .body_len = image.info.body_len,
        .verity_data_len = image.info.verity_data_len,
        .security_version = image.info.security_version,
        .image_type = image.info.type,
    };
    memcpy(answer.component, image.info.component, sizeof(answer.component));
    memcpy(answer.image, image.info.image, sizeof(answer.image));
    memcpy(answer.digest, image.digest, sizeof(answer.digest));
    memcpy(answer.verity_root, image.info.verity_root, sizeof(answer.verity_root));
    memcpy(answer.name, image.info.name, sizeof(answer.name));
    return tatu_proto_encode_verified(&answer, out);
}

static enum tatu_err measure_apps(struct tatu_vault *vault, struct tatu_span in,
                                  struct tatu_buf *out)
{
    (void)out;
    const size_t entry = sizeof(struct tatu_evidence_app); /* bytes only, so no padding */
    const uint8_t *apps = in.data + 1;
    size_t count = in.data[0];
    if (count > TATU_EVIDENCE_APP_MAX) {
        return TATU_ERR_ARGUMENT;
    }
    if (in.len != 1 + count * entry) {
        return in.len < 1 + count * entry ? TATU_ERR_SHORT : TATU_ERR_LONG;
    }
    for (size_t i = 1; i < count; i++) {
        for (size_t before = 0; before < i; before++) {
            if (memcmp(apps + before * entry, apps + i * entry, GUID_SIZE) == 0) {
                return TATU_ERR_ARGUMENT; /* a component is installed once */
            }
        }
    }
    memcpy(vault->evidence.apps, apps, count * entry);
    vault->evidence.app_count = count;
    return TATU_OK;
}

static enum tatu_err set_dma(struct tatu_vault *vault, struct tatu_span in, struct tatu_buf *out)
{
    (void)out;
    uint32_t base = tatu_get_le32(in.data);
    uint32_t size = tatu_get_le32(in.data + 4);
    if (vault->dma_set || vault->booted) {
        return TATU_ERR_STATE;
    }
    if (base < TATU_MAP_RAM_BASE || size == 0 || size > UINT32_MAX - base) {
        return TATU_ERR_ARGUMENT;
    }
    tatu_vault_chip_set_range(vault->chip, base, size);
    vault->dma_set = true;
    return TATU_OK;
}

static enum tatu_err boot_done(struct tatu_vault *vault, struct tatu_span in, struct tatu_buf *out)
{
    (void)out;
    if (vault->booted) {
        return TATU_ERR_STATE;
    }
    if (in.data[0] >= TATU_FLASH_SET_COUNT || in.data[1] > 1) {
        return TATU_ERR_ARGUMENT;
    }
    vault->evidence.boot_set = in.data[0];
    vault->evidence.fallback = in.data[1] != 0;
    vault->booted = true;
    tatu_vault_chip_set_range(vault->chip, 0, 0); /* the normal world's memory is closed to DMA */
    tatu_vault_log_set(vault->chip, VAULT, in.data[0], "boot done");
    return TATU_OK;
}

static enum tatu_err get_boot(struct tatu_vault *vault, struct tatu_span in, struct tatu_buf *out)
{
    (void)in;
    const uint8_t head[4] = {vault->monitor_set, vault->monitor_set != vault->preferred_set,
                             vault->refused_count, 0};
    TATU_TRY(tatu_base_put_bytes(out, TATU_SPAN_OF(head)));
    for (size_t i = 0; i < vault->refused_count; i++) {
        const struct tatu_vault_refusal *refusal = &vault->refused[i];
        TATU_TRY(put_le32(out, refusal->set | (uint32_t)refusal->image_type << 16));
        TATU_TRY(put_le32(out, refusal->err));
    }
    return TATU_OK;
}

/* ---- facts, random, time ---- */

static enum tatu_err get_info(struct tatu_vault *vault, struct tatu_span in, struct tatu_buf *out)
{
    (void)in;
    const struct tatu_evidence *evidence = &vault->evidence;
    const struct tatu_vault_record *record = &vault->record;
    struct tatu_vault_info info = {
        .boot_count = evidence->boot_count,
        .time_floor_s = record->time_floor_s,
        .uptime_ms = tatu_vault_chip_uptime_ms(vault->chip),
        .lifecycle = evidence->lifecycle,
        .board_class = tatu_vault_chip_fuse(vault->chip, TATU_FUSE_CLASS),
        .boot_set = evidence->boot_set,
        .fallback = evidence->fallback,
    };
    memcpy(info.device_id, evidence->device_id, sizeof(info.device_id));
    memcpy(info.attestation, vault->attestation, sizeof(info.attestation));
    memcpy(info.implementation, evidence->implementation, sizeof(info.implementation));
    memcpy(info.tenant, record->tenant, sizeof(info.tenant));
    memcpy(info.owner_key, record->owner_key, sizeof(info.owner_key));
    for (uint32_t i = 0; i < TATU_COUNT_OF(info.floors); i++) {
        info.floors[i] = tatu_vault_floor(vault->chip, i);
    }
    return tatu_proto_encode_info(&info, out);
}

static void fill_random(struct tatu_vault *vault, uint8_t *out, size_t len)
{
    uint8_t word[4];
    for (size_t i = 0; i < len; i++) {
        if (i % sizeof(word) == 0) {
            tatu_put_le32(word, tatu_vault_chip_random(vault->chip));
        }
        out[i] = word[i % sizeof(word)];
    }
    tatu_base_wipe(word, sizeof(word));
}

static enum tatu_err give_random(struct tatu_vault *vault, struct tatu_span in,
                                 struct tatu_buf *out)
{
    uint8_t bytes[64];
    uint16_t len = tatu_get_le16(in.data);
    if (len == 0 || len > sizeof(bytes)) {
        return TATU_ERR_ARGUMENT;
    }
    fill_random(vault, bytes, len);
    enum tatu_err err = tatu_base_put_bytes(out, (struct tatu_span){bytes, len});
    tatu_base_wipe(bytes, sizeof(bytes));
    return err;
}

static enum tatu_err time_nonce(struct tatu_vault *vault, struct tatu_span in, struct tatu_buf *out)
{
    (void)in;
    fill_random(vault, vault->nonce, sizeof(vault->nonce));
    vault->nonce_made_ms = tatu_vault_chip_uptime_ms(vault->chip);
    vault->nonce_open = true;
    return tatu_base_put_bytes(out, TATU_SPAN_OF(vault->nonce));
}

/* The signature comes first: nothing of an unsigned payload is decoded. */
static enum tatu_err decode_time(struct tatu_vault *vault, struct tatu_span in,
                                 struct tatu_signed_time *out)
{
    struct tatu_cose_sign1 message;
    uint8_t digest[32];
    TATU_TRY(tatu_proto_decode_sign1(in, &message));
    TATU_TRY(
        hash_cose(vault, message.protected_header, TATU_COSE_AAD_TIME, message.payload, digest));
    TATU_TRY(
        tatu_vault_chip_verify(vault->chip, vault->keystore.time_key, digest, message.signature));
    TATU_TRY(
        tatu_vault_chip_verify(vault->chip, vault->keystore.time_key, digest, message.signature));
    return tatu_proto_decode_time(message.payload, out);
}

static enum tatu_err set_time(struct tatu_vault *vault, struct tatu_span in, struct tatu_buf *out)
{
    struct tatu_signed_time signed_time;
    TATU_TRY(decode_time(vault, in, &signed_time));
    uint64_t age_ms = tatu_vault_chip_uptime_ms(vault->chip) - vault->nonce_made_ms;
    if (!vault->nonce_open || age_ms > TATU_VAULT_NONCE_LIFE_MS ||
        !tatu_base_equal_ct(signed_time.nonce, vault->nonce, sizeof(vault->nonce))) {
        return TATU_ERR_REPLAY;
    }
    vault->nonce_open = false;
    if (signed_time.unix_s < vault->record.time_floor_s) {
        return TATU_ERR_CLOCK;
    }
    struct tatu_vault_record next = vault->record;
    next.time_floor_s = signed_time.unix_s;
    TATU_TRY(tatu_vault_store_record(vault->chip, &next));
    vault->record = next;
    TATU_TRY(put_le32(out, (uint32_t)signed_time.unix_s));
    return put_le32(out, (uint32_t)(signed_time.unix_s >> 32));
}

/* ---- daily keys ---- */

/* Where the key of purpose and tenant is: slot, and for a tenant its entry in the evidence, which
 * is tenant_count when there is none yet. */
struct key_place {
    bool is_update;
    size_t entry;
    uint32_t slot;
    const uint8_t *tenant;
};

static enum tatu_err find_place(const struct tatu_vault *vault, const uint8_t *request,
                                struct key_place *out)
{
    const struct tatu_evidence *evidence = &vault->evidence;
    uint8_t purpose = request[0];
    const uint8_t *tenant = request + 1;
    size_t entry = 0;
    if (purpose == TATU_KEY_UPDATE) {
        if (!is_zero(tenant, GUID_SIZE)) {
            return TATU_ERR_ARGUMENT;
        }
        *out = (struct key_place){.is_update = true, .slot = TATU_ENGINE_SLOT_UPDATE};
        return TATU_OK;
    }
    if (purpose != TATU_KEY_TENANT) {
        return TATU_ERR_PURPOSE;
    }
    while (entry < evidence->tenant_count &&
           memcmp(evidence->tenants[entry].tenant, tenant, GUID_SIZE) != 0) {
        entry++;
    }
    *out = (struct key_place){
        .entry = entry, .slot = TATU_ENGINE_SLOT_TENANT + (uint32_t)entry, .tenant = tenant};
    return TATU_OK;
}

static enum tatu_err make_tenant_key(struct tatu_vault *vault, const struct key_place *place,
                                     uint8_t out_public[KEY_SIZE])
{
    struct tatu_evidence *evidence = &vault->evidence;
    const struct tatu_vault_record *record = &vault->record;
    if (!record->claimed || is_zero(record->tenant, GUID_SIZE) ||
        memcmp(record->tenant, place->tenant, GUID_SIZE) != 0) {
        return TATU_ERR_FOREIGN;
    }
    if (place->entry >= TATU_EVIDENCE_TENANT_MAX) {
        return TATU_ERR_FULL;
    }
    TATU_TRY(tatu_vault_chip_generate(vault->chip, place->slot, out_public));
    struct tatu_evidence_tenant *tenant = &evidence->tenants[place->entry];
    memcpy(tenant->tenant, place->tenant, GUID_SIZE);
    memcpy(tenant->key, out_public, KEY_SIZE);
    if (place->entry == evidence->tenant_count) {
        evidence->tenant_count++;
    }
    return TATU_OK;
}

static enum tatu_err make_key(struct tatu_vault *vault, struct tatu_span in, struct tatu_buf *out)
{
    struct key_place place;
    uint8_t public_key[KEY_SIZE];
    TATU_TRY(find_place(vault, in.data, &place));
    if (place.is_update) {
        TATU_TRY(tatu_vault_chip_generate(vault->chip, place.slot, public_key));
        memcpy(vault->evidence.update_key, public_key, KEY_SIZE);
        vault->has_update_key = true;
    } else {
        TATU_TRY(make_tenant_key(vault, &place, public_key));
    }
    return tatu_base_put_bytes(out, TATU_SPAN_OF(public_key));
}

static enum tatu_err sign_tls(struct tatu_vault *vault, struct tatu_span in, struct tatu_buf *out)
{
    struct key_place place;
    uint8_t signature[64];
    TATU_TRY(find_place(vault, in.data, &place));
    bool present =
        place.is_update ? vault->has_update_key : place.entry < vault->evidence.tenant_count;
    if (!present) {
        return TATU_ERR_NOT_FOUND;
    }
    TATU_TRY(tatu_vault_chip_sign(vault->chip, place.slot, in.data + 1 + GUID_SIZE, signature));
    return tatu_base_put_bytes(out, TATU_SPAN_OF(signature));
}

/* ---- statements ---- */

static enum tatu_err sign_evidence(struct tatu_vault *vault, const struct tatu_evidence *evidence,
                                   struct tatu_buf *out)
{
    uint8_t ueid_digest[32];
    struct tatu_buf payload = TATU_BUF_OF(vault->scratch);
    TATU_TRY(tatu_vault_digest(vault->chip, TATU_SPAN_OF(evidence->device_id), ueid_digest));
    TATU_TRY(tatu_proto_encode_evidence(evidence, ueid_digest, &payload));
    return sign_cose(vault, TATU_ENGINE_SLOT_ATTESTATION, vault->attestation,
                     TATU_COSE_AAD_EVIDENCE, (struct tatu_span){payload.data, payload.len}, out);
}

static enum tatu_err make_evidence(struct tatu_vault *vault, struct tatu_span in,
                                   struct tatu_buf *out)
{
    struct tatu_evidence *evidence = &vault->evidence;
    if (!vault->has_update_key) {
        return TATU_ERR_STATE;
    }
    memcpy(evidence->nonce, in.data, sizeof(evidence->nonce));
    evidence->uptime_ms = tatu_vault_chip_uptime_ms(vault->chip);
    return sign_evidence(vault, evidence, out);
}

static enum tatu_err record_owner(struct tatu_vault *vault, const struct tatu_claim *claim)
{
    struct tatu_vault_record next = vault->record;
    if (next.claimed) {
        bool same = memcmp(next.tenant, claim->tenant, sizeof(claim->tenant)) == 0 &&
                    memcmp(next.owner_key, claim->owner_key, sizeof(claim->owner_key)) == 0;
        return same ? TATU_OK : TATU_ERR_OWNED;
    }
    next.claimed = true;
    next.owner_count++;
    memcpy(next.tenant, claim->tenant, sizeof(next.tenant));
    memcpy(next.owner_key, claim->owner_key, sizeof(next.owner_key));
    TATU_TRY(tatu_vault_store_record(vault->chip, &next));
    vault->record = next;
    tatu_vault_log(vault->chip, VAULT " owner recorded\n");
    return TATU_OK;
}

static enum tatu_err claim_device(struct tatu_vault *vault, struct tatu_span in,
                                  struct tatu_buf *out)
{
    struct tatu_claim claim;
    struct tatu_buf payload = TATU_BUF_OF(vault->scratch);
    memcpy(claim.nonce, in.data, sizeof(claim.nonce));
    memcpy(claim.tenant, in.data + TATU_NONCE_SIZE, sizeof(claim.tenant));
    memcpy(claim.owner_key, in.data + TATU_NONCE_SIZE + GUID_SIZE, sizeof(claim.owner_key));
    memcpy(claim.device_id, vault->evidence.device_id, sizeof(claim.device_id));
    if (is_zero(claim.tenant, sizeof(claim.tenant)) ||
        is_zero(claim.owner_key, sizeof(claim.owner_key))) {
        return TATU_ERR_ARGUMENT;
    }
    TATU_TRY(record_owner(vault, &claim));
    TATU_TRY(tatu_proto_encode_claim(&claim, &payload));
    return sign_cose(vault, TATU_ENGINE_SLOT_IDENTITY, vault->evidence.device_id,
                     TATU_COSE_AAD_CLAIM, (struct tatu_span){payload.data, payload.len}, out);
}

/* ---- who may ask for what ---- */

#define EXACT(n) (n), (n)

static const struct command monitor_commands[] = {
    {TATU_VAULT_VERIFY_IMAGE, EXACT(12), verify_image},
    {TATU_VAULT_MEASURE_APPS, 1, TATU_MAILBOX_PAYLOAD_MAX, measure_apps},
    {TATU_VAULT_SET_DMA, EXACT(8), set_dma},
    {TATU_VAULT_BOOT_DONE, EXACT(2), boot_done},
    {TATU_VAULT_GET_BOOT, EXACT(0), get_boot},
    {TATU_VAULT_GET_INFO, EXACT(0), get_info},
    {TATU_VAULT_RANDOM, EXACT(2), give_random},
};

static const struct command normal_commands[] = {
    {TATU_VAULT_GET_INFO, EXACT(0), get_info},
    {TATU_VAULT_TIME_NONCE, EXACT(0), time_nonce},
    {TATU_VAULT_SET_TIME, 1, TATU_MAILBOX_PAYLOAD_MAX, set_time},
    {TATU_VAULT_MAKE_KEY, EXACT(1 + GUID_SIZE), make_key},
    {TATU_VAULT_MAKE_EVIDENCE, EXACT(TATU_NONCE_SIZE), make_evidence},
    {TATU_VAULT_SIGN_TLS, EXACT(1 + GUID_SIZE + 32), sign_tls},
    {TATU_VAULT_CLAIM, EXACT(TATU_NONCE_SIZE + GUID_SIZE + KEY_SIZE), claim_device},
    {TATU_VAULT_RANDOM, EXACT(2), give_random},
};

static const struct command *find_command(const struct command *table, size_t count,
                                          uint16_t number)
{
    for (size_t i = 0; i < count; i++) {
        if (table[i].number == number) {
            return &table[i];
        }
    }
    return NULL;
}

static enum tatu_err choose_command(const struct tatu_vault *vault,
                                    const struct tatu_mailbox_header *header,
                                    const struct command **out)
{
    const struct command *of_monitor =
        find_command(monitor_commands, TATU_COUNT_OF(monitor_commands), header->command);
    const struct command *of_normal =
        find_command(normal_commands, TATU_COUNT_OF(normal_commands), header->command);
    const struct command *own = NULL;
    if (header->status == TATU_VAULT_CALLER_MONITOR) {
        own = of_monitor;
    } else if (header->status == TATU_VAULT_CALLER_NORMAL) {
        own = of_normal;
    } else {
        return TATU_ERR_DENIED;
    }
    if (own == NULL) {
        return of_monitor == NULL && of_normal == NULL ? TATU_ERR_UNKNOWN_COMMAND : TATU_ERR_DENIED;
    }
    if (header->status == TATU_VAULT_CALLER_NORMAL && !vault->booted) {
        return TATU_ERR_STATE;
    }
    if (header->len < own->len_min) {
        return TATU_ERR_SHORT;
    }
    if (header->len > own->len_max) {
        return TATU_ERR_LONG;
    }
    *out = own;
    return TATU_OK;
}

static enum tatu_err run_command(struct tatu_vault *vault, const struct tatu_mailbox_header *header,
                                 struct tatu_buf *out)
{
    const struct command *command = NULL;
    TATU_TRY(choose_command(vault, header, &command));
    tatu_vault_chip_take(vault->chip, TATU_MAILRAM_REQUEST + TATU_MAILBOX_HEADER_SIZE,
                         vault->request, header->len);
    return command->run(vault, (struct tatu_span){vault->request, header->len}, out);
}

void tatu_vault_serve(struct tatu_vault *vault)
{
    uint8_t raw[TATU_MAILBOX_HEADER_SIZE];
    struct tatu_mailbox_header header = {0};
    struct tatu_buf out = TATU_BUF_OF(vault->answer);
    struct tatu_buf head = TATU_BUF_OF(raw);
    tatu_vault_chip_take(vault->chip, TATU_MAILRAM_REQUEST, raw, sizeof(raw));
    enum tatu_err err = tatu_proto_decode_mailbox(TATU_SPAN_OF(raw), &header);
    if (err == TATU_OK) {
        err = run_command(vault, &header, &out);
    } else {
        header.sequence = tatu_get_le32(raw);
        header.command = tatu_get_le16(raw + 4);
    }
    if (err != TATU_OK) {
        out.len = 0;
    }
    header.status = (uint16_t)err;
    header.len = (uint32_t)out.len;
    (void)tatu_proto_encode_mailbox(&header, &head);
    tatu_vault_chip_give(vault->chip, TATU_MAILRAM_RESPONSE + TATU_MAILBOX_HEADER_SIZE,
                         (struct tatu_span){out.data, out.len});
    tatu_vault_chip_give(vault->chip, TATU_MAILRAM_RESPONSE, TATU_SPAN_OF(raw));
    tatu_base_wipe(vault->request, sizeof(vault->request));
    tatu_base_wipe(vault->answer, sizeof(vault->answer));
    tatu_base_wipe(vault->scratch, sizeof(vault->scratch));
    tatu_vault_chip_ring(vault->chip);
}
