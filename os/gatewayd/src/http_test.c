#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "os/gatewayd/gatewayd.h"

static enum tatu_err decode(const char *text, struct tatu_http_request *out)
{
    return tatu_gatewayd_decode_http((struct tatu_span){(const uint8_t *)text, strlen(text)}, out);
}

#define HOST "Host: x\r\n"
static const char post[] =
    "POST /tatu/v1/claim HTTP/1.1\r\n" HOST "content-type: Application/JSON ; charset=utf-8\r\n"
    "Content-Length:  2 \r\nAccept: */*\r\n\r\n{}";

static void a_get_is_read(void **state)
{
    struct tatu_http_request request;
    (void)state;
    assert_int_equal(decode("GET /status HTTP/1.1\r\n" HOST "\r\n", &request), TATU_OK);
    assert_int_equal(request.method, TATU_HTTP_GET);
    assert_string_equal(request.path, "/status");
    assert_false(request.has_length || request.is_json);
    assert_int_equal(request.body.len, 0);
}

static void a_post_is_read_with_its_body(void **state)
{
    struct tatu_http_request request;
    (void)state;
    assert_int_equal(decode(post, &request), TATU_OK);
    assert_int_equal(request.method, TATU_HTTP_POST);
    assert_true(request.has_length && request.is_json);
    assert_int_equal(request.body.len, 2);
    assert_memory_equal(request.body.data, "{}", 2);
}

static void a_request_cut_anywhere_is_short_and_changes_nothing(void **state)
{
    struct tatu_http_request request = {.path = "kept"};
    (void)state;
    for (size_t len = 0; len < sizeof(post) - 1; len++) {
        assert_int_equal(
            tatu_gatewayd_decode_http((struct tatu_span){(const uint8_t *)post, len}, &request),
            TATU_ERR_SHORT);
    }
    assert_string_equal(request.path, "kept");
}

static void what_the_grammar_does_not_have_is_refused(void **state)
{
    static const struct {
        const char *text;
        enum tatu_err err;
    } rows[] = {
        {"GET /status HTTP/1.0\r\n" HOST "\r\n", TATU_ERR_VERSION},
        {"GET /status HTTP/2\r\n" HOST "\r\n", TATU_ERR_VERSION},
        {"GET /status\r\n" HOST "\r\n", TATU_ERR_FORMAT},
        {"GET  /status HTTP/1.1\r\n" HOST "\r\n", TATU_ERR_FORMAT},
        {"GET /sta tus HTTP/1.1\r\n" HOST "\r\n", TATU_ERR_FORMAT},
        {"GET http://x/ HTTP/1.1\r\n" HOST "\r\n", TATU_ERR_FORMAT},
        {"G(T /status HTTP/1.1\r\n" HOST "\r\n", TATU_ERR_FORMAT},
        {" GET /status HTTP/1.1\r\n" HOST "\r\n", TATU_ERR_FORMAT},
        {"GET /st\x80 HTTP/1.1\r\n" HOST "\r\n", TATU_ERR_FORMAT},
        {"GET / HTTP/1.1\r\n\r\n", TATU_ERR_FORMAT},
        {"GET / HTTP/1.1\r\n" HOST HOST "\r\n", TATU_ERR_FORMAT},
        {"GET / HTTP/1.1\r\n" HOST "A: b\nC: d\r\n\r\n", TATU_ERR_FORMAT},
        {"GET / HTTP/1.1\r\n" HOST "A: b\r\n folded\r\n\r\n", TATU_ERR_FORMAT},
        {"GET / HTTP/1.1\r\n" HOST "A : b\r\n\r\n", TATU_ERR_FORMAT},
        {"GET / HTTP/1.1\r\n" HOST ": b\r\n\r\n", TATU_ERR_FORMAT},
        {"GET / HTTP/1.1\r\n" HOST "A\r\n\r\n", TATU_ERR_FORMAT},
        {"GET / HTTP/1.1\r\n" HOST "A: \x01\r\n\r\n", TATU_ERR_FORMAT},
        {"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n", TATU_ERR_FORMAT},
        {"POST / HTTP/1.1\r\n" HOST "Content-Length: 1\r\nContent-Length: 1\r\n\r\nx",
         TATU_ERR_FORMAT},
        {"POST / HTTP/1.1\r\n" HOST "Content-Type: a/b\r\nContent-Type: a/b\r\n\r\n",
         TATU_ERR_FORMAT},
        {"POST / HTTP/1.1\r\n" HOST "Content-Length: +1\r\n\r\nx", TATU_ERR_FORMAT},
        {"POST / HTTP/1.1\r\n" HOST "Content-Length: 1,1\r\n\r\nx", TATU_ERR_FORMAT},
        {"POST / HTTP/1.1\r\n" HOST "Content-Length: \r\n\r\n", TATU_ERR_FORMAT},
        {"POST / HTTP/1.1\r\n" HOST "Content-Length: 1\r\n\r\nxy", TATU_ERR_FORMAT},
        {"POST / HTTP/1.1\r\n" HOST "\r\nx", TATU_ERR_FORMAT},
        {"POST / HTTP/1.1\r\n" HOST "Content-Length: 16385\r\n\r\n", TATU_ERR_LONG},
        {"POST / HTTP/1.1\r\n" HOST "Content-Length: 18446744073709551617\r\n\r\n", TATU_ERR_LONG},
    };
    struct tatu_http_request request = {.path = "kept"};
    (void)state;
    for (size_t i = 0; i < TATU_COUNT_OF(rows); i++) {
        assert_int_equal(decode(rows[i].text, &request), rows[i].err);
    }
    assert_string_equal(request.path, "kept");
}

static void an_unknown_method_is_still_a_request(void **state)
{
    struct tatu_http_request request;
    (void)state;
    assert_int_equal(decode("PATCH / HTTP/1.1\r\n" HOST "\r\n", &request), TATU_OK);
    assert_int_equal(request.method, TATU_HTTP_OTHER);
    assert_int_equal(decode("get / HTTP/1.1\r\n" HOST "\r\n", &request), TATU_OK);
    assert_int_equal(request.method, TATU_HTTP_OTHER);
}

static void the_limits_are_met_and_not_passed(void **state)
{
    static char text[TATU_HTTP_REQUEST_MAX + 64];
    struct tatu_http_request request;
    (void)state;
    int len =
        snprintf(text, sizeof(text), "POST / HTTP/1.1\r\n" HOST "Content-Length: 16384\r\nA: ");
    memset(text + len, 'a', TATU_HTTP_HEADERS_MAX - 4 - (size_t)len);
    memcpy(text + TATU_HTTP_HEADERS_MAX - 4, "\r\n\r\n", 4);
    memset(text + TATU_HTTP_HEADERS_MAX, 'b', TATU_HTTP_BODY_MAX);
    const struct tatu_span in = {(const uint8_t *)text, TATU_HTTP_REQUEST_MAX};
    assert_int_equal(tatu_gatewayd_decode_http(in, &request), TATU_OK);
    assert_int_equal(request.body.len, TATU_HTTP_BODY_MAX);
    memcpy(text + TATU_HTTP_HEADERS_MAX - 4, "a\r\n\r\n", 5);
    assert_int_equal(tatu_gatewayd_decode_http(in, &request), TATU_ERR_LONG);
    memset(text, 'a', sizeof(text));
    assert_int_equal(
        tatu_gatewayd_decode_http((struct tatu_span){(const uint8_t *)text, TATU_HTTP_HEADERS_MAX},
                                  &request),
        TATU_ERR_LONG);

    memset(text, 0, sizeof(text));
    len = snprintf(text, sizeof(text), "GET /%0*d HTTP/1.1\r\n" HOST "\r\n",
                   (int)TATU_HTTP_PATH_MAX - 2, 0);
    assert_int_equal(decode(text, &request), TATU_OK);
    len = snprintf(text, sizeof(text), "GET /%0*d HTTP/1.1\r\n" HOST "\r\n",
                   (int)TATU_HTTP_PATH_MAX - 1, 0);
    assert_int_equal(decode(text, &request), TATU_ERR_LONG);

    len = snprintf(text, sizeof(text), "GET / HTTP/1.1\r\n" HOST);
    for (size_t i = 1; i < 64; i++) {
        len += snprintf(text + len, sizeof(text) - (size_t)len, "A: b\r\n");
    }
    (void)snprintf(text + len, sizeof(text) - (size_t)len, "\r\n");
    assert_int_equal(decode(text, &request), TATU_OK);
    (void)snprintf(text + len, sizeof(text) - (size_t)len, "A: b\r\n\r\n");
    assert_int_equal(decode(text, &request), TATU_ERR_LONG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_get_is_read),
        cmocka_unit_test(a_post_is_read_with_its_body),
        cmocka_unit_test(a_request_cut_anywhere_is_short_and_changes_nothing),
        cmocka_unit_test(what_the_grammar_does_not_have_is_refused),
        cmocka_unit_test(an_unknown_method_is_still_a_request),
        cmocka_unit_test(the_limits_are_met_and_not_passed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
