#include <stdlib.h>
#include <string.h>

#include "stub.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The first two bytes are the port, the rest a table as the kernel writes it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uid_t uid = 0;
    if (size < 2) {
        return 0;
    }
    const uint16_t port = (uint16_t)(data[0] << 8 | data[1]);
    if (tatu_netd_find_port_owner((struct tatu_span){data + 2, size - 2}, port, &uid) == TATU_OK &&
        memchr(data + 2, ' ', size - 2) == NULL) {
        abort(); /* a line has words */
    }
    return 0;
}
