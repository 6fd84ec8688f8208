#include "os/lib/request.h"

#include <assert.h>
#include <sys/socket.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum tatu_err act(void *context, const struct tatu_os_asked *asked,
                         struct tatu_os_reply *reply)
{
    (void)context;
    assert(asked->ask.payload.len <= TATU_REQUEST_PAYLOAD_MAX);
    return tatu_base_put_bytes(&reply->payload, asked->ask.payload);
}

/* A hostile application on its own connection. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tatu_ask ask;
    int pair[2];

    (void)tatu_os_decode_ask((struct tatu_span){data, size}, &ask);
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) != 0) {
        return 0;
    }
    if (send(pair[0], data, size, MSG_NOSIGNAL) < 0) {
        (void)close(pair[1]);
    } else if (!tatu_os_answer(pair[1], size % 2 == 0, act, NULL)) {
        (void)close(pair[1]);
    }
    (void)close(pair[0]);
    return 0;
}
