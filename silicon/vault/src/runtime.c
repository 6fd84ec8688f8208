/* Start of the runtime: docs/protocol/boot.md §3. */
#include "runtime.h"

#include "log.h"
#include "mem.h"
#include "silicon/vault/vault.h"

#define VAULT "[VAULT]"

enum tatu_err tatu_vault_measure(struct tatu_vault *vault, const struct tatu_vault_image *image)
{
    struct tatu_evidence *evidence = &vault->evidence;
    size_t at = 0;
    while (at < evidence->measurement_count &&
           evidence->measurements[at].image_type != image->info.type) {
        at++;
    }
    if (at == TATU_COUNT_OF(evidence->measurements)) {
        return TATU_ERR_FULL;
    }
    struct tatu_measurement *measurement = &evidence->measurements[at];
    measurement->image_type = image->info.type;
    measurement->security_version = image->info.security_version;
    memcpy(measurement->digest, image->digest, sizeof(measurement->digest));
    if (at == evidence->measurement_count) {
        evidence->measurement_count++;
    }
    return TATU_OK;
}

struct tatu_vault_trust tatu_vault_trust_of(const struct tatu_vault *vault)
{
    return (struct tatu_vault_trust){
        .keystore = &vault->keystore,
        .owner = vault->record.claimed ? vault->record.owner_key : NULL,
    };
}

static enum tatu_board_class class_of(uint32_t fuse)
{
    if ((fuse & 2) != 0) {
        return TATU_CLASS_LAB;
    }
    return (fuse & 4) != 0 ? TATU_CLASS_SILICON : TATU_CLASS_VIRTUAL;
}

static void read_facts(struct tatu_vault_chip *chip, struct tatu_evidence *evidence)
{
    uint32_t class = tatu_vault_chip_fuse(chip, TATU_FUSE_CLASS);
    evidence->lifecycle = tatu_vault_chip_fuse(chip, TATU_FUSE_LIFECYCLE);
    evidence->board_class = class_of(class);
    evidence->debug_open = evidence->board_class == TATU_CLASS_LAB;
    evidence->boot_count = tatu_vault_chip_counter(chip, TATU_FUSE_COUNTER_BOOT);
    for (uint32_t at = 0; at < sizeof(evidence->implementation); at += 4) {
        tatu_put_le32(evidence->implementation + at,
                      tatu_vault_chip_fuse(chip, TATU_FUSE_IMPLEMENTATION + at));
    }
}

static enum tatu_err take_over(struct tatu_vault *vault, const struct tatu_vault_handover *handover)
{
    struct tatu_vault_image runtime = {0};
    if (handover->magic != TATU_VAULT_HANDOVER_MAGIC ||
        handover->version != TATU_VAULT_HANDOVER_VERSION) {
        return TATU_ERR_VERSION;
    }
    if (handover->refused_count > TATU_VAULT_HANDOVER_REFUSED_MAX ||
        handover->keystore_len > sizeof(handover->keystore)) {
        return TATU_ERR_FORMAT;
    }
    struct tatu_span keystore = {handover->keystore, handover->keystore_len};
    TATU_TRY(tatu_proto_decode_keystore(keystore, &vault->keystore));
    TATU_TRY(tatu_vault_digest(vault->chip, keystore, vault->keystore_digest));
    vault->preferred_set = handover->preferred;
    vault->monitor_set = handover->set;
    vault->refused_count = handover->refused_count;
    memcpy(vault->refused, handover->refused, sizeof(handover->refused));
    runtime.info.type = TATU_IMAGE_VAULT_RUNTIME;
    runtime.info.security_version = handover->runtime_version;
    memcpy(runtime.digest, handover->runtime_digest, sizeof(runtime.digest));
    TATU_TRY(tatu_vault_measure(vault, &runtime));
    TATU_TRY(
        tatu_vault_chip_public(vault->chip, TATU_ENGINE_SLOT_IDENTITY, vault->evidence.device_id));
    TATU_TRY(tatu_vault_chip_public(vault->chip, TATU_ENGINE_SLOT_ATTESTATION, vault->attestation));
    read_facts(vault->chip, &vault->evidence);
    tatu_vault_load_record(vault->chip, &vault->record);
    return TATU_OK;
}

static enum tatu_err place_monitor(struct tatu_vault *vault, uint8_t set,
                                   struct tatu_vault_image *out)
{
    struct tatu_vault_trust trust = tatu_vault_trust_of(vault);
    struct tatu_vault_package package = {.remote = TATU_MAP_SECRAM_BASE};
    uint32_t slot_at = set * TATU_FLASH_SET_STRIDE + TATU_FLASH_MONITOR_AT;
    TATU_TRY(tatu_vault_slot_len(vault->chip, slot_at, TATU_FLASH_MONITOR_SIZE, &package.len));
    TATU_TRY(tatu_vault_chip_move(vault->chip, TATU_MAP_FLASH_BASE + slot_at, TATU_MAP_SECRAM_BASE,
                                  package.len));
    return tatu_vault_check_image(vault->chip, &trust, &package, TATU_IMAGE_MONITOR, out);
}

static enum tatu_err boot_monitor(struct tatu_vault *vault)
{
    uint8_t first = vault->monitor_set;
    for (uint8_t attempt = 0; attempt < TATU_FLASH_SET_COUNT; attempt++) {
        struct tatu_vault_image image = {0};
        uint8_t set = first ^ attempt;
        uint8_t refused_before = vault->refused_count;
        enum tatu_err err = place_monitor(vault, set, &image);
        tatu_vault_log_verdict(vault->chip, VAULT, set, "monitor", err,
                               image.info.security_version);
        if (err != TATU_OK) {
            vault->refused[vault->refused_count++] = (struct tatu_vault_refusal){
                .set = set, .image_type = TATU_IMAGE_MONITOR, .err = (uint32_t)err};
        }
        /* two witnesses: the verdict, and that it was not noted as refused */
        if (err == TATU_OK && vault->refused_count == refused_before) {
            vault->monitor_set = set;
            return tatu_vault_measure(vault, &image);
        }
    }
    return TATU_ERR_NO_BOOT_SET;
}

enum tatu_err tatu_vault_start(struct tatu_vault_chip *chip,
                               const struct tatu_vault_handover *handover, struct tatu_vault *vault)
{
    memset(vault, 0, sizeof(*vault)); /* too big to pass over the stack */
    vault->chip = chip;
    enum tatu_err err = take_over(vault, handover);
    if (err == TATU_OK) {
        tatu_vault_log_set(chip, VAULT, vault->monitor_set, "runtime started");
        err = boot_monitor(vault);
    }
    if (err != TATU_OK) {
        tatu_vault_log_err(chip, VAULT, " halted", err);
        tatu_vault_store_halt(chip, err);
        return err;
    }
    if (vault->evidence.measurement_count < 2) {
        return TATU_ERR_NO_BOOT_SET; /* said twice: nothing was measured after the runtime itself */
    }
    vault->evidence.boot_set = vault->monitor_set;
    vault->evidence.fallback = vault->monitor_set != vault->preferred_set;
    tatu_vault_chip_release_acore(chip);
    tatu_vault_log(chip, VAULT " A-core released\n");
    return TATU_OK;
}
