#include <string.h>

#include "os/manifest/admission.h"
#include "proto/asxipfs.h"

#define IMAGE_LEN_AT 4u
#define CRC_AT 32u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* As tatu_base_crc32 and eight times as fast: most of the time here is the checksum's. */
static uint32_t checksum(const uint8_t *bytes, size_t len)
{
    static uint32_t table[256];
    uint32_t crc = UINT32_MAX;
    for (uint32_t i = 0; table[255] == 0 && i < TATU_COUNT_OF(table); i++) {
        table[i] = i;
        for (int bit = 0; bit < 8; bit++) {
            table[i] = (table[i] >> 1) ^ (0xedb88320u & (0u - (table[i] & 1u)));
        }
    }
    for (size_t i = 0; i < len; i++) {
        crc = (crc >> 8) ^ table[(crc ^ bytes[i]) & 0xff];
    }
    return ~crc;
}

/* The checksum is put right, as whoever makes a body can: what is behind it shall be met. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t body[65536];
    static const uint8_t component[16] = {0x11, 0xbe, 0x00, 0x0d, 0xa7, 0x54, 0x0e, 0x4c,
                                          0x9f, 0x53, 0x2c, 0x1d, 0x6a, 0x7e, 0x5b, 0x10};
    struct tatu_manifest manifest;
    struct tatu_manifest_cost cost;
    struct tatu_admission admission = {0};
    uint32_t number = 0;
    if (size < CRC_AT + 4 || size > sizeof(body)) {
        return 0;
    }
    memcpy(body, data, size);
    const size_t image_len = tatu_get_le32(body + IMAGE_LEN_AT);
    tatu_put_le32(body + CRC_AT, 0);
    tatu_put_le32(body + CRC_AT, checksum(body, image_len < size ? image_len : size));
    if (tatu_manifest_read_body((struct tatu_span){body, size}, component, &manifest, &cost,
                                &number) == TATU_OK) {
        (void)tatu_manifest_admit(&admission, &manifest, &cost, &number);
    }
    return 0;
}
