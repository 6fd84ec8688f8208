/* Two questions about flash that several parts ask. */
#ifndef TATU_MONITOR_FLASH_H
#define TATU_MONITOR_FLASH_H

#include "base/base.h"

struct tatu_monitor_chip;

/** Whether all bits of the range are ones. Errors: ARGUMENT, IO. */
enum tatu_err tatu_monitor_check_blank(struct tatu_monitor_chip *chip, uint32_t at, uint32_t len,
                                       bool *out_blank);

/** Erases the sector at `at` unless it is blank already. Errors: ARGUMENT, IO. */
enum tatu_err tatu_monitor_make_blank(struct tatu_monitor_chip *chip, uint32_t at);

/**
 * Length of the package in a slot, from the slot's footer.
 *
 * Errors    NOT_FOUND the slot is empty; FORMAT the footer is damaged or its length does not fit
 */
enum tatu_err tatu_monitor_read_footer(struct tatu_monitor_chip *chip, uint32_t slot_at,
                                       uint32_t slot_size, uint32_t *out_len);

#endif
