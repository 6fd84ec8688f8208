/* The users of components as they are kept in the store, and the files that belong to them. */
#ifndef TATU_APPS_USERS_H
#define TATU_APPS_USERS_H

#include "state.h"

/**
 * Reads the map, once. One that is there and not as it was written is refused: an event tells of
 * it, all files of applications are erased, and users begin anew. Without the vault's answer
 * nothing is decided, and nobody gets a user.
 */
void tatu_apps_load_users(struct tatu_apps *apps);

/** Exactly these components have users and files afterwards, and those whose application has not
 *  ended yet. */
void tatu_apps_sync_users(struct tatu_apps *apps, const struct tatu_smc_app *images, size_t count);

/** Errors: NOT_FOUND; IO what was given is not kept. */
enum tatu_err tatu_apps_find_user(const struct tatu_apps *apps, const uint8_t component[16],
                                  uint32_t *out_uid);

#endif
