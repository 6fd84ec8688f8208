// SPDX-License-Identifier: GPL-2.0
/*
 * The store, a part of the flash for what the system keeps: NOR that is read
 * through a window of the bus, and erased and written by the Security Monitor,
 * which lets these calls reach no other part.
 */
#include <linux/init.h>
#include <linux/io.h>
#include <linux/mod_devicetable.h>
#include <linux/mtd/mtd.h>
#include <linux/platform_device.h>

#include <uapi/linux/tatu_sm.h>

#include "tatu-sm.h"

struct tatu_store {
	struct mtd_info mtd;
	void __iomem *window;
};

static struct tatu_store *store_of(struct mtd_info *mtd)
{
	return container_of(mtd, struct tatu_store, mtd);
}

static int store_read(struct mtd_info *mtd, loff_t from, size_t len,
		      size_t *retlen, u_char *buf)
{
	memcpy_fromio(buf, store_of(mtd)->window + from, len);
	*retlen = len;
	return 0;
}

/* In pieces that stay inside a block and, with their padding, inside a call. */
static int store_write(struct mtd_info *mtd, loff_t to, size_t len,
		       size_t *retlen, const u_char *buf)
{
	size_t done = 0;
	int ret = 0;

	while (done < len && !ret) {
		u32 at = to + done;
		u32 step = min3(len - done,
				(size_t)(mtd->erasesize - at % mtd->erasesize),
				(size_t)TATU_SM_STORE_WRITE_MAX);

		ret = tatu_sm_call_store(TATU_SM_STORE_WRITE, at, buf + done,
					 step);
		if (!ret)
			done += step;
	}
	*retlen = done;
	return ret;
}

static int store_erase(struct mtd_info *mtd, struct erase_info *instr)
{
	u64 at;
	int ret;

	if ((instr->addr | instr->len) & (mtd->erasesize - 1))
		return -EINVAL;
	for (at = 0; at < instr->len; at += mtd->erasesize) {
		ret = tatu_sm_call_store(TATU_SM_STORE_ERASE, instr->addr + at,
					 NULL, 0);
		if (ret) {
			instr->fail_addr = instr->addr + at;
			return ret;
		}
	}
	return 0;
}

static int store_probe(struct platform_device *pdev)
{
	struct device *dev = &pdev->dev;
	struct tatu_store *store;
	struct mtd_info *mtd;
	struct resource *range;
	u32 block;

	if (!tatu_sm_is_there())
		return -EPROBE_DEFER;
	if (device_property_read_u32(dev, "erase-size", &block))
		return -EINVAL;
	store = devm_kzalloc(dev, sizeof(*store), GFP_KERNEL);
	if (!store)
		return -ENOMEM;
	store->window = devm_platform_get_and_ioremap_resource(pdev, 0, &range);
	if (IS_ERR(store->window))
		return PTR_ERR(store->window);

	mtd = &store->mtd;
	mtd->name = "store";
	mtd->type = MTD_NORFLASH;
	mtd->flags = MTD_CAP_NORFLASH;
	mtd->size = resource_size(range);
	mtd->erasesize = block;
	mtd->writesize = 1;
	mtd->writebufsize = 1;
	mtd->owner = THIS_MODULE;
	mtd->dev.parent = dev;
	mtd->_read = store_read;
	mtd->_write = store_write;
	mtd->_erase = store_erase;
	return mtd_device_register(mtd, NULL, 0);
}

static const struct of_device_id store_match[] = {
	{ .compatible = "tatu,store" },
	{}
};

static struct platform_driver store_driver = {
	.probe = store_probe,
	.driver = {
		.name = "tatu-store",
		.of_match_table = store_match,
		.suppress_bind_attrs = true,
	},
};

/* After the windows of root and applications, whose numbers are on the command line. */
static int __init store_init(void)
{
	return platform_driver_register(&store_driver);
}
late_initcall(store_init);
