#include "fake_system.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "os/lib/request.h"
#include "proto/certstore.h"
#include "proto/network.h"

extern const char *tatu_applibs_control_path;

struct fake_ask fake_asked;
unsigned int fake_count;
int fake_listener = -1;

static struct {
    uint32_t number;
    uint8_t payload[TATU_ANSWER_PAYLOAD_MAX];
    size_t len;
    const uint8_t *pieces;
    size_t piece_size;
    uint32_t piece_count;
    bool descriptor;
    bool badly;
} answer;

static char path[64];
static pthread_t thread;
static struct tatu_os_loop loop;
static struct tatu_os_server server;
static struct tatu_os_watch end_watch;
static int listening = -1;

static bool stays(uint32_t op)
{
    return op >= TATU_REQUEST_PWM_OPEN && op <= TATU_REQUEST_ADC_REFERENCE;
}

/* What comes behind the request of an install. */
static void take_rest(const struct tatu_os_asked *asked)
{
    const size_t all =
        asked->ask.b + asked->ask.c + tatu_get_le32(asked->ask.payload.data + TATU_CERT_ID_MAX);
    size_t got = 0;
    struct pollfd ready = {.fd = asked->fd, .events = POLLIN};
    while (got < all && poll(&ready, 1, 2000) == 1) {
        const ssize_t one = recv(asked->fd, fake_asked.payload + fake_asked.len,
                                 sizeof(fake_asked.payload) - fake_asked.len, MSG_DONTWAIT);
        if (one <= 0 || one > (ssize_t)TATU_REQUEST_MAX) {
            return;
        }
        fake_asked.len += (size_t)one;
        got += (size_t)one;
    }
}

static void note(const struct tatu_os_asked *asked)
{
    fake_asked.op = asked->ask.op;
    fake_asked.a = asked->ask.a;
    fake_asked.b = asked->ask.b;
    fake_asked.c = asked->ask.c;
    fake_asked.len = asked->ask.payload.len;
    if (asked->ask.payload.len != 0) {
        memcpy(fake_asked.payload, asked->ask.payload.data, asked->ask.payload.len);
    }
    fake_count++;
}

static void put_list(const struct tatu_ask *ask, struct tatu_os_reply *reply)
{
    uint8_t head[4];
    tatu_put_le32(head, answer.piece_count);
    assert_int_equal(tatu_base_put_bytes(&reply->payload, TATU_SPAN_OF(head)), TATU_OK);
    for (uint32_t i = ask->a; i < answer.piece_count; i++) {
        const struct tatu_span piece = {answer.pieces + i * answer.piece_size, answer.piece_size};
        if (tatu_base_put_bytes(&reply->payload, piece) != TATU_OK) {
            return;
        }
    }
}

static enum tatu_err act(void *context, const struct tatu_os_asked *asked,
                         struct tatu_os_reply *reply)
{
    (void)context;
    note(asked);
    if (asked->ask.op == TATU_CERT_INSTALL) {
        take_rest(asked);
    }
    reply->number = answer.number;
    reply->stays = stays(asked->ask.op);
    if (answer.badly) {
        reply->keep = true;
        (void)send(asked->fd, "bad", 3, MSG_NOSIGNAL);
        (void)close(asked->fd);
        return TATU_OK;
    }
    if (answer.number != 0) {
        return TATU_ERR_DENIED;
    }
    if (asked->ask.op == TATU_REQUEST_EVENTS) {
        reply->keep = true;
        fake_listener = asked->fd;
        (void)tatu_os_send_answer(asked->fd, TATU_OK, 0, (struct tatu_span){NULL, 0}, -1);
        return TATU_OK;
    }
    if (answer.descriptor) {
        reply->fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    }
    if (answer.pieces != NULL) {
        put_list(&asked->ask, reply);
        return TATU_OK;
    }
    return tatu_base_put_bytes(&reply->payload, (struct tatu_span){answer.payload, answer.len});
}

static void on_end(struct tatu_os_watch *watch, uint32_t events)
{
    (void)watch;
    (void)events;
    tatu_os_stop_loop(&loop);
}

static void *serve(void *unused)
{
    (void)unused;
    (void)tatu_os_run_loop(&loop);
    return NULL;
}

int fake_set_up(void **state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    (void)state;
    (void)snprintf(path, sizeof(path), "/tmp/tatu-applibs-test.%d", (int)getpid());
    strcpy(address.sun_path, path);
    (void)unlink(path);
    listening = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    end_watch = (struct tatu_os_watch){.ready = on_end, .fd = eventfd(0, EFD_CLOEXEC)};
    tatu_applibs_control_path = path;
    return bind(listening, (struct sockaddr *)&address, sizeof(address)) != 0 ||
           listen(listening, 4) != 0 || tatu_os_init_loop(&loop) != TATU_OK ||
           tatu_os_serve(&server, &loop, listening, act, NULL) != TATU_OK ||
           tatu_os_add_watch(&loop, &end_watch, EPOLLIN) != TATU_OK ||
           pthread_create(&thread, NULL, serve, NULL) != 0;
}

int fake_tear_down(void **state)
{
    const uint64_t one = 1;
    (void)state;
    (void)!write(end_watch.fd, &one, sizeof(one));
    (void)pthread_join(thread, NULL);
    tatu_os_stop_serving(&server);
    tatu_os_done_loop(&loop);
    (void)close(end_watch.fd);
    (void)close(listening);
    if (fake_listener >= 0) {
        (void)close(fake_listener);
    }
    return unlink(path);
}

void fake_answer(uint32_t number, const void *payload, size_t len)
{
    memset(&answer, 0, sizeof(answer));
    answer.number = number;
    answer.len = len;
    if (len != 0) {
        memcpy(answer.payload, payload, len);
    }
}

void fake_answer_descriptor(void)
{
    fake_answer(0, NULL, 0);
    answer.descriptor = true;
}

void fake_answer_badly(void)
{
    fake_answer(0, NULL, 0);
    answer.badly = true;
}

void fake_answer_list(const void *pieces, size_t size, uint32_t count)
{
    fake_answer(0, NULL, 0);
    answer.pieces = pieces;
    answer.piece_size = size;
    answer.piece_count = count;
}

void fake_expect(uint32_t op, uint32_t a, uint32_t b, uint32_t c, const void *payload, size_t len)
{
    assert_int_equal(fake_asked.op, op);
    assert_int_equal(fake_asked.a, a);
    assert_int_equal(fake_asked.b, b);
    assert_int_equal(fake_asked.c, c);
    assert_int_equal(fake_asked.len, len);
    if (len != 0) {
        assert_memory_equal(fake_asked.payload, payload, len);
    }
}

void fake_passes_on(int (*call)(void), const int *numbers, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        fake_answer((uint32_t)numbers[i], NULL, 0);
        errno = 0;
        assert_int_equal(call(), -1);
        assert_int_equal(errno, numbers[i]);
    }
    fake_answer_badly();
    assert_int_equal(call(), -1);
    assert_int_equal(errno, EIO);
    fake_answer(0, "more than was asked for", 23);
    assert_int_equal(call(), -1);
    assert_int_equal(errno, EIO);
    /* nobody there */
    const char *there = tatu_applibs_control_path;
    tatu_applibs_control_path = "/nowhere/control";
    assert_int_equal(call(), -1);
    assert_int_equal(errno, EIO);
    tatu_applibs_control_path = there;
}
