#include "admit.h"

#include <string.h>
#include <sys/mman.h>

static struct tatu_update_image make_image(const uint8_t component[16], const uint8_t image[16],
                                           uint32_t body_len, uint32_t verity_data_len)
{
    struct tatu_update_image made = {.body_len = verity_data_len != 0 ? verity_data_len : body_len};
    memcpy(made.component, component, sizeof(made.component));
    memcpy(made.image, image, sizeof(made.image));
    return made;
}

struct tatu_update_image tatu_update_image_of_app(const struct tatu_smc_app *app)
{
    return make_image(app->component, app->image, app->body_len, app->verity_data_len);
}

struct tatu_update_image tatu_update_image_of_stage(const struct tatu_verified_image *verified)
{
    return make_image(verified->component, verified->image, verified->body_len,
                      verified->verity_data_len);
}

/* Pages of their own: the largest body is a quarter of this process's memory, and goes back. */
struct body {
    uint8_t *bytes;
    size_t len;
};

static void drop_body(struct body *body)
{
    if (body->bytes != MAP_FAILED) {
        (void)munmap(body->bytes, body->len);
    }
}

static enum tatu_err read_image(const struct tatu_os_monitor *monitor,
                                const struct tatu_update_image *image, struct tatu_manifest *out,
                                struct tatu_manifest_cost *out_cost, uint32_t *out_number)
{
    if (image->body_len == 0 || image->body_len > TATU_ADMISSION_FLASH_MAX) {
        *out_number = TATU_NUMBER_IMAGE_UPDATE_IMAGE_EXCEEDS_COMPONENT_SIZE_LIMIT;
        return TATU_ERR_LONG;
    }
    struct body body __attribute__((cleanup(drop_body))) = {
        mmap(NULL, image->body_len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
        image->body_len};
    if (body.bytes == MAP_FAILED) {
        return TATU_ERR_MEMORY;
    }
    TATU_TRY(tatu_os_read_app(monitor, image->image, 0, body.bytes, body.len));
    return tatu_manifest_read_body((struct tatu_span){body.bytes, body.len}, image->component, out,
                                   out_cost, out_number);
}

enum tatu_err tatu_update_check_image(const struct tatu_os_monitor *monitor,
                                      const struct tatu_update_image *image, uint32_t *out_number)
{
    size_t refused;
    return tatu_update_admit(monitor, image, 1, 0, &refused, out_number);
}

enum tatu_err tatu_update_admit_one(const struct tatu_os_monitor *monitor,
                                    const struct tatu_update_image *image,
                                    struct tatu_admission *admission, uint32_t *out_number)
{
    struct tatu_manifest manifest;
    struct tatu_manifest_cost cost;
    *out_number = TATU_NUMBER_NONE;
    TATU_TRY(read_image(monitor, image, &manifest, &cost, out_number));
    return tatu_manifest_admit(admission, &manifest, &cost, out_number);
}

enum tatu_err tatu_update_admit(const struct tatu_os_monitor *monitor,
                                const struct tatu_update_image *images, size_t count, size_t kept,
                                size_t *out_refused, uint32_t *out_number)
{
    struct tatu_admission admission = {0};
    for (size_t i = 0; i < count; i++) {
        const enum tatu_err err =
            tatu_update_admit_one(monitor, &images[i], &admission, out_number);
        if (err != TATU_OK && i >= kept) {
            *out_refused = i;
            return err;
        }
    }
    *out_number = TATU_NUMBER_NONE;
    return TATU_OK;
}
