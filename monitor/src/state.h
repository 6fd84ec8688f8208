/* All of the monitor's state. One on the A-core, as many as a test likes on a host. */
#ifndef TATU_MONITOR_STATE_H
#define TATU_MONITOR_STATE_H

#include "apps.h"
#include "limit.h"
#include "monitor/monitor.h"
#include "proto/smc.h"
#include "record.h"
#include "vault.h"

struct tatu_monitor {
    struct tatu_monitor_chip *chip;
    struct tatu_monitor_vault vault;
    struct tatu_monitor_records records;
    struct tatu_monitor_apps apps;
    struct tatu_monitor_limits limits;
    struct tatu_smc_boot boot; /* but for `backup`, which apps knows */
    uint8_t refused_sets;      /* bit n: something of set n was refused in this boot */
    uint64_t boot_count;
    uint8_t keystore[TATU_KEYSTORE_MAX]; /* verified body */
    uint32_t keystore_len;               /* 0: none was verified */
    uint8_t request[TATU_SMC_PAGE_SIZE]; /* the private copy of a caller's page */
    uint8_t answer[TATU_SMC_PAGE_SIZE];
};

#endif
