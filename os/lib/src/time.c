#include "os/lib/time.h"

bool tatu_os_tell_floor(struct tatu_os_time_bounds *bounds, uint64_t floor_s, uint64_t now_ms)
{
    const bool moved = bounds->last_look_ms != 0 && floor_s != bounds->floor_s;
    if (moved) {
        bounds->floor_at_ms = bounds->last_look_ms;
        bounds->seen_at_ms = now_ms;
    }
    bounds->floor_s = floor_s;
    bounds->last_look_ms = now_ms;
    return moved;
}

/* True time is not before: the floor, and what went by since it was seen. */
static uint64_t get_earliest(const struct tatu_os_time_bounds *bounds, uint64_t now_ms)
{
    return bounds->seen_at_ms == 0 ? bounds->floor_s
                                   : bounds->floor_s + (now_ms - bounds->seen_at_ms) / 1000;
}

enum tatu_err tatu_os_check_time(const struct tatu_os_time_bounds *bounds, int64_t time_s,
                                 uint64_t now_ms)
{
    uint64_t least = get_earliest(bounds, now_ms), most = UINT64_MAX;
    if (bounds->seen_at_ms != 0) {
        least = least > TATU_TIME_SLACK_S ? least - TATU_TIME_SLACK_S : 0;
        most = bounds->floor_s + (now_ms - bounds->floor_at_ms) / 1000 + TATU_TIME_SLACK_S;
    } else if (bounds->floor_s != 0) {
        most = bounds->floor_s + TATU_TIME_LEAP_S;
    }
    if (least < TATU_TIME_LEAST_S) {
        least = TATU_TIME_LEAST_S;
    }
    return time_s >= 0 && (uint64_t)time_s >= least && (uint64_t)time_s <= most ? TATU_OK
                                                                                : TATU_ERR_CLOCK;
}

int64_t tatu_os_correct_time(const struct tatu_os_time_bounds *bounds, int64_t clock_s,
                             uint64_t now_ms)
{
    const uint64_t earliest = get_earliest(bounds, now_ms);
    if (tatu_os_check_time(bounds, clock_s, now_ms) == TATU_OK) {
        return clock_s;
    }
    return (int64_t)(earliest < TATU_TIME_LEAST_S ? TATU_TIME_LEAST_S : earliest);
}
