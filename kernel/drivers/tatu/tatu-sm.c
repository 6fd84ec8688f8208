// SPDX-License-Identifier: GPL-2.0
/*
 * Calls of the Tatu Security Monitor.
 *
 * The monitor reads the request from one page of ours and writes its answer
 * there. The page belongs to this driver alone, so what user space sends is
 * copied in and what the monitor answers is copied out, one call at a time.
 * Who may call is decided by the mode of the device node; what a caller may
 * ask for, by the rights in its credential (security/tatu), of which the
 * monitor wants one for each call; what a call may do, by the monitor.
 */
#include <linux/arm-smccc.h>
#include <linux/compat.h>
#include <linux/fs.h>
#include <linux/hw_random.h>
#include <linux/io.h>
#include <linux/miscdevice.h>
#include <linux/mod_devicetable.h>
#include <linux/mutex.h>
#include <linux/platform_device.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/tatu_lsm.h>
#include <linux/uaccess.h>
#include <linux/unaligned.h>

#include <uapi/linux/tatu_sm.h>

#include "tatu-sm.h"

#define SM_PAGE_SIZE 4096
#define SM_ARGS_AT TATU_SM_HEADER_SIZE
/* Results are small numbers; anything else is not from our monitor. */
#define SM_ERR_MAX 0xffff

struct tatu_sm {
	struct mutex lock; /* over the page, and so over calls */
	u8 *page;
	struct miscdevice misc;
	struct hwrng rng;
};

static_assert(PAGE_SIZE == SM_PAGE_SIZE);
static_assert(TATU_SM_IN_MAX == SM_PAGE_SIZE - SM_ARGS_AT);
static_assert(TATU_SM_OUT_MAX == SM_PAGE_SIZE);
/* an offset before it, up to three bytes before and after */
static_assert(TATU_SM_STORE_WRITE_MAX + 4 + 4 <= TATU_SM_IN_MAX);

static struct tatu_sm *sm_device; /* the one there is */

/*
 * Makes the call whose in_len bytes of arguments are in the page. The answer is
 * at the page's start. Returns 0 when the monitor has answered, whatever its
 * result is.
 */
static int sm_call(struct tatu_sm *sm, u32 call, u32 rights, u32 in_len,
		   u32 *err, u32 *out_len)
{
	struct arm_smccc_res res;

	lockdep_assert_held(&sm->lock);
	put_unaligned_le32(call, sm->page);
	put_unaligned_le32(rights, sm->page + 4);
	arm_smccc_smc(TATU_SM_FUNCTION, virt_to_phys(sm->page),
		      SM_ARGS_AT + in_len, 0, 0, 0, 0, 0, &res);
	if (res.a0 == (unsigned long)SMCCC_RET_NOT_SUPPORTED)
		return -ENODEV;
	if (res.a0 > SM_ERR_MAX || res.a1 > SM_PAGE_SIZE)
		return -EIO;
	*err = res.a0;
	*out_len = res.a1;
	return 0;
}

/* Arguments and answers may be secrets of one caller; the next one gets a clean page. */
static void sm_wipe(struct tatu_sm *sm)
{
	memzero_explicit(sm->page, SM_PAGE_SIZE);
}

static int sm_call_user(struct tatu_sm *sm, struct tatu_sm_call *c)
{
	u32 err, out_len;
	int ret;

	if (copy_from_user(sm->page + SM_ARGS_AT, u64_to_user_ptr(c->in),
			   c->in_len))
		return -EFAULT;
	/* Of who calls now, not of who opened: a descriptor that was passed on
	 * takes no rights along. */
	ret = sm_call(sm, c->call, tatu_rights(), c->in_len, &err, &out_len);
	if (ret)
		return ret;
	if (out_len > c->out_cap)
		return -EMSGSIZE;
	if (copy_to_user(u64_to_user_ptr(c->out), sm->page, out_len))
		return -EFAULT;
	c->err = err;
	c->out_len = out_len;
	return 0;
}

/* What the kernel calls for itself, and for nobody. */
static bool sm_is_ours(u32 call)
{
	return call == TATU_SM_STORE_ERASE || call == TATU_SM_STORE_WRITE;
}

static long sm_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct miscdevice *misc = file->private_data;
	struct tatu_sm *sm = container_of(misc, struct tatu_sm, misc);
	struct tatu_sm_call __user *user = (void __user *)arg;
	struct tatu_sm_call c;
	long ret;

	if (cmd != TATU_SM_CALL)
		return -ENOTTY;
	if (copy_from_user(&c, user, sizeof(c)))
		return -EFAULT;
	if (c.in_len > TATU_SM_IN_MAX || c.out_cap > TATU_SM_OUT_MAX || c.pad)
		return -EINVAL;
	if (sm_is_ours(c.call))
		return -EPERM;
	if (mutex_lock_interruptible(&sm->lock))
		return -EINTR;
	ret = sm_call_user(sm, &c);
	sm_wipe(sm);
	mutex_unlock(&sm->lock);
	if (!ret && copy_to_user(user, &c, sizeof(c)))
		return -EFAULT;
	return ret;
}

static const struct file_operations sm_fops = {
	.owner = THIS_MODULE,
	.open = nonseekable_open,
	.unlocked_ioctl = sm_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

static int sm_random_locked(struct tatu_sm *sm, void *data, u16 len)
{
	u8 *args = sm->page + SM_ARGS_AT;
	u32 err, out_len;
	int ret;

	put_unaligned_le16(TATU_SM_VAULT_RANDOM, args);
	put_unaligned_le16(0, args + 2);
	put_unaligned_le16(len, args + 4);
	ret = sm_call(sm, TATU_SM_VAULT, TATU_SM_RIGHT_RANDOM, 6, &err,
		      &out_len);
	if (ret)
		return ret;
	if (err || out_len != len)
		return -EIO;
	memcpy(data, sm->page, len);
	return len;
}

static int sm_random(struct hwrng *rng, void *data, size_t max, bool wait)
{
	struct tatu_sm *sm = container_of(rng, struct tatu_sm, rng);
	int ret;

	mutex_lock(&sm->lock);
	ret = sm_random_locked(sm, data,
			       min_t(size_t, max, TATU_SM_VAULT_RANDOM_MAX));
	sm_wipe(sm);
	mutex_unlock(&sm->lock);
	return ret;
}

bool tatu_sm_is_there(void)
{
	return smp_load_acquire(&sm_device) != NULL;
}

int tatu_sm_call_store(u32 call, u32 offset, const u8 *bytes, u32 len)
{
	struct tatu_sm *sm = smp_load_acquire(&sm_device);
	u32 before = offset % 4, room, err, out_len;
	u8 *args;
	int ret;

	if (!sm)
		return -ENODEV;
	if (len > TATU_SM_STORE_WRITE_MAX)
		return -EINVAL;
	room = round_up(before + len, 4);
	args = sm->page + SM_ARGS_AT;
	mutex_lock(&sm->lock);
	put_unaligned_le32(offset - before, args);
	memset(args + 4, 0xff, room);
	if (len)
		memcpy(args + 4 + before, bytes, len);
	ret = sm_call(sm, call, TATU_SM_RIGHT_STORAGE, 4 + room, &err,
		      &out_len);
	sm_wipe(sm);
	mutex_unlock(&sm->lock);
	if (!ret && err)
		ret = -EIO;
	return ret;
}

/* Tells whether a monitor is there at all before anybody gets a device. */
static int sm_find_monitor(struct tatu_sm *sm)
{
	u32 err, out_len;
	int ret;

	mutex_lock(&sm->lock);
	ret = sm_call(sm, TATU_SM_GET_BOOT, TATU_SM_RIGHT_QUERY, 0, &err,
		      &out_len);
	sm_wipe(sm);
	mutex_unlock(&sm->lock);
	return ret;
}

static int sm_probe(struct platform_device *pdev)
{
	struct device *dev = &pdev->dev;
	struct tatu_sm *sm;
	int ret;

	sm = devm_kzalloc(dev, sizeof(*sm), GFP_KERNEL);
	if (!sm)
		return -ENOMEM;
	sm->page = (u8 *)devm_get_free_pages(dev, GFP_KERNEL | __GFP_ZERO, 0);
	if (!sm->page)
		return -ENOMEM;
	mutex_init(&sm->lock);

	ret = sm_find_monitor(sm);
	if (ret)
		return dev_err_probe(dev, ret, "no security monitor\n");

	sm->misc.minor = MISC_DYNAMIC_MINOR;
	sm->misc.name = "security-monitor";
	sm->misc.fops = &sm_fops;
	sm->misc.mode = 0660;
	sm->misc.parent = dev;
	ret = misc_register(&sm->misc);
	if (ret)
		return ret;

	sm->rng.name = "tatu-vault";
	sm->rng.read = sm_random;
	/* The vault's source is a true one: each bit counts. */
	sm->rng.quality = 1024;
	ret = devm_hwrng_register(dev, &sm->rng);
	if (ret) {
		misc_deregister(&sm->misc);
		return ret;
	}
	smp_store_release(&sm_device, sm);
	return 0;
}

static const struct of_device_id sm_match[] = {
	{ .compatible = "tatu,security-monitor" },
	{}
};

static struct platform_driver sm_driver = {
	.probe = sm_probe,
	.driver = {
		.name = "tatu-sm",
		.of_match_table = sm_match,
		/* It is there for as long as the system is. */
		.suppress_bind_attrs = true,
	},
};
builtin_platform_driver(sm_driver);
