#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "http.h"

static struct tatu_span span_of(const char *text)
{
    return (struct tatu_span){(const uint8_t *)text, strlen(text)};
}

static enum tatu_err decode(const char *text, struct tatu_http_head *out)
{
    size_t len;
    return tatu_http_decode_head(span_of(text), out, &len);
}

static void a_request_of_each_client_is_read(void **state)
{
    struct tatu_http_head head;
    (void)state;
    /* Python requests, .NET HttpClient, curl */
    assert_int_equal(
        decode("PUT /update/stage HTTP/1.1\r\nHost: *.devices.sphere.azure.local\r\n"
               "User-Agent: python-requests/2.28\r\nAccept-Encoding: gzip, deflate\r\n"
               "Accept: application/json\r\nConnection: keep-alive\r\n"
               "Content-Type: application/octet-stream\r\nContent-Length: 20692\r\n\r\n",
               &head),
        TATU_OK);
    assert_int_equal(head.method, TATU_HTTP_PUT);
    assert_string_equal(head.type, "application/octet-stream");
    assert_int_equal(head.length, 20692);
    assert_true(head.stays && !head.chunked && !head.expects);
    assert_int_equal(decode("POST https://192.168.35.2/net/proxy?a=b HTTP/1.1\r\nhost: x\r\n"
                            "transfer-encoding: Chunked\r\ncontent-type: Application/JSON; "
                            "charset=utf-8\r\nexpect: 100-Continue\r\n\r\n",
                            &head),
                     TATU_OK);
    assert_string_equal(head.path, "/net/proxy");
    assert_string_equal(head.type, "application/json");
    assert_true(head.chunked && head.expects && !head.has_length);
    assert_int_equal(decode("GET /status HTTP/1.0\r\n\r\n", &head), TATU_OK);
    assert_false(head.stays);
    assert_int_equal(decode("GET /status HTTP/1.0\r\nConnection: x, Keep-Alive\r\n\r\n", &head),
                     TATU_OK);
    assert_true(head.stays);
    assert_int_equal(decode("OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", &head),
                     TATU_OK);
    assert_string_equal(head.path, "*");
    assert_false(head.stays);
}

static void what_is_no_request_is_refused_and_changes_nothing(void **state)
{
    static const struct {
        const char *text;
        enum tatu_err err;
    } rows[] = {
        {"GET / HTTP/1.1\r\nHost: a\r\n", TATU_ERR_SHORT},
        {"GET / HTTP/1.1\nHost: a\n\n", TATU_ERR_SHORT},
        {"GET / HTTP/1.2\r\nHost: a\r\n\r\n", TATU_ERR_VERSION},
        {"GET / HTTP/1.1\r\n\r\n", TATU_ERR_FORMAT},
        {"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", TATU_ERR_FORMAT},
        {"G\"T / HTTP/1.1\r\nHost: a\r\n\r\n", TATU_ERR_FORMAT},
        {"GET status HTTP/1.1\r\nHost: a\r\n\r\n", TATU_ERR_FORMAT},
        {"GET https:/// HTTP/1.1\r\nHost: a\r\n\r\n", TATU_ERR_FORMAT},
        {"GET https://a HTTP/1.1\r\nHost: a\r\n\r\n", TATU_ERR_FORMAT},
        {"GET /#x HTTP/1.1\r\nHost: a\r\n\r\n", TATU_ERR_FORMAT},
        {"GET /\x01 HTTP/1.1\r\nHost: a\r\n\r\n", TATU_ERR_FORMAT},
        {"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", TATU_ERR_FORMAT},
        {"GET / HTTP/1.1\r\nHost: a\r\n b: c\r\n\r\n", TATU_ERR_FORMAT},
        {"GET / HTTP/1.1\r\nHost: a\r\nb : c\r\n\r\n", TATU_ERR_FORMAT},
        {"GET / HTTP/1.1\r\nHost: a\rb: c\r\n\r\n", TATU_ERR_FORMAT},
        {"GET / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n", TATU_ERR_FORMAT},
        {"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\n", TATU_ERR_FORMAT},
        {"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 1\r\n\r\n", TATU_ERR_FORMAT},
        {"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 4294967296\r\n\r\n", TATU_ERR_ARGUMENT},
        {"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 12345678901\r\n\r\n", TATU_ERR_ARGUMENT},
        {"GET / HTTP/1.1\r\nHost: a\r\nContent-Type: a\r\nContent-Type: a\r\n\r\n",
         TATU_ERR_FORMAT},
        {"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", TATU_ERR_STATE},
        {"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n",
         TATU_ERR_FORMAT},
        {"GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", TATU_ERR_FORMAT},
        {"GET / HTTP/1.1\r\nHost: a\r\nExpect: more\r\n\r\n", TATU_ERR_STATE},
        {"GET / HTTP/1.1\r\nHost: a\r\nAZSPHERE-CAPABILITIES: a\r\nazsphere-capabilities: "
         "b\r\n\r\n",
         TATU_ERR_FORMAT},
    };
    struct tatu_http_head head;
    (void)state;
    for (size_t i = 0; i < TATU_COUNT_OF(rows); i++) {
        memset(&head, 0x5a, sizeof(head));
        assert_int_equal(decode(rows[i].text, &head), rows[i].err);
        assert_int_equal(head.path[0], 0x5a);
    }
}

static void limits_are_met_and_kept(void **state)
{
    static char text[TATU_HTTP_HEAD_MAX + 64];
    struct tatu_http_head head;
    size_t len;
    (void)state;
    len = (size_t)sprintf(text, "GET / HTTP/1.1\r\nHost: a\r\nX: ");
    memset(text + len, 'x', TATU_HTTP_HEAD_MAX - len - 4);
    strcpy(text + TATU_HTTP_HEAD_MAX - 4, "\r\n\r\n");
    assert_int_equal(decode(text, &head), TATU_OK);
    strcpy(text + TATU_HTTP_HEAD_MAX - 4, "x\r\n\r\n");
    assert_int_equal(decode(text, &head), TATU_ERR_LONG);
    memset(text, 'x', TATU_HTTP_HEAD_MAX);
    text[TATU_HTTP_HEAD_MAX] = '\0';
    assert_int_equal(decode(text, &head), TATU_ERR_LONG);

    len = (size_t)sprintf(text, "GET /");
    memset(text + len, 'p', TATU_HTTP_PATH_MAX - 2);
    strcpy(text + len + TATU_HTTP_PATH_MAX - 2, " HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_int_equal(decode(text, &head), TATU_OK);
    strcpy(text + len + TATU_HTTP_PATH_MAX - 2, "p HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_int_equal(decode(text, &head), TATU_ERR_LONG);

    len = (size_t)sprintf(text, "GET / HTTP/1.1\r\nHost: a\r\n");
    for (size_t i = 1; i < TATU_HTTP_HEADER_MAX; i++) {
        len += (size_t)sprintf(text + len, "X: y\r\n");
    }
    strcpy(text + len, "\r\n");
    assert_int_equal(decode(text, &head), TATU_OK);
    strcpy(text + len, "X: y\r\n\r\n");
    assert_int_equal(decode(text, &head), TATU_ERR_LONG);
}

/* The content of a chunked body that comes in pieces of a size; NULL when it is refused. */
static char *read_chunks(const char *text, size_t size, size_t *out_rest)
{
    static char content[256];
    const struct tatu_http_head head = {.chunked = true};
    struct tatu_http_body body;
    size_t len = 0, at = 0;
    const size_t all = strlen(text);
    tatu_http_begin_body(&head, &body);
    while (at < all && body.state != TATU_BODY_OVER) {
        struct tatu_span in = {(const uint8_t *)text + at, all - at < size ? all - at : size};
        struct tatu_span piece;
        const size_t before = in.len;
        if (tatu_http_take_body(&body, &in, &piece) != TATU_OK) {
            return NULL;
        }
        memcpy(content + len, piece.data, piece.len);
        len += piece.len;
        at += before - in.len;
    }
    content[len] = '\0';
    *out_rest = body.state == TATU_BODY_OVER ? all - at : SIZE_MAX;
    return content;
}

static void chunks_are_joined_however_they_come(void **state)
{
    static const char text[] = "4;name=value\r\nWiki\r\n5 \r\npedia\r\nE\r\n in\r\n\r\nchunks."
                               "\r\n0\r\nTrailer: x\r\n\r\nGET";
    size_t rest;
    (void)state;
    for (size_t size = 1; size < sizeof(text); size++) {
        assert_string_equal(read_chunks(text, size, &rest), "Wikipedia in\r\n\r\nchunks.");
        assert_int_equal(rest, 3);
    }
}

static void wrong_chunks_are_refused(void **state)
{
    static const char *const rows[] = {
        "\r\n",         "x\r\n",   ";a\r\n",   "1\n",      "1\rx",     "-1\r\n",
        "00000000\r\n", "1\r\nab", "1\r\na\n", "0\r\nX\n", "0\r\n\rx",
    };
    static char text[TATU_HTTP_CHUNK_LINE_MAX + TATU_HTTP_TRAILER_MAX + 16];
    size_t rest;
    (void)state;
    for (size_t i = 0; i < TATU_COUNT_OF(rows); i++) {
        assert_null(read_chunks(rows[i], 3, &rest));
    }
    memset(text, ' ', TATU_HTTP_CHUNK_LINE_MAX + 1);
    text[0] = '1';
    assert_null(read_chunks(text, 16, &rest));
    memset(text, 'x', TATU_HTTP_TRAILER_MAX + 4);
    memcpy(text, "0\r\n", 3);
    assert_null(read_chunks(text, 16, &rest));
    (void)read_chunks("5\r\nab", 100, &rest);
    assert_int_equal(rest, SIZE_MAX); /* not over */
}

static void segments_are_decoded_strictly(void **state)
{
    static const struct {
        const char *text;
        const char *name;
    } rows[] = {{"eth0", "eth0"}, {"a%20b%2Fc", "a b/c"}, {"%41", "A"},  {"", ""},
                {"%", NULL},      {"%4", NULL},           {"%zz", NULL}, {"a%00", NULL},
                {"%0a", NULL},    {"12345678", NULL}};
    char name[8];
    (void)state;
    for (size_t i = 0; i < TATU_COUNT_OF(rows); i++) {
        const enum tatu_err err =
            tatu_http_decode_segment(span_of(rows[i].text), name, sizeof(name));
        assert_int_equal(err == TATU_OK, rows[i].name != NULL);
        if (rows[i].name != NULL) {
            assert_string_equal(name, rows[i].name);
        }
    }
    assert_int_equal(tatu_http_decode_segment(span_of("12345678"), name, sizeof(name)),
                     TATU_ERR_LONG);
}

static void base64_is_decoded_strictly(void **state)
{
    static const struct {
        const char *text;
        const char *bytes;
    } rows[] = {{"", ""},      {"Zg==", "f"},  {"Zm8=", "fo"}, {"Zm9v", "foo"}, {"+/+/", NULL},
                {"Zg=", NULL}, {"=Zg=", NULL}, {"Z===", NULL}, {"Zm9\n", NULL}, {"Z m9", NULL}};
    (void)state;
    for (size_t i = 0; i < TATU_COUNT_OF(rows); i++) {
        uint8_t room[3] = {0};
        struct tatu_buf buf = TATU_BUF_OF(room);
        const enum tatu_err err = tatu_http_decode_base64(span_of(rows[i].text), &buf);
        if (rows[i].bytes != NULL) {
            assert_int_equal(err, TATU_OK);
            assert_int_equal(buf.len, strlen(rows[i].bytes));
            assert_memory_equal(room, rows[i].bytes, buf.len);
        } else if (i != 4) {
            assert_int_equal(err, TATU_ERR_FORMAT);
        }
    }
    uint8_t small[2];
    struct tatu_buf buf = TATU_BUF_OF(small);
    assert_int_equal(tatu_http_decode_base64(span_of("Zm9v"), &buf), TATU_ERR_FULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_of_each_client_is_read),
        cmocka_unit_test(what_is_no_request_is_refused_and_changes_nothing),
        cmocka_unit_test(limits_are_met_and_kept),
        cmocka_unit_test(chunks_are_joined_however_they_come),
        cmocka_unit_test(wrong_chunks_are_refused),
        cmocka_unit_test(segments_are_decoded_strictly),
        cmocka_unit_test(base64_is_decoded_strictly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
