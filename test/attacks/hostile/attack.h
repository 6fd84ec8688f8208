/* How an attack is told: each takes one try and says whether the wall held. */
#ifndef HOSTILE_ATTACK_H
#define HOSTILE_ATTACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/** Logs `attack NAME: held`, or `attack NAME: BROKEN` and what happened instead. */
void attack_tell(const char *name, bool held, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/**
 * Tells an attack that must be refused with this very errno: another one means that a wall further
 * in held, not the one that is tested.
 *
 * result  what the call answered; -1 and errno for a refusal
 */
void attack_tell_refused(const char *name, long result, int wanted);

/** The same where two walls stand, and either may be the first. */
void attack_tell_refused_by(const char *name, long result, int wanted, int or_wanted);

/** Runs in a child of its own, so that what crashes is not the attacker: its exit status, 128 + the
 * signal that ended it, or -1 when it goes on for seconds. */
int attack_run_apart(int (*run)(void *context), void *context);

/** A process, made without the C library, whose fork does not exist here. */
pid_t attack_fork(void);

/** Waits for a descriptor. Whether it became ready. */
bool attack_wait(int fd, short events, int timeout_ms);

#endif
