/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TATU_RANDOM_H
#define TATU_RANDOM_H

/**
 * Fills from the host's random source. Not QEMU's guest source: -seed makes that one predictable.
 * When the host cannot deliver the chip stops.
 */
void tatu_random(uint8_t *out, size_t len);

#endif
