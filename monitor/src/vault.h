/* Asking the vault: the monitor's end of the mailbox. Source: docs/protocol/mailbox.md. */
#ifndef TATU_MONITOR_VAULT_H
#define TATU_MONITOR_VAULT_H

#include "monitor/hardware.h"

/** What the vault says of the boot so far: answer of TATU_VAULT_GET_BOOT. */
struct tatu_monitor_vault_boot {
    uint8_t set;
    bool fallback; /* that is not the set which the ROM found preferred */
    uint8_t mode;  /* enum tatu_boot_mode */
    uint8_t refused_count;
    struct {
        uint8_t set;
        uint16_t image_type;
        uint32_t err;
    } refused[TATU_VAULT_REFUSED_MAX];
};

/**
 * One of the monitor's own commands, whose answer has exactly len bytes, TATU_VAULT_INFO_SIZE at
 * most.
 *
 * out       may be NULL when len is 0
 *
 * Errors    the vault's; TIMEOUT; FORMAT the answer has another length
 */
enum tatu_err tatu_monitor_order_vault(struct tatu_monitor_vault *vault, uint16_t command,
                                       struct tatu_span payload, uint8_t *out, size_t len);

/** Errors: the vault's; FORMAT. */
enum tatu_err tatu_monitor_get_vault_boot(struct tatu_monitor_vault *vault,
                                          struct tatu_monitor_vault_boot *out);

#endif
