/*
 * SPDX-License-Identifier: GPL-2.0-only
 * The DRBG and the health tests alone, for test_random.py: lines of hex on standard input.
 *   i HEX   instantiates, personalization "tatu-1"     r HEX   reseeds     g N   prints N bytes
 *   h HEX   feeds samples to fresh health tests; prints how many it took before one failed
 */
#include "tatu-drbg.h"
#include "tatu-health.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t read_hex(const char *text, unsigned char *out)
{
    size_t n = 0;

    for (; sscanf(text, "%2hhx", &out[n]) == 1; text += 2) {
        n++;
    }
    return n;
}

static void generate(TatuDrbg *drbg, size_t n, unsigned char *out)
{
    tatu_drbg_generate(drbg, out, n);
    for (size_t i = 0; i < n; i++) {
        printf("%02x", out[i]);
    }
    printf("\n");
}

static void feed(const unsigned char *samples, size_t count)
{
    TatuHealth health = {0};
    size_t n = 0;

    while (n < count && tatu_health_feed(&health, samples[n])) {
        n++;
    }
    printf("%zu\n", n);
}

int main(void)
{
    static char line[1 << 17];
    static unsigned char bytes[1 << 16];
    TatuDrbg drbg;

    while (fgets(line, sizeof(line), stdin) != NULL) {
        size_t len = line[0] == 'g' ? strtoul(line + 2, NULL, 10) : read_hex(line + 2, bytes);

        switch (line[0]) {
        case 'i':
            tatu_drbg_instantiate(&drbg, bytes, len, "tatu-1");
            break;
        case 'r':
            tatu_drbg_reseed(&drbg, bytes, len);
            break;
        case 'g':
            generate(&drbg, len, bytes);
            break;
        default:
            feed(bytes, len);
        }
    }
    return 0;
}
