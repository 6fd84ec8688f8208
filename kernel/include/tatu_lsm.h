/* SPDX-License-Identifier: GPL-2.0 */
/* What the security module tells the rest of the kernel. */
#ifndef _LINUX_TATU_LSM_H
#define _LINUX_TATU_LSM_H

#include <uapi/linux/tatu_lsm.h>

/* TATU_SM_RIGHT_*: what the running task may ask the security monitor for. */
u32 tatu_rights(void);

#endif
