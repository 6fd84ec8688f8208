/*
 * Which applications are installed, and packages on their way to be: the image table in flash, what
 * the vault said of each entry, up to four packages being staged, and the other OS set, which is
 * staged by its parts. Invariants: an application in `installed` was verified by the vault where it
 * lies; flash that a table entry, an installed or a staged application occupies is never erased or
 * programmed by another; nothing of the running set is.
 * Source: docs/protocol/memory-map.md §5, docs/protocol/smc.md §5 and §6.
 */
#ifndef TATU_MONITOR_APPS_H
#define TATU_MONITOR_APPS_H

#include "base/base.h"
#include "proto/image.h"
#include "proto/mailbox.h"
#include "proto/map.h"
#include "proto/table.h"

#define TATU_MONITOR_STAGE_MAX 4u /* applications at once */
#define TATU_MONITOR_PART_COUNT 6u
#define TATU_MONITOR_STAGE_SECTORS (TATU_FLASH_ROOT_SIZE / TATU_FLASH_SECTOR_SIZE)
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
    enum tatu_image_type type;
    struct tatu_monitor_app app;                            /* app.image is filled when verified */
    uint8_t erased[(TATU_MONITOR_STAGE_SECTORS + 7u) / 8u]; /* one bit per sector of the place */
};

struct tatu_monitor_apps {
    struct tatu_monitor_chip *chip;
    struct tatu_monitor_vault *vault;
    struct tatu_table table; /* as it is in flash */
    int table_copy;          /* which copy that is; -1: neither counts */
    uint64_t count;          /* the vault's storage counter */
    uint32_t installed_count;
    struct tatu_monitor_app installed[TATU_TABLE_APP_MAX];
    /* the last six: the parts of the other OS set, in their order */
    struct tatu_monitor_stage staged[TATU_MONITOR_STAGE_MAX + TATU_MONITOR_PART_COUNT];
    uint8_t set;          /* the running OS set */
    bool is_backup_good;  /* the other one, as far as is known */
    bool was_rolled_back; /* `set` runs because the preferred one did not; HEALTHY makes it so */
    uint8_t good_parts;   /* of the other set: bit n is part n, looked at or mended */
    bool is_mending;      /* the other set becomes a copy of this one */
    uint32_t last_handle;
    struct tatu_monitor_app next[TATU_TABLE_APP_MAX]; /* work space of a commit */
    uint8_t message[TATU_MONITOR_MEASURE_SIZE];       /* work space of a measurement, of a MAC */
    uint8_t sectors[2][TATU_FLASH_SECTOR_SIZE];       /* work space of a copy */
};

/** Nothing is installed or staged; the table is still to be opened. */
void tatu_monitor_init_apps(struct tatu_monitor_apps *apps, struct tatu_monitor_chip *chip,
                            struct tatu_monitor_vault *vault);

/**
 * Has entry `index` of the table verified where it lies and, if it is good, installs it.
 *
 * Errors    EXISTS  an entry before has the same image or component;  the vault's
 */
enum tatu_err tatu_monitor_verify_app(struct tatu_monitor_apps *apps, uint32_t index);

/** The first of `count` applications with this image or this component (16 bytes each, or NULL);
 *  NULL: none has. */
const struct tatu_monitor_app *tatu_monitor_find_app(const struct tatu_monitor_app *list,
                                                     uint32_t count, const uint8_t *image,
                                                     const uint8_t *component);
/** The application of this image that is installed, or staged and verified; NULL: none is. */
const struct tatu_monitor_app *tatu_monitor_find_verified(const struct tatu_monitor_apps *apps,
                                                          const uint8_t *image);

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
 *           IO         the flash failed;  the vault's
 * Cost      one sector erase, when the set changes
 */
enum tatu_err tatu_monitor_commit_apps(struct tatu_monitor_apps *apps, const uint8_t *ids,
                                       uint32_t count);

#endif
