// SPDX-License-Identifier: GPL-2.0
/*
 * The credential: who a task is and what it may ask the security monitor for.
 * Process 1 writes it for each process that it starts, once; it is inherited
 * from then on. Source: docs/protocol/credential.md.
 */
#include <linux/binfmts.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/un.h>
#include <net/sock.h>

#include <uapi/linux/tatu_sm.h>

#include "tatu.h"

#define RIGHTS_OF_APP_MAN                                     \
	(TATU_SM_RIGHT_QUERY | TATU_SM_RIGHT_POWER |          \
	 TATU_SM_RIGHT_RECORD | TATU_SM_RIGHT_STORAGE)
#define RIGHTS_OF_HELPER TATU_SM_RIGHT_RECORD

static_assert(sizeof(struct tatu_lsm_credential) == 88);

struct tatu_credential *tatu_credential(const struct cred *cred)
{
	return cred->security + tatu_blobs.lbs_cred;
}

u32 tatu_rights(void)
{
	return le32_to_cpu(tatu_credential(current_cred())->told.capabilities);
}

bool tatu_is_component(const struct cred *cred)
{
	const struct tatu_lsm_credential *told = &tatu_credential(cred)->told;

	return memchr_inv(told->component, 0, sizeof(told->component)) != NULL;
}

/* ---- birth -------------------------------------------------------------- */

static int credential_prepare(struct cred *new, const struct cred *old,
			      gfp_t gfp)
{
	*tatu_credential(new) = *tatu_credential(old);
	return 0;
}

/*
 * A kernel thread that becomes a program is the first process, or a helper:
 * the kernel starts one program alone, the one that takes crashes.
 */
static int credential_for_exec(struct linux_binprm *bprm)
{
	struct tatu_credential *credential = tatu_credential(bprm->cred);
	bool is_first = is_global_init(current);

	if (!credential->is_kernel)
		return 0;
	memset(credential, 0, sizeof(*credential));
	credential->told.is_app_man = is_first;
	credential->told.capabilities =
		cpu_to_le32(is_first ? RIGHTS_OF_APP_MAN : RIGHTS_OF_HELPER);
	return 0;
}

/* ---- /proc/PID/attr ----------------------------------------------------- */

static bool is_tenant(const char *tenant)
{
	size_t len = strnlen(tenant, TATU_LSM_TENANT_LEN);

	return strspn(tenant, "0123456789abcdefABCDEF-") >= len &&
	       !memchr_inv(tenant + len, 0, TATU_LSM_TENANT_LEN - len);
}

static bool is_valid(const struct tatu_lsm_credential *told)
{
	return is_tenant(told->tenant) && !told->is_app_man &&
	       told->job_control <= 1 && !told->pad[0] && !told->pad[1] &&
	       !(le32_to_cpu(told->capabilities) & ~TATU_SM_RIGHT_ALL);
}

static int credential_set(const char *name, void *value, size_t size)
{
	struct tatu_lsm_credential told;
	struct cred *new;

	if (strcmp(name, "exec"))
		return -EINVAL;
	if (!tatu_credential(current_cred())->told.is_app_man)
		return -EPERM;
	if (size != sizeof(told))
		return -EINVAL;
	memcpy(&told, value, sizeof(told));
	if (!is_valid(&told))
		return -EINVAL;
	new = prepare_creds();
	if (!new)
		return -ENOMEM;
	tatu_credential(new)->told = told;
	commit_creds(new);
	return size;
}

/* Returns the length, without an end. */
static int put_text(const struct tatu_lsm_credential *told,
		    char text[TATU_LSM_TEXT_MAX])
{
	return scnprintf(text, TATU_LSM_TEXT_MAX, "%pUl %.*s %08x",
			 told->component, TATU_LSM_TENANT_LEN, told->tenant,
			 le32_to_cpu(told->capabilities));
}

static bool may_see(struct task_struct *task)
{
	return same_thread_group(task, current) ||
	       tatu_credential(current_cred())->told.is_app_man;
}

static int credential_get(struct task_struct *task, const char *name,
			  char **value)
{
	bool is_text = !strcmp(name, "current");
	struct tatu_lsm_credential *told;
	const struct cred *cred;
	int len = sizeof(*told);
	char *out;

	if (!is_text && strcmp(name, "exec"))
		return -EINVAL;
	if (!may_see(task))
		return -EACCES;
	out = kzalloc(max_t(size_t, len, TATU_LSM_TEXT_MAX), GFP_KERNEL);
	if (!out)
		return -ENOMEM;
	cred = get_task_cred(task);
	told = &tatu_credential(cred)->told;
	if (is_text)
		len = put_text(told, out);
	else
		memcpy(out, told, len);
	put_cred(cred);
	*value = out;
	return len;
}

/* ---- of whom a socket's other end is ------------------------------------ */

static int credential_of_peer(struct socket *sock, sockptr_t optval,
			      sockptr_t optlen, unsigned int room)
{
	char text[TATU_LSM_TEXT_MAX];
	struct sock *sk = sock->sk;
	const struct cred *cred;
	int len;

	if (sk->sk_family != AF_UNIX)
		return -ENOPROTOOPT;
	spin_lock(&sk->sk_peer_lock);
	cred = get_cred(sk->sk_peer_cred);
	spin_unlock(&sk->sk_peer_lock);
	if (!cred)
		return -ENOPROTOOPT;
	len = put_text(&tatu_credential(cred)->told, text);
	put_cred(cred);
	if (copy_to_sockptr(optlen, &len, sizeof(len)))
		return -EFAULT;
	if (len > room)
		return -ERANGE;
	return copy_to_sockptr(optval, text, len) ? -EFAULT : 0;
}

static struct security_hook_list hooks[] __ro_after_init = {
	LSM_HOOK_INIT(cred_prepare, credential_prepare),
	LSM_HOOK_INIT(bprm_creds_for_exec, credential_for_exec),
	LSM_HOOK_INIT(setprocattr, credential_set),
	LSM_HOOK_INIT(getprocattr, credential_get),
	LSM_HOOK_INIT(socket_getpeersec_stream, credential_of_peer),
};

void __init tatu_init_credential(void)
{
	tatu_credential(current->cred)->is_kernel = true;
	security_add_hooks(hooks, ARRAY_SIZE(hooks), &tatu_id);
}
