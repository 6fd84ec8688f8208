/* Who has which user: one for each component, for as long as it is installed, and never given to
 * another while the store lives. Kept sealed in the store; a map that is not as it was written is
 * refused as a whole, so that nobody becomes somebody else. Source: docs/protocol/storage.md. */
#ifndef TATU_APPS_UIDS_H
#define TATU_APPS_UIDS_H

#include "base/base.h"

#define TATU_APPS_UID_FIRST 1000u
#define TATU_APPS_UID_LAST 59999u
#define TATU_APPS_UID_COUNT_MAX 32u
#define TATU_APPS_UIDS_SIZE_MAX (12u + TATU_APPS_UID_COUNT_MAX * 20u)

struct tatu_apps_uid {
    uint8_t component[16];
    uint32_t uid;
};

struct tatu_apps_uids {
    uint32_t next; /* above every one that was ever given */
    size_t count;
    struct tatu_apps_uid entries[TATU_APPS_UID_COUNT_MAX];
};

/**
 * u32 magic, u32 next, u32 count, count * { component[16], u32 uid }, no more.
 * Errors: SHORT, LONG; FORMAT another magic, a user outside its range or not below next, or a user
 * or component twice.
 */
enum tatu_err tatu_apps_decode_uids(struct tatu_span in, struct tatu_apps_uids *out);
/** Errors: FULL. */
enum tatu_err tatu_apps_encode_uids(const struct tatu_apps_uids *uids, struct tatu_buf *out);

/** 0: it has none. */
uint32_t tatu_apps_find_uid(const struct tatu_apps_uids *uids, const uint8_t component[16]);
/** A new one. Errors: EXISTS; FULL too many components, or every user was given once. */
enum tatu_err tatu_apps_give_uid(struct tatu_apps_uids *uids, const uint8_t component[16],
                                 uint32_t *out_uid);
/** The component is gone; its user stays given. */
void tatu_apps_drop_uid(struct tatu_apps_uids *uids, const uint8_t component[16]);

#endif
