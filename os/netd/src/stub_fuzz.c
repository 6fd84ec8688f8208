#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "stub.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The first two bytes are the port, the rest a table as the kernel writes it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tatu_port_owner owner = {.fit = TATU_PORT_OTHER};
    if (size < 2) {
        return 0;
    }
    const struct sockaddr_in at = {.sin_family = AF_INET,
                                   .sin_port = htons((uint16_t)(data[0] << 8 | data[1])),
                                   .sin_addr = {htonl(INADDR_LOOPBACK)}};
    const size_t used =
        tatu_netd_look_at_ports((struct tatu_span){data + 2, size - 2}, &at, &owner);
    if (used > size - 2 || (used != 0 && data[2 + used - 1] != '\n')) {
        abort(); /* only whole lines */
    }
    if (owner.fit != TATU_PORT_OTHER && memchr(data + 2, ' ', used) == NULL) {
        abort(); /* a line has words */
    }
    return 0;
}
