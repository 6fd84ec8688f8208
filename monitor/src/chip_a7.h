/* What only the A-core's start needs of its registers. */
#ifndef TATU_MONITOR_CHIP_A7_H
#define TATU_MONITOR_CHIP_A7_H

#include <stdint.h>

/** Hands all interrupts to the normal world. */
void tatu_monitor_release_interrupts(void);

/** Keeps a code over the reset, for the next boot to report. */
void tatu_monitor_keep_panic(uint32_t code);

#endif
