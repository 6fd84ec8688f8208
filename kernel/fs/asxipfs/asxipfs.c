// SPDX-License-Identifier: GPL-2.0
/*
 * ASXipFS, the read-only file system in the body of an Azure Sphere image
 * package: the superblock and inodes of cramfs, the data of each file
 * uncompressed and contiguous at a page boundary.
 *
 *   superblock  64 bytes, then the root inode
 *   inode       12 bytes: mode 16, uid 16; size 24, gid 8; name length / 4 in 6
 *               bits, offset / 4 in 26
 *   directory   at its offset, size bytes of { inode, name padded with NUL }
 *
 * Images come from outside. Nothing read from one is used before it was
 * checked, each time it is read: what is wrong gives EUCLEAN for the one file
 * or directory. Only regular files and directories exist; owners, write, set-id
 * and sticky bits of the image are not taken over.
 */
#include <linux/bio.h>
#include <linux/blkdev.h>
#include <linux/buffer_head.h>
#include <linux/fs.h>
#include <linux/fs_context.h>
#include <linux/init.h>
#include <linux/pagemap.h>
#include <linux/slab.h>
#include <linux/statfs.h>
#include <linux/string.h>
#include <linux/unaligned.h>

#define ASXIPFS_MAGIC 0x28cd3d45
#define ASXIPFS_SIGNATURE "Compressed ROMFS"
#define ASXIPFS_BLOCK 4096
#define ASXIPFS_SUPER_SIZE 64
#define ASXIPFS_INODE_SIZE 12
#define ASXIPFS_ROOT_AT ASXIPFS_SUPER_SIZE
#define ASXIPFS_FIRST_AT (ASXIPFS_SUPER_SIZE + ASXIPFS_INODE_SIZE)
/* Flags: superblock of version 2, which is needed; sorted directories, which is not. */
#define ASXIPFS_FLAG_VERSION_2 0x1
#define ASXIPFS_FLAG_SORTED 0x2
#define ASXIPFS_NAME_MAX (63 * 4)
/* A search reads a directory to its end, so its length has a limit. */
#define ASXIPFS_DIR_MAX (64 * 1024)
#define ASXIPFS_SIZE_MAX 0xffffffU

static_assert(PAGE_SIZE == ASXIPFS_BLOCK);

/* Bytes of the file system, at most those of the device. */
struct asxipfs_super {
	u32 size;
};

/* One inode as it stands in the image, checked. */
struct asxipfs_entry {
	u32 at; /* where it is: its inode number */
	umode_t mode;
	u32 size;
	u32 data_at;
	u32 name_len;
};

static struct asxipfs_super *asxipfs_super(struct super_block *sb)
{
	return sb->s_fs_info;
}

/* Where the data of an inode begins. */
static u32 asxipfs_data_at(const struct inode *inode)
{
	return (uintptr_t)inode->i_private;
}

/* Reads bytes of the image, which may cross blocks. */
static int asxipfs_read(struct super_block *sb, u32 at, void *out, u32 len)
{
	u32 size = asxipfs_super(sb)->size;

	if (at > size || len > size - at)
		return -EUCLEAN;
	while (len) {
		u32 in_block = at % ASXIPFS_BLOCK;
		u32 part = min_t(u32, len, ASXIPFS_BLOCK - in_block);
		struct buffer_head *bh = sb_bread(sb, at / ASXIPFS_BLOCK);

		if (!bh)
			return -EIO;
		memcpy(out, bh->b_data + in_block, part);
		brelse(bh);
		at += part;
		out += part;
		len -= part;
	}
	return 0;
}

/* Regular files lie in whole blocks of the device, so that a page can be read at once. */
static bool asxipfs_file_fits(struct super_block *sb,
			      const struct asxipfs_entry *e)
{
	u64 end = (u64)e->data_at + e->size;

	return e->data_at % ASXIPFS_BLOCK == 0 &&
	       e->data_at >= ASXIPFS_BLOCK && end <= asxipfs_super(sb)->size &&
	       round_up(end, ASXIPFS_BLOCK) <= bdev_nr_bytes(sb->s_bdev);
}

/*
 * A directory's entries come after the entry that names it: each step into
 * a directory goes towards the end of the image, so there is no way round.
 */
static bool asxipfs_dir_fits(struct super_block *sb,
			     const struct asxipfs_entry *e)
{
	u64 end = (u64)e->data_at + e->size;

	return e->size <= ASXIPFS_DIR_MAX && e->data_at > e->at &&
	       e->data_at >= ASXIPFS_FIRST_AT &&
	       end <= asxipfs_super(sb)->size;
}

/* Takes the 12 bytes apart and looks whether they can be meant. */
static int asxipfs_decode(struct super_block *sb, const u8 *raw, u32 at,
			  struct asxipfs_entry *out)
{
	u32 mode_uid = get_unaligned_le32(raw);
	u32 size_gid = get_unaligned_le32(raw + 4);
	u32 name_offset = get_unaligned_le32(raw + 8);
	struct asxipfs_entry e = {
		.at = at,
		.mode = mode_uid & 0xffff,
		.size = size_gid & ASXIPFS_SIZE_MAX,
		.name_len = (name_offset & 0x3f) * 4,
		.data_at = (name_offset >> 6) * 4,
	};

	if (!S_ISREG(e.mode) && !S_ISDIR(e.mode))
		return -EUCLEAN;
	if (e.size && S_ISREG(e.mode) && !asxipfs_file_fits(sb, &e))
		return -EUCLEAN;
	if (e.size && S_ISDIR(e.mode) && !asxipfs_dir_fits(sb, &e))
		return -EUCLEAN;
	*out = e;
	return 0;
}

/* The length of a name without its padding; 0 when it is no name. */
static u32 asxipfs_name_len(const char *name, u32 padded)
{
	u32 len = strnlen(name, padded);

	if (padded - len >= 4 || memchr_inv(name + len, 0, padded - len) ||
	    memchr(name, '/', len))
		return 0;
	if (len == 1 && name[0] == '.')
		return 0;
	if (len == 2 && name[0] == '.' && name[1] == '.')
		return 0;
	return len;
}

/* Reads the entry of a directory at a position in it; name has room for ASXIPFS_NAME_MAX. */
static int asxipfs_entry(struct inode *dir, u32 pos, char *name,
			 struct asxipfs_entry *out)
{
	u8 raw[ASXIPFS_INODE_SIZE];
	struct asxipfs_entry e;
	u32 left = i_size_read(dir) - pos;
	u32 at = asxipfs_data_at(dir) + pos;
	int ret;

	if (left < sizeof(raw))
		return -EUCLEAN;
	ret = asxipfs_read(dir->i_sb, at, raw, sizeof(raw));
	if (ret)
		return ret;
	ret = asxipfs_decode(dir->i_sb, raw, at, &e);
	if (ret)
		return ret;
	if (!e.name_len || e.name_len > left - sizeof(raw))
		return -EUCLEAN;
	ret = asxipfs_read(dir->i_sb, at + sizeof(raw), name, e.name_len);
	if (ret)
		return ret;
	if (!asxipfs_name_len(name, e.name_len))
		return -EUCLEAN;
	*out = e;
	return 0;
}

static u32 asxipfs_entry_size(const struct asxipfs_entry *e)
{
	return ASXIPFS_INODE_SIZE + e->name_len;
}

static const struct inode_operations asxipfs_dir_inode_ops;
static const struct file_operations asxipfs_dir_ops;
static const struct address_space_operations asxipfs_aops;

static struct inode *asxipfs_iget(struct super_block *sb,
				  const struct asxipfs_entry *e)
{
	struct inode *inode = iget_locked(sb, e->at);

	if (!inode)
		return ERR_PTR(-ENOMEM);
	if (!(inode->i_state & I_NEW))
		return inode;
	inode->i_private = (void *)(uintptr_t)e->data_at;
	i_size_write(inode, e->size);
	inode->i_blocks = DIV_ROUND_UP(e->size, 512);
	inode_set_mtime_to_ts(inode,
			      inode_set_atime_to_ts(inode,
						    inode_set_ctime(inode, 0, 0)));
	if (S_ISDIR(e->mode)) {
		inode->i_mode = S_IFDIR | 0555;
		inode->i_op = &asxipfs_dir_inode_ops;
		inode->i_fop = &asxipfs_dir_ops;
		set_nlink(inode, 2);
	} else {
		inode->i_mode = S_IFREG | 0444 | (e->mode & 0111);
		inode->i_fop = &generic_ro_fops;
		inode->i_data.a_ops = &asxipfs_aops;
	}
	unlock_new_inode(inode);
	return inode;
}

static struct dentry *asxipfs_lookup(struct inode *dir, struct dentry *dentry,
				     unsigned int flags)
{
	struct inode *inode = NULL;
	struct asxipfs_entry e;
	char *name;
	u32 pos = 0;
	int ret = 0;

	if (dentry->d_name.len > ASXIPFS_NAME_MAX)
		return ERR_PTR(-ENAMETOOLONG);
	name = kmalloc(ASXIPFS_NAME_MAX, GFP_KERNEL);
	if (!name)
		return ERR_PTR(-ENOMEM);
	while (pos < i_size_read(dir)) {
		ret = asxipfs_entry(dir, pos, name, &e);
		if (ret)
			break;
		if (asxipfs_name_len(name, e.name_len) == dentry->d_name.len &&
		    !memcmp(name, dentry->d_name.name, dentry->d_name.len)) {
			inode = asxipfs_iget(dir->i_sb, &e);
			break;
		}
		pos += asxipfs_entry_size(&e);
	}
	kfree(name);
	/* The same directory named twice is moved or refused here, never seen in two places. */
	return ret ? ERR_PTR(ret) : d_splice_alias(inode, dentry);
}

/* Positions 0 and 1 are the dots; an entry at P bytes has position P + 4, which is a multiple of 4. */
#define ASXIPFS_FIRST_POS 4

static int asxipfs_readdir(struct file *file, struct dir_context *ctx)
{
	struct inode *dir = file_inode(file);
	struct asxipfs_entry e;
	char *name;
	int ret = 0;

	if (ctx->pos < 2 && !dir_emit_dots(file, ctx))
		return 0;
	if (ctx->pos == 2)
		ctx->pos = ASXIPFS_FIRST_POS;
	if (ctx->pos % 4)
		return -EINVAL;
	name = kmalloc(ASXIPFS_NAME_MAX, GFP_KERNEL);
	if (!name)
		return -ENOMEM;
	while (ctx->pos - ASXIPFS_FIRST_POS < i_size_read(dir)) {
		ret = asxipfs_entry(dir, ctx->pos - ASXIPFS_FIRST_POS, name, &e);
		if (ret || !dir_emit(ctx, name, asxipfs_name_len(name, e.name_len),
				     e.at, S_DT(e.mode)))
			break;
		ctx->pos += asxipfs_entry_size(&e);
	}
	kfree(name);
	return ret;
}

/* A page is one block of the device; what lies behind the file's end is not shown. */
static int asxipfs_read_folio(struct file *file, struct folio *folio)
{
	struct inode *inode = folio->mapping->host;
	loff_t pos = folio_pos(folio);
	loff_t size = i_size_read(inode);
	struct bio_vec vec;
	struct bio bio;
	int ret = 0;

	if (pos < size) {
		bio_init(&bio, inode->i_sb->s_bdev, &vec, 1, REQ_OP_READ);
		bio.bi_iter.bi_sector = (asxipfs_data_at(inode) + pos) >> SECTOR_SHIFT;
		bio_add_folio_nofail(&bio, folio, PAGE_SIZE, 0);
		ret = submit_bio_wait(&bio);
		bio_uninit(&bio);
	}
	if (size - pos < PAGE_SIZE)
		folio_zero_segment(folio, max_t(loff_t, size - pos, 0), PAGE_SIZE);
	folio_end_read(folio, ret == 0);
	return ret;
}

static const struct inode_operations asxipfs_dir_inode_ops = {
	.lookup = asxipfs_lookup,
};

static const struct file_operations asxipfs_dir_ops = {
	.llseek = generic_file_llseek,
	.read = generic_read_dir,
	.iterate_shared = asxipfs_readdir,
};

static const struct address_space_operations asxipfs_aops = {
	.read_folio = asxipfs_read_folio,
};

static int asxipfs_statfs(struct dentry *dentry, struct kstatfs *buf)
{
	struct super_block *sb = dentry->d_sb;

	buf->f_type = ASXIPFS_MAGIC;
	buf->f_bsize = ASXIPFS_BLOCK;
	buf->f_blocks = DIV_ROUND_UP(asxipfs_super(sb)->size, ASXIPFS_BLOCK);
	buf->f_namelen = ASXIPFS_NAME_MAX;
	buf->f_fsid = u64_to_fsid(huge_encode_dev(sb->s_bdev->bd_dev));
	return 0;
}

static const struct super_operations asxipfs_super_ops = {
	.statfs = asxipfs_statfs,
};

/* Reads the superblock. Until its size is known, that of the device is the limit. */
static int asxipfs_read_super(struct super_block *sb,
			      struct asxipfs_entry *out_root)
{
	struct asxipfs_super *super = asxipfs_super(sb);
	u8 raw[ASXIPFS_FIRST_AT];
	u32 size, flags;
	int ret;

	super->size = min_t(u64, bdev_nr_bytes(sb->s_bdev), U32_MAX);
	ret = asxipfs_read(sb, 0, raw, sizeof(raw));
	if (ret)
		return ret == -EUCLEAN ? -EINVAL : ret;
	size = get_unaligned_le32(raw + 4);
	flags = get_unaligned_le32(raw + 8);
	if (get_unaligned_le32(raw) != ASXIPFS_MAGIC ||
	    memcmp(raw + 16, ASXIPFS_SIGNATURE, 16) ||
	    (flags & ~ASXIPFS_FLAG_SORTED) != ASXIPFS_FLAG_VERSION_2 ||
	    size < sizeof(raw) || size > super->size)
		return -EINVAL;
	super->size = size;
	ret = asxipfs_decode(sb, raw + ASXIPFS_ROOT_AT, ASXIPFS_ROOT_AT, out_root);
	return ret || !S_ISDIR(out_root->mode) ? -EINVAL : 0;
}

static int asxipfs_fill_super(struct super_block *sb, struct fs_context *fc)
{
	struct asxipfs_entry root;
	struct inode *inode;
	int ret;

	sb->s_fs_info = kzalloc(sizeof(struct asxipfs_super), GFP_KERNEL);
	if (!sb->s_fs_info)
		return -ENOMEM;
	if (!sb_set_blocksize(sb, ASXIPFS_BLOCK))
		return -EINVAL;
	sb->s_flags |= SB_RDONLY | SB_NODEV | SB_NOSUID | SB_NOATIME;
	sb->s_magic = ASXIPFS_MAGIC;
	sb->s_maxbytes = ASXIPFS_SIZE_MAX;
	sb->s_time_min = 0;
	sb->s_time_max = 0;
	sb->s_op = &asxipfs_super_ops;
	ret = asxipfs_read_super(sb, &root);
	if (ret) {
		if (ret == -EINVAL)
			errorf(fc, "asxipfs: not an image, or a broken one");
		return ret;
	}
	inode = asxipfs_iget(sb, &root);
	if (IS_ERR(inode))
		return PTR_ERR(inode);
	sb->s_root = d_make_root(inode);
	return sb->s_root ? 0 : -ENOMEM;
}

static int asxipfs_get_tree(struct fs_context *fc)
{
	return get_tree_bdev(fc, asxipfs_fill_super);
}

static int asxipfs_reconfigure(struct fs_context *fc)
{
	fc->sb_flags |= SB_RDONLY | SB_NODEV | SB_NOSUID | SB_NOATIME;
	return 0;
}

static const struct fs_context_operations asxipfs_context_ops = {
	.get_tree = asxipfs_get_tree,
	.reconfigure = asxipfs_reconfigure,
};

static int asxipfs_init_fs_context(struct fs_context *fc)
{
	fc->ops = &asxipfs_context_ops;
	return 0;
}

static void asxipfs_kill_sb(struct super_block *sb)
{
	kill_block_super(sb);
	kfree(sb->s_fs_info);
}

static struct file_system_type asxipfs_type = {
	.owner = THIS_MODULE,
	.name = "asxipfs",
	.init_fs_context = asxipfs_init_fs_context,
	.kill_sb = asxipfs_kill_sb,
	.fs_flags = FS_REQUIRES_DEV,
};

static int __init asxipfs_init(void)
{
	return register_filesystem(&asxipfs_type);
}
fs_initcall(asxipfs_init);
