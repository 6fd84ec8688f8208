/*
 * SPDX-License-Identifier: GPL-2.0-only
 * LMS signatures on byte strings; mbedTLS stays behind this header.
 */
#ifndef TATU_LMS_H
#define TATU_LMS_H

#include <stdbool.h>
#include <stdint.h>

#define TATU_LMS_PUBLIC 56      /* RFC 8554 §5.3 */
#define TATU_LMS_SIGNATURE 1452 /* RFC 8554 §5.4, of the two parameter sets below */

/** LMS_SHA256_M32_H10 with LMOTS_SHA256_N32_W8 over a digest; false for any other parameter set. */
bool tatu_lms_verify(const uint8_t public[TATU_LMS_PUBLIC], const uint8_t digest[32],
                     const uint8_t signature[TATU_LMS_SIGNATURE]);

#endif
