/*
 * Application manifest: app_manifest.json of an image, as Azure Sphere documents it.
 * Source: docs/protocol/manifest.md.
 */
#ifndef TATU_OS_APPS_MANIFEST_H
#define TATU_OS_APPS_MANIFEST_H

#include "base/base.h"

#define TATU_MANIFEST_MAX 16384u   /* bytes of JSON */
#define TATU_MANIFEST_NAME_MAX 31u /* characters kept of Name */
#define TATU_MANIFEST_PATH_MAX 100u
#define TATU_MANIFEST_ARG_MAX 15u
#define TATU_MANIFEST_ARG_BYTES 900u
#define TATU_MANIFEST_GPIO_MAX 80u
#define TATU_MANIFEST_HOST_COUNT_MAX 16u
#define TATU_MANIFEST_HOST_MAX 128u

struct tatu_manifest {
    char name[TATU_MANIFEST_NAME_MAX + 1];
    uint8_t component[16];
    char entry_point[TATU_MANIFEST_PATH_MAX];
    size_t arg_count;
    char args[TATU_MANIFEST_ARG_BYTES]; /* NUL-separated */
    size_t args_len;
    bool gpio[TATU_MANIFEST_GPIO_MAX]; /* by pin */
    size_t host_count;
    char hosts[TATU_MANIFEST_HOST_COUNT_MAX][TATU_MANIFEST_HOST_MAX];
    bool has_tenant; /* DeviceAuthentication */
    uint8_t tenant[16];
};

/**
 * Reads a manifest.
 *
 * json  the file's bytes; hostile
 * out   filled on success
 *
 * Errors  LONG        over TATU_MANIFEST_MAX, or a list or text over its limit
 *         FORMAT      not JSON, or a duplicate key
 *         VERSION     SchemaVersion other than 1
 *         CAPABILITY  a key of Capabilities that is not documented, or one only the system may ask
 * for MANIFEST    a key that must be there is not, or a value of the wrong kind or range TYPE an
 * ApplicationType that does not run here Source  docs/protocol/manifest.md
 */
enum tatu_err tatu_apps_decode_manifest(struct tatu_span json, struct tatu_manifest *out);

#endif
