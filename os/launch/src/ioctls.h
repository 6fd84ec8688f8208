/* What an application may ask a descriptor by ioctl(), for the filter of system calls. */
#ifndef TATU_LAUNCH_IOCTLS_H
#define TATU_LAUNCH_IOCTLS_H

#include <linux/ioctl.h>

#include "base/base.h"

/** The bits of a number that are looked at: without its size, since of SPI's messages each number
 * of them is another. */
#define TATU_LAUNCH_IOCTL_MASK (~((uint32_t)_IOC_SIZEMASK << _IOC_SIZESHIFT))
#define TATU_LAUNCH_IOCTL_COUNT 42u
extern const uint32_t tatu_launch_ioctls[TATU_LAUNCH_IOCTL_COUNT];

#endif
