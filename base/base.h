/*
 * base: errors, spans, bounded reads and writes, wipe, constant-time compare.
 * No I/O, no heap, no globals; builds freestanding. Part of the trusted base.
 */
#ifndef TATU_BASE_BASE_H
#define TATU_BASE_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The list of errors: append only. number, name, a sentence an operator understands.
 * The same name shows in the boot record, the log, the CLI and the dashboard. */
#define TATU_ERRORS(X)                                                                             \
    X(1, ARGUMENT, "an argument is outside its documented range")                                  \
    X(2, SHORT, "the input ends before it is complete")                                            \
    X(3, LONG, "the input is longer than its limit")                                               \
    X(4, FORMAT, "the input does not have the format it must have")                                \
    X(5, VERSION, "this format version is not supported")                                          \
    X(6, TYPE, "the image is not of the type that belongs here")                                   \
    X(7, UNKNOWN_COMMAND, "there is no such command")                                              \
    X(8, DENIED, "the caller does not hold the right this needs")                                  \
    X(9, STATE, "this is not possible in the present state")                                       \
    X(10, FULL, "there is no room left")                                                           \
    X(11, NOT_FOUND, "there is no such object")                                                    \
    X(12, EXISTS, "the object exists already")                                                     \
    X(13, SIGNATURE, "the signature is not valid")                                                 \
    X(14, KEY_UNKNOWN, "it is signed by a key that is not trusted here")                           \
    X(15, KEY_REVOKED, "it is signed by a key that was revoked")                                   \
    X(16, ROLLBACK, "its security version is below the rollback floor")                            \
    X(17, DIGEST, "the content does not have the digest that was promised")                        \
    X(18, IO, "a device or file failed")                                                           \
    X(19, TIMEOUT, "there was no answer in time")                                                  \
    X(20, REPLAY, "the nonce is unknown, used or too old")                                         \
    X(21, EXPIRED, "it is past its time")                                                          \
    X(22, FOREIGN, "it belongs to another device")                                                 \
    X(23, ENDORSEMENT, "no listed maker endorsed this device")                                     \
    X(24, MEASUREMENT, "the device runs software that is not a reference value")                   \
    X(25, LIFECYCLE, "the device's lifecycle state does not allow this")                           \
    X(26, BUSY, "it is in use; try again")                                                         \
    X(27, MEMORY, "there is not enough memory")                                                    \
    X(28, CLOCK, "the time is outside the bounds of signed time")                                  \
    X(29, OWNED, "the device belongs to another owner")                                            \
    X(30, NO_BOOT_SET, "no good boot set was found")                                               \
    X(31, CAPABILITY, "the manifest asks for a capability that does not exist")                    \
    X(32, MANIFEST, "the manifest is not valid")                                                   \
    X(33, QUOTA, "it is over the quota")                                                           \
    X(34, UNREACHABLE, "the other side cannot be reached")                                         \
    X(35, REJECTED, "the other side refused")                                                      \
    X(36, PURPOSE, "the key may not be used for this purpose")                                     \
    X(37, CERTIFICATE, "the certificate is missing or not acceptable")                             \
    X(38, ENTROPY, "the random source failed its health tests")                                    \
    X(39, TAMPER, "the chip was opened and has destroyed its secrets")                             \
    X(40, STALE, "it is an older copy than the one this device wrote last")

#if defined(__clang__)
#define TATU_NODISCARD __attribute__((warn_unused_result))
#else
#define TATU_NODISCARD [[nodiscard]]
#endif

/** Result of everything that can fail; must be used, by type. 0 is success. */
enum TATU_NODISCARD tatu_err {
    TATU_OK = 0,
#define TATU_ERR_ENUM(number, name, text) TATU_ERR_##name = (number),
    TATU_ERRORS(TATU_ERR_ENUM)
#undef TATU_ERR_ENUM
};

/** The short name ("ROLLBACK"; "OK" for 0; "UNKNOWN" for a number not in the list). */
const char *tatu_err_name(enum tatu_err err);

/** The operator's sentence ("its security version is below the rollback floor"). */
const char *tatu_err_text(enum tatu_err err);

/** Leaves the calling function with the error of `expr`, if it is one. */
#define TATU_TRY(expr)                                                                             \
    do {                                                                                           \
        enum tatu_err tatu_try_err_ = (expr);                                                      \
        if (tatu_try_err_ != TATU_OK) {                                                            \
            return tatu_try_err_;                                                                  \
        }                                                                                          \
    } while (0)

/** Borrowed bytes. data may be NULL only when len is 0. */
struct tatu_span {
    const uint8_t *data;
    size_t len;
};

/** Room to write into: cap bytes at data, the first len are filled. */
struct tatu_buf {
    uint8_t *data;
    size_t len;
    size_t cap;
};

#define TATU_SPAN_OF(array) ((struct tatu_span){(const uint8_t *)(array), sizeof(array)})
#define TATU_BUF_OF(array) ((struct tatu_buf){(uint8_t *)(array), 0, sizeof(array)})
#define TATU_COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/** The part of `whole` from `at`, `len` bytes. Errors: SHORT when it is not all inside. */
enum tatu_err tatu_base_take_span(struct tatu_span whole, size_t at, size_t len,
                                  struct tatu_span *out_part);

/** Appends bytes. Errors: FULL, and nothing is written. */
enum tatu_err tatu_base_put_bytes(struct tatu_buf *buf, struct tatu_span bytes);

/* Little-endian access at any alignment; the caller has checked the length. */
static inline uint16_t tatu_get_le16(const uint8_t *p)
{
    return (uint16_t)(p[0] | (p[1] << 8));
}
static inline uint32_t tatu_get_le32(const uint8_t *p)
{
    return (uint32_t)p[0] | ((uint32_t)p[1] << 8) | ((uint32_t)p[2] << 16) | ((uint32_t)p[3] << 24);
}
static inline uint64_t tatu_get_le64(const uint8_t *p)
{
    return (uint64_t)tatu_get_le32(p) | ((uint64_t)tatu_get_le32(p + 4) << 32);
}
static inline void tatu_put_le16(uint8_t *p, uint16_t v)
{
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
}
static inline void tatu_put_le32(uint8_t *p, uint32_t v)
{
    tatu_put_le16(p, (uint16_t)v);
    tatu_put_le16(p + 2, (uint16_t)(v >> 16));
}
static inline void tatu_put_le64(uint8_t *p, uint64_t v)
{
    tatu_put_le32(p, (uint32_t)v);
    tatu_put_le32(p + 4, (uint32_t)(v >> 32));
}

/** Overwrites len bytes with zero; the compiler may not drop it. */
void tatu_base_wipe(void *secret, size_t len);

/** Whether len bytes are the same. Time depends on len only. */
bool tatu_base_equal_ct(const void *a, const void *b, size_t len);

/** CRC-32 (IEEE 802.3, reflected, as zlib's crc32) for damage, never for trust. */
uint32_t tatu_base_crc32(struct tatu_span bytes);

/** Writes 2*len lower-case hex digits and a NUL to out. */
void tatu_base_encode_hex(struct tatu_span bytes, char *out);

/** Reads exactly 2*len hex digits. Errors: FORMAT. */
enum tatu_err tatu_base_decode_hex(const char *text, size_t text_len, uint8_t *out, size_t len);

#endif
