#include "stub.h"

#include <arpa/inet.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define LINE(address, uid)                                                                         \
    "  254: " address " 00000000:0000 07 00000000:00000000 00:00000000 00000000  " uid             \
    "        0 1235 2 0 0\n"
#define MAPPED "0000000000000000FFFF0000"
#define ANY6 "00000000000000000000000000000000"
#define PORT 0xdc10

static const char head[] =
    "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout "
    "inode ref pointer drops\n";

static size_t look(const char *text, struct tatu_port_owner *owner)
{
    const struct sockaddr_in at = {
        .sin_family = AF_INET, .sin_port = htons(PORT), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    return tatu_netd_look_at_ports((struct tatu_span){(const uint8_t *)text, strlen(text)}, &at,
                                   owner);
}

static void the_owner_is_whose_socket_fits_best(void **state)
{
    static const struct {
        const char *text;
        enum tatu_port_fit fit;
        uid_t uid;
        bool several;
    } rows[] = {
        {LINE("00000000:DC10", "1003"), TATU_PORT_ANY, 1003, false},
        {LINE(ANY6 ":DC10", "1003"), TATU_PORT_ANY, 1003, false},
        {LINE("0100007F:DC10", "1003"), TATU_PORT_EXACT, 1003, false},
        {LINE(MAPPED "0100007F:DC10", "1003"), TATU_PORT_EXACT, 1003, false},
        /* a socket of the OS with the same port at another address lends nobody its rights */
        {LINE("0500A8C0:DC10", "110") LINE("0100007F:DC10", "1003"), TATU_PORT_EXACT, 1003, false},
        {LINE("0100007F:DC10", "1003") LINE("0500A8C0:DC10", "110"), TATU_PORT_EXACT, 1003, false},
        {LINE("0500A8C0:DC10", "110"), TATU_PORT_OTHER, 7, false},
        {LINE(MAPPED "0500A8C0:DC10", "110"), TATU_PORT_OTHER, 7, false},
        {LINE("00000000000000000000000001000000:DC10", "110"), TATU_PORT_OTHER, 7, false},
        {LINE("00000000:DC10", "1004") LINE("0100007F:DC10", "1003"), TATU_PORT_EXACT, 1003, false},
        {LINE("0100007F:DC10", "1003") LINE("00000000:DC10", "1004"), TATU_PORT_EXACT, 1003, false},
        {LINE("0100007F:DC10", "1003") LINE("0100007F:DC10", "1003"), TATU_PORT_EXACT, 1003, false},
        {LINE("0100007F:DC10", "1003") LINE("0100007F:DC10", "1004"), TATU_PORT_EXACT, 1003, true},
    };
    (void)state;
    for (size_t i = 0; i < TATU_COUNT_OF(rows); i++) {
        struct tatu_port_owner owner = {.uid = 7};
        assert_int_equal(look(rows[i].text, &owner), strlen(rows[i].text));
        assert_int_equal(owner.fit, rows[i].fit);
        assert_int_equal(owner.uid, rows[i].uid);
        assert_int_equal(owner.several, rows[i].several);
    }
}

/* As it comes out of the kernel in pieces: a line that is not whole waits for its rest. */
static void only_whole_lines_are_looked_at(void **state)
{
    const char *line = LINE("0100007F:DC10", "1003");
    char text[sizeof(head) + 128];
    (void)state;
    strcpy(text, head);
    memcpy(text + sizeof(head) - 1, line, strlen(line)); /* but its end of the line comes later */
    text[sizeof(head) - 1 + strlen(line) - 1] = '\0';
    struct tatu_port_owner owner = {.uid = 7};
    assert_int_equal(look(text, &owner), sizeof(head) - 1);
    assert_int_equal(owner.fit, TATU_PORT_OTHER);
    strcat(text, "\n");
    assert_int_equal(look(text, &owner), strlen(text));
    assert_int_equal(owner.uid, 1003);
}

static void a_port_of_nobody_is_not_found(void **state)
{
    static const char *const lines[] = {"",
                                        "\n\n",
                                        ":DC10\n",
                                        " 1: DC10\n",
                                        " 1: 0:DC10 0:0 07 0 0 0 5\n",
                                        " 1: 00000000:DC10 0:0 07 0 0 0\n",
                                        " 1: 00000000:DC10 0:0 07 0 0 0 x\n",
                                        " 1: 00000000:DC10 0:0 07 0 0 0 99999999999\n",
                                        " 1: 00000000:dc10 0:0 07 0 0 0 5\n",
                                        " 1: 00000000:DC11 0:0 07 0 0 0 5\n"};
    (void)state;
    for (size_t i = 0; i < TATU_COUNT_OF(lines); i++) {
        struct tatu_port_owner owner = {.uid = 7};
        (void)look(lines[i], &owner);
        assert_int_equal(owner.fit, TATU_PORT_OTHER);
        assert_int_equal(owner.uid, 7);
    }
}

/* ---- with sockets, in a network namespace of our own ---- */

#define STRANGER 65534u
#define SOCKETS 300u /* their lines fill several pieces */

static uid_t asked_by;

static bool note_user(void *context, uid_t uid, const char *name)
{
    (void)name;
    asked_by = uid;
    tatu_os_stop_loop(context);
    return false;
}

static int bind_as(uid_t uid, uint32_t address, uint16_t port)
{
    const struct sockaddr_in at = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(address)}};
    assert_int_equal(seteuid(uid), 0);
    const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_int_equal(seteuid(0), 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&at, sizeof(at)), 0);
    return fd;
}

/* Who the stub takes us for. */
static uid_t ask_over(int fd)
{
    struct tatu_os_loop loop;
    struct tatu_resolver resolver;
    struct tatu_stub stub = {.may = note_user, .context = &loop};
    const struct tatu_dns_question question = {
        .id = 1, .type = TATU_DNS_A, .name = "node.tatu.org"};
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(53)};
    uint8_t room[TATU_DNS_MESSAGE_MAX];
    struct tatu_buf out = TATU_BUF_OF(room);
    assert_int_equal(inet_pton(AF_INET, "127.0.0.53", &to.sin_addr), 1);
    assert_int_equal(tatu_os_init_loop(&loop), TATU_OK);
    tatu_netd_init_resolver(&resolver, &loop);
    assert_int_equal(tatu_netd_start_stub(&stub, &resolver), TATU_OK);
    assert_int_equal(tatu_netd_encode_dns_query(&question, &out), TATU_OK);
    assert_int_equal(sendto(fd, out.data, out.len, 0, (const struct sockaddr *)&to, sizeof(to)),
                     out.len);
    asked_by = 7;
    (void)alarm(10);
    assert_int_equal(tatu_os_run_loop(&loop), TATU_OK);
    (void)alarm(0);
    tatu_os_remove_watch(&loop, &stub.watch);
    (void)close(stub.watch.fd);
    tatu_os_done_loop(&loop);
    return asked_by;
}

static void who_asks_is_known_by_address_and_port(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        int first = bind_as(i == 0 ? 0 : STRANGER, 0x7f000002, PORT);
        int own = bind_as(i == 0 ? STRANGER : 0, INADDR_LOOPBACK, PORT);
        int last = bind_as(i == 0 ? 0 : STRANGER, 0x7f000003, PORT);
        assert_int_equal(ask_over(own), i == 0 ? STRANGER : 0);
        (void)close(first);
        (void)close(own);
        (void)close(last);
    }
}

static void nobody_hides_the_others_behind_many_sockets(void **state)
{
    int many[SOCKETS];
    (void)state;
    for (size_t i = 0; i < SOCKETS; i++) {
        many[i] = bind_as(STRANGER, INADDR_ANY, (uint16_t)(PORT - SOCKETS + i));
    }
    int own = bind_as(0, INADDR_ANY, PORT);
    assert_int_equal(ask_over(own), 0);
    assert_int_equal(ask_over(many[0]), STRANGER);
    (void)close(own);
    for (size_t i = 0; i < SOCKETS; i++) {
        (void)close(many[i]);
    }
}

static bool enter_network(void)
{
    return geteuid() == 0 && unshare(CLONE_NEWNET) == 0 && system("ip link set lo up") == 0;
}

int main(void)
{
    const struct CMUnitTest with_sockets[] = {
        cmocka_unit_test(who_asks_is_known_by_address_and_port),
        cmocka_unit_test(nobody_hides_the_others_behind_many_sockets),
    };
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_owner_is_whose_socket_fits_best),
        cmocka_unit_test(only_whole_lines_are_looked_at),
        cmocka_unit_test(a_port_of_nobody_is_not_found),
    };
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    return failed != 0 || !enter_network() ? failed
                                           : cmocka_run_group_tests(with_sockets, NULL, NULL);
}
