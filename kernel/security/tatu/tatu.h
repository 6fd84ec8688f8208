/* SPDX-License-Identifier: GPL-2.0 */
#ifndef TATU_LSM_H
#define TATU_LSM_H

#include <linux/cred.h>
#include <linux/init.h>
#include <linux/lsm_hooks.h>
#include <linux/tatu_lsm.h>

/* What a set of credentials is here. */
struct tatu_credential {
	struct tatu_lsm_credential told;
	bool is_kernel; /* of a kernel thread: becomes another at exec */
};

/* What is known of a block device. */
struct tatu_bdev {
	bool is_verity;
};

extern struct lsm_blob_sizes tatu_blobs;
extern const struct lsm_id tatu_id;

struct tatu_credential *tatu_credential(const struct cred *cred);

/* Whether this is a part of an application: a process of the system has no component. */
bool tatu_is_component(const struct cred *cred);

void __init tatu_init_credential(void);
void __init tatu_init_code(void);

#endif
