/*
 * SPDX-License-Identifier: GPL-2.0-only
 * A small record on disk that is always either the old or the new one, whatever dies when.
 * File: two banks; each header, payload, SHA-256 of both. Bytes: docs/chip/fuses.md.
 */
#ifndef TATU_STORE_H
#define TATU_STORE_H

#define TATU_STORE_PAYLOAD_MAX 8128

typedef struct TatuStore {
    int fd;
    char *path;
    uint64_t sequence; /* of the newest good bank */
} TatuStore;

/**
 * Opens the file, locks it against a second chip and reads its newest good bank.
 *
 * create   make the file, all zero, when it is absent
 * payload  `len` bytes, filled on success
 */
bool tatu_store_open(TatuStore *store, const char *path, bool create, uint8_t *payload, size_t len,
                     Error **errp);

/** Writes the other bank and waits for the disk. When that fails the chip stops: no return. */
void tatu_store_commit(TatuStore *store, const uint8_t *payload, size_t len);

#endif
