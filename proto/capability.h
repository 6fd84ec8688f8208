/*
 * Capabilities: what an owner opens on one device, and the file that says so. The file is the body
 * of an image of type 13, signed by the owner anchor; layout and numbers are Azure Sphere's.
 *   u32 magic 0x5cfd5cfd, u32 version 1, u32 bytes that follow (204), device id[64],
 *   70 x u16 number: at least one, rising; zero from the last one on
 * A set of capabilities is a word in which bit n stands for number n.
 * Source: docs/protocol/mailbox.md §4.
 */
#ifndef TATU_PROTO_CAPABILITY_H
#define TATU_PROTO_CAPABILITY_H

#include "base/base.h"

#define TATU_CAPABILITY_MAGIC 0x5cfd5cfdu
#define TATU_CAPABILITY_SIZE 216u

enum tatu_capability {
    TATU_CAPABILITY_TEST_KEY = 1, /* applications signed by the original's test key run */
    TATU_CAPABILITY_DEBUG_VAULT = 2,
    TATU_CAPABILITY_DEBUG_ACORE = 3,
    TATU_CAPABILITY_DEBUG_WIFI = 4, /* no such hardware */
    TATU_CAPABILITY_GDB_ACORE = 5,
    TATU_CAPABILITY_DEBUG_RT0 = 6,
    TATU_CAPABILITY_DEBUG_RT1 = 7,
    TATU_CAPABILITY_CONSOLE = 8,
    TATU_CAPABILITY_SLT_LOADER = 9, /* no such thing here */
    TATU_CAPABILITY_SYSTEM_DEVELOPMENT = 10,
    TATU_CAPABILITY_APP_DEVELOPMENT = 11,
    TATU_CAPABILITY_RF_TEST = 12, /* no such hardware */
    TATU_CAPABILITY_FIELD_SERVICING = 13,
};
#define TATU_CAPABILITY_BIT(number) (UINT32_C(1) << (number))
#define TATU_CAPABILITY_ALL 0x3ffeu /* 1..13 */

/**
 * Reads the body of a capability file.
 *
 * device_id       64 bytes, whose file it must be
 * out             the set it opens; untouched on failure
 *
 * Errors of decode  SHORT, LONG  not TATU_CAPABILITY_SIZE bytes
 *                   VERSION
 *                   FORMAT       magic, inner length, no number, numbers that do not rise
 *                   FOREIGN      another device's
 *                   CAPABILITY   a number over 13
 * Of encode         ARGUMENT     an empty set, or one with a number that does not exist; FULL
 */
enum tatu_err tatu_proto_decode_capability(struct tatu_span body, const uint8_t device_id[64],
                                           uint32_t *out_set);
enum tatu_err tatu_proto_encode_capability(uint32_t set, const uint8_t device_id[64],
                                           struct tatu_buf *out);

#endif
