/*
 * SPDX-License-Identifier: GPL-2.0-only
 * HMAC_DRBG. No QEMU in it: the tests run it alone.
 */
#include "tatu-drbg.h"

#include <nettle/hmac.h>
#include <string.h>

typedef struct Piece {
    const void *bytes;
    size_t len;
} Piece;

/* out = HMAC(K, V || pieces) */
static void mac(const TatuDrbg *s, const Piece *pieces, size_t count, uint8_t out[TATU_DRBG_SIZE])
{
    struct hmac_sha256_ctx context;

    hmac_sha256_set_key(&context, TATU_DRBG_SIZE, s->k);
    hmac_sha256_update(&context, TATU_DRBG_SIZE, s->v);
    for (size_t i = 0; i < count; i++) {
        hmac_sha256_update(&context, pieces[i].len, pieces[i].bytes);
    }
    hmac_sha256_digest(&context, TATU_DRBG_SIZE, out);
    explicit_bzero(&context, sizeof(context));
}

static void update(TatuDrbg *s, Piece first, Piece second)
{
    uint8_t rounds = first.len + second.len > 0 ? 2 : 1;

    for (uint8_t round = 0; round < rounds; round++) {
        Piece pieces[] = {{&round, 1}, first, second};

        mac(s, pieces, 3, s->k);
        mac(s, NULL, 0, s->v);
    }
}

void tatu_drbg_instantiate(TatuDrbg *s, const uint8_t *entropy, size_t len,
                           const char *personalization)
{
    memset(s->k, 0, sizeof(s->k));
    memset(s->v, 1, sizeof(s->v));
    update(s, (Piece){entropy, len}, (Piece){personalization, strlen(personalization)});
    s->requests = 0;
}

void tatu_drbg_reseed(TatuDrbg *s, const uint8_t *entropy, size_t len)
{
    update(s, (Piece){entropy, len}, (Piece){"", 0});
    s->requests = 0;
}

void tatu_drbg_generate(TatuDrbg *s, uint8_t *out, size_t len)
{
    while (len > 0) {
        size_t n = len < TATU_DRBG_SIZE ? len : TATU_DRBG_SIZE;

        mac(s, NULL, 0, s->v);
        memcpy(out, s->v, n);
        out += n;
        len -= n;
    }
    update(s, (Piece){"", 0}, (Piece){"", 0});
    s->requests++;
}
