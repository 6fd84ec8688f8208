#include "os/lib/request.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was taken can be written, and then says the same. */
static void check_ask(const struct tatu_ask *ask, struct tatu_span in)
{
    uint8_t room[TATU_REQUEST_MAX];
    struct tatu_buf out = TATU_BUF_OF(room);

    assert(tatu_os_encode_ask(ask, &out) == TATU_OK);
    assert(out.len == in.len && memcmp(room, in.data, in.len) == 0);
}

static void try_asked(struct tatu_span in, bool may_introduce, uid_t uid, int carried)
{
    struct tatu_os_asked asked = {.uid = uid, .fd = 7};

    if (tatu_os_decode_asked(in, may_introduce, carried, &asked) != TATU_OK) {
        return;
    }
    assert(asked.ask.payload.len <= TATU_REQUEST_PAYLOAD_MAX);
    assert(asked.ask.payload.data + asked.ask.payload.len == in.data + in.len);
    if (asked.introduced) {
        assert(may_introduce && uid == 0 && carried >= 0 && asked.fd == carried);
        assert(asked.ask.op < TATU_REQUEST_APP_END);
    } else {
        assert(asked.uid == uid && asked.fd == 7);
        check_ask(&asked.ask, in);
    }
}

/* A message of a hostile application, of one who says he is appman, and of a server. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct tatu_span in = {data, size};
    uint8_t room[TATU_ANSWER_PAYLOAD_MAX];
    struct tatu_buf out = TATU_BUF_OF(room);
    struct tatu_ask ask;
    uint32_t number;

    if (tatu_os_decode_ask(in, &ask) == TATU_OK) {
        check_ask(&ask, in);
    }
    try_asked(in, false, 1000, -1);
    try_asked(in, true, 1000, 9);
    try_asked(in, true, 0, 9);
    try_asked(in, true, 0, -1);
    if (tatu_os_decode_answer(in, &number, &out) != TATU_OK) {
        assert(out.len == 0);
    }
    (void)tatu_os_decode_answer(in, &number, NULL);
    return 0;
}
