/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * The credential of a task: what /proc/self/attr/exec reads and takes.
 * Source: docs/protocol/credential.md.
 */
#ifndef _UAPI_LINUX_TATU_LSM_H
#define _UAPI_LINUX_TATU_LSM_H

#include <linux/types.h>

#define TATU_LSM_COMPONENT_LEN 16
#define TATU_LSM_TENANT_LEN 64
/* GUID, space, tenant, space, eight digits, end */
#define TATU_LSM_TEXT_MAX (36 + 1 + TATU_LSM_TENANT_LEN + 1 + 8 + 1)

/**
 * struct tatu_lsm_credential - 88 bytes, little-endian
 * @component: id of the component; zero: a process of the system
 * @tenant: its tenant's GUID as text, padded with zeros; or nothing
 * @is_app_man: 1: may write credentials; never written
 * @job_control: 1: may change process groups
 * @pad: 0
 * @capabilities: TATU_SM_RIGHT_* of tatu_sm.h
 */
struct tatu_lsm_credential {
	__u8 component[TATU_LSM_COMPONENT_LEN];
	char tenant[TATU_LSM_TENANT_LEN];
	__u8 is_app_man;
	__u8 job_control;
	__u8 pad[2];
	__le32 capabilities;
};

#endif
