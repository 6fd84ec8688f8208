/*
 * Fab port: the vault ROM, while its lifecycle is Blank, takes one request on its fab UART, makes
 * the device's keys, burns and locks the fuses and answers with the public keys. Both frames:
 *   u32 magic "TFAB", u32 payload length, payload, u32 CRC-32 of the payload. Little-endian.
 * Source: docs/protocol/fab.md.
 */
#ifndef TATU_PROTO_FAB_H
#define TATU_PROTO_FAB_H

#include "base/base.h"

#define TATU_FAB_MAGIC 0x42414654u
#define TATU_FAB_REQUEST_SIZE 164u /* payload */
#define TATU_FAB_ANSWER_SIZE 132u  /* payload */
#define TATU_FAB_FRAME_OVERHEAD 12u

struct tatu_fab_request {
    uint32_t board_class; /* TATU_FUSE_CLASS bits */
    uint8_t implementation[32];
    uint8_t root_hash[4][32]; /* zero: unused */
};
struct tatu_fab_answer {
    uint32_t status; /* enum tatu_err */
    uint8_t identity[64];
    uint8_t attestation[64];
};

/** Whole frames. Errors: SHORT, LONG, FORMAT (magic, length), DIGEST (CRC) / FULL. */
enum tatu_err tatu_proto_decode_fab_request(struct tatu_span frame, struct tatu_fab_request *out);
enum tatu_err tatu_proto_encode_fab_request(const struct tatu_fab_request *r, struct tatu_buf *out);
enum tatu_err tatu_proto_decode_fab_answer(struct tatu_span frame, struct tatu_fab_answer *out);
enum tatu_err tatu_proto_encode_fab_answer(const struct tatu_fab_answer *a, struct tatu_buf *out);

#endif
