/* Setting the clock, behind the C library's own calls (clock.c). */
#ifndef TATU_APPLIBS_TIMESYNC_H
#define TATU_APPLIBS_TIMESYNC_H

#include <stdint.h>

#pragma GCC visibility push(hidden)

/** Sets the system's time. Returns 0, or -1 and errno: EPERM no SystemTime, EINVAL no time, ERANGE
 * farther from signed time than an application may go, EIO. */
int tatu_applibs_set_time(int64_t seconds, int64_t nanoseconds);

#pragma GCC visibility pop

#endif
