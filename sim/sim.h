/*
 * A board in one process: the real ROM, runtime and monitor over simulated devices, whose power can
 * fail in the middle of any operation that lasts (flash, fuses, counters, on-die memory). Many may
 * live at once; nothing is global.
 */
#ifndef TATU_SIM_SIM_H
#define TATU_SIM_SIM_H

#include "base/base.h"

struct tatu_sim_board;

#define TATU_SIM_CUT_STYLES                                                                        \
    4 /* how much of the cut operation happens: nothing, halves, scattered */
#define TATU_SIM_STATE_MAX 512u

/**
 * A made board with two good OS sets of version 1, an owner, and nothing installed. NULL: no
 * memory.
 */
struct tatu_sim_board *tatu_sim_make(void);
void tatu_sim_free(struct tatu_sim_board *board);

/** What lasts, kept aside and put back; a board has one such place. */
void tatu_sim_save(struct tatu_sim_board *board);
void tatu_sim_restore(struct tatu_sim_board *board);

/** Power on with what survived. True when the monitor would start the normal world. */
bool tatu_sim_boot(struct tatu_sim_board *board);
/** The OS says that this boot is healthy. */
bool tatu_sim_heal(struct tatu_sim_board *board);

/** From now on: power fails in the middle of lasting operation number `after` (0 is the next). */
void tatu_sim_cut(struct tatu_sim_board *board, uint32_t after, int style);
/** Whether it failed; tatu_sim_boot ends that. */
bool tatu_sim_is_off(const struct tatu_sim_board *board);
/** Lasting operations since the board was made or restored. */
uint32_t tatu_sim_operations(const struct tatu_sim_board *board);

/** All that must be either the old or the new after a cut, as text: running OS version, preferred
 *  set, applications, reports, lifecycle, owner, capabilities, ticket. The board is up. */
void tatu_sim_describe(struct tatu_sim_board *board, char out[TATU_SIM_STATE_MAX]);
/** Sum of all numbers that must never fall: floors, counters, lifecycle, time. */
struct tatu_sim_ratchets {
    uint64_t value[16];
};
void tatu_sim_read_ratchets(const struct tatu_sim_board *board, struct tatu_sim_ratchets *out);

/** A flow of the device that writes. */
struct tatu_sim_flow {
    const char *name;
    /** Brings a fresh board to the flow's start. */
    bool (*prepare)(struct tatu_sim_board *board);
    /** The flow, from a booted board; false when it did not come to its end. Repeating it is safe.
     */
    bool (*run)(struct tatu_sim_board *board);
    bool is_either; /* how often it was restarted decides between the two ends, not the flow */
};
extern const struct tatu_sim_flow tatu_sim_flows[];
extern const uint32_t tatu_sim_flow_count;

#endif
