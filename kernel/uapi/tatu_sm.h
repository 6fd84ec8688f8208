/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * /dev/security-monitor: one call of the Security Monitor per ioctl.
 */
#ifndef _UAPI_LINUX_TATU_SM_H
#define _UAPI_LINUX_TATU_SM_H

#include <linux/ioctl.h>
#include <linux/types.h>

/* What the driver itself says to the monitor and the vault (proto/smc.h, proto/mailbox.h). */
#define TATU_SM_HEADER_SIZE 8
#define TATU_SM_FUNCTION 0x83000001
#define TATU_SM_GET_BOOT 1
#define TATU_SM_VAULT 2
#define TATU_SM_STORE_ERASE 25
#define TATU_SM_STORE_WRITE 26
#define TATU_SM_STORE_WRITE_MAX 4080
#define TATU_SM_VAULT_RANDOM 23
#define TATU_SM_VAULT_RANDOM_MAX 64

/* Rights of a caller; what they are for is in proto/smc.h. */
#define TATU_SM_RIGHT_UPDATE 0x001
#define TATU_SM_RIGHT_QUERY 0x002
#define TATU_SM_RIGHT_SECURITY 0x004
#define TATU_SM_RIGHT_STORAGE 0x010
#define TATU_SM_RIGHT_ATTEST 0x020
#define TATU_SM_RIGHT_PERIPHERAL 0x080
#define TATU_SM_RIGHT_RECORD 0x100
#define TATU_SM_RIGHT_RECORDS 0x200
#define TATU_SM_RIGHT_POWER 0x400
#define TATU_SM_RIGHT_RANDOM 0x800
#define TATU_SM_RIGHT_ALL 0xfb7

/* Bytes of arguments at most (the header takes 8 of the page), and of answer. */
#define TATU_SM_IN_MAX 4088
#define TATU_SM_OUT_MAX 4096

/**
 * struct tatu_sm_call - one call and its answer
 * @call: number of the call
 * @in_len: bytes of arguments at @in
 * @in: address of the arguments
 * @out_cap: room at @out
 * @out_len: filled in: bytes of answer written to @out
 * @out: address for the answer
 * @err: filled in: the monitor's result, 0 is success
 * @pad: 0
 *
 * The ioctl fails, and the fields to be filled in stay, with
 * EFAULT for an address that is not there, EINVAL for lengths over the limits
 * or @pad not 0, EPERM for a call that is the kernel's own, EINTR when a signal came before the monitor was called,
 * EMSGSIZE when the answer does not fit (the call was done),
 * EIO when the monitor answers outside of its contract.
 */
struct tatu_sm_call {
	__u32 call;
	__u32 in_len;
	__u64 in;
	__u32 out_cap;
	__u32 out_len;
	__u64 out;
	__u32 err;
	__u32 pad;
};

#define TATU_SM_CALL _IOWR('T', 1, struct tatu_sm_call)

#endif
