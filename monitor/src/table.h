/*
 * The image table in flash: two copies, of which the vault says whether they are this chip's and
 * the newest. Source: docs/protocol/memory-map.md §5.
 */
#ifndef TATU_MONITOR_TABLE_H
#define TATU_MONITOR_TABLE_H

#include "apps.h"

/**
 * Reads both copies and takes the one that counts. When there is none, apps->table is empty.
 *
 * out_refused   why each copy does not count: FORMAT damaged, SIGNATURE of another chip or forged,
 *               STALE an older one; TATU_OK for one that is right
 *
 * Errors        the vault's;  IO
 */
enum tatu_err tatu_monitor_open_table(struct tatu_monitor_apps *apps, enum tatu_err out_refused[2]);

/**
 * Makes `next` (all but sequence and MAC filled in) the table, in one step; apps->table is it
 * afterwards. After an error the old or the new one counts; repeating is safe.
 *
 * Errors    the vault's;  IO the flash failed
 * Cost      one sector erase, when it differs from the present one
 */
enum tatu_err tatu_monitor_write_table(struct tatu_monitor_apps *apps, struct tatu_table *next);

#endif
