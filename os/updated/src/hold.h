/* Who may stage and commit: the round that asks the service, or the desk; never both. */
#ifndef TATU_UPDATED_HOLD_H
#define TATU_UPDATED_HOLD_H

#include <pthread.h>

#include "base/base.h"

enum tatu_holder {
    TATU_HOLDER_NOBODY = 0,
    TATU_HOLDER_ROUND, /* a deployment is under way */
    TATU_HOLDER_DESK,  /* an image is being sideloaded */
};

struct tatu_hold {
    pthread_mutex_t lock;
    enum tatu_holder holder;
    uint32_t commits; /* of the desk: what was refused before may be possible now */
};
#define TATU_HOLD_INIT                                                                             \
    {                                                                                              \
        .lock = PTHREAD_MUTEX_INITIALIZER                                                          \
    }

/** True when it is this one's now; taking it twice is as once. */
bool tatu_hold_take(struct tatu_hold *hold, enum tatu_holder who);
/** Nothing when it is not this one's. */
void tatu_hold_give(struct tatu_hold *hold, enum tatu_holder who);
enum tatu_holder tatu_hold_who(struct tatu_hold *hold);

void tatu_hold_count_commit(struct tatu_hold *hold);
uint32_t tatu_hold_commits(struct tatu_hold *hold);

#endif
