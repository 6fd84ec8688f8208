/* Goes through p256.txt with a verifier; for tests. SIGNATURES is the file's path. */
#ifndef TATU_TEST_SIGNATURES_P256_H
#define TATU_TEST_SIGNATURES_P256_H

#include "base/base.h"

#include <stdio.h>
#include <string.h>

/** Prints what it disagrees with; returns how often, and in out_rows how many rows there were. */
static inline unsigned tatu_try_p256(enum tatu_err (*verify)(const uint8_t key[64],
                                                             const uint8_t digest[32],
                                                             const uint8_t signature[64]),
                                     unsigned *out_rows)
{
    char verdict[8], key[129], digest[65], signature[129], reason[128];
    uint8_t k[64], d[32], s[64];
    unsigned rows = 0, wrong = 0;
    FILE *file = fopen(SIGNATURES, "r");
    while (file != NULL && fscanf(file, "%7s %128s %64s %128s %127[^\n]", verdict, key, digest,
                                  signature, reason) == 5) {
        bool read = tatu_base_decode_hex(key, strlen(key), k, 64) == TATU_OK &&
                    tatu_base_decode_hex(digest, strlen(digest), d, 32) == TATU_OK &&
                    tatu_base_decode_hex(signature, strlen(signature), s, 64) == TATU_OK;
        bool accepted = read && verify(k, d, s) == TATU_OK;
        if (!read || (strcmp(verdict, "either") != 0 && accepted != (verdict[0] == 'g'))) {
            (void)printf("%s: should be %s\n", reason, verdict);
            wrong++;
        }
        rows++;
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    *out_rows = rows;
    return wrong;
}

#endif
