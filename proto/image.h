/*
 * Image package: body, then metadata, then a 64-byte signature; read from the end.
 *   signature  last 64 bytes, ECDSA P-256 r||s over SHA-256 of everything before it
 *   length     the u32 before it: bytes of metadata including this word
 *   metadata   u32 magic "4X4M", u32 section count, then {u16 id, u16 len, data}...
 * Section ids are two ASCII letters, little-endian. Ours, which old readers skip:
 *   "TV" u32 security version, u32 0
 *   "VT" verity: u32 data length, u32 block size (4096), root hash[32]; SHA-256, no salt, format 1,
 *        no superblock; the tree follows the data inside the body
 *   "S2" second signature, the last section: u16 algorithm 1 (LMS), u16 0, signature[1452] over
 *        SHA-256 of everything that the first one covers but these 1452 bytes
 * Source: docs/protocol/image.md.
 */
#ifndef TATU_PROTO_IMAGE_H
#define TATU_PROTO_IMAGE_H

#include "base/base.h"

#define TATU_IMAGE_MAGIC 0x4d345834u
#define TATU_IMAGE_SIGNATURE_SIZE 64u
#define TATU_IMAGE_SECOND_SIZE 1452u  /* LMS_SHA256_M32_H10 with LMOTS_SHA256_N32_W8 */
#define TATU_IMAGE_METADATA_MAX 2560u /* with the signature: what the vault copies at once */
#define TATU_IMAGE_TRAILER_MAX (TATU_IMAGE_METADATA_MAX + TATU_IMAGE_SIGNATURE_SIZE)
#define TATU_IMAGE_PACKAGE_MAX 0x300000u
#define TATU_IMAGE_SECTION_MAX 16u
#define TATU_IMAGE_THUMBPRINT_SIZE 20u
#define TATU_VERITY_BLOCK_SIZE 4096u

enum tatu_image_type {
    TATU_IMAGE_RECOVERY = 1, /* program that the A-core runs during recovery */
    TATU_IMAGE_VAULT_RUNTIME = 2,
    TATU_IMAGE_MONITOR = 4,
    TATU_IMAGE_DTB = 6,
    TATU_IMAGE_KERNEL = 7,
    TATU_IMAGE_ROOT = 8,
    TATU_IMAGE_APPLICATION = 10,
    TATU_IMAGE_CAPABILITY = 13,
    TATU_IMAGE_KEYSTORE = 19,
    TATU_IMAGE_RECOVERY_MANIFEST = 26, /* what recovery installs: proto/recovery.h */
};

/* The component of each image of the OS: this and the type, two hex digits. */
#define TATU_IMAGE_OS_COMPONENT "54415455-0000-4000-8000-0000000000"

/** The type's name in evidence, logs and the CLI ("monitor"); NULL for a type not in the list. */
const char *tatu_proto_image_type_name(uint16_t type);
/** The type of a name. Errors: FORMAT for a name not in the list. */
enum tatu_err tatu_proto_parse_image_type(struct tatu_span name, uint16_t *out_type);

/** Bytes of the hash tree that follows data_len (a multiple of the block size) bytes of data. */
uint32_t tatu_proto_verity_tree_len(uint32_t data_len);

/** Decoded metadata. */
struct tatu_image_info {
    uint16_t type;
    uint8_t component[16];
    uint8_t image[16];
    uint8_t thumbprint[TATU_IMAGE_THUMBPRINT_SIZE]; /* which key signed, see
                                                       tatu_proto_key_thumbprint */
    uint8_t name[32];   /* NUL padded, 32 bytes need no NUL; zero when there is no debug section */
    uint64_t built_s;   /* unix time of the debug section */
    uint32_t temporary; /* "TP" */
    uint32_t security_version; /* 0 when there is no "TV" */
    bool has_verity;
    uint32_t verity_data_len;
    uint8_t verity_root[32];
    bool has_second;     /* tatu_proto_second_at says where the second signature is */
    uint32_t body_len;   /* bytes before the metadata */
    uint32_t signed_len; /* bytes the signature covers */
    uint8_t signature[TATU_IMAGE_SIGNATURE_SIZE];
};

/**
 * Reads metadata and signature from the end of a package.
 *
 * tail         the last bytes of the package: all of it, or at least its last
 *              TATU_IMAGE_TRAILER_MAX bytes; hostile
 * package_len  bytes of the whole package
 * out          filled on success; borrows nothing
 *
 * Errors       SHORT    shorter than the smallest trailer
 *              LONG     metadata over TATU_IMAGE_METADATA_MAX, sections over the maximum,
 *                       package over TATU_IMAGE_PACKAGE_MAX
 *              FORMAT   magic, lengths, a duplicate section, a missing identity or signature
 *                       section, a section of the wrong size, verity outside of the body, a
 *                       second signature that is not the last section
 *              VERSION  a signature type other than ECDSA P-256, a second one other than LMS
 * Source       docs/protocol/image.md §2
 */
enum tatu_err tatu_proto_decode_image(struct tatu_span tail, uint32_t package_len,
                                      struct tatu_image_info *out);

/* Bytes of the package before its second signature, when it has one. What that covers is
 * everything before and the length word behind it. */
static inline uint32_t tatu_proto_second_at(const struct tatu_image_info *info)
{
    return info->signed_len - 4u - TATU_IMAGE_SECOND_SIZE;
}

/**
 * Writes the metadata of `info` (type, component, image, thumbprint, name, built_s, temporary,
 * security_version, verity) after the body. The signature is appended by the caller, over
 * SHA-256 of body and metadata; a second one is zero and to be filled in by the caller before.
 * Needs ABI "ND" only for applications: runtime version 12, type 3.
 * A section whose fields are all zero (debug, security version) is left out. Length and signature
 * fields of info are not read.
 *
 * Errors    FULL
 *           ARGUMENT  temporary over 2, verity length not a positive number of whole blocks
 */
enum tatu_err tatu_proto_encode_metadata(const struct tatu_image_info *info, struct tatu_buf *out);

/* Keystore: body of an image of type 19, signed by both keys of a platform root.
 * docs/protocol/keys.md §3. An LMS key is the 56 bytes of RFC 8554 §5.3.
 *   u32 magic "TKEY", u32 version 2, root key[64], root LMS key[56],
 *   u32 count, count x { key[64], LMS key[56], u32 usage, u32 revoked } ...,
 *   service root key[64], time key[64], director key[64], u16 host len, host,
 *   u16 front port, u16 update port
 */
#define TATU_KEYSTORE_MAGIC 0x59454b54u
#define TATU_KEYSTORE_KEY_MAX 8u
#define TATU_KEYSTORE_HOST_MAX 64u
#define TATU_KEYSTORE_MAX 2048u
#define TATU_KEY_USAGE_FIRMWARE 1u /* types 1, 2, 4, 6, 7, 8, 26, and confirmations */
#define TATU_LMS_KEY_SIZE 56u

struct tatu_keystore {
    uint8_t root[64];
    uint8_t root_lms[TATU_LMS_KEY_SIZE];
    uint32_t count;
    struct {
        uint8_t key[64];
        uint8_t lms[TATU_LMS_KEY_SIZE];
        uint32_t usage;
        uint32_t revoked;
    } keys[TATU_KEYSTORE_KEY_MAX];
    uint8_t service_root[64];
    uint8_t time_key[64];
    uint8_t director_key[64];
    char host[TATU_KEYSTORE_HOST_MAX + 1];
    uint16_t front_port;
    uint16_t update_port;
};

/**
 * Errors of decode: SHORT; LONG (over TATU_KEYSTORE_MAX, too many keys, host too long, bytes left
 * over); FORMAT (magic, no key, a key twice, usage, revoked not 0 or 1, host, port 0); VERSION.
 * Of encode: ARGUMENT for what decode would refuse, FULL.
 */
enum tatu_err tatu_proto_decode_keystore(struct tatu_span body, struct tatu_keystore *out);
enum tatu_err tatu_proto_encode_keystore(const struct tatu_keystore *keystore,
                                         struct tatu_buf *out);

/* A key's thumbprint in the signature section = first 20 bytes of SHA-256(x||y). The original's
 * packages carry the SHA-1 thumbprint of a certificate there; both are opaque names of a key. */

/* GUIDs (component, image, tenant) travel everywhere as the 16 bytes the image format stores: the
 * first three groups little-endian. Text is the usual 8-4-4-4-12 lower-case form, 36 characters. */
#define TATU_GUID_TEXT_SIZE 37u
void tatu_proto_format_guid(const uint8_t guid[16], char out_text[TATU_GUID_TEXT_SIZE]);
/** Either case is read. Errors: FORMAT. */
enum tatu_err tatu_proto_parse_guid(const char *text, size_t text_len, uint8_t out_guid[16]);

#endif
