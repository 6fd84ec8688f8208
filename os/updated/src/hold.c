#include "hold.h"

#include <assert.h>

static void lock(struct tatu_hold *hold)
{
    const int failed = pthread_mutex_lock(&hold->lock);
    assert(failed == 0);
    (void)failed;
}

static void unlock(struct tatu_hold *hold)
{
    const int failed = pthread_mutex_unlock(&hold->lock);
    assert(failed == 0);
    (void)failed;
}

bool tatu_hold_take(struct tatu_hold *hold, enum tatu_holder who)
{
    lock(hold);
    const bool mine = hold->holder == TATU_HOLDER_NOBODY || hold->holder == who;
    hold->holder = mine ? who : hold->holder;
    unlock(hold);
    return mine;
}

void tatu_hold_give(struct tatu_hold *hold, enum tatu_holder who)
{
    lock(hold);
    hold->holder = hold->holder == who ? TATU_HOLDER_NOBODY : hold->holder;
    unlock(hold);
}

enum tatu_holder tatu_hold_who(struct tatu_hold *hold)
{
    lock(hold);
    const enum tatu_holder who = hold->holder;
    unlock(hold);
    return who;
}

void tatu_hold_count_commit(struct tatu_hold *hold)
{
    lock(hold);
    hold->commits++;
    unlock(hold);
}

uint32_t tatu_hold_commits(struct tatu_hold *hold)
{
    lock(hold);
    const uint32_t commits = hold->commits;
    unlock(hold);
    return commits;
}
