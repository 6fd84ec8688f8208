#include "limit.h"

static const struct {
    uint32_t most;
    uint32_t every_s;
} rates[TATU_MONITOR_LIMIT_COUNT] = {
    [TATU_MONITOR_LIMIT_NONE] = {UINT32_MAX, 1},
    [TATU_MONITOR_LIMIT_RECORD] = {16, 10},
    [TATU_MONITOR_LIMIT_STAGE] = {64, 15},
    [TATU_MONITOR_LIMIT_TABLE] = {16, 60},
};

enum tatu_err tatu_monitor_spend(struct tatu_monitor_limits *limits, enum tatu_monitor_limit which,
                                 uint32_t now_s)
{
    uint32_t *spent = &limits->of[which].spent;
    uint32_t *since_s = &limits->of[which].since_s;
    uint32_t earned = (now_s - *since_s) / rates[which].every_s;
    *since_s += earned * rates[which].every_s;
    *spent -= earned < *spent ? earned : *spent;
    if (*spent >= rates[which].most) {
        return TATU_ERR_BUSY;
    }
    ++*spent;
    return TATU_OK;
}
