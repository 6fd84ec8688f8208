#include "asxipfs_layout.h"

/* Half a byte at a time: a 3 MiB body is summed on each install. */
static const uint32_t half_byte[16] = {
    0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
    0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
};

uint32_t tatu_asxipfs_crc(struct tatu_span image)
{
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < image.len; i++) {
        bool own = i >= SUPER_CRC_AT && i < SUPER_CRC_AT + 4;
        crc ^= own ? 0 : image.data[i];
        crc = (crc >> 4) ^ half_byte[crc & 15];
        crc = (crc >> 4) ^ half_byte[crc & 15];
    }
    return ~crc;
}

bool tatu_asxipfs_is_name(struct tatu_span name)
{
    for (size_t i = 0; i < name.len; i++) {
        if (name.data[i] < 0x20 || name.data[i] == 0x7f || name.data[i] == '/') {
            return false;
        }
    }
    return name.len != 0 && !is_text(name, ".") && !is_text(name, "..");
}

int tatu_asxipfs_compare(struct tatu_span a, struct tatu_span b)
{
    for (size_t i = 0; i < a.len && i < b.len; i++) {
        if (a.data[i] != b.data[i]) {
            return a.data[i] < b.data[i] ? -1 : 1;
        }
    }
    return a.len == b.len ? 0 : (a.len < b.len ? -1 : 1);
}
