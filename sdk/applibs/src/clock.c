/*
 * clock_settime() and its like of the C library, for applications with SystemTime. Nobody in a
 * container may set the clock, and the call does not exist there: these ask appman. They come
 * before the C library's, because programs link to this library first. Their symbols are those that
 * programs of musl with 64-bit time link to, and the plain ones of older programs, whose time has
 * 32 bits.
 */
#include <errno.h>
#include <time.h>

#include "control.h"
#include "timesync.h"

struct time32 {
    int32_t seconds;
    int32_t parts;
};
struct time64 {
    int64_t seconds;
    int64_t parts; /* long, in the low half: musl pads it so on this machine */
};

#define MICROSECOND 1000

static int set_clock(int clock, int64_t seconds, int64_t nanoseconds)
{
    return clock == CLOCK_REALTIME ? tatu_applibs_set_time(seconds, nanoseconds)
                                   : tatu_applibs_fail(EINVAL);
}

int z__clock_settime64(int clock, const struct time64 *time) __asm__("__clock_settime64");
int z__clock_settime32(int clock, const struct time32 *time) __asm__("clock_settime");
int z__settimeofday64(const struct time64 *time, const void *zone) __asm__("__settimeofday_time64");
int z__settimeofday32(const struct time32 *time, const void *zone) __asm__("settimeofday");

int z__clock_settime64(int clock, const struct time64 *time)
{
    return time == NULL ? tatu_applibs_fail(EFAULT)
                        : set_clock(clock, time->seconds, (int32_t)time->parts);
}

int z__clock_settime32(int clock, const struct time32 *time)
{
    return time == NULL ? tatu_applibs_fail(EFAULT) : set_clock(clock, time->seconds, time->parts);
}

int z__settimeofday64(const struct time64 *time, const void *zone)
{
    (void)zone;
    return time == NULL ? 0 : set_clock(CLOCK_REALTIME, time->seconds, time->parts * MICROSECOND);
}

int z__settimeofday32(const struct time32 *time, const void *zone)
{
    (void)zone;
    return time == NULL
               ? 0
               : set_clock(CLOCK_REALTIME, time->seconds, (int64_t)time->parts * MICROSECOND);
}
