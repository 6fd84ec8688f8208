/* Where things are in an ASXipFS image; writer and reader share it. docs/protocol/image.md §6. */
#ifndef TATU_PROTO_SRC_ASXIPFS_LAYOUT_H
#define TATU_PROTO_SRC_ASXIPFS_LAYOUT_H

#include "bytes.h"
#include "proto/asxipfs.h"

#define SUPER_SIZE_AT 4u
#define SUPER_FLAGS_AT 8u
#define SUPER_SIGNATURE_AT 16u
#define SUPER_CRC_AT 32u
#define SUPER_BLOCKS_AT 40u
#define SUPER_FILES_AT 44u
#define SUPER_NAME_AT 48u
#define ROOT_AT 64u
#define INODE_SIZE 12u
#define NODES_AT (ROOT_AT + INODE_SIZE) /* first byte after superblock and root */

#define FLAGS 3u /* 1: checksum and counts are there, 2: directories are sorted */
#define SIGNATURE_TEXT "Compressed ROMFS"
#define NAME_TEXT "Compressed"

#define MODE_PERMISSIONS 0777u
#define MODE_SET_ID 06000u
#define UNIT 4u /* of offsets and name lengths in an inode */
#define NAME_UNITS_MASK 0x3fu
#define NAME_UNITS_BITS 6
#define SIZE_MASK 0x00ffffffu

static inline uint32_t round_up(uint32_t value, uint32_t step)
{
    return (value + step - 1) / step * step;
}

/** zlib's crc32 of the image with its own field taken as zero. */
uint32_t tatu_asxipfs_crc(struct tatu_span image);

/** A name that may stand in a directory: not empty, ".", ".."; no slash, no control character. */
bool tatu_asxipfs_is_name(struct tatu_span name);

/** Below, equal or above 0: the bytewise order of names. */
int tatu_asxipfs_compare(struct tatu_span a, struct tatu_span b);

#endif
