/* What monitor/src/start.S calls, by the names that it uses. */
#ifndef TATU_RECOVERY_MAIN_A7_H
#define TATU_RECOVERY_MAIN_A7_H

#include <stdint.h>

/** Recovers and resets: there is no world to enter. */
void tatu_monitor_main(void *entry);

/** Serves nobody: no normal world runs. */
void tatu_monitor_serve(void *registers);

/** Says what faulted and stops. */
void tatu_monitor_panic(uint32_t code, uint32_t address);

#endif
