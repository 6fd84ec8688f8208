/* What start.S calls. */
#ifndef TATU_MONITOR_MAIN_A7_H
#define TATU_MONITOR_MAIN_A7_H

#include "monitor/monitor.h"

/** Boots; returns only with a normal world to enter. */
void tatu_monitor_main(struct tatu_monitor_entry *out);

/** Serves one SMC; registers are r0..r3 on the stack. */
void tatu_monitor_serve(struct tatu_monitor_registers *registers);

/** Says what faulted and restarts the chip, or stops it while it is booting. Does not return. */
void tatu_monitor_panic(uint32_t code, uint32_t address);

#endif
