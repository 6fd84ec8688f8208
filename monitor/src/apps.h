/*
 * Which applications are installed, and packages on their way to be: the image table in flash, what
 * the vault said of each entry, and up to four packages being staged. Invariants: an application in
 * `installed` was verified by the vault where it lies; flash that a table entry, an installed or a
 * staged application occupies is never erased or programmed by another.
 * Source: docs/protocol/memory-map.md §5, docs/protocol/smc.md §5.
 */
#ifndef TATU_MONITOR_APPS_H
#define TATU_MONITOR_APPS_H

#include "base/base.h"
#include "proto/image.h"
#include "proto/mailbox.h"
#include "proto/map.h"
#include "proto/table.h"

#define TATU_MONITOR_STAGE_MAX 4u
#define TATU_MONITOR_STAGE_SECTORS (TATU_FLASH_APPS0_SIZE / TATU_FLASH_SECTOR_SIZE)
#define TATU_MONITOR_MEASURE_SIZE (1u + TATU_TABLE_APP_MAX * 64u)

struct tatu_monitor_chip;
struct tatu_monitor_vault;

struct tatu_monitor_app {
    struct tatu_table_app place;
    struct tatu_verified_image image;
};

enum tatu_monitor_stage_state {
    TATU_MONITOR_STAGE_FREE = 0,
    TATU_MONITOR_STAGE_OPEN,     /* being written */
    TATU_MONITOR_STAGE_VERIFIED, /* the vault has verified it; not written any more */
};

struct tatu_monitor_stage {
    enum tatu_monitor_stage_state state;
    uint32_t handle;
    struct tatu_monitor_app app;                            /* app.image is filled when verified */
    uint8_t erased[(TATU_MONITOR_STAGE_SECTORS + 7u) / 8u]; /* one bit per sector of the place */
};

struct tatu_monitor_apps {
    struct tatu_monitor_chip *chip;
    struct tatu_monitor_vault *vault;
    struct tatu_table table; /* as it is in flash */
    int table_copy;          /* which copy that is; -1: neither was valid */
    uint32_t installed_count;
    struct tatu_monitor_app installed[TATU_TABLE_APP_MAX];
    struct tatu_monitor_stage staged[TATU_MONITOR_STAGE_MAX];
    uint32_t last_handle;
    struct tatu_monitor_app next[TATU_TABLE_APP_MAX]; /* work space of a commit */
    uint8_t message[TATU_MONITOR_MEASURE_SIZE];       /* work space of a measurement */
};

/** Reads both tables; nothing is installed yet. Errors: IO. */
enum tatu_err tatu_monitor_open_apps(struct tatu_monitor_apps *apps, struct tatu_monitor_chip *chip,
                                     struct tatu_monitor_vault *vault);

/**
 * Has entry `index` of the table verified where it lies and, if it is good, installs it.
 *
 * Errors    EXISTS  an entry before has the same image or component;  the vault's
 */
enum tatu_err tatu_monitor_verify_app(struct tatu_monitor_apps *apps, uint32_t index);

/** Tells the vault what is installed, for the evidence. Errors: the vault's. */
enum tatu_err tatu_monitor_measure_apps(struct tatu_monitor_apps *apps);

/**
 * Makes exactly these images the installed ones, in one step, and frees all others that are
 * verified; packages still being written stay. Repeating it after an error is safe.
 *
 * ids       count x 16 bytes
 *
 * Errors    ARGUMENT   more than TATU_TABLE_APP_MAX; an image or a component named twice
 *           NOT_FOUND  one is neither installed nor staged and verified
 *           FULL       the table's sequence is used up;  IO the flash failed;  the vault's
 * Cost      one sector erase, when the set changes
 */
enum tatu_err tatu_monitor_commit_apps(struct tatu_monitor_apps *apps, const uint8_t *ids,
                                       uint32_t count);

#endif
