#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>
#include <psa/crypto.h>

#include "certrequest.h"
#include "keys.h"
#include "world.h"

static struct keys one;
static struct world world;
static struct tatu_os_loop loop;
static struct tatu_certrequests requests;
static char folder[32];

static int set_up(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/certrequestXXXXXX");
    if (mkdtemp(folder) == NULL || psa_crypto_init() != PSA_SUCCESS || !keys_make("one", &one) ||
        tatu_os_init_loop(&loop) != TATU_OK) {
        return 1;
    }
    world_init(&world, folder);
    tatu_certrequests_init(&requests, &world.certs, &loop);
    return 0;
}

static int tear_down(void **state)
{
    char command[64];
    (void)state;
    tatu_os_done_loop(&loop);
    (void)snprintf(command, sizeof(command), "rm -r %s", folder);
    return system(command);
}

struct answer {
    enum tatu_err err;
    uint32_t number;
    bool kept;
    uint8_t payload[TATU_ANSWER_PAYLOAD_MAX];
    size_t len;
};

static struct answer ask(uid_t uid, int fd, const struct tatu_ask *request)
{
    struct answer answer = {.err = TATU_OK};
    struct tatu_os_reply reply = {.payload = TATU_BUF_OF(answer.payload), .fd = -1};
    const struct tatu_os_asked asked = {.ask = *request, .uid = uid, .introduced = true, .fd = fd};
    answer.err = tatu_certrequests_act(&requests, &asked, &reply);
    answer.number = reply.number;
    answer.kept = reply.keep;
    answer.len = reply.payload.len;
    return answer;
}

static struct answer install(uid_t uid, int fd, const char *id, uint32_t type, uint32_t cert_len,
                             uint32_t key_len, uint32_t password_len)
{
    uint8_t payload[20] = {0};
    memcpy(payload, id, strlen(id));
    tatu_put_le32(payload + 16, password_len);
    return ask(uid, fd,
               &(struct tatu_ask){.op = TATU_CERT_INSTALL,
                                  .a = type,
                                  .b = cert_len,
                                  .c = key_len,
                                  .payload = TATU_SPAN_OF(payload)});
}

static void step(struct tatu_os_timer *timer)
{
    tatu_os_stop_loop(timer->context);
}

static void run_for(uint64_t ms)
{
    struct tatu_os_timer timer = {.fire = step, .context = &loop};
    tatu_os_set_timer(&loop, &timer, tatu_os_now_ms() + ms);
    loop.stopped = false;
    assert_int_equal(tatu_os_run_loop(&loop), TATU_OK);
}

static uint32_t answer_on(int fd, uint32_t *out_err)
{
    uint8_t bytes[64];
    assert_int_equal(recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT), TATU_ANSWER_HEADER_SIZE);
    *out_err = tatu_get_le32(bytes);
    return tatu_get_le32(bytes + 4);
}

static void an_install_takes_its_bytes_in_messages(void **state)
{
    int ends[2];
    uint32_t err;
    const size_t cert_len = strlen(one.pem), key_len = strlen(one.key);
    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, ends), 0);
    assert_true(install(1001, ends[0], "sixteen-letters.", TATU_CERT_CLIENT, (uint32_t)cert_len,
                        (uint32_t)key_len, 0)
                    .kept);
    assert_int_equal(install(1001, -1, "b", TATU_CERT_ROOT, 9, 0, 0).number, EAGAIN);
    for (size_t at = 0; at < cert_len; at += 300) {
        const size_t len = cert_len - at < 300 ? cert_len - at : 300;
        assert_int_equal(send(ends[1], one.pem + at, len, 0), len);
    }
    assert_int_equal(send(ends[1], one.key, key_len, 0), key_len);
    run_for(50);
    assert_int_equal(answer_on(ends[1], &err), 0);
    assert_int_equal(err, TATU_OK);
    (void)close(ends[1]);

    struct answer answer = ask(1001, -1, &(struct tatu_ask){.op = TATU_CERT_COUNT});
    assert_int_equal(tatu_get_le32(answer.payload), 1);
    answer = ask(1001, -1, &(struct tatu_ask){.op = TATU_CERT_ID_AT});
    assert_int_equal(answer.len, 16);
    assert_memory_equal(answer.payload, "sixteen-letters.", 16);
    answer =
        ask(1001, -1,
            &(struct tatu_ask){.op = TATU_CERT_INFO, .payload = keys_text("sixteen-letters.")});
    assert_int_equal(answer.len, sizeof(struct tatu_cert_info));
    assert_string_equal(((const struct tatu_cert_info *)(const void *)answer.payload)->subject,
                        "/CN=one");
}

static void wrong_bytes_are_answered_and_forgotten(void **state)
{
    static const struct {
        const char *text;
        uint32_t said;
        uint32_t number;
    } rows[] = {{"no certificate", 14, EINVAL}, {"too much", 7, EINVAL}, {"", 5, EINVAL}};
    (void)state;
    for (size_t i = 0; i < TATU_COUNT_OF(rows); i++) {
        int ends[2];
        uint32_t err;
        assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, ends), 0);
        assert_true(install(1002, ends[0], "a", TATU_CERT_ROOT, rows[i].said, 0, 0).kept);
        if (rows[i].text[0] == '\0') {
            (void)shutdown(ends[1], SHUT_WR);
        } else {
            assert_true(send(ends[1], rows[i].text, strlen(rows[i].text), 0) > 0);
        }
        run_for(20);
        assert_int_equal(answer_on(ends[1], &err), rows[i].number);
        assert_int_not_equal(err, TATU_OK);
        (void)close(ends[1]);
    }
}

static void silence_ends_after_a_while(void **state)
{
    int ends[2];
    uint32_t err;
    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, ends), 0);
    assert_true(install(1003, ends[0], "a", TATU_CERT_ROOT, 100, 0, 0).kept);
    tatu_os_set_timer(&loop, &requests.pending[TATU_CERTREQUEST_MAX - 1].patience,
                      tatu_os_now_ms() + 5); /* it would be seconds */
    run_for(30);
    assert_int_equal(answer_on(ends[1], &err), EAGAIN);
    assert_int_equal(err, TATU_ERR_TIMEOUT);
    (void)close(ends[1]);
}

static void each_wrong_request_has_its_errno(void **state)
{
    (void)state;
    assert_int_equal(install(1, -1, "a", 0, 1, 0, 0).number, EINVAL);
    assert_int_equal(install(1, -1, "a", TATU_CERT_ROOT, 0, 0, 0).number, ERANGE);
    assert_int_equal(install(1, -1, "a", TATU_CERT_ROOT, 8193, 0, 0).number, ERANGE);
    assert_int_equal(install(1, -1, "a", TATU_CERT_CLIENT, 1, 0, 0).number, ERANGE);
    assert_int_equal(install(1, -1, "a", TATU_CERT_CLIENT, 1, 8193, 0).number, ERANGE);
    assert_int_equal(install(1, -1, "a", TATU_CERT_CLIENT, 1, 1, 257).number, ERANGE);
    assert_int_equal(install(1, -1, "a", TATU_CERT_ROOT, 1, 1, 0).number, EINVAL);
    assert_int_equal(install(1, -1, "a b", TATU_CERT_ROOT, 1, 0, 0).number, EINVAL);
    assert_int_equal(install(1, -1, "", TATU_CERT_ROOT, 1, 0, 0).number, EINVAL);

    static const uint8_t odd[32] = {'a', 0, 'b', [16] = 'c'};
    static const uint8_t good[32] = {'a', [16] = 'c'};
    const struct {
        struct tatu_ask ask;
        uint32_t number;
    } rows[] = {
        {{.op = TATU_CERT_DELETE, .payload = {good, 16}}, ENOENT},
        {{.op = TATU_CERT_DELETE, .payload = {good, 15}}, EINVAL},
        {{.op = TATU_CERT_DELETE, .payload = {odd, 16}}, EINVAL},
        {{.op = TATU_CERT_MOVE, .payload = {good, 32}}, ENOENT},
        {{.op = TATU_CERT_MOVE, .payload = {good, 16}}, EINVAL},
        {{.op = TATU_CERT_INFO, .payload = {good, 16}}, ENOENT},
        {{.op = TATU_CERT_ID_AT, .a = 0}, ERANGE},
        {{.op = TATU_CERT_COUNT, .payload = {good, 1}}, EINVAL},
        {{.op = 0x207}, EINVAL},
    };
    for (size_t i = 0; i < TATU_COUNT_OF(rows); i++) {
        const struct answer answer = ask(1, -1, &rows[i].ask);
        assert_int_equal(answer.number, rows[i].number);
        assert_int_not_equal(answer.err, TATU_OK);
        assert_int_equal(answer.len, 0);
    }
    world.vault_err = TATU_ERR_BUSY;
    const struct answer answer = ask(1, -1, &(struct tatu_ask){.op = TATU_CERT_SPACE});
    world.vault_err = TATU_OK;
    tatu_certstore_init(&world.certs, &world.monitor, folder);
    assert_int_equal(answer.number, 0); /* nothing was to be read */
}

static void only_introduced_applications_are_served(void **state)
{
    uint8_t room[64];
    struct tatu_os_reply reply = {.payload = TATU_BUF_OF(room), .fd = -1};
    const struct tatu_os_asked asked = {.ask = {.op = TATU_CERT_COUNT}, .uid = 0};
    (void)state;
    assert_int_equal(tatu_certrequests_act(&requests, &asked, &reply), TATU_ERR_DENIED);
    assert_int_equal(reply.number, EACCES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_install_takes_its_bytes_in_messages, set_up, tear_down),
        cmocka_unit_test_setup_teardown(wrong_bytes_are_answered_and_forgotten, set_up, tear_down),
        cmocka_unit_test_setup_teardown(silence_ends_after_a_while, set_up, tear_down),
        cmocka_unit_test_setup_teardown(each_wrong_request_has_its_errno, set_up, tear_down),
        cmocka_unit_test_setup_teardown(only_introduced_applications_are_served, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
