/* What updated keeps in the store, sealed: the last sequence, and which deployment is half done. */
#ifndef TATU_UPDATED_KEPT_H
#define TATU_UPDATED_KEPT_H

#include "os/lib/sm.h"

struct tatu_kept {
    const struct tatu_os_monitor *monitor;
    const char *folder;
};

/** Errors: NOT_FOUND; FOREIGN it is of another owner; those of tatu_os_load_sealed. */
enum tatu_err tatu_kept_load_sequence(const struct tatu_kept *kept, const uint8_t tenant[16],
                                      uint64_t *out);
enum tatu_err tatu_kept_save_sequence(const struct tatu_kept *kept, const uint8_t tenant[16],
                                      uint64_t sequence);

/**
 * Of this deployment some images are installed and others are not: applications are not asked again
 * whether it may go on, also after a reset.
 * Errors: those of tatu_os_load_sealed; NOT_FOUND nothing is half done
 */
enum tatu_err tatu_kept_load_half(const struct tatu_kept *kept, uint8_t out_deployment[16]);
enum tatu_err tatu_kept_save_half(const struct tatu_kept *kept, const uint8_t deployment[16]);
/** Nothing is. */
enum tatu_err tatu_kept_drop_half(const struct tatu_kept *kept);

#endif
