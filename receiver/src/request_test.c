#include "receiver/receiver.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static enum tatu_err decode(const char *text, struct tatu_receiver_request *out)
{
    return tatu_receiver_decode((struct tatu_span){(const uint8_t *)text, strlen(text)}, out);
}

static void only_a_whole_ring_is_a_request(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum tatu_err err;
    } rows[] = {
        {"POST /ring HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}", TATU_OK},
        {"POST /ring HTTP/1.1\r\nhost: x\r\ncontent-length:2 \r\n\r\n{}", TATU_OK},
        {"POST /ring HTTP/1.1\r\nContent-Length: 2\r\n\r\n{", TATU_ERR_SHORT},
        {"POST /ring HTTP/1.1\r\nContent-Length: 2\r\n", TATU_ERR_SHORT},
        {"", TATU_ERR_SHORT},
        {"POST /ring HTTP/1.1\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
         TATU_ERR_FORMAT},
        {"POST /ring HTTP/1.1\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}",
         TATU_ERR_FORMAT},
        {"POST /ring HTTP/1.1\r\n\r\n", TATU_ERR_FORMAT},
        {"POST /ring HTTP/1.0\r\nContent-Length: 2\r\n\r\n{}", TATU_ERR_FORMAT},
        {"POST /ring HTTP/1.1\r\n folded\r\n\r\n", TATU_ERR_FORMAT},
        {"POST /ring HTTP/1.1\r\nContent-Length: -2\r\n\r\n{}", TATU_ERR_FORMAT},
        {"POST /ring HTTP/1.1\r\nContent-Length: 0x2\r\n\r\n{}", TATU_ERR_FORMAT},
        {"POST /ring HTTP/1.1\r\nContent-Length: 4097\r\n\r\n", TATU_ERR_LONG},
        {"POST /ring HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n", TATU_ERR_LONG},
        {"POST /other HTTP/1.1\r\nContent-Length: 0\r\n\r\n", TATU_ERR_NOT_FOUND},
        {"POST /ring/ HTTP/1.1\r\nContent-Length: 0\r\n\r\n", TATU_ERR_NOT_FOUND},
        {"GET /ring HTTP/1.1\r\nContent-Length: 0\r\n\r\n", TATU_ERR_UNKNOWN_COMMAND},
    };
    for (size_t i = 0; i < TATU_COUNT_OF(rows); i++) {
        struct tatu_receiver_request request = {77, 77};
        enum tatu_err err = decode(rows[i].text, &request);
        if (err != rows[i].err) {
            fail_msg("%s: %s", rows[i].text, tatu_err_name(err));
        }
        assert_int_equal(request.body_len, err == TATU_OK ? 2 : 77);
    }
}

static void head_without_end_is_too_long(void **state)
{
    (void)state;
    char text[TATU_RECEIVER_HEADER_MAX + 1];
    memset(text, 'a', sizeof(text) - 1);
    text[sizeof(text) - 1] = 0;
    struct tatu_receiver_request request;
    assert_int_equal(decode(text, &request), TATU_ERR_LONG);
    text[sizeof(text) - 2] = 0;
    assert_int_equal(decode(text, &request), TATU_ERR_SHORT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_a_whole_ring_is_a_request),
        cmocka_unit_test(head_without_end_is_too_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
