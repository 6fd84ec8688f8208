/* Mask ROM: docs/protocol/boot.md §1. */
#include "silicon/vault/vault.h"

#include "handover.h"
#include "log.h"
#include "mem.h"
#include "package.h"
#include "proto/fab.h"
#include "proto/mailbox.h"
#include "proto/table.h"
#include "record.h"
#include "recover.h"

_Static_assert(TATU_VAULT_RUN == 2 * TATU_VAULT_GOOD, "what two verdicts are together");

#define ROM "[ROM]"
#define TRIES_OF_A_SET                                                                             \
    3u                /* boots that do not become healthy, before the other set has its turn       \
                       */
#define SAFE_AFTER 6u /* such boots in a row */

/* RFC 6979 A.2.5: P-256, SHA-256, message "sample" */
static const uint8_t known_message[] = {'s', 'a', 'm', 'p', 'l', 'e'};
static const uint8_t known_key[64] = {
    0x60, 0xfe, 0xd4, 0xba, 0x25, 0x5a, 0x9d, 0x31, 0xc9, 0x61, 0xeb, 0x74, 0xc6, 0x35, 0x6d, 0x68,
    0xc0, 0x49, 0xb8, 0x92, 0x3b, 0x61, 0xfa, 0x6c, 0xe6, 0x69, 0x62, 0x2e, 0x60, 0xf2, 0x9f, 0xb6,
    0x79, 0x03, 0xfe, 0x10, 0x08, 0xb8, 0xbc, 0x99, 0xa4, 0x1a, 0xe9, 0xe9, 0x56, 0x28, 0xbc, 0x64,
    0xf2, 0xf1, 0xb2, 0x0c, 0x2d, 0x7e, 0x9f, 0x51, 0x77, 0xa3, 0xc2, 0x94, 0xd4, 0x46, 0x22, 0x99,
};
static const uint8_t known_signature[64] = {
    0xef, 0xd4, 0x8b, 0x2a, 0xac, 0xb6, 0xa8, 0xfd, 0x11, 0x40, 0xdd, 0x9c, 0xd4, 0x5e, 0x81, 0xd6,
    0x9d, 0x2c, 0x87, 0x7b, 0x56, 0xaa, 0xf9, 0x91, 0xc3, 0x4d, 0x0e, 0xa8, 0x4e, 0xaf, 0x37, 0x16,
    0xf7, 0xcb, 0x1c, 0x94, 0x2d, 0x65, 0x7c, 0x41, 0xd4, 0x36, 0xc7, 0xa1, 0xb6, 0xe2, 0x9f, 0x65,
    0xf3, 0xe9, 0x00, 0xdb, 0xb9, 0xaf, 0xf4, 0x06, 0x4d, 0xc4, 0xab, 0x2f, 0x84, 0x3a, 0xcd, 0xa8,
};

static enum tatu_err check_self(struct tatu_vault_chip *chip, struct tatu_span rom_code)
{
    uint8_t digest[32];
    uint8_t random[4];
    size_t body_len = rom_code.len - 4;
    if (tatu_base_crc32((struct tatu_span){rom_code.data, body_len}) !=
        tatu_get_le32(rom_code.data + body_len)) {
        return TATU_ERR_DIGEST;
    }
    TATU_TRY(tatu_vault_chip_random(chip, random, sizeof(random))); /* are its tests passed? */
    TATU_TRY(tatu_vault_digest(chip, TATU_SPAN_OF(known_message), digest));
    TATU_TRY(tatu_vault_chip_verify(chip, known_key, digest, known_signature));
    digest[31] ^= 1; /* an engine that says yes to everything fails here */
    return tatu_vault_chip_verify(chip, known_key, digest, known_signature) == TATU_ERR_SIGNATURE
               ? TATU_OK
               : TATU_ERR_IO;
}

/* A signature in the right form that nobody made, so that the engine goes all the way to its no. */
static enum tatu_err check_lms(struct tatu_vault_chip *chip, struct tatu_buf room)
{
    static const uint8_t key[TATU_LMS_KEY_SIZE] = {[3] = 6, [7] = 4};
    memset(room.data, 0, TATU_IMAGE_SECOND_SIZE);
    room.data[7] = key[7];
    room.data[1131] = key[3];
    struct tatu_span signature = {room.data, TATU_IMAGE_SECOND_SIZE};
    return tatu_vault_chip_verify_lms(chip, key, key, signature) == TATU_ERR_SIGNATURE
               ? TATU_OK
               : TATU_ERR_IO;
}

/* An opened chip, now or ever: whatever secret may be left goes as well. */
static enum tatu_err check_tamper(struct tatu_vault_chip *chip)
{
    for (int twice = 0; twice < 2; twice++) {
        if ((tatu_vault_chip_control(chip, TATU_VCTL_STRAPS) & TATU_STRAP_TAMPER) != 0 ||
            tatu_vault_chip_fuse(chip, TATU_FUSE_WIPE) != 0) {
            tatu_vault_chip_burn(chip, TATU_FUSE_WIPE, TATU_FUSE_WIPE_NOW);
            return TATU_ERR_TAMPER;
        }
    }
    return TATU_OK;
}

/* ---- fab ---- */

static enum tatu_err take_fab_request(struct tatu_vault_chip *chip, struct tatu_fab_request *out)
{
    static const uint8_t unused[sizeof(out->root_hash)];
    uint8_t frame[TATU_FAB_REQUEST_SIZE + TATU_FAB_FRAME_OVERHEAD];
    struct tatu_fab_request request;
    for (size_t i = 0; i < sizeof(frame); i++) {
        frame[i] = tatu_vault_chip_fab_get(chip);
    }
    TATU_TRY(tatu_proto_decode_fab_request(TATU_SPAN_OF(frame), &request));
    if (request.board_class == 0 || request.board_class > 7 ||
        tatu_base_equal_ct(request.root_hash, unused, sizeof(unused))) {
        return TATU_ERR_ARGUMENT;
    }
    *out = request;
    return TATU_OK;
}

/* Burns and reads back: after an interrupted fab other values may be there already. */
static enum tatu_err burn_word(struct tatu_vault_chip *chip, uint32_t at, uint32_t word)
{
    tatu_vault_chip_burn(chip, at, word);
    return tatu_vault_chip_fuse(chip, at) == word ? TATU_OK : TATU_ERR_STATE;
}

static enum tatu_err burn(struct tatu_vault_chip *chip, uint32_t at, const uint8_t *bytes,
                          size_t len)
{
    for (uint32_t i = 0; i < len; i += 4) {
        TATU_TRY(burn_word(chip, at + i, tatu_get_le32(bytes + i)));
    }
    return TATU_OK;
}

static enum tatu_err make_device(struct tatu_vault_chip *chip,
                                 const struct tatu_fab_request *request,
                                 struct tatu_fab_answer *answer)
{
    const uint32_t secrets = 1u << TATU_FUSE_SECRET_IDENTITY | 1u << TATU_FUSE_SECRET_ATTESTATION |
                             1u << TATU_FUSE_SECRET_DEVICE;
    for (uint32_t n = 0; secrets >> n != 0; n++) {
        if ((tatu_vault_chip_fuse(chip, TATU_FUSE_SECRET_STATUS) >> n & 1) == 0) {
            tatu_vault_chip_burn(chip, TATU_FUSE_SECRET_COMMAND, n);
        }
    }
    if ((tatu_vault_chip_fuse(chip, TATU_FUSE_SECRET_STATUS) & secrets) != secrets) {
        return TATU_ERR_IO;
    }
    TATU_TRY(burn_word(chip, TATU_FUSE_CLASS, request->board_class));
    TATU_TRY(burn(chip, TATU_FUSE_IMPLEMENTATION, request->implementation, 32));
    TATU_TRY(burn(chip, TATU_FUSE_ROOT_HASH, request->root_hash[0], sizeof(request->root_hash)));
    TATU_TRY(tatu_vault_chip_load_fuse(chip, TATU_ENGINE_SLOT_IDENTITY, TATU_FUSE_SECRET_IDENTITY,
                                       answer->identity));
    TATU_TRY(tatu_vault_chip_load_fuse(chip, TATU_ENGINE_SLOT_ATTESTATION,
                                       TATU_FUSE_SECRET_ATTESTATION, answer->attestation));
    TATU_TRY(burn_word(chip, TATU_FUSE_FAB_LOCK, 1));
    return burn_word(chip, TATU_FUSE_LIFECYCLE, 1);
}

static void serve_fab(struct tatu_vault_chip *chip)
{
    uint8_t frame[TATU_FAB_ANSWER_SIZE + TATU_FAB_FRAME_OVERHEAD];
    struct tatu_buf buf = TATU_BUF_OF(frame);
    struct tatu_fab_request request;
    struct tatu_fab_answer answer = {0};
    tatu_vault_log(chip, ROM " lifecycle blank, fab port open\n");
    enum tatu_err err = take_fab_request(chip, &request);
    if (err == TATU_OK) {
        err = make_device(chip, &request, &answer);
    }
    if (err != TATU_OK) {
        answer = (struct tatu_fab_answer){.status = (uint32_t)err};
        tatu_vault_log_err(chip, ROM, " fab refused", err);
    } else {
        tatu_vault_log(chip, ROM " fab done\n");
    }
    (void)tatu_proto_encode_fab_answer(&answer, &buf);
    for (size_t i = 0; i < buf.len; i++) {
        tatu_vault_chip_fab_put(chip, frame[i]);
    }
}

/* ---- verified boot ---- */

/* Where a set comes from: a number of one in flash, or the recovery port. */
struct source {
    uint8_t set;        /* TATU_VAULT_LOG_RECOVERY: the port */
    enum tatu_err last; /* why the port's last set was refused */
};

static enum tatu_err fetch(struct tatu_vault_chip *chip, const struct source *source,
                           uint16_t image_type, uint32_t slot_at, uint32_t slot_size,
                           struct tatu_buf image, uint32_t *out_len)
{
    if (source->set == TATU_VAULT_LOG_RECOVERY) {
        const struct tatu_vault_wish wish = {.stage = TATU_RECOVERY_STAGE_ROM,
                                             .last = source->last,
                                             .image_type = image_type,
                                             .len_max = slot_size - TATU_FLASH_FOOTER_SIZE,
                                             .local = image.data};
        return tatu_vault_recover(chip, &wish, out_len);
    }
    uint32_t at = source->set * TATU_FLASH_SET_STRIDE + slot_at;
    TATU_TRY(tatu_vault_slot_len(chip, at, slot_size, out_len));
    tatu_vault_chip_flash(chip, at, image.data, *out_len);
    return TATU_OK;
}

static enum tatu_err boot_keystore(struct tatu_vault_chip *chip, const struct source *source,
                                   struct tatu_buf image, struct tatu_keystore *out_keystore,
                                   struct tatu_vault_handover *out,
                                   struct tatu_vault_image *out_checked)
{
    uint32_t len = 0;
    TATU_TRY(fetch(chip, source, TATU_IMAGE_KEYSTORE, TATU_FLASH_KEYSTORE_AT,
                   TATU_FLASH_KEYSTORE_SIZE, image, &len));
    TATU_TRY(tatu_vault_check_keystore(chip, (struct tatu_span){image.data, len}, out_keystore,
                                       out_checked));
    if (out_checked->info.body_len > sizeof(out->keystore)) {
        return TATU_ERR_LONG;
    }
    memcpy(out->keystore, image.data, out_checked->info.body_len);
    out->keystore_len = out_checked->info.body_len;
    return TATU_OK;
}

static enum tatu_err boot_runtime(struct tatu_vault_chip *chip, const struct source *source,
                                  struct tatu_buf image, const struct tatu_keystore *keystore,
                                  struct tatu_vault_handover *out,
                                  struct tatu_vault_image *out_checked)
{
    uint32_t len = 0;
    TATU_TRY(fetch(chip, source, TATU_IMAGE_VAULT_RUNTIME, TATU_FLASH_VAULT_AT,
                   TATU_FLASH_VAULT_SIZE, image, &len)); /* copied first, then checked */
    /* what a refused set left behind it would be executable beside the good runtime */
    memset(image.data + len, 0, image.cap - len);
    struct tatu_vault_trust trust = {.keystore = keystore};
    struct tatu_vault_package package = {.local = image.data, .len = len};
    TATU_TRY(tatu_vault_check_image(chip, &trust, &package, TATU_IMAGE_VAULT_RUNTIME, out_checked));
    memcpy(out->runtime_digest, out_checked->digest, sizeof(out->runtime_digest));
    out->runtime_version = out_checked->info.security_version;
    return TATU_OK;
}

/* out_next    TATU_VAULT_RUN as the sum of both verdicts: a second witness, which a step that never
 *             happened does not make */
static enum tatu_err boot_set(struct tatu_vault_chip *chip, const struct source *source,
                              struct tatu_buf image, struct tatu_vault_refusal *refusal,
                              struct tatu_vault_handover *out, uint32_t *out_next)
{
    struct tatu_keystore keystore;
    struct tatu_vault_image checked[2] = {0};
    refusal->image_type = TATU_IMAGE_KEYSTORE;
    enum tatu_err err = boot_keystore(chip, source, image, &keystore, out, &checked[0]);
    tatu_vault_log_verdict(chip, ROM, source->set, "keystore", err,
                           checked[0].info.security_version);
    if (err == TATU_OK) {
        refusal->image_type = TATU_IMAGE_VAULT_RUNTIME;
        err = boot_runtime(chip, source, image, &keystore, out, &checked[1]);
        tatu_vault_log_verdict(chip, ROM, source->set, "runtime", err,
                               checked[1].info.security_version);
    }
    refusal->err = (uint32_t)err;
    *out_next = checked[0].verdict + checked[1].verdict;
    return err;
}

static uint8_t preferred_set(struct tatu_vault_chip *chip)
{
    uint8_t copies[2][TATU_TABLE_SIZE];
    struct tatu_table table = {0};
    tatu_vault_chip_flash(chip, TATU_FLASH_TABLE0_AT, copies[0], TATU_TABLE_SIZE);
    tatu_vault_chip_flash(chip, TATU_FLASH_TABLE1_AT, copies[1], TATU_TABLE_SIZE);
    int chosen = tatu_proto_choose_table(TATU_SPAN_OF(copies[0]), TATU_SPAN_OF(copies[1]), &table);
    /* anybody may have written them: nothing of them stays where a return could find it */
    tatu_base_wipe(copies, sizeof(copies));
    return chosen >= 0 && table.preferred_set == 1 ? 1 : 0;
}

/* Keystore and runtime over the recovery port, until there are good ones. */
static enum tatu_err recover(struct tatu_vault_chip *chip, struct tatu_buf image, enum tatu_err why,
                             struct tatu_vault_handover *out, uint32_t *out_next)
{
    struct source source = {.set = TATU_VAULT_LOG_RECOVERY, .last = why};
    struct tatu_vault_refusal refusal;
    tatu_vault_chip_recovery_open(chip);
    out->mode = TATU_BOOT_RECOVERY;
    out->set = 0;
    for (;;) {
        source.last = boot_set(chip, &source, image, &refusal, out, out_next);
        if (source.last == TATU_OK && *out_next == TATU_VAULT_RUN) {
            return TATU_OK;
        }
        if (source.last == TATU_ERR_UNREACHABLE) {
            return TATU_ERR_NO_BOOT_SET;
        }
    }
}

static enum tatu_err boot(struct tatu_vault_chip *chip, uint64_t number, struct tatu_buf image,
                          struct tatu_vault_handover *out, uint32_t *out_next)
{
    uint32_t failed = tatu_vault_failed_boots(chip, number);
    uint8_t public_key[64];
    TATU_TRY(tatu_vault_chip_load_fuse(chip, TATU_ENGINE_SLOT_IDENTITY, TATU_FUSE_SECRET_IDENTITY,
                                       public_key));
    TATU_TRY(tatu_vault_chip_load_fuse(chip, TATU_ENGINE_SLOT_ATTESTATION,
                                       TATU_FUSE_SECRET_ATTESTATION, public_key));
    TATU_TRY(tatu_vault_chip_lock_slot(chip, TATU_ENGINE_SLOT_IDENTITY));
    TATU_TRY(tatu_vault_chip_lock_slot(chip, TATU_ENGINE_SLOT_ATTESTATION));
    tatu_vault_chip_set_control(chip, TATU_VCTL_LOCK, 1);

    *out = (struct tatu_vault_handover){
        .magic = TATU_VAULT_HANDOVER_MAGIC,
        .version = TATU_VAULT_HANDOVER_VERSION,
        .preferred = preferred_set(chip),
        .mode = failed < SAFE_AFTER ? TATU_BOOT_NORMAL : TATU_BOOT_SAFE,
        .attempts = failed < UINT8_MAX ? (uint8_t)failed : UINT8_MAX};
    bool no_os = tatu_vault_load_wish(chip); /* in sets that are good otherwise */
    if (no_os) {
        tatu_vault_store_wish(chip, false); /* once */
    }
    if ((tatu_vault_chip_control(chip, TATU_VCTL_STRAPS) & TATU_STRAP_RECOVERY) != 0) {
        tatu_vault_log(chip, ROM " recovery, strap\n");
        return recover(chip, image, TATU_OK, out, out_next);
    }
    uint8_t first = out->preferred ^ (failed / TRIES_OF_A_SET & 1);
    for (uint8_t attempt = 0; attempt < TATU_FLASH_SET_COUNT && !no_os; attempt++) {
        const struct source source = {.set = first ^ attempt};
        struct tatu_vault_refusal *refusal = &out->refused[attempt];
        refusal->set = source.set;
        out->set = source.set;
        out->fallback = out->set != out->preferred;
        if (boot_set(chip, &source, image, refusal, out, out_next) == TATU_OK &&
            *out_next == TATU_VAULT_RUN) {
            return TATU_OK;
        }
        out->refused_count++;
    }
    tatu_vault_log_err(chip, ROM, " recovery", TATU_ERR_NO_BOOT_SET);
    tatu_vault_store_halt(chip, TATU_ERR_NO_BOOT_SET); /* for the log of the next boot */
    return recover(chip, image, TATU_ERR_NO_BOOT_SET, out, out_next);
}

/* The number of this boot. */
static uint64_t say_hello(struct tatu_vault_chip *chip, uint32_t lifecycle)
{
    uint64_t number = tatu_vault_chip_count(chip, TATU_FUSE_COUNTER_BOOT);
    enum tatu_err last = tatu_vault_load_halt(chip);
    if (last != TATU_OK) {
        tatu_vault_log_err(chip, ROM, " last boot halted", last);
        tatu_vault_store_halt(chip, TATU_OK);
    }
    tatu_vault_log(chip, ROM " vault boot, lifecycle ");
    tatu_vault_log_number(chip, lifecycle);
    tatu_vault_log(chip, ", boot ");
    tatu_vault_log_number(chip, (uint32_t)number);
    tatu_vault_log(chip, "\n");
    return number;
}

/* Who booted, and a number that makes this boot's log different from each other one. */
static enum tatu_err say_who(struct tatu_vault_chip *chip)
{
    uint8_t key[64];
    uint8_t nonce[32];
    TATU_TRY(tatu_vault_chip_public(chip, TATU_ENGINE_SLOT_IDENTITY, key));
    tatu_vault_log_hex(chip, ROM, " id ", TATU_SPAN_OF(key));
    TATU_TRY(tatu_vault_chip_public(chip, TATU_ENGINE_SLOT_ATTESTATION, key));
    tatu_vault_log_hex(chip, ROM, " attestation ", TATU_SPAN_OF(key));
    TATU_TRY(tatu_vault_chip_random(chip, nonce, sizeof(nonce)));
    tatu_vault_log_hex(chip, ROM, " nonce ", TATU_SPAN_OF(nonce));
    return TATU_OK;
}

enum tatu_vault_next tatu_vault_run_rom(struct tatu_vault_chip *chip, struct tatu_span rom_code,
                                        struct tatu_buf image, struct tatu_vault_handover *out)
{
    uint32_t next = TATU_VAULT_HALT;
    enum tatu_err err = check_tamper(chip);
    if (err == TATU_OK) {
        err = check_self(chip, rom_code);
    }
    if (err == TATU_OK) {
        err = check_lms(chip, image);
    }
    uint32_t lifecycle = tatu_vault_chip_fuse(chip, TATU_FUSE_LIFECYCLE);
    if (err == TATU_OK && lifecycle == 0 && tatu_vault_chip_fuse(chip, TATU_FUSE_LIFECYCLE) == 0) {
        serve_fab(chip);
        return TATU_VAULT_HALT;
    }
    if (err == TATU_OK) {
        uint64_t number = say_hello(chip, lifecycle);
        err = boot(chip, number, image, out, &next);
    }
    if (err == TATU_OK) {
        err = say_who(chip);
    }
    if (err != TATU_OK) {
        tatu_vault_log_err(chip, ROM, " halted", err);
        tatu_vault_store_halt(chip, err);
        return TATU_VAULT_HALT;
    }
    return (enum tatu_vault_next)next;
}
