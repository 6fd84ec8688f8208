/* What the numbers mean that a device answers: category << 20 | code. */
#ifndef DEVICE_ERRORS_H
#define DEVICE_ERRORS_H

#include "base/base.h"

struct tatu_cli_device_error {
    uint16_t category;
    uint16_t code;
    const char *name; /* the original's */
    const char *text; /* our own words */
};

extern const struct tatu_cli_device_error tatu_cli_device_errors[];
extern const size_t tatu_cli_device_error_count;

/** The row of a number, NULL for one that nobody knows. */
const struct tatu_cli_device_error *tatu_cli_find_device_error(uint32_t number);

#endif
