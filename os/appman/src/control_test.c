#include "control.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

/* A served socket, and clients of it; the loop runs for a few milliseconds at a time. */
struct desk {
    struct tatu_os_loop loop;
    struct tatu_appman_control control;
    struct tatu_os_timer end;
    struct sockaddr_un address;
    int listening;
    int reloads;
};

static enum tatu_err act(void *context, enum tatu_appman_request request, char *out, size_t size)
{
    struct desk *desk = context;

    if (request == TATU_APPMAN_RELOAD) {
        desk->reloads++;
        return TATU_ERR_BUSY;
    }
    (void)snprintf(out, size, "all well");
    return TATU_OK;
}

static void stop(struct tatu_os_timer *timer)
{
    tatu_os_stop_loop(timer->context);
}

static void turn(struct desk *desk)
{
    tatu_os_set_timer(&desk->loop, &desk->end, tatu_os_now_ms() + 10);
    assert_int_equal(tatu_os_run_loop(&desk->loop), TATU_OK);
}

static void open_desk(struct desk *desk)
{
    *desk = (struct desk){.end = {.fire = stop, .context = &desk->loop}};
    desk->address.sun_family = AF_UNIX;
    /* an abstract name, so that nothing is left behind */
    (void)snprintf(desk->address.sun_path + 1, sizeof(desk->address.sun_path) - 1, "appman-%d",
                   (int)getpid());
    desk->listening = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0);
    assert_int_equal(
        bind(desk->listening, (const struct sockaddr *)&desk->address, sizeof(desk->address)), 0);
    assert_int_equal(listen(desk->listening, 8), 0);
    assert_int_equal(tatu_os_init_loop(&desk->loop), TATU_OK);
    desk->control = (struct tatu_appman_control){.act = act, .context = desk};
    assert_int_equal(tatu_appman_serve_control(&desk->control, &desk->loop, desk->listening),
                     TATU_OK);
}

static void close_desk(struct desk *desk)
{
    for (size_t i = 0; i < TATU_APPMAN_CONNECTION_MAX; i++) {
        if (desk->control.connections[i].fd >= 0) {
            close(desk->control.connections[i].fd);
        }
    }
    close(desk->listening);
    tatu_os_done_loop(&desk->loop);
}

static int connect_to(struct desk *desk)
{
    int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);

    assert_int_equal(connect(fd, (const struct sockaddr *)&desk->address, sizeof(desk->address)),
                     0);
    return fd;
}

static size_t ask(struct desk *desk, int fd, const char *text, uint8_t out[64])
{
    ssize_t got;

    assert_int_equal(send(fd, text, strlen(text), 0), strlen(text));
    turn(desk);
    got = recv(fd, out, 64, MSG_DONTWAIT);
    assert_true(got >= 4);
    return (size_t)got;
}

static void status_is_answered_with_ok_and_text(void **state)
{
    struct desk desk;
    uint8_t out[64];
    int fd;

    (void)state;
    open_desk(&desk);
    fd = connect_to(&desk);
    assert_int_equal(ask(&desk, fd, "status\n", out), 4 + strlen("all well"));
    assert_int_equal(tatu_get_le32(out), TATU_OK);
    assert_memory_equal(out + 4, "all well", 8);
    close(fd);
    close_desk(&desk);
}

static void an_error_of_the_act_is_the_answer(void **state)
{
    struct desk desk;
    uint8_t out[64];
    int fd;

    (void)state;
    open_desk(&desk);
    fd = connect_to(&desk);
    assert_int_equal(ask(&desk, fd, "reload", out), 4);
    assert_int_equal(tatu_get_le32(out), TATU_ERR_BUSY);
    assert_int_equal(desk.reloads, 1);
    close(fd);
    close_desk(&desk);
}

static void an_unknown_word_is_refused_and_the_connection_lives(void **state)
{
    struct desk desk;
    uint8_t out[64];
    int fd;

    (void)state;
    open_desk(&desk);
    fd = connect_to(&desk);
    assert_int_equal(ask(&desk, fd, "shutdown", out), 4);
    assert_int_equal(tatu_get_le32(out), TATU_ERR_UNKNOWN_COMMAND);
    assert_int_equal(ask(&desk, fd, "status", out), 4 + strlen("all well"));
    close(fd);
    close_desk(&desk);
}

static void a_fifth_connection_is_closed_and_a_free_place_is_used_again(void **state)
{
    int fds[TATU_APPMAN_CONNECTION_MAX + 1];
    struct desk desk;
    uint8_t out[64];

    (void)state;
    open_desk(&desk);
    for (size_t i = 0; i < TATU_COUNT_OF(fds); i++) {
        fds[i] = connect_to(&desk);
        turn(&desk);
    }
    assert_int_equal(recv(fds[TATU_APPMAN_CONNECTION_MAX], out, sizeof(out), MSG_DONTWAIT), 0);
    close(fds[TATU_APPMAN_CONNECTION_MAX]);
    close(fds[0]);
    turn(&desk);
    fds[0] = connect_to(&desk);
    turn(&desk);
    assert_int_equal(ask(&desk, fds[0], "status", out), 4 + strlen("all well"));
    for (size_t i = 0; i < TATU_APPMAN_CONNECTION_MAX; i++) {
        close(fds[i]);
    }
    close_desk(&desk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(status_is_answered_with_ok_and_text),
        cmocka_unit_test(an_error_of_the_act_is_the_answer),
        cmocka_unit_test(an_unknown_word_is_refused_and_the_connection_lives),
        cmocka_unit_test(a_fifth_connection_is_closed_and_a_free_place_is_used_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
