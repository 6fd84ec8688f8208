/*
 * Recovery: over a serial line the device asks for images and the host answers, which keeps no
 * state. Used by mask ROM, vault runtime, recovery program and CLI.
 *   frame  a byte 0, COBS( u16 kind, u16 len, payload, u32 CRC-32 of all before it ), a byte 0
 * All integers little-endian. What is no good frame is dropped; the asker repeats.
 * Source: docs/protocol/recovery.md.
 */
#ifndef TATU_PROTO_RECOVERY_H
#define TATU_PROTO_RECOVERY_H

#include "base/base.h"

#define TATU_RECOVERY_VERSION 1u
#define TATU_RECOVERY_PAYLOAD_MAX 1040u
#define TATU_RECOVERY_READ_MAX 1024u
/* kind, len, CRC; a byte of COBS for each 254; both zeros */
#define TATU_RECOVERY_FRAME_MAX (TATU_RECOVERY_PAYLOAD_MAX + 8u + 5u + 2u)
#define TATU_RECOVERY_REPEAT_MS 1000u /* without an answer the asker says it again */

enum tatu_recovery_kind {
    /* device to host */
    TATU_RECOVERY_HELLO = 1,    /* u32 version, u8 stage, 3 x 0, u32 last error */
    TATU_RECOVERY_READ = 2,     /* u16 image type, u16 max, u32 offset */
    TATU_RECOVERY_PROGRESS = 3, /* u16 image type, u16 0, u32 done, u32 total */
    TATU_RECOVERY_DONE = 4,     /* u32 error */
    /* host to device */
    TATU_RECOVERY_DATA = 0x82,   /* u16 image type, u16 0, u32 total, u32 offset, bytes */
    TATU_RECOVERY_REFUSE = 0x83, /* u16 image type, u16 0, u32 error */
};

enum tatu_recovery_stage {
    TATU_RECOVERY_STAGE_ROM = 1,
    TATU_RECOVERY_STAGE_RUNTIME = 2,
    TATU_RECOVERY_STAGE_PROGRAM = 3,
};

/** Any message; a kind uses the fields that its layout names, the others are 0. */
struct tatu_recovery_message {
    uint16_t kind;
    uint16_t image_type;
    uint32_t version;       /* HELLO */
    uint8_t stage;          /* HELLO */
    uint16_t max;           /* READ: 1..TATU_RECOVERY_READ_MAX */
    uint32_t err;           /* HELLO, DONE, REFUSE */
    uint32_t offset;        /* READ, DATA */
    uint32_t done;          /* PROGRESS */
    uint32_t total;         /* PROGRESS, DATA: bytes of the whole image */
    struct tatu_span bytes; /* DATA: 1..TATU_RECOVERY_READ_MAX */
};

/** Appends the frame, with its zeros. Errors: ARGUMENT for what no receiver would take, FULL. */
enum tatu_err tatu_proto_encode_recovery(const struct tatu_recovery_message *message,
                                         struct tatu_buf *out);

/**
 * Opens a frame.
 *
 * frame   the bytes between two zeros; hostile; changed in place
 * out     bytes points into frame
 *
 * Errors  SHORT, LONG (more than a frame can have); FORMAT (COBS, kind, lengths, a field outside of
 *         its range); DIGEST (CRC)
 */
enum tatu_err tatu_proto_decode_recovery(struct tatu_buf frame, struct tatu_recovery_message *out);

/** What came over the line since the last 0. Starts as zeros. */
struct tatu_recovery_line {
    size_t len; /* at the end of the room no frame can be in it: all up to the next 0 is dropped */
    uint8_t bytes[TATU_RECOVERY_FRAME_MAX];
};

/** Takes a received byte. True when it ended a good frame; out->bytes then points into the line,
 *  until the next byte. */
bool tatu_proto_take_recovery(struct tatu_recovery_line *line, uint8_t byte,
                              struct tatu_recovery_message *out);

/** An image on its way to the asker, who has `offset` bytes of it. */
struct tatu_recovery_ask {
    uint16_t image_type;
    uint32_t len_max; /* a longer image has no room */
    uint32_t offset;
    uint32_t total; /* 0: the first answer tells */
};

/** The READ for the next bytes. */
struct tatu_recovery_message tatu_proto_next_recovery(const struct tatu_recovery_ask *ask);

/**
 * Takes a message that came while the READ of tatu_proto_next_recovery stood.
 *
 * ask        moves on by what came; whole when offset == total
 * out_bytes  the bytes that belong at the old offset
 *
 * Errors     STATE   it does not answer this READ: drop it and wait on
 *            LONG    the image has no room
 *            FORMAT  the image is not the one it was before: its length changed
 *            REJECTED  the host has no such image
 */
enum tatu_err tatu_proto_match_recovery(struct tatu_recovery_ask *ask,
                                        const struct tatu_recovery_message *message,
                                        struct tatu_span *out_bytes);

/* Recovery manifest: body of an image of type 26.
 *   u32 version 1, u32 count, count x { u16 image type, u16 0, u32 len, digest[32] }
 * It names each image of an OS set once, in rising order of types. digest is SHA-256 of the whole
 * package, len its bytes. */
#define TATU_RECOVERY_MANIFEST_VERSION 1u
#define TATU_RECOVERY_PART_COUNT 6u /* types 2, 4, 6, 7, 8, 19 */
#define TATU_RECOVERY_PART_SIZE 40u
#define TATU_RECOVERY_MANIFEST_SIZE (8u + TATU_RECOVERY_PART_COUNT * TATU_RECOVERY_PART_SIZE)

struct tatu_recovery_part {
    uint16_t image_type;
    uint32_t len;
    uint8_t digest[32];
};

struct tatu_recovery_manifest {
    struct tatu_recovery_part parts[TATU_RECOVERY_PART_COUNT];
};

/** Errors: SHORT, LONG, VERSION, FORMAT (a type missing, twice, foreign or out of order; len 0 or
 *  over TATU_IMAGE_PACKAGE_MAX; a reserved field) / ARGUMENT for what decode would refuse, FULL. */
enum tatu_err tatu_proto_decode_recovery_manifest(struct tatu_span body,
                                                  struct tatu_recovery_manifest *out);
enum tatu_err tatu_proto_encode_recovery_manifest(const struct tatu_recovery_manifest *manifest,
                                                  struct tatu_buf *out);

#endif
