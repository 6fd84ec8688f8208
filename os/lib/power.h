/*
 * A store whose power fails, for the tests of this and other rooms. What a program does to files
 * below one folder is done and noted: create, write, cut off, own, rename, unlink, make a folder,
 * synchronise; the vault's counters, the records and whatever else a test says lasts count too.
 * Power fails at any one of these, and the folder is made anew of what flash would hold then.
 * Linked with TATU_POWER_LINK of os/lib/meson.build, so that the real program calls come here. One
 * at a time.
 */
#ifndef TATU_OS_LIB_POWER_H
#define TATU_OS_LIB_POWER_H

#include "os/lib/fake_vault.h"
#include "os/lib/sm.h"

#define TATU_POWER_TEXT_MAX 4096u

struct tatu_power;

/** A flow that saves something. Each of its functions begins as a process does that knows nothing
 *  but what the store holds. */
struct tatu_power_flow {
    const char *name;
    /** From an empty store to the start of the flow; NULL: it starts there. */
    bool (*prepare)(struct tatu_power *power);
    /** False when it did not come to its end. Repeating it is safe. */
    bool (*run)(struct tatu_power *power);
    /** Says all that must be either as before the flow or as after it: tatu_power_say. What it
     * mends on the way lasts. */
    void (*describe)(struct tatu_power *power);
    /** Whether the flow may also be found in this state; NULL: in none. It must still go on from
     * it. */
    bool (*may_be)(const char *text);
    /** The promise needs a file system that writes in the order of the calls, as JFFS2 on NOR does;
     *  else it is also tried on one that keeps any order and only what was synchronised. */
    bool in_order;
    const char *end; /* what is said after it; NULL: whatever it is */
};

const char *tatu_power_root(const struct tatu_power *power);
/** The vault of the board; its `other` call is for everything fake_vault.h does not know. */
const struct tatu_os_monitor *tatu_power_monitor(const struct tatu_power *power);
struct fake_vault *tatu_power_vault(struct tatu_power *power);
void tatu_power_set_call(struct tatu_power *power,
                         enum tatu_err (*call)(void *context, uint32_t number, struct tatu_span in,
                                               struct tatu_buf *out),
                         void *context);
void tatu_power_say(struct tatu_power *power, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/** Memory of a test that lasts as flash does; only in prepare. */
void tatu_power_keep(struct tatu_power *power, void *bytes, size_t size);
/** What becomes of the change of such memory that is made next, or of a call of the monitor. */
enum tatu_power_fate {
    TATU_POWER_DONE = 0,
    TATU_POWER_NOT_DONE, /* power was away before */
    TATU_POWER_UNTOLD,   /* it is to be done, and nobody will know of it */
};
enum tatu_power_fate tatu_power_meet(struct tatu_power *power);
/** For flows whose program says nothing of a failure. */
bool tatu_power_is_off(const struct tatu_power *power);
/** All of the store's flash is erased; an errno. */
int tatu_power_erase(struct tatu_power *power);

/**
 * The campaign of these flows: every operation of each in four ways, then twice in a row by seed.
 * Prints a line for each and "N passed, M failed". 0: none failed.
 *
 * options  [--stride N] [--double N] [--seed S] [--flow NAME] [--at OPERATION STYLE]
 */
int tatu_power_main(int argc, char **argv, const struct tatu_power_flow *flows, size_t count);

#endif
