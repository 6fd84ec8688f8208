/*
 * Deployments: which images a device group shall run, and what a device of it is told and given.
 * Source: docs/protocol/device-service.md §2.
 */
#ifndef TATU_SERVICE_UPDATE_UPDATE_H
#define TATU_SERVICE_UPDATE_UPDATE_H

#include "base/base.h"
#include "proto/evidence.h"
#include "service/fleet/fleet.h"
#include "service/identity/identity.h"
#include "service/images/images.h"
#include "service/store/store.h"

struct tatu_stored_deployment {
    uint8_t id[16];
    int64_t sequence; /* rises over all groups, so also for a device that moves */
    int64_t created_s;
    const char *created_by;
    size_t image_count;
    struct tatu_stored_image images[TATU_EVIDENCE_APP_MAX];
};
struct tatu_deployment_list {
    struct tatu_stored_deployment *items;
    size_t count;
    bool more;
};

/**
 * Replaces the group's deployment. An empty set removes all applications.
 * Errors   LONG      over TATU_EVIDENCE_APP_MAX images
 *          NOT_FOUND an image that the catalog does not have
 *          ARGUMENT  two images of one component
 */
enum tatu_err tatu_update_put(const struct tatu_call *call, int64_t catalog,
                              const struct tatu_group *group, const uint8_t (*images)[16],
                              size_t count, struct tatu_stored_deployment *out);
/** id NULL: the current one. Errors: NOT_FOUND. */
enum tatu_err tatu_update_get(const struct tatu_call *call, int64_t catalog, int64_t group,
                              const uint8_t *id, struct tatu_stored_deployment *out);
enum tatu_err tatu_update_list(const struct tatu_call *call, int64_t catalog, int64_t group,
                               const struct tatu_page *page, struct tatu_deployment_list *out);

/** The signed deployment for one device, and a note that it asked. Errors: NOT_FOUND (device). */
enum tatu_err tatu_update_for_device(const struct tatu_call *call,
                                     const struct tatu_identity *identity,
                                     const uint8_t device_id[64], struct tatu_span *out_object);
/** A package that the device's deployment names. Errors: NOT_FOUND, DIGEST, IO. */
enum tatu_err tatu_update_image(const struct tatu_call *call, const uint8_t device_id[64],
                                const uint8_t image[16], struct tatu_span *out_package);

#endif
