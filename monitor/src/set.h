/*
 * The two OS sets: their parts, and changing the one that does not run. A set begins to be one when
 * its keystore's footer is written, which is done last; the first step of any change erases it, so
 * that a half-written set is none for the ROM and none for us.
 * Source: docs/protocol/smc.md §6.
 */
#ifndef TATU_MONITOR_SET_H
#define TATU_MONITOR_SET_H

#include "apps.h"

enum tatu_monitor_part_index {
    TATU_MONITOR_PART_VAULT = 0,
    TATU_MONITOR_PART_MONITOR,
    TATU_MONITOR_PART_DTB, /* from here to the root file system: what the monitor starts */
    TATU_MONITOR_PART_KERNEL,
    TATU_MONITOR_PART_ROOT,
    TATU_MONITOR_PART_KEYSTORE, /* last: with its footer the set is whole */
};

struct tatu_monitor_part {
    enum tatu_image_type type;
    const char *name;
    uint32_t at; /* of its slot, within the set */
    uint32_t size;
    uint32_t load_at; /* where it is verified and runs; 0: in flash */
};
extern const struct tatu_monitor_part tatu_monitor_parts[TATU_MONITOR_PART_COUNT];

/** Where part `index` of a set lies in flash. */
static inline uint32_t tatu_monitor_part_at(uint32_t set, uint32_t index)
{
    return set * TATU_FLASH_SET_STRIDE + tatu_monitor_parts[index].at;
}

/** Whether all parts of a set have a footer, so that it may be good. */
bool tatu_monitor_is_set_whole(struct tatu_monitor_chip *chip, uint32_t set);

/* The next two are the OS half of begin and finish, see stage.h. */
enum tatu_err tatu_monitor_open_slot(struct tatu_monitor_apps *apps, uint16_t type, uint32_t len,
                                     struct tatu_monitor_stage **out_stage, uint32_t *out_at);
enum tatu_err tatu_monitor_close_slot(struct tatu_monitor_apps *apps,
                                      const struct tatu_monitor_stage *stage);

/**
 * Stages the running set's part of this type as it is; it is still to be finished.
 *
 * Errors    TYPE;  NOT_FOUND, FORMAT  the running set's slot has no footer;  as begin_stage
 * Cost      programming of the whole part, but for sectors that are the same already
 */
enum tatu_err tatu_monitor_copy_part(struct tatu_monitor_apps *apps, uint16_t type,
                                     uint32_t *out_handle);

/**
 * The other set, of which all parts are staged and verified, becomes the preferred one, in one
 * step. Repeating it after an error is safe.
 *
 * Errors    STATE  not all parts are verified;  as write_table
 */
enum tatu_err tatu_monitor_install_set(struct tatu_monitor_apps *apps);

/**
 * This boot is healthy: when it was a rollback, the running set becomes the preferred one.
 *
 * Errors    as write_table
 */
enum tatu_err tatu_monitor_keep_set(struct tatu_monitor_apps *apps);

/**
 * Looks at one more part of the other set, or, once one was found bad, makes one more part of it a
 * copy of the running set's.
 *
 * out_left  how many calls are left at least; 0: the other set is good
 *
 * Errors    STATE  a part of it is staged;  the vault's, when the running set's part is not good
 *           itself;  IO
 */
enum tatu_err tatu_monitor_repair_set(struct tatu_monitor_apps *apps, uint32_t *out_left);

#endif
