/* All that the program knows. */
#ifndef TATU_RECOVERY_STATE_H
#define TATU_RECOVERY_STATE_H

#include "monitor/hardware.h"
#include "port.h"
#include "proto/map.h"
#include "proto/recovery.h"

#define TATU_RECOVERY_PACKAGE_MAX 4096u /* of the manifest */

struct tatu_recovery_state {
    struct tatu_monitor_chip *chip;
    struct tatu_recovery_port *port;
    struct tatu_monitor_vault vault;
    enum tatu_err last; /* why the attempt before failed */
    struct tatu_recovery_manifest manifest;
    uint32_t written; /* bytes of all that is to be written, for the host to show */
    struct tatu_recovery_line line;
    uint8_t package[TATU_RECOVERY_PACKAGE_MAX] __attribute__((aligned(64)));
};

/** Where parts are in each set. The memory that a part waits in mirrors the first set. */
struct tatu_recovery_slot {
    uint16_t image_type;
    uint32_t at;
    uint32_t size;
};

/** Type must be one of the manifest's. */
const struct tatu_recovery_slot *tatu_recovery_slot_of(uint16_t image_type);

/** A line on the console: "[REC] what NAME-OF-TYPE, ERROR"; 0 and OK are left out. */
void tatu_recovery_log(struct tatu_recovery_state *state, const char *what, uint16_t image_type,
                       enum tatu_err err);

#endif
