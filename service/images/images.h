/*
 * Application packages of a catalog: decoded strictly, signed again with the catalog's image key
 * (or checked, when the owner keeps that), kept as content-addressed files. Source:
 * docs/protocol/operator-api.md §1; proto/image.h.
 */
#ifndef TATU_SERVICE_IMAGES_IMAGES_H
#define TATU_SERVICE_IMAGES_IMAGES_H

#include "base/base.h"
#include "service/fleet/fleet.h"
#include "service/store/store.h"

#define TATU_UPLOAD_MAX (1024u * 1024u) /* the original's limit of an application */

struct tatu_stored_image {
    uint8_t image[16];
    uint8_t component[16];
    const char *name;
    const char *description;
    const char *region;
    uint32_t size_bytes;
    uint8_t digest[32]; /* SHA-256 of the package as it is served */
    int64_t created_s;
    const char *created_by;
};
struct tatu_stored_image_list {
    struct tatu_stored_image *items;
    size_t count;
    bool more;
};

struct tatu_upload {
    struct tatu_span package; /* hostile */
    const uint8_t *image_id;  /* 16 bytes it must have; NULL: any */
    const char *description;  /* never NULL */
    const char *region;
};

/**
 * Errors   SHORT, FORMAT, VERSION  not a package
 *          TYPE      another type than application
 *          LONG      over TATU_UPLOAD_MAX
 *          ARGUMENT  it has another image id
 *          EXISTS    the image id is there with other content
 *          KEY_UNKNOWN, SIGNATURE  the owner keeps the key, and this is not signed with it
 *          FULL, IO
 * Cost     one signature, one file
 */
enum tatu_err tatu_images_put(const struct tatu_call *call, int64_t catalog,
                              const struct tatu_upload *upload, struct tatu_stored_image *out,
                              bool *out_made);
/**
 * A capability file for one device, signed with the catalog's image key.
 *
 * Errors   STATE    the owner keeps the key
 *          ARGUMENT a set that no file can have
 */
enum tatu_err tatu_images_make_capability(const struct tatu_call *call, int64_t catalog,
                                          const uint8_t device[64], uint32_t set,
                                          struct tatu_span *out);

/** Errors: NOT_FOUND. */
enum tatu_err tatu_images_get(const struct tatu_call *call, int64_t catalog,
                              const uint8_t image[16], struct tatu_stored_image *out);
enum tatu_err tatu_images_list(const struct tatu_call *call, int64_t catalog,
                               const struct tatu_page *page, struct tatu_stored_image_list *out);
/** The package. Errors: NOT_FOUND; DIGEST when the file is damaged; IO. */
enum tatu_err tatu_images_read(const struct tatu_call *call, const struct tatu_stored_image *image,
                               struct tatu_span *out);
/** Removes files that no image names: left by a write that was never acknowledged. */
void tatu_images_clean(const struct tatu_call *call);

#endif
