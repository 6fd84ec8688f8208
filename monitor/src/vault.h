/* Asking the vault: the monitor's end of the mailbox. Source: docs/protocol/mailbox.md. */
#ifndef TATU_MONITOR_VAULT_H
#define TATU_MONITOR_VAULT_H

#include "base/base.h"
#include "proto/image.h"
#include "proto/mailbox.h"

struct tatu_monitor_chip;

/* The longest command verifies 3 MiB; the chip hashes that in well under a second. */
#define TATU_MONITOR_VAULT_TIMEOUT_MS 10000u

struct tatu_monitor_vault {
    struct tatu_monitor_chip *chip;
    uint32_t sequence;
};

/** What the vault says of the boot so far: answer of TATU_VAULT_GET_BOOT. */
struct tatu_monitor_vault_boot {
    uint8_t set;
    uint8_t refused_count;
    struct {
        uint8_t set;
        uint16_t image_type;
        uint32_t err;
    } refused[TATU_VAULT_REFUSED_MAX];
};

/**
 * One request and its answer.
 *
 * answer    the payload is appended
 *
 * Errors    the vault's own; TIMEOUT no answer in time; LONG the answer does not fit
 * Cost      waits at most TATU_MONITOR_VAULT_TIMEOUT_MS, polling
 */
enum tatu_err tatu_monitor_ask_vault(struct tatu_monitor_vault *vault,
                                     enum tatu_vault_caller caller, uint16_t command,
                                     struct tatu_span payload, struct tatu_buf *answer);

/**
 * Has the package at a physical address of the secure view verified.
 *
 * Errors    the vault's (docs/protocol/mailbox.md §3); TYPE when it vouches for another type;
 *           FORMAT when its answer is not one
 */
enum tatu_err tatu_monitor_verify_image(struct tatu_monitor_vault *vault, uint32_t address,
                                        uint32_t len, enum tatu_image_type type, uint16_t flags,
                                        struct tatu_verified_image *out);

/** Errors: the vault's; FORMAT. */
enum tatu_err tatu_monitor_get_vault_boot(struct tatu_monitor_vault *vault,
                                          struct tatu_monitor_vault_boot *out);

#endif
