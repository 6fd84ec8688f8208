/*
 * What is known of true time: the vault's floor, which only signed time moves, and when it was seen
 * to move. The clock itself says nothing here: others may set it. Knows no socket and no clock.
 * Source: docs/protocol/network.md, Time.
 */
#ifndef TATU_OS_LIB_TIME_H
#define TATU_OS_LIB_TIME_H

#include "base/base.h"

/* Seconds since 1970, milliseconds since boot. */
struct tatu_os_time_bounds {
    uint64_t floor_s;      /* the vault's: the last signed time; 0 there was none ever */
    uint64_t last_look_ms; /* 0: nobody has looked */
    uint64_t floor_at_ms;  /* signed time of this boot: it came not before this ... */
    uint64_t seen_at_ms;   /* ... and not after this; 0 none of this boot yet */
};

/** The vault's floor was read again, at now_ms (not 0). Whether it moved: signed time came since
 * the last look. The sooner one looks again, the closer are the bounds. */
bool tatu_os_tell_floor(struct tatu_os_time_bounds *bounds, uint64_t floor_s, uint64_t now_ms);

static inline bool tatu_os_has_signed_time(const struct tatu_os_time_bounds *bounds)
{
    return bounds->seen_at_ms != 0;
}

#define TATU_TIME_SLACK_S 900u        /* a clock may differ by this from signed time of this boot */
#define TATU_TIME_LEAP_S 157788000u   /* and by this, upwards, from one before: five years */
#define TATU_TIME_LEAST_S 1750000000u /* never before this software was made */

/** Whether the clock may be set to time_s, or be there. Errors: CLOCK. */
enum tatu_err tatu_os_check_time(const struct tatu_os_time_bounds *bounds, int64_t time_s,
                                 uint64_t now_ms);

/** clock_s when it is within the bounds, or else the least time that it may be. */
int64_t tatu_os_correct_time(const struct tatu_os_time_bounds *bounds, int64_t clock_s,
                             uint64_t now_ms);

#endif
