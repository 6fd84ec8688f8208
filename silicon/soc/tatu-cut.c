/*
 * SPDX-License-Identifier: GPL-2.0-only
 * Power that goes in the middle of a flash operation.
 */
#include "qemu/osdep.h"

#include "qemu/error-report.h"
#include "tatu-cut.h"

#define WORD_SIZE 4

/* How far an operation came. */
enum shape {
    SHAPE_BITS,  /* each bit or not */
    SHAPE_FEW,   /* one bit in eight */
    SHAPE_MOST,  /* seven bits in eight */
    SHAPE_WORDS, /* each word whole or not at all */
    SHAPE_UP_TO, /* whole up to a byte, half there, nothing behind */
    SHAPE_NOTHING,
    SHAPE_COUNT,
};

/* splitmix64 */
static uint64_t draw(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* Which bits of byte `i` have arrived. `random` is new for each byte, `word` for each word. */
static uint8_t arrived(enum shape shape, uint64_t random, uint64_t word, uint32_t i, uint32_t edge)
{
    uint8_t a = random, b = random >> 8, c = random >> 16;

    switch (shape) {
    case SHAPE_BITS:
        return a;
    case SHAPE_FEW:
        return a & b & c;
    case SHAPE_MOST:
        return a | b | c;
    case SHAPE_WORDS:
        return (word & 1) ? 0xff : 0;
    case SHAPE_UP_TO:
        return i < edge ? 0xff : i == edge ? a : 0;
    default:
        return 0;
    }
}

static void do_in_part(const TatuCut *cut, uint8_t *cells, const uint8_t *target, uint32_t len)
{
    uint64_t state = cut->seed + cut->at * UINT64_C(0xd1342543de82ef95);
    enum shape shape = draw(&state) % SHAPE_COUNT;
    uint32_t edge = draw(&state) % (len + 1);
    uint64_t word = 0;

    for (uint32_t i = 0; i < len; i++) {
        uint64_t random = draw(&state);
        uint8_t mask;

        if (i % WORD_SIZE == 0) {
            word = random >> 32;
        }
        mask = arrived(shape, random, word, i, edge);
        cells[i] = (cells[i] & ~mask) | (target[i] & mask);
    }
}

void tatu_cut_step(TatuCut *cut, uint8_t *cells, const uint8_t *target, uint32_t len)
{
    cut->done++;
    if (cut->done != cut->at) {
        return;
    }
    do_in_part(cut, cells, target, len);
    info_report("power cut in flash operation %" PRIu64, cut->at);
    _exit(TATU_CUT_EXIT_STATUS);
}
