#include "os/lib/request.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "proto/network.h"

static char path[64];

static int listen_at(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    (void)snprintf(path, sizeof(path), "/tmp/tatu-request-test.%d", (int)getpid());
    strcpy(address.sun_path, path);
    (void)unlink(path);
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(fd, 8), 0);
    return fd;
}

/* ---- what the servers of these tests do ---- */

#define OP_ECHO 1u   /* answers its payload, number = a */
#define OP_REFUSE 2u /* DENIED, number = a, and a payload that must not arrive */
#define OP_GIVE 3u   /* gives a descriptor of /dev/null */
#define OP_KEEP 4u   /* answers later */
#define OP_END 5u    /* ends the server */
#define OP_WHO 6u    /* who asks: uid, introduced, component */
#define OP_SILENT 7u /* never answers */
#define OP_STAY 8u   /* as ECHO, and the connection stays */

/* netd's, for the proxy: an error, or so many bytes of one. */
static enum tatu_err proxy_err;
static size_t proxy_len;
static const struct tatu_net_proxy proxy = {
    .enabled = 1, .auth = 1, .port = 3128, .address = "proxy.test", .password = "word"};

struct server {
    struct tatu_os_loop loop;
    struct tatu_os_server server;
    struct tatu_os_timer later;
    int kept_fd;
};

static void answer_later(struct tatu_os_timer *timer)
{
    struct server *server = timer->context;
    (void)tatu_os_send_answer(server->kept_fd, TATU_OK, 77, (struct tatu_span){NULL, 0}, -1);
    (void)close(server->kept_fd);
}

static enum tatu_err act(void *context, const struct tatu_os_asked *asked,
                         struct tatu_os_reply *reply)
{
    struct server *server = context;
    uint8_t who[21];
    reply->number = asked->ask.a;
    switch (asked->ask.op) {
    case OP_ECHO:
        return tatu_base_put_bytes(&reply->payload, asked->ask.payload);
    case OP_STAY:
        reply->stays = true;
        return tatu_base_put_bytes(&reply->payload, asked->ask.payload);
    case OP_REFUSE:
        (void)tatu_base_put_bytes(&reply->payload, TATU_SPAN_OF("secret"));
        return TATU_ERR_DENIED;
    case OP_GIVE:
        reply->fd = open("/dev/null", O_RDWR | O_CLOEXEC);
        return TATU_OK;
    case OP_KEEP:
        reply->keep = true;
        server->kept_fd = asked->fd;
        tatu_os_set_timer(&server->loop, &server->later, tatu_os_now_ms() + 20);
        return TATU_OK;
    case OP_SILENT:
        reply->keep = true;
        return TATU_OK;
    case OP_WHO:
        tatu_put_le32(who, asked->uid);
        who[4] = asked->introduced;
        memcpy(who + 5, asked->component, 16);
        return tatu_base_put_bytes(&reply->payload, TATU_SPAN_OF(who));
    case TATU_NET_GET_PROXY:
        if (proxy_err == TATU_OK) {
            return tatu_base_put_bytes(&reply->payload,
                                       (struct tatu_span){(const uint8_t *)&proxy, proxy_len});
        }
        return proxy_err;
    case OP_END:
        tatu_os_stop_loop(&server->loop);
        return TATU_OK;
    default:
        return TATU_ERR_UNKNOWN_COMMAND;
    }
}

/* Serves in a child until OP_END; the exit status tells whether all was closed then. */
static pid_t serve(void)
{
    int listening = listen_at();
    const pid_t pid = fork();
    if (pid == 0) {
        static struct server server;
        server.later = (struct tatu_os_timer){.fire = answer_later, .context = &server};
        if (tatu_os_init_loop(&server.loop) != TATU_OK ||
            tatu_os_serve(&server.server, &server.loop, listening, act, &server) != TATU_OK ||
            tatu_os_run_loop(&server.loop) != TATU_OK) {
            _exit(1);
        }
        tatu_os_stop_serving(&server.server);
        int next = dup(0);
        _exit(next > server.loop.epoll_fd + 1 ? 2 : 0);
    }
    (void)close(listening);
    return pid;
}

static void end(pid_t pid)
{
    const struct tatu_ask ask = {.op = OP_END};
    int status;
    assert_int_equal(tatu_os_ask(path, &ask, 2000, NULL, NULL, NULL), TATU_OK);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    (void)unlink(path);
}

/* ---- bytes ---- */

static void a_request_is_a_header_and_a_payload_within_the_limit(void **state)
{
    static uint8_t bytes[TATU_REQUEST_MAX + 1] = {1, 2, 3, 4, 5, 0, 0, 0, 6,
                                                  0, 0, 0, 7, 0, 0, 0, 8};
    static const struct {
        size_t len;
        enum tatu_err err;
    } rows[] = {
        {0, TATU_ERR_SHORT}, {15, TATU_ERR_SHORT},        {16, TATU_OK},
        {17, TATU_OK},       {TATU_REQUEST_MAX, TATU_OK}, {TATU_REQUEST_MAX + 1, TATU_ERR_LONG},
    };
    (void)state;
    for (size_t i = 0; i < TATU_COUNT_OF(rows); i++) {
        struct tatu_ask ask = {.op = 99};
        assert_int_equal(tatu_os_decode_ask((struct tatu_span){bytes, rows[i].len}, &ask),
                         rows[i].err);
        assert_int_equal(ask.op, rows[i].err == TATU_OK ? 0x04030201 : 99);
        assert_int_equal(ask.payload.len, rows[i].err == TATU_OK ? rows[i].len - 16 : 0);
        if (rows[i].err == TATU_OK) {
            assert_int_equal(ask.a, 5);
            assert_int_equal(ask.b, 6);
            assert_int_equal(ask.c, 7);
        }
    }
}

static void what_is_encoded_is_decoded_again(void **state)
{
    static uint8_t bytes[TATU_REQUEST_MAX], payload[TATU_REQUEST_PAYLOAD_MAX + 1];
    struct tatu_buf buf = TATU_BUF_OF(bytes);
    struct tatu_ask ask = {1, 2, 3, 4, {payload, TATU_REQUEST_PAYLOAD_MAX}}, again;
    (void)state;
    payload[0] = 9;
    assert_int_equal(tatu_os_encode_ask(&ask, &buf), TATU_OK);
    assert_int_equal(tatu_os_decode_ask((struct tatu_span){buf.data, buf.len}, &again), TATU_OK);
    assert_int_equal(again.c, 4);
    assert_int_equal(again.payload.data[0], 9);
    assert_int_equal(again.payload.len, TATU_REQUEST_PAYLOAD_MAX);
    assert_int_equal(tatu_os_encode_ask(&ask, &buf), TATU_ERR_FULL);
    assert_int_equal(buf.len, TATU_REQUEST_MAX);
    ask.payload.len++;
    buf.len = 0;
    assert_int_equal(tatu_os_encode_ask(&ask, &buf), TATU_ERR_LONG);
    assert_int_equal(buf.len, 0);
}

/* ---- client and server ---- */

static void an_answer_brings_number_and_payload(void **state)
{
    static uint8_t payload[TATU_REQUEST_PAYLOAD_MAX], room[TATU_ANSWER_PAYLOAD_MAX];
    struct tatu_buf out = TATU_BUF_OF(room);
    const struct tatu_ask ask = {.op = OP_ECHO, .a = 5, .payload = TATU_SPAN_OF(payload)};
    uint32_t number = 0;
    pid_t pid = serve();
    (void)state;
    memset(payload, 0x5a, sizeof(payload));
    assert_int_equal(tatu_os_ask(path, &ask, 2000, &number, &out, NULL), TATU_OK);
    assert_int_equal(number, 5);
    assert_int_equal(out.len, sizeof(payload));
    assert_memory_equal(room, payload, sizeof(payload));
    assert_int_equal(tatu_os_ask(path, &ask, 2000, NULL, NULL, NULL), TATU_ERR_FORMAT);
    assert_int_equal(tatu_os_ask(path, &ask, 2000, NULL, &out, NULL), TATU_ERR_FULL);
    assert_int_equal(out.len, sizeof(payload));
    end(pid);
}

static void an_error_brings_its_number_and_no_payload(void **state)
{
    uint8_t room[16];
    struct tatu_buf out = TATU_BUF_OF(room);
    const struct tatu_ask ask = {.op = OP_REFUSE, .a = 13};
    uint32_t number = 0;
    pid_t pid = serve();
    (void)state;
    assert_int_equal(tatu_os_ask(path, &ask, 2000, &number, &out, NULL), TATU_ERR_DENIED);
    assert_int_equal(number, 13);
    assert_int_equal(out.len, 0);
    end(pid);
}

static void a_descriptor_comes_with_the_answer(void **state)
{
    const struct tatu_ask give = {.op = OP_GIVE}, echo = {.op = OP_ECHO};
    int fd = -2;
    pid_t pid = serve();
    (void)state;
    assert_int_equal(tatu_os_ask(path, &give, 2000, NULL, NULL, &fd), TATU_OK);
    assert_true(fd >= 0);
    assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    assert_int_equal(write(fd, "x", 1), 1);
    (void)close(fd);
    assert_int_equal(tatu_os_ask(path, &echo, 2000, NULL, NULL, &fd), TATU_OK);
    assert_int_equal(fd, -1);
    /* one that is not wanted does not stay open */
    assert_int_equal(tatu_os_ask(path, &give, 2000, NULL, NULL, NULL), TATU_OK);
    end(pid);
}

static void a_kept_request_is_answered_later(void **state)
{
    const struct tatu_ask ask = {.op = OP_KEEP};
    uint32_t number = 0;
    pid_t pid = serve();
    (void)state;
    assert_int_equal(tatu_os_ask(path, &ask, 2000, &number, NULL, NULL), TATU_OK);
    assert_int_equal(number, 77);
    end(pid);
}

static void a_connection_that_stays_brings_the_next_request(void **state)
{
    const struct tatu_ask stay = {.op = OP_STAY, .a = 3}, echo = {.op = OP_ECHO, .a = 4};
    uint32_t number = 0;
    int fd = -1;
    pid_t pid = serve();
    (void)state;
    assert_int_equal(tatu_os_connect(path, 2000, &fd), TATU_OK);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(tatu_os_ask_on(fd, &stay, &number, NULL, NULL), TATU_OK);
        assert_int_equal(number, 3);
    }
    assert_int_equal(tatu_os_ask_on(fd, &echo, &number, NULL, NULL), TATU_OK);
    assert_int_equal(number, 4);
    /* the handler did not say so again */
    assert_int_equal(tatu_os_ask_on(fd, &echo, &number, NULL, NULL), TATU_ERR_UNREACHABLE);
    (void)close(fd);
    /* who leaves one behind takes no place for ever */
    for (int i = 0; i < 20; i++) {
        assert_int_equal(tatu_os_connect(path, 2000, &fd), TATU_OK);
        assert_int_equal(tatu_os_ask_on(fd, &stay, &number, NULL, NULL), TATU_OK);
        (void)close(fd);
    }
    assert_int_equal(tatu_os_connect("/tmp/no/such", 2000, &fd), TATU_ERR_UNREACHABLE);
    end(pid);
}

static void a_server_that_is_away_or_silent_is_told_apart(void **state)
{
    const struct tatu_ask silent = {.op = OP_SILENT}, unknown = {.op = 12345};
    pid_t pid = serve();
    int status;
    (void)state;
    assert_int_equal(tatu_os_ask(path, &silent, 50, NULL, NULL, NULL), TATU_ERR_TIMEOUT);
    assert_int_equal(tatu_os_ask(path, &unknown, 2000, NULL, NULL, NULL), TATU_ERR_UNKNOWN_COMMAND);
    (void)kill(pid, SIGKILL);
    (void)waitpid(pid, &status, 0);
    assert_int_equal(tatu_os_ask(path, &unknown, 2000, NULL, NULL, NULL), TATU_ERR_UNREACHABLE);
    (void)unlink(path);
    assert_int_equal(tatu_os_ask(path, &unknown, 2000, NULL, NULL, NULL), TATU_ERR_UNREACHABLE);
    assert_int_equal(tatu_os_tell(path, &unknown), TATU_ERR_UNREACHABLE);
}

static int connect_here(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strcpy(address.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

static uint32_t raw_answer(int fd)
{
    uint8_t answer[TATU_ANSWER_MAX] = {0};
    assert_true(recv(fd, answer, sizeof(answer), 0) >= 8);
    (void)close(fd);
    return tatu_get_le32(answer);
}

static void requests_of_a_wrong_length_are_told_why(void **state)
{
    static uint8_t bytes[TATU_REQUEST_INTRODUCED_MAX + 1];
    pid_t pid = serve();
    int fd = connect_here();
    (void)state;
    assert_int_equal(send(fd, bytes, 15, 0), 15);
    assert_int_equal(raw_answer(fd), TATU_ERR_SHORT);
    fd = connect_here();
    assert_int_equal(send(fd, bytes, TATU_REQUEST_MAX + 1, 0), TATU_REQUEST_MAX + 1);
    assert_int_equal(raw_answer(fd), TATU_ERR_LONG);
    fd = connect_here();
    assert_int_equal(send(fd, bytes, sizeof(bytes), 0), sizeof(bytes));
    assert_int_equal(raw_answer(fd), TATU_ERR_LONG);
    end(pid);
}

static void who_says_nothing_gives_way(void **state)
{
    int silent[TATU_OS_CONNECTION_MAX * 2];
    pid_t pid = serve();
    (void)state;
    for (size_t i = 0; i < TATU_COUNT_OF(silent); i++) {
        silent[i] = connect_here();
    }
    const struct tatu_ask ask = {.op = OP_REFUSE};
    assert_int_equal(tatu_os_ask(path, &ask, 2000, NULL, NULL, NULL), TATU_ERR_DENIED);
    for (size_t i = 0; i < TATU_COUNT_OF(silent); i++) {
        (void)close(silent[i]);
    }
    end(pid);
}

/* ---- introductions ---- */

static const uint8_t component[16] = {0xc0, 1, 2, 3};

static void an_introduced_application_is_answered_itself(void **state)
{
    const struct tatu_ask ask = {.op = OP_WHO, .a = 3};
    uint8_t answer[64] = {0};
    int pair[2];
    pid_t pid = serve();
    (void)state;
    if (getuid() != 0) {
        end(pid);
        skip();
    }
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
    assert_int_equal(tatu_os_introduce(path, 1007, component, &ask, pair[1]), TATU_OK);
    (void)close(pair[1]);
    assert_int_equal(recv(pair[0], answer, sizeof(answer), 0), 8 + 21);
    assert_int_equal(tatu_get_le32(answer), TATU_OK);
    assert_int_equal(tatu_get_le32(answer + 4), 3);
    assert_int_equal(tatu_get_le32(answer + 8), 1007);
    assert_int_equal(answer[12], 1);
    assert_memory_equal(answer + 13, component, 16);
    /* and the server holds it no more */
    assert_int_equal(recv(pair[0], answer, sizeof(answer), 0), 0);
    (void)close(pair[0]);
    end(pid);
}

static void only_root_introduces_and_only_with_a_connection(void **state)
{
    static const uint8_t bare[48] = {0x00, 0x80};
    pid_t pid = serve();
    (void)state;
    int fd = connect_here();
    assert_int_equal(send(fd, bare, sizeof(bare), 0), sizeof(bare));
    assert_int_equal(raw_answer(fd), TATU_ERR_DENIED);
    if (getuid() == 0) {
        const pid_t stranger = fork();
        int status;
        if (stranger == 0) {
            const struct tatu_ask ask = {.op = OP_WHO};
            uint8_t answer[64];
            int pair[2];
            (void)!chmod(path, 0666);
            if (setuid(1000) != 0 || socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) != 0 ||
                tatu_os_introduce(path, 1007, component, &ask, pair[1]) != TATU_OK) {
                _exit(1);
            }
            (void)close(pair[1]);
            _exit(recv(pair[0], answer, sizeof(answer), 0) == 0 ? 0 : 2);
        }
        assert_int_equal(waitpid(stranger, &status, 0), stranger);
        assert_int_equal(status, 0);
    }
    end(pid);
}

static void an_application_may_not_introduce(void **state)
{
    uint8_t bytes[64] = {0x00, 0x80};
    int pair[2];
    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
    assert_int_equal(send(pair[0], bytes, sizeof(bytes), 0), sizeof(bytes));
    assert_true(tatu_os_answer(pair[1], false, act, NULL));
    assert_int_equal(raw_answer(pair[0]), TATU_ERR_DENIED);
}

static void a_connection_without_a_request_waits_and_one_that_is_gone_is_closed(void **state)
{
    int pair[2];
    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair),
                     0);
    assert_false(tatu_os_answer(pair[1], false, act, NULL));
    (void)close(pair[0]);
    assert_true(tatu_os_answer(pair[1], false, act, NULL));
    assert_int_equal(fcntl(pair[1], F_GETFD), -1);
}

/* Sends two descriptors with one request; none may be left in us. */
static void descriptors_that_nobody_asked_for_are_closed(void **state)
{
    uint8_t bytes[16] = {OP_REFUSE};
    int pair[2], two[2] = {0, 1};
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(sizeof(two))];
    } control = {.room = {0}};
    struct iovec part = {bytes, sizeof(bytes)};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control.room,
                             .msg_controllen = CMSG_LEN(sizeof(two))};
    (void)state;
    control.head = (struct cmsghdr){
        .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(two))};
    memcpy(CMSG_DATA(&control.head), two, sizeof(two));
    const int before = dup(0);
    (void)close(before);
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
    assert_int_equal(sendmsg(pair[0], &message, 0), sizeof(bytes));
    assert_true(tatu_os_answer(pair[1], false, act, NULL));
    assert_int_equal(raw_answer(pair[0]), TATU_ERR_DENIED);
    const int after = dup(0);
    (void)close(after);
    assert_int_equal(after, before);
}

/* It accepts nobody, as a server that hangs, and its queue has no place left. */
static void a_server_that_hangs_is_not_waited_for(void **state)
{
    const struct tatu_ask ask = {.op = OP_ECHO};
    int waiting[16];
    size_t count = 0;
    (void)state;
    int listening = listen_at();
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strcpy(address.sun_path, path);
    for (bool room = true; room && count < TATU_COUNT_OF(waiting); count++) {
        waiting[count] = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        room = connect(waiting[count], (struct sockaddr *)&address, sizeof(address)) == 0;
    }
    assert_true(count < TATU_COUNT_OF(waiting));
    (void)alarm(10); /* else it would wait for ever */
    assert_int_equal(tatu_os_ask(path, &ask, 50, NULL, NULL, NULL), TATU_ERR_BUSY);
    assert_int_equal(tatu_os_tell(path, &ask), TATU_ERR_BUSY);
    (void)alarm(0);
    for (size_t i = 0; i < count; i++) {
        (void)close(waiting[i]);
    }
    (void)close(listening);
    (void)unlink(path);
}

static void who_cannot_learn_the_proxy_does_not_go_without_one(void **state)
{
    static const struct {
        enum tatu_err err;
        size_t len;
        enum tatu_err wanted;
    } rows[] = {
        {TATU_OK, sizeof(proxy), TATU_OK},
        {TATU_ERR_NOT_FOUND, 0, TATU_OK},
        {TATU_OK, sizeof(proxy) - 1, TATU_ERR_FORMAT},
        {TATU_OK, 0, TATU_ERR_FORMAT},
        {TATU_ERR_DENIED, 0, TATU_ERR_DENIED},
        {TATU_ERR_UNKNOWN_COMMAND, 0, TATU_ERR_UNKNOWN_COMMAND},
    };
    struct tatu_net_proxy out;
    (void)state;
    assert_int_equal(tatu_os_get_proxy("/tmp/tatu-request-test.none", &out), TATU_ERR_UNREACHABLE);
    for (size_t i = 0; i < TATU_COUNT_OF(rows); i++) {
        proxy_err = rows[i].err;
        proxy_len = rows[i].len;
        memset(&out, 0x55, sizeof(out));
        const pid_t pid = serve();
        assert_int_equal(tatu_os_get_proxy(path, &out), rows[i].wanted);
        end(pid);
        if (rows[i].wanted != TATU_OK) {
            assert_int_equal(out.enabled, 0x55); /* untouched */
        } else if (rows[i].err == TATU_OK) {
            assert_memory_equal(&out, &proxy, sizeof(out));
        } else {
            assert_int_equal(out.enabled, 0);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_cannot_learn_the_proxy_does_not_go_without_one),
        cmocka_unit_test(a_request_is_a_header_and_a_payload_within_the_limit),
        cmocka_unit_test(what_is_encoded_is_decoded_again),
        cmocka_unit_test(an_answer_brings_number_and_payload),
        cmocka_unit_test(an_error_brings_its_number_and_no_payload),
        cmocka_unit_test(a_descriptor_comes_with_the_answer),
        cmocka_unit_test(a_kept_request_is_answered_later),
        cmocka_unit_test(a_connection_that_stays_brings_the_next_request),
        cmocka_unit_test(a_server_that_is_away_or_silent_is_told_apart),
        cmocka_unit_test(a_server_that_hangs_is_not_waited_for),
        cmocka_unit_test(requests_of_a_wrong_length_are_told_why),
        cmocka_unit_test(who_says_nothing_gives_way),
        cmocka_unit_test(an_introduced_application_is_answered_itself),
        cmocka_unit_test(only_root_introduces_and_only_with_a_connection),
        cmocka_unit_test(an_application_may_not_introduce),
        cmocka_unit_test(a_connection_without_a_request_waits_and_one_that_is_gone_is_closed),
        cmocka_unit_test(descriptors_that_nobody_asked_for_are_closed),
    };
    return cmocka_run_group_tests_name("request", tests, NULL, NULL);
}
