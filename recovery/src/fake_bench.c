#include "fake_bench.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "proto/image.h"

#include <openssl/evp.h>

#define STOP_FAILED 1
#define STOP_CUT 2
#define STOP_PATIENCE 3
#define PATIENCE_MS 60000u

static void digest(const void *bytes, size_t len, uint8_t out[32])
{
    int ok = EVP_Digest(bytes, len, out, NULL, EVP_sha256(), NULL);
    assert(ok == 1);
}

/* ---- the chip ---- */

struct tatu_monitor_chip *fake_chip_new(uint8_t fill)
{
    struct tatu_monitor_chip *chip = calloc(1, sizeof(*chip));
    assert(chip != NULL);
    chip->flash = malloc(TATU_FLASH_SIZE);
    chip->ram = calloc(1, TATU_FLASH_SET_SIZE);
    assert(chip->flash != NULL && chip->ram != NULL);
    memset(chip->flash, fill, TATU_FLASH_SIZE);
    return chip;
}

void fake_chip_free(struct tatu_monitor_chip *chip)
{
    free(chip->flash);
    free(chip->ram);
    free(chip);
}

/* How many bytes of this operation happen before the power goes; all when it stays. */
static uint32_t spend(struct tatu_monitor_chip *chip, uint32_t len)
{
    chip->operations++;
    if (chip->cut_at == 0 || chip->operations < chip->cut_at) {
        return len;
    }
    static const uint8_t halves[FAKE_TEAR_COUNT] = {0, 1, 2};
    return len * halves[chip->tear] / 2;
}

static void end_of_power(struct tatu_monitor_chip *chip)
{
    if (chip->cut_at != 0 && chip->operations >= chip->cut_at) {
        longjmp(chip->off, STOP_CUT);
    }
}

enum tatu_err tatu_monitor_read_flash(struct tatu_monitor_chip *chip, uint32_t at, void *out,
                                      uint32_t len)
{
    assert(at <= TATU_FLASH_SIZE && len <= TATU_FLASH_SIZE - at);
    memcpy(out, chip->flash + at, len);
    return TATU_OK;
}

enum tatu_err tatu_monitor_erase_flash(struct tatu_monitor_chip *chip, uint32_t at)
{
    assert(at % TATU_FLASH_SECTOR_SIZE == 0 && at < TATU_FLASH_SIZE);
    memset(chip->flash + at, 0xff, spend(chip, TATU_FLASH_SECTOR_SIZE));
    end_of_power(chip);
    return TATU_OK;
}

enum tatu_err tatu_monitor_program_flash(struct tatu_monitor_chip *chip, uint32_t at,
                                         const void *data, uint32_t len)
{
    const uint8_t *bytes = data;
    assert(at % 4 == 0 && len % 4 == 0 && at <= TATU_FLASH_SIZE && len <= TATU_FLASH_SIZE - at);
    uint32_t done = spend(chip, len);
    for (uint32_t i = 0; i < done; i++) {
        chip->flash[at + i] &= bytes[i];
    }
    end_of_power(chip);
    return TATU_OK;
}

static uint8_t *ram_at(struct tatu_monitor_chip *chip, uint32_t address, uint32_t len)
{
    uint32_t at = address - TATU_MAP_RAM_BASE;
    assert(address >= TATU_MAP_RAM_BASE && at <= TATU_FLASH_SET_SIZE &&
           len <= TATU_FLASH_SET_SIZE - at);
    return chip->ram + at;
}

enum tatu_err tatu_monitor_load_flash(struct tatu_monitor_chip *chip, uint32_t at, uint32_t ram,
                                      uint32_t len)
{
    return tatu_monitor_read_flash(chip, at, ram_at(chip, ram, len), len);
}

enum tatu_err tatu_monitor_read_normal(struct tatu_monitor_chip *chip, uint32_t address, void *out,
                                       uint32_t len)
{
    memcpy(out, ram_at(chip, address, len), len);
    return TATU_OK;
}

enum tatu_err tatu_monitor_write_normal(struct tatu_monitor_chip *chip, uint32_t address,
                                        const void *data, uint32_t len)
{
    memcpy(ram_at(chip, address, len), data, len);
    return TATU_OK;
}

void tatu_monitor_clean_cache(struct tatu_monitor_chip *chip, uint32_t address, uint32_t len)
{
    (void)chip;
    (void)address;
    (void)len;
}

void tatu_monitor_print(struct tatu_monitor_chip *chip, const char *text)
{
    for (; *text != '\0' && chip->log_len + 1 < sizeof(chip->log); text++) {
        chip->log[chip->log_len++] = *text;
    }
}

/* ---- the vault ---- */

static const uint8_t *bytes_at(struct tatu_monitor_chip *chip, uint32_t address, uint32_t len)
{
    if (address == (uint32_t)(uintptr_t)chip->state->package) {
        return len <= sizeof(chip->state->package) ? chip->state->package : NULL;
    }
    uint32_t at = address - TATU_MAP_FLASH_BASE;
    if (address >= TATU_MAP_FLASH_BASE && at < TATU_FLASH_SIZE) {
        return len <= TATU_FLASH_SIZE - at ? chip->flash + at : NULL;
    }
    return chip->memory_open ? ram_at(chip, address, len) : NULL;
}

enum tatu_err tatu_monitor_verify_image(struct tatu_monitor_vault *vault, uint32_t address,
                                        uint32_t len, enum tatu_image_type type, uint16_t flags,
                                        struct tatu_verified_image *out)
{
    const uint8_t *bytes = bytes_at(vault->chip, address, len);
    struct tatu_image_info info;
    uint8_t found[32];
    if (bytes == NULL) {
        return TATU_ERR_ARGUMENT;
    }
    TATU_TRY(tatu_proto_decode_image((struct tatu_span){bytes, len}, len, &info));
    if (info.type != type) {
        return TATU_ERR_TYPE;
    }
    for (size_t i = 0; i < sizeof(info.signature); i++) {
        if (info.signature[i] != FAKE_SIGNATURE) {
            return TATU_ERR_SIGNATURE;
        }
    }
    digest(bytes, info.body_len, found);
    if ((flags & TATU_VERIFY_MEASURE) != 0 &&
        memcmp(found, vault->chip->keystore_digest, sizeof(found)) != 0) {
        return TATU_ERR_DIGEST;
    }
    *out = (struct tatu_verified_image){.body_len = info.body_len, .image_type = info.type};
    digest(bytes, len, out->digest);
    return TATU_OK;
}

static bool has_keystore(const struct tatu_monitor_chip *chip)
{
    static const uint32_t at[] = {TATU_FLASH_KEYSTORE_AT,
                                  TATU_FLASH_SET_STRIDE + TATU_FLASH_KEYSTORE_AT};
    for (size_t i = 0; i < TATU_COUNT_OF(at); i++) {
        for (uint32_t byte = 0; byte < TATU_FLASH_KEYSTORE_SIZE; byte++) {
            if (chip->flash[at[i] + byte] != 0xff) {
                return true;
            }
        }
    }
    return false;
}

enum tatu_err tatu_monitor_ask_vault(struct tatu_monitor_vault *vault,
                                     enum tatu_vault_caller caller, uint16_t command,
                                     struct tatu_span payload, struct tatu_buf *answer)
{
    struct tatu_monitor_chip *chip = vault->chip;
    (void)answer;
    assert(caller == TATU_VAULT_CALLER_MONITOR);
    if (command == TATU_VAULT_SET_DMA && payload.len == 8) {
        assert(tatu_get_le32(payload.data) == TATU_MAP_RAM_BASE);
        chip->memory_open = tatu_get_le32(payload.data + 4) >= TATU_FLASH_SET_SIZE;
        return TATU_OK;
    }
    if (payload.len == 0 &&
        (command == TATU_VAULT_DROP_CAPABILITY || command == TATU_VAULT_BOOT_GOOD)) {
        chip->keystore_before_forgetting |= has_keystore(chip);
        chip->forgot |= command == TATU_VAULT_BOOT_GOOD;
        chip->dropped |= command == TATU_VAULT_DROP_CAPABILITY;
        return TATU_OK;
    }
    return TATU_ERR_UNKNOWN_COMMAND;
}

/* ---- packages ---- */

struct fake_package *fake_package_of(struct tatu_recovery_port *host, uint16_t type)
{
    size_t i = 0;
    while (i + 1 < FAKE_COUNT && host->packages[i].type != type) {
        i++;
    }
    return &host->packages[i];
}

static void pack(struct fake_package *package, struct tatu_span body)
{
    struct tatu_buf buf = TATU_BUF_OF(package->bytes);
    struct tatu_image_info info = {.type = package->type, .security_version = 1};
    uint8_t signature[TATU_IMAGE_SIGNATURE_SIZE];
    memset(signature, FAKE_SIGNATURE, sizeof(signature));
    bool fits = tatu_base_put_bytes(&buf, body) == TATU_OK &&
                tatu_proto_encode_metadata(&info, &buf) == TATU_OK &&
                tatu_base_put_bytes(&buf, TATU_SPAN_OF(signature)) == TATU_OK;
    assert(fits);
    package->len = (uint32_t)buf.len;
}

void fake_pack(struct tatu_recovery_port *host, uint16_t type, struct tatu_span body)
{
    pack(fake_package_of(host, type), body);
    if (type != TATU_IMAGE_RECOVERY_MANIFEST) {
        fake_pack_manifest(host);
    }
}

void fake_pack_manifest(struct tatu_recovery_port *host)
{
    struct tatu_recovery_manifest manifest;
    uint8_t body[TATU_RECOVERY_MANIFEST_SIZE];
    struct tatu_buf buf = TATU_BUF_OF(body);
    for (size_t i = 0; i < TATU_RECOVERY_PART_COUNT; i++) {
        struct tatu_recovery_part *part = &manifest.parts[i];
        part->image_type = host->packages[i].type;
        part->len = host->packages[i].len;
        digest(host->packages[i].bytes, host->packages[i].len, part->digest);
    }
    enum tatu_err err = tatu_proto_encode_recovery_manifest(&manifest, &buf);
    assert(err == TATU_OK);
    fake_pack(host, TATU_IMAGE_RECOVERY_MANIFEST, TATU_SPAN_OF(body));
}

void fake_host_init(struct tatu_recovery_port *host, struct tatu_monitor_chip *chip,
                    uint8_t version, uint32_t body_len)
{
    static const uint16_t types[FAKE_COUNT] = {2, 4, 6, 7, 8, 19, TATU_IMAGE_RECOVERY_MANIFEST};
    uint8_t body[FAKE_PACKAGE_MAX];
    memset(host, 0, sizeof(*host));
    host->chip = chip;
    host->random = 1;
    host->patience_ms = PATIENCE_MS;
    for (size_t i = 0; i + 1 < FAKE_COUNT; i++) {
        /* a keystore is small; what is a few bytes longer than a piece tries the ends */
        uint32_t len = types[i] == TATU_IMAGE_KEYSTORE ? 300 : body_len + (uint32_t)i;
        for (uint32_t at = 0; at < len; at++) {
            body[at] = (uint8_t)(at * 31 + types[i] * 7 + version);
        }
        host->packages[i].type = types[i];
        pack(&host->packages[i], (struct tatu_span){body, len});
        if (types[i] == TATU_IMAGE_KEYSTORE) {
            digest(body, len, chip->keystore_digest);
        }
    }
    host->packages[FAKE_COUNT - 1].type = TATU_IMAGE_RECOVERY_MANIFEST;
    fake_pack_manifest(host);
}

static uint8_t *slot_in(struct tatu_monitor_chip *chip, uint16_t type, uint8_t set)
{
    return chip->flash + set * TATU_FLASH_SET_STRIDE + tatu_recovery_slot_of(type)->at;
}

static void make_footer(uint32_t len, uint8_t out[TATU_FLASH_FOOTER_SIZE])
{
    tatu_put_le32(out, TATU_FLASH_FOOTER_MAGIC);
    tatu_put_le32(out + 4, len);
    tatu_put_le32(out + 8, ~len);
    tatu_put_le32(out + 12, 0);
}

void fake_install(struct tatu_monitor_chip *chip, const struct fake_package *package, uint8_t set)
{
    uint8_t *slot = slot_in(chip, package->type, set);
    uint32_t size = tatu_recovery_slot_of(package->type)->size;
    memset(slot, 0xff, size);
    memcpy(slot, package->bytes, package->len);
    make_footer(package->len, slot + size - TATU_FLASH_FOOTER_SIZE);
}

bool fake_holds(struct tatu_monitor_chip *chip, const struct fake_package *package, uint8_t set)
{
    uint8_t footer[TATU_FLASH_FOOTER_SIZE];
    const uint8_t *slot = slot_in(chip, package->type, set);
    const uint8_t *end = slot + tatu_recovery_slot_of(package->type)->size;
    make_footer(package->len, footer);
    return memcmp(slot, package->bytes, package->len) == 0 &&
           memcmp(end - sizeof(footer), footer, sizeof(footer)) == 0;
}

/* ---- the host at the port ---- */

static void queue(struct tatu_recovery_port *host, const uint8_t *bytes, size_t len)
{
    memmove(host->queue, host->queue + host->queue_at, host->queue_len - host->queue_at);
    host->queue_len -= host->queue_at;
    host->queue_at = 0;
    assert(len <= sizeof(host->queue) - host->queue_len);
    memcpy(host->queue + host->queue_len, bytes, len);
    host->queue_len += len;
}

static void answer(struct tatu_recovery_port *host, const struct tatu_recovery_message *read)
{
    const struct fake_package *package = fake_package_of(host, read->image_type);
    uint8_t frame[TATU_RECOVERY_FRAME_MAX];
    struct tatu_buf buf = TATU_BUF_OF(frame);
    struct tatu_recovery_message data = {
        .kind = TATU_RECOVERY_REFUSE, .image_type = read->image_type, .err = TATU_ERR_NOT_FOUND};
    if (package->len > read->offset && package->type == read->image_type) {
        uint32_t left = package->len - read->offset;
        data.kind = TATU_RECOVERY_DATA;
        data.err = 0;
        data.offset = read->offset;
        data.total = package->len + (host->grows == read->image_type && read->offset > 0);
        data.bytes =
            (struct tatu_span){package->bytes + read->offset, left < read->max ? left : read->max};
        host->sent += (uint32_t)data.bytes.len;
    }
    enum tatu_err err = tatu_proto_encode_recovery(&data, &buf);
    assert(err == TATU_OK);
    queue(host, frame, buf.len);
}

static void hear(struct tatu_recovery_port *host, const struct tatu_recovery_message *message)
{
    switch (message->kind) {
    case TATU_RECOVERY_HELLO:
        assert(message->version == TATU_RECOVERY_VERSION &&
               message->stage == TATU_RECOVERY_STAGE_PROGRAM);
        host->hellos++;
        host->last_err = message->err;
        return;
    case TATU_RECOVERY_READ:
        host->reads++;
        if (!host->silent && host->tape.data == NULL) {
            answer(host, message);
        }
        return;
    case TATU_RECOVERY_PROGRESS:
        assert(message->done >= host->progress);
        host->progress = message->done;
        return;
    default:
        assert(message->kind == TATU_RECOVERY_DONE);
        host->done = true;
        host->done_err = message->err;
        if (message->err != TATU_OK && !host->keeps_going) {
            longjmp(host->chip->off, STOP_FAILED);
        }
    }
}

void tatu_recovery_put_bytes(struct tatu_recovery_port *host, struct tatu_span bytes)
{
    for (size_t i = 0; i < bytes.len; i++) {
        struct tatu_recovery_message message;
        if (tatu_proto_take_recovery(&host->line, bytes.data[i], &message)) {
            hear(host, &message);
        }
    }
}

static uint32_t next_random(struct tatu_recovery_port *host)
{
    host->random = host->random * 1103515245u + 12345u;
    return host->random >> 16;
}

static int play(struct tatu_recovery_port *host)
{
    if (host->tape.len == 0) {
        longjmp(host->chip->off, STOP_PATIENCE);
    }
    host->tape.len--;
    return *host->tape.data++;
}

int tatu_recovery_get_byte(struct tatu_recovery_port *host)
{
    if (host->tape.data != NULL) {
        return play(host);
    }
    bool away =
        host->goes_after != 0 && host->sent >= host->goes_after && host->now_ms < host->returns_ms;
    if (away) {
        host->queue_at = host->queue_len = 0;
    }
    if (host->queue_at == host->queue_len) {
        host->queue_at = host->queue_len = 0;
        if (++host->now_ms > host->patience_ms) {
            longjmp(host->chip->off, STOP_PATIENCE);
        }
        return -1;
    }
    uint8_t byte = host->queue[host->queue_at++];
    if (host->noise != 0 && next_random(host) % host->noise == 0) {
        byte ^= (uint8_t)next_random(host);
    }
    return byte;
}

uint32_t tatu_recovery_now_ms(struct tatu_recovery_port *host)
{
    return host->now_ms;
}

bool fake_run(struct tatu_monitor_chip *chip, struct tatu_recovery_port *host)
{
    static struct tatu_recovery_state state;
    memset(&state, 0, sizeof(state));
    chip->state = &state;
    chip->operations = 0;
    chip->memory_open = false;
    chip->log_len = 0;
    host->done = false;
    host->line.len = 0;
    host->queue_at = host->queue_len = 0;
    host->progress = 0;
    host->now_ms = 0;
    if (setjmp(chip->off) != 0) {
        return false;
    }
    tatu_recovery_run(&state, chip, host);
    return true;
}
