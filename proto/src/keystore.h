/* What reader and writer of the keystore share. */
#ifndef TATU_PROTO_SRC_KEYSTORE_H
#define TATU_PROTO_SRC_KEYSTORE_H

#include "bytes.h"
#include "proto/image.h"

/* Sizes of the parts: head up to the keys, one key, everything after the keys but the host */
#define HEAD_SIZE 132u
#define KEY_SIZE 128u
#define TAIL_SIZE 198u
#define VERSION 2u

static inline size_t host_len(const struct tatu_keystore *keystore)
{
    size_t len = 0;
    while (len < sizeof(keystore->host) && keystore->host[len] != '\0') {
        len++;
    }
    return len;
}

/** What the encoder refuses and the decoder too. */
bool tatu_keystore_is_sound(const struct tatu_keystore *keystore);

#endif
