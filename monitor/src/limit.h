/*
 * How often the normal world may make the flash wear: so much at once, then one in a while. Boot
 * records and repair are not counted. Source: docs/protocol/smc.md §2.
 */
#ifndef TATU_MONITOR_LIMIT_H
#define TATU_MONITOR_LIMIT_H

#include "base/base.h"

enum tatu_monitor_limit {
    TATU_MONITOR_LIMIT_NONE = 0,
    TATU_MONITOR_LIMIT_RECORD, /* failure records: 16, then one in 10 s */
    TATU_MONITOR_LIMIT_STAGE,  /* packages begun: 64, then one in 15 s */
    TATU_MONITOR_LIMIT_TABLE,  /* commits of the image table: 16, then one in 60 s */
    TATU_MONITOR_LIMIT_COUNT,
};

struct tatu_monitor_limits {
    struct {
        uint32_t spent;
        uint32_t since_s; /* up to when time was turned into what may be spent */
    } of[TATU_MONITOR_LIMIT_COUNT];
};

/** Spends one. Errors: BUSY when nothing is left at now_s. */
enum tatu_err tatu_monitor_spend(struct tatu_monitor_limits *limits, enum tatu_monitor_limit which,
                                 uint32_t now_s);

#endif
