/* The device behind struct tatu_os_monitor. */
#ifndef TATU_OS_LIB_DEVICE_H
#define TATU_OS_LIB_DEVICE_H

#include "os/lib/sm.h"

/** One call through the descriptor. Errors: as tatu_os_open_monitor's calls. */
enum tatu_err tatu_os_call_device(int fd, uint32_t number, struct tatu_span in,
                                  struct tatu_buf *out);

#endif
