/* What the monitor asks for to boot the OS and to keep it whole. */
#include "commands.h"
#include "log.h"
#include "proto/capability.h"

/* The key of the original's SDK, whose private half everybody has: for development alone. */
static const uint8_t test_key[KEY_SIZE] = {
    0xed, 0xf2, 0x33, 0xc0, 0x0d, 0x31, 0x14, 0x1d, 0x8f, 0x3f, 0x56, 0x33, 0x43, 0x40, 0xcc, 0xd8,
    0xc1, 0x69, 0xfb, 0x67, 0xe2, 0xec, 0x56, 0x4b, 0xf8, 0xa5, 0xef, 0x58, 0x6b, 0x1c, 0x3f, 0x7b,
    0xc1, 0x88, 0xca, 0x20, 0x87, 0x01, 0xe6, 0xd7, 0xc7, 0x75, 0x6a, 0x13, 0x26, 0x38, 0xfe, 0x98,
    0xc9, 0xa0, 0x20, 0x07, 0x40, 0x3d, 0xe5, 0xc4, 0x22, 0xe6, 0xa7, 0xe8, 0x26, 0xa4, 0xbd, 0x24,
};

struct verify_request {
    struct tatu_vault_package package;
    uint16_t type;
    bool measure;
};

static bool is_inside(uint32_t at, uint32_t len, uint32_t base, uint32_t size)
{
    return at >= base && at - base <= size && len <= size - (at - base);
}

static bool is_measured_on_request(uint16_t type)
{
    return type == TATU_IMAGE_DTB || type == TATU_IMAGE_KERNEL || type == TATU_IMAGE_ROOT ||
           type == TATU_IMAGE_KEYSTORE;
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
    if ((flags & ~TATU_VERIFY_MEASURE) != 0 || !(fixed || (memory && !vault->booted)) ||
        (measure && !is_measured_on_request(type))) {
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

static enum tatu_err check_keystore(struct tatu_vault *vault, const struct verify_request *request,
                                    struct tatu_vault_image *out)
{
    const struct tatu_vault_package *package = &request->package;
    struct tatu_keystore keystore;
    if (package->len > sizeof(vault->scratch)) {
        return TATU_ERR_LONG;
    }
    TATU_TRY(tatu_vault_chip_fetch(vault->chip, package->remote, vault->scratch, package->len));
    TATU_TRY(tatu_vault_check_keystore(
        vault->chip, (struct tatu_span){vault->scratch, package->len}, &keystore, out));
    return request->measure ? check_in_use(vault, out->info.body_len) : TATU_OK;
}

static enum tatu_err check_package(struct tatu_vault *vault, const struct verify_request *request,
                                   struct tatu_vault_image *out)
{
    struct tatu_vault_trust trust = tatu_vault_trust_of(vault);
    if (request->type == TATU_IMAGE_KEYSTORE) {
        return check_keystore(vault, request, out);
    }
    enum tatu_err err =
        tatu_vault_check_image(vault->chip, &trust, &request->package, request->type, out);
    if (err == TATU_ERR_SIGNATURE && request->type == TATU_IMAGE_APPLICATION &&
        (vault->evidence.capabilities & TATU_CAPABILITY_BIT(TATU_CAPABILITY_TEST_KEY)) != 0) {
        trust.owner = test_key;
        err = tatu_vault_check_image(vault->chip, &trust, &request->package, request->type, out);
    }
    return err;
}

enum tatu_err tatu_vault_verify_image(struct tatu_vault *vault, struct tatu_span in,
                                      struct tatu_buf *out)
{
    struct verify_request request;
    struct tatu_vault_image image = {0};
    TATU_TRY(decode_verify(vault, in, &request));
    TATU_TRY(check_package(vault, &request, &image));
    if (image.verdict != TATU_VAULT_GOOD) {
        return TATU_ERR_SIGNATURE;
    }
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

enum tatu_err tatu_vault_measure_apps(struct tatu_vault *vault, struct tatu_span in,
                                      struct tatu_buf *out)
{
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
    return tatu_vault_drop_keys(vault);
}

enum tatu_err tatu_vault_set_dma(struct tatu_vault *vault, struct tatu_span in,
                                 struct tatu_buf *out)
{
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

enum tatu_err tatu_vault_boot_done(struct tatu_vault *vault, struct tatu_span in,
                                   struct tatu_buf *out)
{
    /* recovery has no normal world */
    if (vault->booted || vault->evidence.mode == TATU_BOOT_RECOVERY) {
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

enum tatu_err tatu_vault_get_boot(struct tatu_vault *vault, struct tatu_span in,
                                  struct tatu_buf *out)
{
    const uint8_t head[4] = {vault->monitor_set, vault->monitor_set != vault->preferred_set,
                             vault->refused_count, vault->evidence.mode};
    TATU_TRY(tatu_base_put_bytes(out, TATU_SPAN_OF(head)));
    for (size_t i = 0; i < vault->refused_count; i++) {
        const struct tatu_vault_refusal *refusal = &vault->refused[i];
        TATU_TRY(put_le32(out, refusal->set | (uint32_t)refusal->image_type << 16));
        TATU_TRY(put_le32(out, refusal->err));
    }
    return TATU_OK;
}

enum tatu_err tatu_vault_boot_good(struct tatu_vault *vault, struct tatu_span in,
                                   struct tatu_buf *out)
{
    if (!vault->booted && vault->evidence.mode != TATU_BOOT_RECOVERY) {
        return TATU_ERR_STATE;
    }
    if (!vault->good) {
        tatu_vault_store_good(vault->chip, vault->evidence.boot_count);
        vault->good = true;
    }
    return TATU_OK;
}

/* The ROM does it: the recovery program needs the place where the monitor runs. */
enum tatu_err tatu_vault_ask_recovery(struct tatu_vault *vault, struct tatu_span in,
                                      struct tatu_buf *out)
{
    if (vault->booted) {
        return TATU_ERR_STATE;
    }
    tatu_vault_store_wish(vault->chip, true);
    tatu_vault_chip_set_control(vault->chip, TATU_VCTL_RESET, TATU_SYSCTL_POWER_RESET);
    return TATU_OK;
}
