/* A question about flash that several parts ask; more of them: monitor/hardware.h. */
#ifndef TATU_MONITOR_FLASH_H
#define TATU_MONITOR_FLASH_H

#include "monitor/hardware.h"

/** Whether all bits of the range are ones. Errors: ARGUMENT, IO. */
enum tatu_err tatu_monitor_check_blank(struct tatu_monitor_chip *chip, uint32_t at, uint32_t len,
                                       bool *out_blank);

#endif
