/*
 * SPDX-License-Identifier: GPL-2.0-only
 * The chip's random numbers: a noise source with health tests, and the DRBG it seeds.
 */
#ifndef TATU_RANDOM_H
#define TATU_RANDOM_H

#include "hw/sysbus.h"
#include "qom/object.h"

#define TYPE_TATU_RANDOM "tatu-random"
OBJECT_DECLARE_SIMPLE_TYPE(TatuRandom, TATU_RANDOM)

/**
 * Random bytes, fit for keys. False: the noise source failed a test since the last reset; out is
 * zero then. When the host cannot deliver noise at all the chip stops.
 */
bool G_GNUC_WARN_UNUSED_RESULT tatu_random(TatuRandom *random, uint8_t *out, size_t len);

/** True: there is nothing random until reset. */
bool tatu_random_has_failed(const TatuRandom *random);

/** True when the noise source was told to fail: for a test. */
bool tatu_random_is_faulty(void);

#endif
