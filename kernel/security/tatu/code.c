// SPDX-License-Identifier: GPL-2.0
/*
 * What runs: only what is on a verified file system, and memory that is
 * written is never run. Source: docs/protocol/credential.md.
 */
#include <linux/blk_types.h>
#include <linux/elf.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/personality.h>
#include <linux/security.h>

#include "tatu.h"

static struct tatu_bdev *bdev_of(struct block_device *bdev)
{
	return bdev->bd_security + tatu_blobs.lbs_bdev;
}

static int code_set_integrity(struct block_device *bdev,
			      enum lsm_integrity_type type, const void *value,
			      size_t size)
{
	if (type == LSM_INT_DMVERITY_ROOTHASH)
		bdev_of(bdev)->is_verity = value != NULL;
	return 0;
}

/*
 * The root file system behind dm-verity; or an image of an application, which
 * the vault has verified where it lies, with or without a hash tree. Only the
 * initial user namespace's root mounts either.
 */
static bool is_verified(const struct file *file)
{
	struct super_block *sb = file_inode(file)->i_sb;

	if (!S_ISREG(file_inode(file)->i_mode) || !sb->s_bdev)
		return false;
	if (!strcmp(sb->s_type->name, "asxipfs"))
		return true;
	return sb->s_magic == SQUASHFS_MAGIC && bdev_of(sb->s_bdev)->is_verity;
}

/* ---- programs ----------------------------------------------------------- */

/*
 * What the kernel maps for a segment itself asks nobody: the stack, and zeroed
 * memory behind a segment's end.
 */
static bool is_harmless(const struct elf_phdr *part)
{
	if (part->p_type == PT_GNU_STACK)
		return !(part->p_flags & PF_X);
	return part->p_type != PT_LOAD || !(part->p_flags & PF_X) ||
	       (!(part->p_flags & PF_W) && part->p_memsz <= part->p_filesz);
}

static int check_program(struct file *file)
{
	struct elfhdr head;
	struct elf_phdr part;
	bool has_stack = false;
	loff_t at = 0;
	ssize_t got;
	u32 i;

	got = kernel_read(file, &head, sizeof(head), &at);
	/* who would load it may have more luck with its read: not looked at is refused */
	if (got < 0)
		return got;
	/* what is no program is refused by who would load it */
	if (got != sizeof(head) || memcmp(head.e_ident, ELFMAG, SELFMAG))
		return 0;
	if (head.e_phentsize != sizeof(part))
		return -ENOEXEC;
	at = head.e_phoff;
	for (i = 0; i < head.e_phnum; i++) {
		if (kernel_read(file, &part, sizeof(part), &at) != sizeof(part))
			return -ENOEXEC;
		if (!is_harmless(&part))
			return -EACCES;
		has_stack |= part.p_type == PT_GNU_STACK;
	}
	return has_stack ? 0 : -EACCES;
}

/* Of programs and of what loads them: execve, and the interpreter it opens. */
static int code_opened(struct file *file, int mask)
{
	if (!(mask & MAY_EXEC) || !S_ISREG(file_inode(file)->i_mode))
		return 0;
	return is_verified(file) ? check_program(file) : -EACCES;
}

/* ---- memory ------------------------------------------------------------- */

/* It makes more memory executable than was asked for, wherever there is no hook. */
static void drop_personality(void)
{
	current->personality &= ~READ_IMPLIES_EXEC;
}

static int code_map_address(unsigned long addr)
{
	drop_personality();
	return 0;
}

static int code_map(struct file *file, unsigned long reqprot,
		    unsigned long prot, unsigned long flags)
{
	drop_personality();
	if (!(reqprot & PROT_EXEC))
		return 0;
	if ((reqprot & PROT_WRITE) || (flags & MAP_TYPE) != MAP_PRIVATE)
		return -EACCES;
	return file && is_verified(file) ? 0 : -EACCES;
}

static int code_protect(struct vm_area_struct *vma, unsigned long reqprot,
			unsigned long prot)
{
	drop_personality();
	if ((prot & PROT_EXEC) && !(vma->vm_flags & VM_EXEC))
		return -EACCES;
	return (prot & PROT_WRITE) && (vma->vm_flags & VM_EXEC) ? -EACCES : 0;
}

static struct security_hook_list hooks[] __ro_after_init = {
	LSM_HOOK_INIT(bdev_setintegrity, code_set_integrity),
	LSM_HOOK_INIT(file_post_open, code_opened),
	LSM_HOOK_INIT(mmap_addr, code_map_address),
	LSM_HOOK_INIT(mmap_file, code_map),
	LSM_HOOK_INIT(file_mprotect, code_protect),
};

void __init tatu_init_code(void)
{
	security_add_hooks(hooks, ARRAY_SIZE(hooks), &tatu_id);
}
