#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "exchange.h"
#include "world.h"

#define OPEN_HEAD " HTTP/1.1\r\nHost: a\r\n"

static struct world world;
static struct tatu_exchange exchange;
static char output[TATU_REPLY_MAX];

/* Bytes in pieces of a size; what comes out. */
static const char *talk(const char *input, size_t len, size_t size)
{
    size_t at = 0, out_len = 0;
    tatu_exchange_start(&exchange, &world.gateway);
    for (;;) {
        const struct tatu_span out = tatu_exchange_get_output(&exchange);
        if (out.len != 0) {
            const size_t part = out.len < size ? out.len : size;
            memcpy(output + out_len, out.data, part);
            out_len += part;
            tatu_exchange_sent(&exchange, part);
        } else if (at < len && exchange.phase != TATU_EXCHANGE_OVER) {
            const size_t part = len - at < size ? len - at : size;
            at += tatu_exchange_take(&exchange,
                                     (struct tatu_span){(const uint8_t *)input + at, part});
        } else {
            output[out_len] = '\0';
            tatu_exchange_stop(&exchange);
            return output;
        }
    }
}

static const char *ask(const char *request)
{
    return talk(request, strlen(request), 4096);
}

static void start(uint32_t stored)
{
    world_init(&world, "/nonexistent");
    world.stored = stored;
}

static void answers_do_not_depend_on_how_bytes_come(void **state)
{
    static const char requests[] =
        "\r\nPATCH /app/status/96b15265-111a-4889-9137-2a4bd62470a0" OPEN_HEAD
        "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
        "8\r\n{\"trigge\r\n9\r\nr\":\"stop\"\r\n1\r\n}\r\n0\r\n\r\n"
        "POST /update/install" OPEN_HEAD "Content-Length: 1\r\nExpect: 100-continue\r\n\r\n{"
        "DELETE /nowhere" OPEN_HEAD "Content-Length: 5\r\n\r\nabcde"
        "GET /device/capabilities" OPEN_HEAD "Connection: close\r\n\r\nGET /ignored";
    static char whole[8192];
    (void)state;
    start(1u << 11);
    strcpy(whole, talk(requests, sizeof(requests) - 1, 4096));
    assert_non_null(strstr(whole, "{\"state\":\"stopped\"}"));
    assert_non_null(strstr(whole, "HTTP/1.1 415 "));
    assert_null(strstr(whole, "100 Continue"));
    /* who expects is answered at once and cannot go on behind a body that he may or may not send */
    assert_null(strstr(whole, "device_capabilities"));
    for (size_t size = 1; size < 40; size++) {
        start(1u << 11);
        assert_string_equal(talk(requests, sizeof(requests) - 1, size), whole);
    }
}

static void expectation_is_met_before_the_body(void **state)
{
    (void)state;
    start(1u << 11);
    const char *got = ask("PUT /update/stage" OPEN_HEAD "Content-Type: application/octet-stream\r\n"
                          "Content-Length: 5\r\nExpect: 100-continue\r\n\r\nabcde");
    assert_memory_equal(got, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n", 42);
    assert_int_equal(world.stage_at, 5);
}

static void image_is_passed_on_in_whole_words(void **state)
{
    static char request[20000];
    (void)state;
    for (size_t size = 1; size < 5000; size += 617) {
        start(1u << 11);
        const int head = sprintf(request, "PUT /update/stage" OPEN_HEAD
                                          "Content-Type: application/octet-stream\r\n"
                                          "Content-Length: 12345\r\n\r\n");
        for (int i = 0; i < 12345; i++) {
            request[head + i] = (char)(i * 7);
        }
        assert_non_null(strstr(talk(request, (size_t)head + 12345, size), "200 OK"));
        assert_int_equal(world.stage_at, 12345);
        assert_true(world.staged);
    }
}

/* An image of so many bytes in chunks of 4000, whole or without its end; what is answered. */
static const char *put_in_chunks(size_t len, bool whole)
{
    static char request[TATU_ROUTE_SPOOL_MAX + 16384];
    size_t at = (size_t)sprintf(request, "PUT /update/stage" OPEN_HEAD
                                         "Content-Type: application/octet-stream\r\n"
                                         "Transfer-Encoding: chunked\r\n\r\n");
    for (size_t left = len; left != 0;) {
        const size_t part = left < 4000 ? left : 4000;
        at += (size_t)sprintf(request + at, "%zx\r\n", part);
        memset(request + at, (int)(left & 0x7f), part);
        memcpy(request + at + part, "\r\n", 2);
        at += part + 2;
        left -= part;
    }
    at += whole ? (size_t)sprintf(request + at, "0\r\n\r\n") : 0;
    return talk(request, at, 3001);
}

static void image_in_chunks_is_held_until_its_length_is_known(void **state)
{
    (void)state;
    start(1u << 11);
    assert_non_null(strstr(put_in_chunks(12345, true), "200 OK"));
    assert_int_equal(world.stage_len, 12345);
    assert_int_equal(world.stage_at, 12345);
    start(1u << 11);
    assert_non_null(strstr(put_in_chunks(TATU_ROUTE_SPOOL_MAX, true), "200 OK"));
    assert_int_equal(world.stage_at, TATU_ROUTE_SPOOL_MAX);
    start(1u << 11);
    assert_non_null(
        strstr(put_in_chunks(TATU_ROUTE_SPOOL_MAX + 1, true), "\r\n\r\n{\"error\":10485764}"));
    assert_int_equal(world.stage_len, 0);
    assert_non_null(strstr(put_in_chunks(0, true), "\r\n\r\n{\"error\":10485763}"));
    assert_int_equal(strlen(put_in_chunks(5000, false)), 0);
    assert_int_equal(world.stage_len, 0);
}

static void stage_that_fails_is_told_with_its_number(void **state)
{
    (void)state;
    start(1u << 11);
    world.stage_number = TATU_NUMBER_IMAGE_UPDATE_VERIFICATION_FAILED;
    assert_non_null(strstr(ask("PUT /update/stage" OPEN_HEAD "Content-Length: 1\r\nContent-Type: "
                               "application/octet-stream\r\n\r\nx"),
                           "{\"error\":7340047}"));
}

static const char *const gets[] = {
    "/images",
    "/net/firewall/rulesets",
    "/net/interfaces",
    "/net/interfaces/eth0",
    "/net/proxy",
    "/net/status",
    "/wifi/config/networks",
    "/wifi/config/networks/0",
    "/wifi/diagnostics/networks",
    "/wifi/scan",
    "/stats/memory/groups/applications",
    "/app/status/96b15265-111a-4889-9137-2a4bd62470a0",
};

static void what_others_fail_at_is_an_error_of_the_device(void **state)
{
    char request[200];
    (void)state;
    for (size_t i = 0; i < TATU_COUNT_OF(gets); i++) {
        (void)snprintf(request, sizeof(request), "GET %s" OPEN_HEAD "\r\n", gets[i]);
        start(1u << 11);
        world.ask_err = TATU_ERR_UNREACHABLE;
        const char *got = ask(request);
        assert_memory_equal(got, "HTTP/1.1 500 ", 13);
        assert_non_null(strstr(got, "\r\n\r\n{\"error\":10485766}"));
        world.ask_err = TATU_ERR_TIMEOUT;
        assert_non_null(strstr(ask(request), "\r\n\r\n{\"error\":10485765}"));
        world.ask_err = TATU_ERR_FORMAT;
        assert_memory_equal(ask(request), "HTTP/1.1 500 ", 13);
    }
}

static void a_vault_that_fails_opens_nothing(void **state)
{
    static const char *const all[] = {"GET /images",          "GET /log",       "POST /restart",
                                      "GET /certstore/certs", "GET /telemetry", "GET /osversion"};
    static const enum tatu_err errs[] = {TATU_ERR_IO, TATU_ERR_BUSY, TATU_ERR_DENIED,
                                         TATU_ERR_FORMAT};
    char request[200];
    (void)state;
    for (size_t i = 0; i < TATU_COUNT_OF(all); i++) {
        for (size_t k = 0; k < TATU_COUNT_OF(errs); k++) {
            start(1u << 11);
            world.vault_err = errs[k];
            (void)snprintf(request, sizeof(request), "%s" OPEN_HEAD "\r\n", all[i]);
            const char *got = ask(request);
            assert_true(strncmp(got + 9, "500", 3) == 0 || strncmp(got + 9, "403", 3) == 0);
            assert_int_equal(world.restarts, 0);
        }
    }
}

static void restart_comes_when_the_answer_is_out(void **state)
{
    static const char request[] = "POST /restart" OPEN_HEAD "Content-Length: 0\r\n\r\n";
    (void)state;
    start(1u << 13);
    tatu_exchange_start(&exchange, &world.gateway);
    (void)tatu_exchange_take(&exchange,
                             (struct tatu_span){(const uint8_t *)request, sizeof(request) - 1});
    assert_int_equal(world.restarts, 0);
    while (tatu_exchange_get_output(&exchange).len != 0) {
        assert_int_equal(world.restarts, 0);
        tatu_exchange_sent(&exchange, 1);
    }
    assert_int_equal(world.restarts, 1);
    /* or when the client is gone */
    (void)tatu_exchange_take(&exchange,
                             (struct tatu_span){(const uint8_t *)request, sizeof(request) - 1});
    tatu_exchange_stop(&exchange);
    assert_int_equal(world.restarts, 2);
}

#define HEX16 "00112233445566778899aabbccddeeff"
#define CLAIM                                                                                      \
    "{\"nonce\":\"" HEX16 HEX16 "\",\"tenant\":\"" HEX16                                           \
    "\",\"ownerKey\":\"" HEX16 HEX16 HEX16 HEX16 "\"}"

static const char *post_claim(const char *body)
{
    char request[2048];
    (void)snprintf(request, sizeof(request),
                   "POST /tatu/v1/claim" OPEN_HEAD
                   "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                   strlen(body), body);
    return ask(request);
}

static void a_claim_reaches_the_vault_and_is_told(void **state)
{
    (void)state;
    start(0); /* open: the vault decides */
    assert_non_null(strstr(post_claim(CLAIM), "{\"statement\":\"73746174656d656e74\","
                                              "\"endorsement\":\"656e646f7273656d656e74\"}"));
    assert_int_equal(world.claims, 1);
    assert_int_equal(world.claimed, 1);
    world.claim_err = TATU_ERR_OWNED;
    const char *got = post_claim(CLAIM);
    assert_memory_equal(got, "HTTP/1.1 409 ", 13);
    assert_non_null(strstr(got, "{\"error\":14680068,\"name\":\"OWNED\"}"));
    assert_int_equal(world.claimed, 1);
}

static void a_wrong_claim_never_reaches_the_vault(void **state)
{
    static const char *const rows[] = {
        "{",
        "[]",
        "{}",
        CLAIM "x",
        "{\"nonce\":\"" HEX16 "\"}",
        "{\"nonce\":1,\"tenant\":\"" HEX16 "\",\"ownerKey\":\"" HEX16 HEX16 HEX16 HEX16 "\"}",
        "{\"more\":1,\"nonce\":\"" HEX16 HEX16 "\",\"tenant\":\"" HEX16
        "\",\"ownerKey\":\"" HEX16 HEX16 HEX16 HEX16 "\"}",
    };
    (void)state;
    start(0);
    for (size_t i = 0; i < TATU_COUNT_OF(rows); i++) {
        assert_memory_equal(post_claim(rows[i]), "HTTP/1.1 400 ", 13);
    }
    assert_int_equal(world.claims, 0);
}

static void hostile_names_stay_text(void **state)
{
    (void)state;
    start(1u << 11);
    world.network_count = 1;
    world.networks[0].ssid_len = 6;
    memcpy(world.networks[0].ssid, "\"\\/\x01\xff\xc3", 6);
    assert_non_null(strstr(ask("GET /wifi/config/networks" OPEN_HEAD "\r\n"),
                           "\"ssid\":\"\\\"\\\\\\/\\u0001\\ufffd\\ufffd\""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_do_not_depend_on_how_bytes_come),
        cmocka_unit_test(expectation_is_met_before_the_body),
        cmocka_unit_test(image_is_passed_on_in_whole_words),
        cmocka_unit_test(image_in_chunks_is_held_until_its_length_is_known),
        cmocka_unit_test(stage_that_fails_is_told_with_its_number),
        cmocka_unit_test(what_others_fail_at_is_an_error_of_the_device),
        cmocka_unit_test(a_vault_that_fails_opens_nothing),
        cmocka_unit_test(restart_comes_when_the_answer_is_out),
        cmocka_unit_test(a_claim_reaches_the_vault_and_is_told),
        cmocka_unit_test(a_wrong_claim_never_reaches_the_vault),
        cmocka_unit_test(hostile_names_stay_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
