/* Whether a set of images may be installed together, read from flash after it was verified. */
#ifndef TATU_UPDATED_ADMIT_H
#define TATU_UPDATED_ADMIT_H

#include "os/lib/sm.h"
#include "os/manifest/admission.h"

/** An image that is installed, or staged and verified. */
struct tatu_update_image {
    uint8_t component[16];
    uint8_t image[16];
    uint32_t body_len; /* of its file system */
};

struct tatu_update_image tatu_update_image_of_app(const struct tatu_smc_app *app);
struct tatu_update_image tatu_update_image_of_stage(const struct tatu_verified_image *verified);

/** Whether this image could be installed on a device that has no other. As tatu_update_admit. */
enum tatu_err tatu_update_check_image(const struct tatu_os_monitor *monitor,
                                      const struct tatu_update_image *image, uint32_t *out_number);

/**
 * Admits one more, read from flash. As tatu_update_admit; admission is untouched on failure.
 */
enum tatu_err tatu_update_admit_one(const struct tatu_os_monitor *monitor,
                                    const struct tatu_update_image *image,
                                    struct tatu_admission *admission, uint32_t *out_number);

/**
 * Whether these may be installed together; the first ones have what two of them ask for.
 *
 * kept         so many of them are installed already: one that cannot be granted does not run, has
 *              nothing, and stands in nobody's way
 * out_refused  on failure which one
 * out_number   0, or why not, for the owner: proto/device_errors.h; on failure 0 says that one
 * could not be looked at, which may be otherwise later
 *
 * Errors  those of tatu_manifest_read_body and tatu_manifest_admit; LONG a body over
 *         TATU_ADMISSION_FLASH_MAX; MEMORY; the monitor's
 */
enum tatu_err tatu_update_admit(const struct tatu_os_monitor *monitor,
                                const struct tatu_update_image *images, size_t count, size_t kept,
                                size_t *out_refused, uint32_t *out_number);

#endif
