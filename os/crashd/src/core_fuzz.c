#include <string.h>

#include "os/crashd/crashd.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool read_span(void *context, uint8_t *room, size_t len)
{
    struct tatu_span *left = context;
    if (len > left->len) {
        return false;
    }
    if (room != NULL) {
        memcpy(room, left->data, len);
    }
    *left = (struct tatu_span){left->data + len, left->len - len};
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct tatu_core_work work;
    struct tatu_span left = {data, size};
    struct tatu_crash crash = {.pid = 1};
    uint8_t record[8192];
    struct tatu_buf buf = TATU_BUF_OF(record);
    if (tatu_crashd_decode_core((struct tatu_core_source){read_span, &left}, &work, &crash) ==
        TATU_OK) {
        (void)tatu_proto_encode_crash(&crash, &buf);
    }
    return 0;
}
