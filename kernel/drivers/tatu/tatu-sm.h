/* SPDX-License-Identifier: GPL-2.0 */
/* Calls of the security monitor that the kernel makes for itself. */
#ifndef TATU_SM_H
#define TATU_SM_H

#include <linux/types.h>

/**
 * tatu_sm_call_store - erases or writes in the store
 * @call: TATU_SM_STORE_ERASE or TATU_SM_STORE_WRITE
 * @offset: in the store; of a write any
 * @bytes: what to write; ones are put around it to make whole words
 * @len: of @bytes, at most TATU_SM_STORE_WRITE_MAX; 0 when erasing
 *
 * Return: 0, -ENODEV without a monitor (yet), -EIO when it refused.
 */
int tatu_sm_call_store(u32 call, u32 offset, const u8 *bytes, u32 len);

bool tatu_sm_is_there(void);

#endif
