/*
 * SPDX-License-Identifier: GPL-2.0-only
 * Power that goes in the middle of a flash operation: of the bits that the operation would change
 * some have changed and some have not. The same number and seed give the same bits again.
 */
#ifndef TATU_CUT_H
#define TATU_CUT_H

#define TATU_CUT_EXIT_STATUS 75

typedef struct TatuCut {
    uint64_t at; /* operation that is cut, the first is 1; 0: none */
    uint64_t seed;
    uint64_t done; /* operations so far */
} TatuCut;

/**
 * Counts one operation, which is to bring `len` cells to `target`. If it is the one to be cut, a
 * part of it happens and the process ends: no return.
 */
void tatu_cut_step(TatuCut *cut, uint8_t *cells, const uint8_t *target, uint32_t len);

#endif
