/* The hardware clock. */
#pragma once

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Sets the hardware clock to the system's time, so that it outlives the power. The system's time
 * itself is set by clock_settime().
 * Returns 0, or -1 and errno: EACCES the manifest has no SystemTime, EIO the clock or the system
 * does not answer.
 */
int clock_systohc(void);

#ifdef __cplusplus
}
#endif
