#include "service/http/http.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static bool is_short(const char *value)
{
    return strlen(value) <= 5;
}

static enum tatu_err answer_ok(void *context, const struct tatu_http_request *request,
                               struct tatu_http_answer *answer)
{
    (void)context;
    (void)request;
    (void)answer;
    return TATU_OK;
}

static const struct tatu_http_route routes[] = {
    {TATU_HTTP_GET, "/open", TATU_HTTP_OPEN, 0, 0, answer_ok},
    {TATU_HTTP_PUT, "/Things/{short}", TATU_HTTP_TOKEN, 4, 0, answer_ok},
    {TATU_HTTP_GET, "/Things/{short}/{short}", TATU_HTTP_TOKEN, 0, 0, answer_ok},
    {TATU_HTTP_GET, "/device", TATU_HTTP_DEVICE, 0, 0, answer_ok},
};
static const struct tatu_http_kind kinds[] = {{"short", is_short}};

static enum tatu_err check_token(void *context, struct tatu_arena *arena, const char *token,
                                 const char **out_subject)
{
    (void)context;
    (void)arena;
    if (strcmp(token, "broken") == 0) {
        return TATU_ERR_IO;
    }
    if (strcmp(token, "good") != 0) {
        return TATU_ERR_DENIED;
    }
    *out_subject = "somebody";
    return TATU_OK;
}

static void serve(void *context, const struct tatu_http_request *request,
                  struct tatu_http_answer *answer)
{
    (void)context;
    (void)request;
    answer->status = 200;
}

static void refuse(void *context, const struct tatu_http_request *request,
                   enum tatu_http_refusal refusal, struct tatu_http_answer *answer)
{
    (void)context;
    (void)request;
    answer->status = (int)refusal;
}

static struct tatu_http_site make_site(void)
{
    return (struct tatu_http_site){
        routes, TATU_COUNT_OF(routes), kinds, 1,     true, TATU_HTTP_TOKEN,
        NULL,   check_token,           serve, refuse};
}

static int ask(const char *method, const char *target, const char *authorization, size_t body_len,
               bool device)
{
    static const uint8_t device_id[64];
    static const uint8_t body[16];
    struct tatu_http_site site = make_site();
    struct tatu_http_raw raw = {.method = method,
                                .target = target,
                                .authorization = authorization,
                                .body = {body, body_len},
                                .device_id = device ? device_id : NULL};
    struct tatu_arena arena;
    struct tatu_http_answer answer = {0};
    tatu_arena_init(&arena);
    tatu_http_dispatch(&site, &raw, &arena, 1, &answer);
    tatu_arena_done(&arena);
    return answer.status;
}

static void only_a_decoded_request_of_an_allowed_caller_is_served(void **state)
{
    (void)state;
    static const struct {
        const char *method, *target, *authorization;
        size_t body_len;
        bool device;
        int want;
    } rows[] = {
        {"GET", "/open", NULL, 0, false, 200},
        {"GET", "/OPEN", NULL, 0, false, 200},
        {"GET", "/open?a=1&b", NULL, 0, false, 200},
        {"PUT", "/things/ab", "Bearer good", 4, false, 200},
        {"PUT", "/things/a%20b", "bearer good", 0, false, 200},
        {"GET", "/device", NULL, 0, true, 200},
        {"PUT", "/things/ab", "Bearer good", 5, false, TATU_HTTP_TOO_LARGE},
        {"PUT", "/things/ab", NULL, 5, false, TATU_HTTP_NO_CREDENTIAL},
        {"PUT", "/things/ab", "Bearer bad", 0, false, TATU_HTTP_NO_CREDENTIAL},
        {"PUT", "/things/ab", "Basic good", 0, false, TATU_HTTP_NO_CREDENTIAL},
        {"PUT", "/things/ab", "Bearer broken", 0, false, TATU_HTTP_UNAVAILABLE},
        {"PUT", "/things/toolong", "Bearer good", 0, false, TATU_HTTP_BAD_NAME},
        {"PUT", "/things/", "Bearer good", 0, false, TATU_HTTP_NO_SUCH_PATH},
        {"PUT", "/things/ab/", "Bearer good", 0, false, TATU_HTTP_NO_SUCH_PATH},
        {"PUT", "/things/a%2fb", "Bearer good", 0, false, TATU_HTTP_BAD_REQUEST},
        {"PUT", "/things/a%00b", "Bearer good", 0, false, TATU_HTTP_BAD_REQUEST},
        {"PUT", "/things/a%4", "Bearer good", 0, false, TATU_HTTP_BAD_REQUEST},
        {"PUT", "/things/a\xc3\xa9", "Bearer good", 0, false, TATU_HTTP_BAD_REQUEST},
        {"POST", "/things/ab", "Bearer good", 0, false, TATU_HTTP_NO_SUCH_METHOD},
        {"put", "/things/ab", "Bearer good", 0, false, TATU_HTTP_NO_SUCH_METHOD},
        {"GET", "/nowhere", "Bearer good", 0, false, TATU_HTTP_NO_SUCH_PATH},
        {"GET", "/nowhere", NULL, 0, false, TATU_HTTP_NO_CREDENTIAL},
        {"GET", "/open?a=1&a=2", NULL, 0, false, TATU_HTTP_NO_CREDENTIAL},
        {"GET", "/open?a=1&a=2", "Bearer good", 0, false, TATU_HTTP_BAD_REQUEST},
        {"GET", "/open#x", "Bearer good", 0, false, TATU_HTTP_BAD_REQUEST},
        {"GET", "http://host/open", "Bearer good", 0, false, TATU_HTTP_BAD_REQUEST},
        {"GET", "", "Bearer good", 0, false, TATU_HTTP_BAD_REQUEST},
        {"GET", "/device", "Bearer good", 0, false, TATU_HTTP_NO_CREDENTIAL},
    };
    for (size_t i = 0; i < TATU_COUNT_OF(rows); i++) {
        int status = ask(rows[i].method, rows[i].target, rows[i].authorization, rows[i].body_len,
                         rows[i].device);
        if (status != rows[i].want) {
            fail_msg("%s %s: %d, not %d", rows[i].method, rows[i].target, status, rows[i].want);
        }
    }
}

static void targets_over_each_limit_are_refused(void **state)
{
    (void)state;
    char target[TATU_HTTP_TARGET_MAX + 2];
    memset(target, 'a', sizeof(target));
    target[0] = '/';
    target[sizeof(target) - 1] = 0;
    assert_int_equal(ask("GET", target, "Bearer good", 0, false), TATU_HTTP_BAD_REQUEST);
    target[sizeof(target) - 2] = 0;
    assert_int_equal(ask("GET", target, "Bearer good", 0, false), TATU_HTTP_NO_SUCH_PATH);
    for (size_t i = 0; i < 2 * TATU_HTTP_SEGMENT_MAX; i++) {
        target[i] = i % 2 == 0 ? '/' : 'a';
    }
    target[2 * TATU_HTTP_SEGMENT_MAX] = 0;
    assert_int_equal(ask("GET", target, "Bearer good", 0, false), TATU_HTTP_NO_SUCH_PATH);
    strcpy(target + 2 * TATU_HTTP_SEGMENT_MAX, "/a");
    assert_int_equal(ask("GET", target, "Bearer good", 0, false), TATU_HTTP_BAD_REQUEST);
    char query[256] = "/open?";
    for (char c = 'a'; c < 'a' + (char)TATU_HTTP_QUERY_MAX; c++) {
        const char pair[] = {c, '=', '1', '&', 0};
        strcat(query, pair);
    }
    assert_int_equal(ask("GET", query, "Bearer good", 0, false), 200);
    strcat(query, "z=1");
    assert_int_equal(ask("GET", query, "Bearer good", 0, false), TATU_HTTP_BAD_REQUEST);
}

static void range_is_one_part_inside_or_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum tatu_err err;
        size_t from, len;
    } rows[] = {
        {"bytes=0-0", TATU_OK, 0, 1},
        {"bytes=5-", TATU_OK, 5, 95},
        {"bytes=-10", TATU_OK, 90, 10},
        {"bytes=-500", TATU_OK, 0, 100},
        {"bytes=90-500", TATU_OK, 90, 10},
        {"bytes=99-99", TATU_OK, 99, 1},
        {"bytes=100-", TATU_ERR_ARGUMENT},
        {"bytes=-0", TATU_ERR_ARGUMENT},
        {"bytes=5-4", TATU_ERR_FORMAT},
        {"bytes=-", TATU_ERR_FORMAT},
        {"bytes=1-2,4-5", TATU_ERR_FORMAT},
        {"items=0-1", TATU_ERR_FORMAT},
        {"bytes=a-b", TATU_ERR_FORMAT},
        {"bytes=99999999999999999999999-", TATU_ERR_FORMAT},
        {"", TATU_ERR_FORMAT},
    };
    for (size_t i = 0; i < TATU_COUNT_OF(rows); i++) {
        size_t from = 77, len = 77;
        assert_int_equal(tatu_http_decode_range(rows[i].text, 100, &from, &len), rows[i].err);
        assert_int_equal(from, rows[i].err == TATU_OK ? rows[i].from : 77);
        assert_int_equal(len, rows[i].err == TATU_OK ? rows[i].len : 77);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_a_decoded_request_of_an_allowed_caller_is_served),
        cmocka_unit_test(targets_over_each_limit_are_refused),
        cmocka_unit_test(range_is_one_part_inside_or_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
