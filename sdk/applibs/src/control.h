/* The application's own socket to the system (docs/protocol/requests.md). */
#ifndef TATU_APPLIBS_CONTROL_H
#define TATU_APPLIBS_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "proto/request.h"

/* What is shared by the files of this library is not of its binary interface. */
#pragma GCC visibility push(hidden)

struct applibs_request {
    uint32_t op;
    uint32_t a;
    uint32_t b;
    uint32_t c;
    const void *payload;
    size_t len;
};

/* Each returns -1 and errno as the system gave it, EIO when it cannot be reached or its answer is
 * none of this protocol. */

/** Asks for something that has no payload. Returns 0. */
int tatu_applibs_do(const struct applibs_request *request);

/** Asks for exactly `size` bytes. Returns 0. */
int tatu_applibs_get(const struct applibs_request *request, void *out, size_t size);

/** Asks for at most `size` bytes. Returns how many came. */
ssize_t tatu_applibs_ask(const struct applibs_request *request, void *out, size_t size);

/** Asks for a descriptor. Returns it. */
int tatu_applibs_ask_descriptor(const struct applibs_request *request);

/** Asks for a connection that stays. Returns it. */
int tatu_applibs_ask_connection(const struct applibs_request *request);

/** Asks over such a connection; one at a time, by all threads. EBADF also: fd is none. Returns how
 * many bytes came. */
ssize_t tatu_applibs_ask_on(int fd, const struct applibs_request *request, void *out, size_t size);

/** Asks, and sends more bytes behind the request on the same connection. Returns 0. */
int tatu_applibs_send(const struct applibs_request *request, const void *const *parts,
                      const size_t *lens, size_t count);

/** Sets errno. Returns -1. */
int tatu_applibs_fail(int number);

/** Whether a struct's leading word, or the version a wrapper passes, is of version 1. The upper
 * half tells structs apart; a version passed alone has none. */
static inline bool tatu_applibs_is_v1(uint32_t word, uint32_t magic)
{
    return word == 1 || word == (magic | 1);
}

/** A number of the public headers and the one of the wire that is passed for it. */
#define APPLIBS_SAME(ours, theirs) _Static_assert((int)(ours) == (int)(theirs), "one meaning")

/** Where the socket is; tests put theirs there. */
extern const char *tatu_applibs_control_path;

#pragma GCC visibility pop

#endif
