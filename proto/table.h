/*
 * Image table: which OS set is preferred and which applications are installed. Two copies, one
 * sector each. Written by the monitor only. For the vault's ROM it is a hint (CRC-32, the higher
 * sequence); the monitor believes a copy only when this chip's vault has made its MAC and its
 * sequence is the vault's storage counter: not one of another board, not an older one of this.
 *   u32 magic, u8 preferred set, u8 count of applications, u16 0, u64 sequence,
 *   16 x { image id[16], u32 offset, u32 len }, mac[32] over all before it, u32 CRC-32
 * Source: docs/protocol/memory-map.md §5.
 */
#ifndef TATU_PROTO_TABLE_H
#define TATU_PROTO_TABLE_H

#include "base/base.h"

#define TATU_TABLE_MAGIC 0x32425454u /* "TTB2" */
#define TATU_TABLE_APP_MAX 16u
#define TATU_TABLE_APP_SIZE 24u
#define TATU_TABLE_MAC_SIZE 32u
/* What the MAC covers ends here. */
#define TATU_TABLE_MAC_AT (16u + TATU_TABLE_APP_MAX * TATU_TABLE_APP_SIZE)
#define TATU_TABLE_SIZE (TATU_TABLE_MAC_AT + TATU_TABLE_MAC_SIZE + 4u)

struct tatu_table_app {
    uint8_t image[16];
    uint32_t offset; /* in flash, sector aligned */
    uint32_t len;    /* bytes of the package; 0 = unused entry */
};

struct tatu_table {
    uint64_t sequence;     /* the vault's storage counter once this copy counts */
    uint8_t preferred_set; /* 0 or 1 */
    uint8_t app_count;
    struct tatu_table_app apps[TATU_TABLE_APP_MAX];
    uint8_t mac[TATU_TABLE_MAC_SIZE]; /* TATU_VAULT_AUTHENTICATE, purpose 1 */
};

/**
 * in       a copy's sector, or at least its first TATU_TABLE_SIZE bytes; the rest is not looked at
 *
 * Errors   SHORT
 *          FORMAT  magic, CRC, a set out of range, an application outside APPS0 and APPS1, not at a
 *                  sector, overlapping another or of the same image; an unused entry not zero
 */
enum tatu_err tatu_proto_decode_table(struct tatu_span in, struct tatu_table *out);
/** Entries from app_count on are written as zero. Errors: ARGUMENT for what decode would refuse,
 * FULL. */
enum tatu_err tatu_proto_encode_table(const struct tatu_table *table, struct tatu_buf *out);

/** Which of two copies counts for the ROM: 0 (also when both are equally new), 1, or -1 when
 * neither is valid (and *out is untouched). The chosen one is in *out. */
int tatu_proto_choose_table(struct tatu_span copy0, struct tatu_span copy1, struct tatu_table *out);

#endif
