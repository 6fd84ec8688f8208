/* Makes an image package of a body: metadata and signature behind it. */
#ifndef PACKAGE_H
#define PACKAGE_H

#include "keys.h"
#include "lms.h"

#include "proto/image.h"

struct tatu_cli_package {
    uint16_t type;
    uint8_t component[16];
    const char *name; /* at most 32 bytes go into the debug section */
    uint64_t built_s;
    uint32_t temporary; /* 0 no, 1 removed at boot, 2 under development */
    uint32_t security_version;
    uint32_t verity_data_len; /* 0: no tree */
    uint8_t verity_root[32];
    struct tatu_span body;
};

/**
 * Packs and signs with the key, and when there is a second one with that too: firmware needs both.
 * The image id is derived from what is packed, so that the same content, name and
 * build time give the same id.
 *
 * out       the package; out_info what its metadata says
 *
 * Errors    LONG     over TATU_IMAGE_PACKAGE_MAX
 *           FULL     the second key has made all its signatures
 */
enum tatu_err tatu_cli_make_package(struct tatu_cli *cli, const struct tatu_cli_package *package,
                                    const struct tatu_cli_key *key, struct tatu_cli_lms *second,
                                    struct tatu_cli_bytes *out, struct tatu_image_info *out_info);

/** Reads a package's metadata. Errors: those of tatu_proto_decode_image, told with the path. */
enum tatu_err tatu_cli_read_package(struct tatu_cli *cli, const char *path, struct tatu_span bytes,
                                    struct tatu_image_info *out);

/** Checks that the files of a decoded package are those its hash tree was made for, if it has one;
 *  told with the path. Errors: DIGEST, MEMORY. */
enum tatu_err tatu_cli_check_content(struct tatu_cli *cli, const char *path, struct tatu_span bytes,
                                     const struct tatu_image_info *info);

/** Checks digest and signature of a decoded package. Errors: SIGNATURE. */
enum tatu_err tatu_cli_check_package(struct tatu_span bytes, const struct tatu_image_info *info,
                                     const uint8_t public_key[64]);

/**
 * Who signed a decoded package, in words: the original's SDK, this desk's developer key, or
 * unknown.
 *
 * Errors    SIGNATURE  it names one of these keys, and the signature is not that key's
 */
enum tatu_err tatu_cli_find_signer(struct tatu_cli *cli, const char *path, struct tatu_span bytes,
                                   const struct tatu_image_info *info, const char **out);

/** How the original's tools call a type of image, "unknown" for others. */
const char *tatu_cli_image_type_title(uint16_t type);

/** The metadata as JSON. */
json_t *tatu_cli_describe_package(const struct tatu_image_info *info, struct tatu_span bytes);

/** Seconds that packages carry: SOURCE_DATE_EPOCH or now. Errors: ARGUMENT. */
enum tatu_err tatu_cli_build_time(struct tatu_cli *cli, uint64_t *out_s);

#endif
