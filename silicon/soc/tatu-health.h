/*
 * SPDX-License-Identifier: GPL-2.0-only
 * Health tests of a noise source, SP 800-90B §4.4, for samples of 8 bits that hold at least 4 bits
 * of entropy, each with one false alarm in 2^30.
 */
#ifndef TATU_HEALTH_H
#define TATU_HEALTH_H

#include <stdbool.h>
#include <stdint.h>

#define TATU_HEALTH_STARTUP 1024  /* samples that are tested and thrown away after a reset */
#define TATU_HEALTH_REPETITIONS 9 /* 1 + 30 / 4 */
#define TATU_HEALTH_WINDOW 512    /* samples */
#define TATU_HEALTH_PROPORTION 71 /* 1 + critical value of the binomial (512, 1/16) at 1 - 2^-30   \
                                   */
#define TATU_HEALTH_BITS_PER_SAMPLE 4

typedef struct TatuHealth {
    uint8_t last, first; /* of the run, of the window */
    uint32_t run, seen, same;
} TatuHealth;

/** Zeroed is the state to begin with. False: this sample fails one of the tests. */
bool tatu_health_feed(TatuHealth *health, uint8_t sample);

#endif
