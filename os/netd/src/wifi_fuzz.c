#include <stdlib.h>
#include <string.h>

#include "wifi.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Requests one after the other: op, id, field, length, value; then all that is there can be kept
 * and read again. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct tatu_wifi wifi, again;
    static uint8_t file[TATU_WIFI_FILE_MAX];
    struct tatu_buf out = TATU_BUF_OF(file);
    uint32_t id = 0;
    memset(&wifi, 0, sizeof(wifi));
    if (size >= 12 && data[0] == 'W') {
        (void)tatu_netd_decode_wifi((struct tatu_span){data, size}, &wifi);
    }
    while (size >= 4) {
        const size_t len = data[3] < size - 4 ? data[3] : size - 4;
        const struct tatu_span value = {data + 4, len};
        if (data[0] % 4 == 0) {
            (void)tatu_netd_add_wifi(&wifi, &id);
        } else if (data[0] % 4 == 1) {
            (void)tatu_netd_forget_wifi(&wifi, data[1]);
        } else {
            (void)tatu_netd_set_wifi(&wifi, data[1], (enum tatu_net_wifi_field)data[2], value,
                                     data[0] % 4 == 2);
        }
        data += 4 + len;
        size -= 4 + len;
    }
    if (tatu_netd_encode_wifi(&wifi, &out) == TATU_NETD_OK &&
        (tatu_netd_decode_wifi((struct tatu_span){file, out.len}, &again) != TATU_OK ||
         tatu_netd_count_wifi(&again) != tatu_netd_count_wifi(&wifi))) {
        abort();
    }
    return 0;
}
