/*
 * ASXipFS: the read-only file system in the body of an application's image package. A cramfs whose
 * files are stored as they are, at 4 KiB boundaries, so that they can be run or mapped in place.
 * Writer for the packer; reader that takes the body as hostile. No heap: buffers are the caller's.
 * Source: docs/protocol/image.md §6.
 */
#ifndef TATU_PROTO_ASXIPFS_H
#define TATU_PROTO_ASXIPFS_H

#include "base/base.h"

#define TATU_ASXIPFS_MAGIC 0x28cd3d45u
#define TATU_ASXIPFS_BLOCK_SIZE 4096u
#define TATU_ASXIPFS_NODE_MAX 256u /* files and directories, the root among them */
#define TATU_ASXIPFS_DEPTH_MAX 8u  /* names in a path */
#define TATU_ASXIPFS_NAME_MAX 63u  /* bytes of one name */
#define TATU_ASXIPFS_PATH_MAX 255u /* bytes of a whole path */
#define TATU_ASXIPFS_SIZE_MAX 0x300000u

/* Mode of a node: POSIX's numbers, here because the room links without libc. */
#define TATU_ASXIPFS_TYPE_MASK 0170000u
#define TATU_ASXIPFS_DIRECTORY 0040000u
#define TATU_ASXIPFS_FILE 0100000u
#define TATU_ASXIPFS_IN_PLACE 0001000u /* the sticky bit: data is stored as it is */

/* ---- writer ---- */

/** One file or directory to write. */
struct tatu_asxipfs_entry {
    const char *path;       /* "bin/app": no leading, doubled or trailing slash */
    uint16_t mode;          /* TATU_ASXIPFS_FILE or _DIRECTORY, and permissions up to 0777 */
    struct tatu_span bytes; /* empty for a directory; borrowed */
    uint32_t offset;        /* set by the writer */
    uint32_t size;          /* set by the writer */
};

/**
 * Appends the file system image of a tree to out; its length is a multiple of 4096.
 *
 * entries   sorted in place; a directory is listed like a file, the root is not; order is free and
 *           does not change the result
 * out       untouched on failure (what is beyond its len may be overwritten)
 *
 * Errors    ARGUMENT  a path that is empty or absolute, that has a name which is empty, ".", ".."
 * or holds a control character, that comes twice, or whose directory is not listed; another type or
 * mode bit; bytes in a directory LONG      nodes, depth, name, path or image over its maximum FULL
 */
enum tatu_err tatu_proto_encode_asxipfs(struct tatu_asxipfs_entry *entries, size_t count,
                                        struct tatu_buf *out);

/* ---- reader ---- */

/** A checked file system; borrows the body, which must not change. */
struct tatu_asxipfs {
    struct tatu_span image; /* the part of the body that is the file system */
    uint32_t node_count;    /* the root among them */
};

/** One file or directory. */
struct tatu_asxipfs_node {
    uint16_t mode;         /* type, permissions, TATU_ASXIPFS_IN_PLACE */
    struct tatu_span data; /* of a file; goes into the body */
};

/**
 * Checks the whole file system at the start of a body.
 *
 * body      hostile; may be longer than the file system (a hash tree follows)
 *
 * Errors    SHORT    body ends before the file system does
 *           LONG     nodes, depth, name, path or size over its maximum
 *           VERSION  feature flags other than "version 2, sorted"
 *           DIGEST   the checksum does not fit
 *           FORMAT   magic, lengths; anything but directories and files; set-user-id or -group-id;
 *                    a file stored compressed; names not sorted or not allowed; directories that
 *                    overlap, or reach into superblock or data; data outside of the image; a node
 *                    count that is not true
 */
enum tatu_err tatu_proto_open_asxipfs(struct tatu_span body, struct tatu_asxipfs *out);

/** A place in the tree while it is walked; parents come before what is in them. */
struct tatu_asxipfs_walk {
    struct tatu_span image;
    uint32_t seen;
    uint32_t inode_at; /* of the node last given */
    uint32_t depth;
    struct {
        uint32_t at; /* next inode of this directory */
        uint32_t end;
        uint32_t path_len; /* bytes of the directory's own path */
        struct tatu_span previous;
    } levels[TATU_ASXIPFS_DEPTH_MAX];
    char path[TATU_ASXIPFS_PATH_MAX + 1]; /* of the node last given, NUL terminated */
};

void tatu_proto_start_asxipfs(const struct tatu_asxipfs *fs, struct tatu_asxipfs_walk *out);
/** The next node; its path is in walk->path. Errors: NOT_FOUND after the last, or as open. */
enum tatu_err tatu_proto_next_asxipfs(struct tatu_asxipfs_walk *walk,
                                      struct tatu_asxipfs_node *out);

/** The node of a path ("bin/app"). Errors: NOT_FOUND. */
enum tatu_err tatu_proto_find_asxipfs(const struct tatu_asxipfs *fs, const char *path,
                                      struct tatu_asxipfs_node *out);

#endif
