#include "service/crypto/crypto.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>

static void require(int good, const char *what)
{
    if (good != 1) {
        (void)fprintf(stderr, "cannot go on: %s failed\n", what);
        abort();
    }
}

void tatu_crypto_random(uint8_t *out, size_t len)
{
    require(RAND_bytes(out, (int)len), "the random source");
}

void tatu_crypto_sha256_parts(const struct tatu_span *parts, size_t count, uint8_t out[32])
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    require(context != NULL && EVP_DigestInit_ex(context, EVP_sha256(), NULL), "SHA-256");
    for (size_t i = 0; i < count; i++) {
        require(EVP_DigestUpdate(context, parts[i].data, parts[i].len), "SHA-256");
    }
    require(EVP_DigestFinal_ex(context, out, NULL), "SHA-256");
    EVP_MD_CTX_free(context);
}

void tatu_crypto_sha256(struct tatu_span bytes, uint8_t out[32])
{
    tatu_crypto_sha256_parts(&bytes, 1, out);
}

void tatu_crypto_sha1(struct tatu_span bytes, uint8_t out[20])
{
    require(EVP_Digest(bytes.data, bytes.len, out, NULL, EVP_sha1(), NULL), "SHA-1");
}
