/* Names compare without case; lists read one row more than asked to know whether more follow. */
#ifndef NAMES_H
#define NAMES_H

#include "service/store/store.h"

/** Lower case, ASCII. */
const char *tatu_fleet_fold_name(struct tatu_arena *arena, const char *name);
/** ".default" or ".unassigned": no product, no group. */
bool tatu_fleet_is_unassigned(const char *name);

/** Rows of one list. */
#define NAMES_PAGE(page) TATU_INT((page)->top + 1), TATU_INT((page)->skip)

#endif
