/* One package on its way into flash: taken in pieces of any size, written in whole words; goes on
 * where the network broke. */
#ifndef TATU_UPDATED_DOWNLOAD_H
#define TATU_UPDATED_DOWNLOAD_H

#include "os/lib/sm.h"

#define TATU_DOWNLOAD_TRY_MAX 5u /* requests in a row that bring nothing; then it is given up */

struct tatu_download {
    const struct tatu_os_monitor *monitor;
    uint32_t handle;
    uint32_t size;
    uint32_t written;
    size_t held_len; /* bytes short of a chunk, kept until more come */
    uint8_t held[TATU_OS_STAGE_CHUNK];
};

/** Takes what follows. Errors: LONG when that is more than the package has; the monitor's. */
enum tatu_err tatu_download_take(void *download, struct tatu_span piece);

/** Bytes that are there. */
uint32_t tatu_download_len(const struct tatu_download *download);

/**
 * Asks for the package from where it is, until it is whole.
 *
 * ask   makes one request for the bytes from `from` on, which come through tatu_download_take
 * wait  called before a request is repeated
 *
 * Errors  SHORT  the service's copy ends early
 *         what `ask` fails with, when that is no break of the network (UNREACHABLE, TIMEOUT), or
 *         when request after request brings nothing
 */
enum tatu_err tatu_download_run(struct tatu_download *download,
                                enum tatu_err (*ask)(void *context, uint32_t from),
                                void (*wait)(void *context, uint32_t tries), void *context);

#endif
