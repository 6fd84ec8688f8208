#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "os/gatewayd/gatewayd.h"
#include "proto/mailbox.h"

#define HEX16 "00112233445566778899aabbccddeeff"
#define CLAIM                                                                                      \
    "{\"nonce\":\"" HEX16 HEX16 "\",\"tenant\":\"" HEX16                                           \
    "\",\"ownerKey\":\"" HEX16 HEX16 HEX16 HEX16 "\"}"

/* A monitor of the test's own. */
struct fake {
    enum tatu_err err; /* of every call */
    enum tatu_err claim_err;
    uint32_t board_class;
    size_t cose_len;
    size_t claims;  /* that reached it */
    size_t notices; /* of a new owner */
    uint8_t claim[112];
};

static enum tatu_err put_many(struct tatu_buf *out, uint8_t value, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        TATU_TRY(tatu_base_put_bytes(out, (struct tatu_span){&value, 1}));
    }
    return TATU_OK;
}

static enum tatu_err put_info(const struct fake *fake, struct tatu_buf *out)
{
    struct tatu_vault_info info = {.board_class = fake->board_class};
    memset(info.device_id, 0xd1, sizeof(info.device_id));
    memset(info.attestation, 0xa7, sizeof(info.attestation));
    return tatu_proto_encode_info(&info, out);
}

static enum tatu_err call(void *context, uint32_t number, struct tatu_span in, struct tatu_buf *out)
{
    struct fake *fake = context;
    if (fake->err != TATU_OK) {
        return fake->err;
    }
    if (number == TATU_SMC_READ_FACTORY) {
        return put_many(out, 0xee, fake->cose_len);
    }
    assert_int_equal(number, TATU_SMC_VAULT);
    if (tatu_get_le16(in.data) == TATU_VAULT_GET_INFO) {
        return put_info(fake, out);
    }
    assert_int_equal(tatu_get_le16(in.data), TATU_VAULT_CLAIM);
    assert_int_equal(in.len, 4 + sizeof(fake->claim));
    fake->claims++;
    memcpy(fake->claim, in.data + 4, sizeof(fake->claim));
    return fake->claim_err != TATU_OK ? fake->claim_err : put_many(out, 0xcc, fake->cose_len);
}

static void notice(void *context)
{
    ((struct fake *)context)->notices++;
}

static void ask(struct fake *fake, const struct tatu_http_request *request,
                struct tatu_gateway_answer *out)
{
    const struct tatu_os_monitor monitor = {.call = call, .context = fake, .fd = -1};
    const struct tatu_gateway gateway = {.monitor = &monitor, .claimed = notice, .context = fake};
    tatu_gatewayd_answer(&gateway, request, 58, out);
    assert_true(out->len < sizeof(out->text));
    assert_int_equal(strlen(out->text), out->len);
}

static void expect(const struct tatu_gateway_answer *answer, const char *status, const char *body)
{
    char line[64];
    (void)snprintf(line, sizeof(line), "HTTP/1.1 %s\r\n", status);
    assert_memory_equal(answer->text, line, strlen(line));
    assert_non_null(strstr(answer->text, "\r\nREST-API-Version: 4.6.0\r\n"));
    assert_non_null(strstr(answer->text, "\r\nConnection: close\r\n"));
    const char *found = strstr(answer->text, "\r\n\r\n") + 4;
    assert_string_equal(found, body);
    (void)snprintf(line, sizeof(line), "\r\nContent-Length: %zu\r\n", strlen(body));
    assert_non_null(strstr(answer->text, line));
}

static struct tatu_http_request claim_request(void)
{
    return (struct tatu_http_request){.method = TATU_HTTP_POST,
                                      .path = "/tatu/v1/claim",
                                      .has_length = true,
                                      .is_json = true,
                                      .body = {(const uint8_t *)CLAIM, sizeof(CLAIM) - 1}};
}

static void status_tells_the_uptime(void **state)
{
    static struct tatu_gateway_answer answer;
    struct fake fake = {.err = TATU_ERR_IO};
    const struct tatu_http_request request = {.method = TATU_HTTP_GET, .path = "/status"};
    (void)state;
    ask(&fake, &request, &answer);
    expect(&answer, "200 OK", "{\"uptime\":58}");
}

static void security_state_tells_who_the_board_is(void **state)
{
    static struct tatu_gateway_answer answer;
    struct fake fake = {.board_class = 1};
    const struct tatu_http_request request = {.method = TATU_HTTP_GET,
                                              .path = "/device/security_state"};
    char body[768], id[129], key[129];
    (void)state;
    for (size_t i = 0; i < 64; i++) {
        memcpy(id + 2 * i, "d1", 3);
        memcpy(key + 2 * i, "a7", 3);
    }
    for (size_t lab = 0; lab < 2; lab++) {
        (void)snprintf(body, sizeof(body),
                       "{\"securityState\":\"%s\",\"deviceIdentifier\":\"%s\","
                       "\"generalPublicKey\":\"%s\",\"deviceIdentityPublicKey\":\"%s\"}",
                       lab == 0 ? "SECURE" : "TEST", id, key, id);
        fake.board_class = lab == 0 ? 1 : 3;
        ask(&fake, &request, &answer);
        expect(&answer, "200 OK", body);
    }
    fake.err = TATU_ERR_IO;
    ask(&fake, &request, &answer);
    expect(&answer, "500 Internal Server Error", "{\"error\":10485766,\"name\":\"IO\"}");
}

static void a_claim_reaches_the_vault_and_attestd_hears_of_it(void **state)
{
    static struct tatu_gateway_answer answer;
    struct fake fake = {.cose_len = 2};
    const struct tatu_http_request request = claim_request();
    (void)state;
    ask(&fake, &request, &answer);
    expect(&answer, "200 OK", "{\"statement\":\"cccc\",\"endorsement\":\"eeee\"}");
    assert_int_equal(fake.claims, 1);
    assert_int_equal(fake.notices, 1);
    assert_int_equal(fake.claim[1], 0x11);
    assert_int_equal(fake.claim[32 + 2], 0x22);
    assert_int_equal(fake.claim[111], 0xff);
}

static void the_longest_statement_and_endorsement_fit(void **state)
{
    static struct tatu_gateway_answer answer;
    struct fake fake = {.cose_len = TATU_SMC_PAGE_SIZE};
    const struct tatu_http_request request = claim_request();
    (void)state;
    ask(&fake, &request, &answer);
    assert_memory_equal(answer.text, "HTTP/1.1 200", 12);
    assert_string_equal(answer.text + answer.len - 6, "eeee\"}");
}

static void what_the_vault_refuses_is_told_with_its_name(void **state)
{
    static const struct {
        enum tatu_err err;
        const char *status;
        const char *body;
    } rows[] = {
        {TATU_ERR_OWNED, "409 Conflict", "{\"error\":14680068,\"name\":\"OWNED\"}"},
        {TATU_ERR_STATE, "409 Conflict", "{\"error\":14680068,\"name\":\"STATE\"}"},
        {TATU_ERR_LIFECYCLE, "409 Conflict", "{\"error\":14680068,\"name\":\"LIFECYCLE\"}"},
        {TATU_ERR_BUSY, "409 Conflict", "{\"error\":10485765,\"name\":\"BUSY\"}"},
        {TATU_ERR_ARGUMENT, "400 Bad Request", "{\"error\":10485762,\"name\":\"ARGUMENT\"}"},
        {TATU_ERR_DENIED, "403 Forbidden", "{\"error\":10485778,\"name\":\"DENIED\"}"},
        {TATU_ERR_MEMORY, "500 Internal Server Error", "{\"error\":10485768,\"name\":\"MEMORY\"}"},
        {TATU_ERR_IO, "500 Internal Server Error", "{\"error\":10485766,\"name\":\"IO\"}"},
    };
    static struct tatu_gateway_answer answer;
    const struct tatu_http_request request = claim_request();
    (void)state;
    for (size_t i = 0; i < TATU_COUNT_OF(rows); i++) {
        struct fake fake = {.claim_err = rows[i].err, .cose_len = 1};
        ask(&fake, &request, &answer);
        expect(&answer, rows[i].status, rows[i].body);
        assert_int_equal(fake.notices, 0);
    }
}

static void a_wrong_request_never_reaches_the_vault(void **state)
{
    static const struct {
        enum tatu_http_method method;
        const char *path;
        bool has_length;
        bool is_json;
        const char *text;
        const char *status;
        const char *body;
    } rows[] = {
        {TATU_HTTP_GET, "/none", false, false, "", "404 Not Found",
         "{\"error\":14680068,\"name\":\"NOT_FOUND\"}"},
        {TATU_HTTP_GET, "/status?x=1", false, false, "", "404 Not Found",
         "{\"error\":14680068,\"name\":\"NOT_FOUND\"}"},
        {TATU_HTTP_GET, "/tatu/v1/claim", false, false, "", "405 Method Not Allowed",
         "{\"error\":14680068,\"name\":\"UNKNOWN_COMMAND\"}"},
        {TATU_HTTP_OTHER, "/status", false, false, "", "405 Method Not Allowed",
         "{\"error\":14680068,\"name\":\"UNKNOWN_COMMAND\"}"},
        {TATU_HTTP_GET, "/status", true, false, "x", "400 Bad Request",
         "{\"error\":14680068,\"name\":\"LONG\"}"},
        {TATU_HTTP_POST, "/tatu/v1/claim", false, true, "", "400 Bad Request",
         "{\"error\":10485764,\"name\":\"SHORT\"}"},
        {TATU_HTTP_POST, "/tatu/v1/claim", true, true, "", "400 Bad Request",
         "{\"error\":10485763,\"name\":\"SHORT\"}"},
        {TATU_HTTP_POST, "/tatu/v1/claim", true, false, CLAIM, "415 Unsupported Media Type",
         "{\"error\":14680068,\"name\":\"TYPE\"}"},
        {TATU_HTTP_POST, "/tatu/v1/claim", true, true, "{", "400 Bad Request",
         "{\"error\":10485761,\"name\":\"FORMAT\"}"},
        {TATU_HTTP_POST, "/tatu/v1/claim", true, true, "{}", "400 Bad Request",
         "{\"error\":10485762,\"name\":\"ARGUMENT\"}"},
    };
    static struct tatu_gateway_answer answer;
    struct fake fake = {.cose_len = 1};
    (void)state;
    for (size_t i = 0; i < TATU_COUNT_OF(rows); i++) {
        struct tatu_http_request request = {
            .method = rows[i].method,
            .has_length = rows[i].has_length,
            .is_json = rows[i].is_json,
            .body = {(const uint8_t *)rows[i].text, strlen(rows[i].text)}};
        strcpy(request.path, rows[i].path);
        ask(&fake, &request, &answer);
        expect(&answer, rows[i].status, rows[i].body);
    }
    assert_int_equal(fake.claims, 0);
    assert_int_equal(fake.notices, 0);
}

static void a_wrong_method_is_told_the_right_one(void **state)
{
    static struct tatu_gateway_answer answer;
    struct fake fake = {.cose_len = 1};
    const struct tatu_http_request request = {.method = TATU_HTTP_GET, .path = "/tatu/v1/claim"};
    (void)state;
    ask(&fake, &request, &answer);
    assert_non_null(strstr(answer.text, "\r\nAllow: POST\r\n"));
}

static void unreadable_requests_are_refused_by_kind(void **state)
{
    static struct tatu_gateway_answer answer;
    (void)state;
    tatu_gatewayd_refuse(TATU_ERR_LONG, &answer);
    expect(&answer, "413 Content Too Large", "{\"error\":10485777,\"name\":\"LONG\"}");
    tatu_gatewayd_refuse(TATU_ERR_FORMAT, &answer);
    expect(&answer, "400 Bad Request", "{\"error\":14680068,\"name\":\"FORMAT\"}");
    tatu_gatewayd_refuse(TATU_ERR_VERSION, &answer);
    expect(&answer, "400 Bad Request", "{\"error\":14680068,\"name\":\"VERSION\"}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(status_tells_the_uptime),
        cmocka_unit_test(security_state_tells_who_the_board_is),
        cmocka_unit_test(a_claim_reaches_the_vault_and_attestd_hears_of_it),
        cmocka_unit_test(the_longest_statement_and_endorsement_fit),
        cmocka_unit_test(what_the_vault_refuses_is_told_with_its_name),
        cmocka_unit_test(a_wrong_request_never_reaches_the_vault),
        cmocka_unit_test(a_wrong_method_is_told_the_right_one),
        cmocka_unit_test(unreadable_requests_are_refused_by_kind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
