/* A monitor for tests: answers one canned reply and keeps what it was asked. */
#ifndef TATU_OS_LIB_FAKE_MONITOR_H
#define TATU_OS_LIB_FAKE_MONITOR_H

#include "os/lib/sm.h"

#include <string.h>

struct fake_monitor {
    enum tatu_err err;
    uint8_t answer[TATU_SMC_PAGE_SIZE];
    size_t answer_len;
    uint32_t number;
    uint8_t request[TATU_SMC_PAGE_SIZE];
    size_t request_len;
    int calls;
};

static enum tatu_err fake_call(void *context, uint32_t number, struct tatu_span in,
                               struct tatu_buf *out)
{
    struct fake_monitor *fake = context;

    fake->calls++;
    fake->number = number;
    fake->request_len = in.len;
    if (in.len != 0) {
        memcpy(fake->request, in.data, in.len);
    }
    if (fake->err != TATU_OK) {
        return fake->err;
    }
    return tatu_base_put_bytes(out, (struct tatu_span){fake->answer, fake->answer_len});
}

static inline struct tatu_os_monitor fake_open(struct fake_monitor *fake)
{
    return (struct tatu_os_monitor){.call = fake_call, .context = fake, .fd = -1};
}

#endif
