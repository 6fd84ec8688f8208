/* Start of the runtime: docs/protocol/boot.md §3. */
#include "runtime.h"

#include "log.h"
#include "mem.h"
#include "proto/capability.h"
#include "recover.h"
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

uint64_t tatu_vault_boots_since_ticket(const struct tatu_vault *vault)
{
    return vault->evidence.boot_count - vault->record.ticket_boot;
}

enum tatu_err tatu_vault_keep(struct tatu_vault *vault, const struct tatu_vault_record *next)
{
    struct tatu_vault_record record = *next;
    TATU_TRY(tatu_vault_store_record(vault->chip, &record));
    vault->record = record;
    return TATU_OK;
}

void tatu_vault_wipe(struct tatu_vault_chip *chip)
{
    tatu_vault_chip_burn(chip, TATU_FUSE_WIPE, TATU_FUSE_WIPE_NOW);
    tatu_vault_log(chip, VAULT " opened, secrets destroyed\n");
    tatu_vault_chip_set_control(chip, TATU_VCTL_RESET, TATU_SYSCTL_POWER_RESET);
}

/* Each number opens its own port and nothing else. */
static const struct {
    uint8_t capability;
    uint8_t port;
} ports[] = {
    {TATU_CAPABILITY_DEBUG_VAULT, TATU_DEBUG_VAULT},
    {TATU_CAPABILITY_DEBUG_ACORE, TATU_DEBUG_ACORE},
    {TATU_CAPABILITY_GDB_ACORE, TATU_DEBUG_ACORE},
    {TATU_CAPABILITY_DEBUG_RT0, TATU_DEBUG_RT0},
    {TATU_CAPABILITY_DEBUG_RT1, TATU_DEBUG_RT1},
};

void tatu_vault_apply_capabilities(struct tatu_vault *vault)
{
    struct tatu_evidence *evidence = &vault->evidence;
    uint32_t open = 0;
    evidence->capabilities = vault->record.capabilities | vault->session;
    for (size_t i = 0; i < TATU_COUNT_OF(ports); i++) {
        bool has = (evidence->capabilities & TATU_CAPABILITY_BIT(ports[i].capability)) != 0;
        open |= has ? ports[i].port : 0u;
    }
    evidence->debug_open = evidence->board_class == TATU_CLASS_LAB || open != 0;
    vault->filled = (open & TATU_DEBUG_VAULT) != 0 ? 0 : vault->filled; /* the chip empties all */
    tatu_vault_chip_set_control(vault->chip, TATU_VCTL_DEBUG, open);
}

/* Without a ticket for too long the device boots to renew itself and for nothing else. */
static uint8_t choose_mode(const struct tatu_vault *vault, uint8_t mode)
{
    bool late = tatu_vault_boots_since_ticket(vault) > TATU_VAULT_RENEW_AFTER ||
                tatu_vault_chip_control(vault->chip, TATU_VCTL_REASON) == TATU_RESET_RENEWAL;
    return mode == TATU_BOOT_NORMAL && vault->record.grace_s != 0 && late ? TATU_BOOT_RENEW : mode;
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
        handover->keystore_len > sizeof(handover->keystore) ||
        handover->mode > TATU_BOOT_RECOVERY) {
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
    vault->evidence.mode = choose_mode(vault, handover->mode);
    tatu_vault_apply_capabilities(vault);
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

/* The recovery program takes the monitor's place. */
static enum tatu_err place_recovery(struct tatu_vault *vault, enum tatu_err last,
                                    struct tatu_vault_image *out)
{
    struct tatu_vault_trust trust = tatu_vault_trust_of(vault);
    struct tatu_vault_package package = {.remote = TATU_MAP_SECRAM_BASE};
    const struct tatu_vault_wish wish = {.stage = TATU_RECOVERY_STAGE_RUNTIME,
                                         .last = last,
                                         .image_type = TATU_IMAGE_RECOVERY,
                                         .len_max = TATU_FLASH_MONITOR_SIZE,
                                         .remote = TATU_MAP_SECRAM_BASE};
    TATU_TRY(tatu_vault_recover(vault->chip, &wish, &package.len));
    return tatu_vault_check_image(vault->chip, &trust, &package, TATU_IMAGE_RECOVERY, out);
}

static enum tatu_err boot_recovery(struct tatu_vault *vault, enum tatu_err last,
                                   uint32_t *out_verdict)
{
    tatu_vault_chip_recovery_open(vault->chip);
    vault->evidence.mode = TATU_BOOT_RECOVERY;
    for (;;) {
        struct tatu_vault_image image = {0};
        vault->refused_count = 0;
        last = place_recovery(vault, last, &image);
        tatu_vault_log_verdict(vault->chip, VAULT, TATU_VAULT_LOG_RECOVERY, "program", last,
                               image.info.security_version);
        if (last == TATU_ERR_UNREACHABLE) {
            return TATU_ERR_NO_BOOT_SET;
        }
        if (last != TATU_OK) {
            vault->refused[vault->refused_count++] = (struct tatu_vault_refusal){
                .image_type = TATU_IMAGE_RECOVERY, .err = (uint32_t)last};
        }
        if (last == TATU_OK && image.verdict == TATU_VAULT_GOOD) {
            *out_verdict = image.verdict;
            return tatu_vault_measure(vault, &image);
        }
    }
}

static enum tatu_err boot_monitor(struct tatu_vault *vault, uint32_t *out_verdict)
{
    uint8_t first = vault->monitor_set;
    for (uint8_t attempt = 0; attempt < TATU_FLASH_SET_COUNT; attempt++) {
        struct tatu_vault_image image = {0};
        uint8_t set = first ^ attempt;
        enum tatu_err err = place_monitor(vault, set, &image);
        tatu_vault_log_verdict(vault->chip, VAULT, set, "monitor", err,
                               image.info.security_version);
        if (err != TATU_OK) {
            vault->refused[vault->refused_count++] = (struct tatu_vault_refusal){
                .set = set, .image_type = TATU_IMAGE_MONITOR, .err = (uint32_t)err};
        }
        if (err == TATU_OK && image.verdict == TATU_VAULT_GOOD) {
            vault->monitor_set = set;
            *out_verdict = image.verdict;
            return tatu_vault_measure(vault, &image);
        }
    }
    tatu_vault_log_err(vault->chip, VAULT, " recovery", TATU_ERR_NO_BOOT_SET);
    tatu_vault_store_halt(vault->chip, TATU_ERR_NO_BOOT_SET); /* for the log of the next boot */
    return boot_recovery(vault, TATU_ERR_NO_BOOT_SET, out_verdict);
}

enum tatu_err tatu_vault_start(struct tatu_vault_chip *chip,
                               const struct tatu_vault_handover *handover, struct tatu_vault *vault)
{
    memset(vault, 0, sizeof(*vault)); /* too big to pass over the stack */
    vault->chip = chip;
    uint32_t verdict = 0;
    enum tatu_err err = take_over(vault, handover);
    if (err == TATU_OK) {
        tatu_vault_log_set(chip, VAULT, vault->monitor_set, "runtime started");
        err = vault->evidence.mode == TATU_BOOT_RECOVERY ? boot_recovery(vault, TATU_OK, &verdict)
                                                         : boot_monitor(vault, &verdict);
    }
    if (err != TATU_OK) {
        tatu_vault_log_err(chip, VAULT, " halted", err);
        tatu_vault_store_halt(chip, err);
        return err;
    }
    vault->evidence.boot_set = vault->monitor_set;
    vault->evidence.fallback = vault->monitor_set != vault->preferred_set;
    /* said twice: only a good verdict makes this the 1 that releases */
    tatu_vault_chip_set_control(chip, TATU_VCTL_ACORE, verdict - TATU_VAULT_GOOD + 1);
    tatu_vault_log(chip, VAULT " A-core released\n");
    return TATU_OK;
}
