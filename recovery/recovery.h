/*
 * The recovery program as a library, over a chip and a serial port that the owner passes: asks the
 * host for a signed set and writes the whole flash anew. Source: docs/protocol/recovery.md §4.
 */
#ifndef TATU_RECOVERY_RECOVERY_H
#define TATU_RECOVERY_RECOVERY_H

#include "base/base.h"

struct tatu_monitor_chip;   /* monitor/hardware.h */
struct tatu_recovery_port;  /* src/port.h */
struct tatu_recovery_state; /* src/state.h */

/**
 * Asks, verifies and installs until it has succeeded; afterwards the chip is to be reset.
 *
 * state     memory for all of it, in secure RAM
 * chip      what the host sends is hostile; what is in flash as well
 */
void tatu_recovery_run(struct tatu_recovery_state *state, struct tatu_monitor_chip *chip,
                       struct tatu_recovery_port *port);

#endif
