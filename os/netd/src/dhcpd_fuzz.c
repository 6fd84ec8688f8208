#include <stdlib.h>

#include "dhcpd.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Messages one after the other, each behind its length; what is given stays inside the range. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct tatu_dhcpd server;
    const struct tatu_dhcpd_range range = {
        .own = 0x0a000001, .mask = 0xffffff00, .first = 0x0a000010, .count = 3, .lease_s = 100};
    if (tatu_netd_start_dhcpd(&server, &range) != TATU_OK) {
        abort();
    }
    for (uint32_t now_s = 1; size >= 2; now_s += 40) {
        uint8_t room[TATU_DHCPD_ANSWER_SIZE];
        struct tatu_buf out = TATU_BUF_OF(room);
        uint32_t to = 0;
        size_t len = (size_t)data[0] << 8 | data[1];
        len = len < size - 2 ? len : size - 2;
        if (tatu_netd_serve_dhcp(&server, (struct tatu_span){data + 2, len}, now_s, &out, &to) ==
                TATU_OK &&
            out.len != 0) {
            const uint32_t given = (uint32_t)room[16] << 24 | (uint32_t)room[17] << 16 |
                                   (uint32_t)room[18] << 8 | room[19];
            if (out.len != sizeof(room) || (given != 0 && given - range.first >= range.count)) {
                abort();
            }
        }
        data += 2 + len;
        size -= 2 + len;
    }
    return 0;
}
