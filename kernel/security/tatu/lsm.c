// SPDX-License-Identifier: GPL-2.0
/*
 * The module itself, and what it refuses one task towards another and towards
 * the system. Source: docs/protocol/credential.md.
 */
#include <linux/capability.h>
#include <linux/in.h>
#include <linux/magic.h>
#include <linux/net.h>
#include <linux/ptrace.h>
#include <linux/security.h>
#include <net/sock.h>

#include "tatu.h"

#define MDNS_PORT 5353

const struct lsm_id tatu_id = {
	.name = "tatu",
	.id = 0x74617475,
};

struct lsm_blob_sizes tatu_blobs __ro_after_init = {
	.lbs_cred = sizeof(struct tatu_credential),
	.lbs_bdev = sizeof(struct tatu_bdev),
};

static bool is_same_component(const struct cred *a, const struct cred *b)
{
	return !memcmp(tatu_credential(a)->told.component,
		       tatu_credential(b)->told.component,
		       TATU_LSM_COMPONENT_LEN);
}

/*
 * Nobody drives another process. An application sees no more of a process of
 * another's than that it is there.
 */
static int task_look(struct task_struct *child, unsigned int mode)
{
	bool is_other;

	if (mode & PTRACE_MODE_ATTACH)
		return -EPERM;
	rcu_read_lock();
	is_other = tatu_is_component(current_cred()) &&
		   !is_same_component(current_cred(), __task_cred(child));
	rcu_read_unlock();
	return is_other ? -EPERM : 0;
}

static int task_be_traced(struct task_struct *parent)
{
	return -EPERM;
}

static int task_group(struct task_struct *p, pid_t pgid)
{
	return tatu_is_component(current_cred()) &&
			       !tatu_credential(current_cred())->told.job_control ?
		       -ENOSYS :
		       0;
}

static int task_namespace(const struct cred *cred)
{
	return tatu_is_component(cred) ? -EPERM : 0;
}

/* mDNS is the network service's. The port has the same place in both addresses. */
static int socket_name(struct socket *sock, struct sockaddr *address, int len)
{
	const struct sockaddr_in *in = (const struct sockaddr_in *)address;
	struct sock *sk = sock->sk;

	if ((sk->sk_family != AF_INET && sk->sk_family != AF_INET6) ||
	    sk->sk_type != SOCK_DGRAM || len < offsetofend(typeof(*in), sin_port))
		return 0;
	return in->sin_port != htons(MDNS_PORT) || capable(CAP_NET_ADMIN) ?
		       0 :
		       -EACCES;
}

static bool is_named(const struct dentry *dentry, const char *name)
{
	return !strcmp(dentry->d_name.name, name);
}

/* Nothing in proc is ever moved: its names and folders stay. */
static bool is_of_net(const struct dentry *dentry)
{
	while (!IS_ROOT(dentry) && !is_named(dentry, "net"))
		dentry = dentry->d_parent;
	return !IS_ROOT(dentry);
}

/*
 * Memory is written by its owner's own instructions: /proc/PID/mem is to read.
 * /proc/PID/net tells of everybody's connections: applications are in one
 * network namespace.
 */
static int file_opened(struct file *file)
{
	const struct dentry *dentry = file_dentry(file);

	if (dentry->d_sb->s_magic != PROC_SUPER_MAGIC)
		return 0;
	if ((file->f_mode & FMODE_WRITE) && is_named(dentry, "mem"))
		return -EACCES;
	return tatu_is_component(current_cred()) && is_of_net(dentry) ?
		       -EACCES :
		       0;
}

static struct security_hook_list hooks[] __ro_after_init = {
	LSM_HOOK_INIT(ptrace_access_check, task_look),
	LSM_HOOK_INIT(ptrace_traceme, task_be_traced),
	LSM_HOOK_INIT(task_setpgid, task_group),
	LSM_HOOK_INIT(userns_create, task_namespace),
	LSM_HOOK_INIT(socket_bind, socket_name),
	LSM_HOOK_INIT(file_open, file_opened),
};

static int __init tatu_init(void)
{
	security_add_hooks(hooks, ARRAY_SIZE(hooks), &tatu_id);
	tatu_init_credential();
	tatu_init_code();
	return 0;
}

DEFINE_LSM(tatu) = {
	.name = "tatu",
	.init = tatu_init,
	.blobs = &tatu_blobs,
};
