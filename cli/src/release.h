/* A signed release: six packages, a flash image with two sets of them, reference values, and two
 * more packages to recover a board with. */
#ifndef RELEASE_H
#define RELEASE_H

#include "bodies.h"
#include "platform.h"

#define RELEASE_FLASH "flash.bin"
#define RELEASE_REFERENCE "reference.cose"
#define RELEASE_RECORD "release.json"
#define RELEASE_KEYSTORE "keystore.imagepackage"

struct tatu_cli_release_plan {
    const char *version;       /* "26.11" */
    uint32_t security_version; /* 1.. */
    uint64_t built_s;
    struct tatu_keystore keystore; /* service's part: three keys, host, ports */
};

struct tatu_cli_release_image {
    struct tatu_cli_bytes package;
    struct tatu_image_info info;
    uint8_t digest[32];
};

struct tatu_cli_release {
    struct tatu_cli_release_image images[BODY_ALL_COUNT];
    uint8_t reference[2048];
    size_t reference_len;
};
void tatu_cli_free_release(struct tatu_cli_release *release);

/** Packs and signs all images and the reference values. The bodies' keystore part is filled here.
 */
enum tatu_err tatu_cli_make_release(struct tatu_cli *cli, const struct tatu_cli_release_plan *plan,
                                    struct tatu_cli_platform *platform,
                                    struct tatu_cli_bodies *bodies, struct tatu_cli_release *out);

/** The 16 MiB that a programmer writes to a fresh part. Errors: LONG when an image exceeds its
 * slot. */
enum tatu_err tatu_cli_make_flash(struct tatu_cli *cli, const struct tatu_cli_release *release,
                                  struct tatu_cli_bytes *out);

#endif
