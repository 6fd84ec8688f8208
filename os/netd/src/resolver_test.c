/* Against servers of the test's own, in a network namespace of its own. Skipped (77) where that is
 * not permitted. */
#include "resolver.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "addresses.h"

#define SKIPPED 77
#define GOOD "127.0.0.2"
#define SILENT "127.0.0.3"
#define FAILING "127.0.0.4"
#define LYING "127.0.0.5"
#define CLOSED "127.0.0.6"

struct server {
    struct tatu_os_watch watch;
    uint8_t rcode;
    bool silent;
    bool lies; /* first an answer to another question */
    int asked;
};

static struct tatu_os_loop loop;
static struct tatu_resolver resolver;
static struct tatu_lookup lookup;
static enum tatu_err result;
static int finished;

static void serve(struct tatu_os_watch *watch, uint32_t events)
{
    struct server *server = watch->context;
    uint8_t in[TATU_DNS_MESSAGE_MAX], room[TATU_DNS_MESSAGE_MAX];
    struct tatu_buf out = TATU_BUF_OF(room);
    struct sockaddr_in from;
    socklen_t from_len = sizeof(from);
    struct tatu_dns_question question;
    struct tatu_dns_answer answer = {.rcode = server->rcode, .ttl_s = 60, .count = 1};
    (void)events;
    const ssize_t len =
        recvfrom(watch->fd, in, sizeof(in), MSG_DONTWAIT, (struct sockaddr *)&from, &from_len);
    server->asked++;
    if (len < 0 || server->silent) {
        return;
    }
    assert_int_equal(tatu_netd_decode_dns_query((struct tatu_span){in, (size_t)len}, &question),
                     TATU_OK);
    tatu_netd_map_ipv4(0xc0000207, answer.found[0]);
    if (server->lies) {
        question.id ^= 1;
        assert_int_equal(tatu_netd_encode_dns_answer(&question, &answer, &out), TATU_OK);
        (void)sendto(watch->fd, room, out.len, 0, (struct sockaddr *)&from, from_len);
        question.id ^= 1;
        out.len = 0;
    }
    answer.count = server->rcode == 0 ? 1 : 0;
    assert_int_equal(tatu_netd_encode_dns_answer(&question, &answer, &out), TATU_OK);
    assert_int_equal(sendto(watch->fd, room, out.len, 0, (struct sockaddr *)&from, from_len),
                     out.len);
}

static void open_server(struct server *server, const char *address)
{
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons(53)};
    assert_int_equal(inet_pton(AF_INET, address, &here.sin_addr), 1);
    server->watch = (struct tatu_os_watch){
        .ready = serve, .context = server, .fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
    assert_int_equal(bind(server->watch.fd, (struct sockaddr *)&here, sizeof(here)), 0);
    assert_int_equal(tatu_os_add_watch(&loop, &server->watch, EPOLLIN), TATU_OK);
}

static void close_server(struct server *server)
{
    tatu_os_remove_watch(&loop, &server->watch);
    assert_int_equal(close(server->watch.fd), 0);
}

static void done(struct tatu_lookup *which, enum tatu_err err)
{
    assert_ptr_equal(which, &lookup);
    result = err;
    finished++;
    tatu_os_stop_loop(&loop);
}

static void use(const char *first, const char *second)
{
    struct tatu_resolver_server servers[2];
    memset(servers, 0, sizeof(servers));
    assert_int_equal(tatu_netd_decode_address(first, servers[0].address), TATU_OK);
    assert_int_equal(tatu_netd_decode_address(second, servers[1].address), TATU_OK);
    tatu_netd_set_servers(&resolver, servers, 2);
}

static enum tatu_err look_up(const char *name)
{
    finished = 0;
    loop.stopped = false;
    tatu_netd_start_lookup(&resolver, &lookup, name, TATU_DNS_A);
    assert_int_equal(finished, 0); /* never inside the call */
    assert_int_equal(tatu_os_run_loop(&loop), TATU_OK);
    assert_int_equal(finished, 1);
    return result;
}

static int set_up(void **state)
{
    (void)state;
    memset(&lookup, 0, sizeof(lookup));
    lookup.done = done;
    if (tatu_os_init_loop(&loop) != TATU_OK) {
        return -1;
    }
    tatu_netd_init_resolver(&resolver, &loop);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    tatu_os_done_loop(&loop);
    return 0;
}

static void a_name_is_found(void **state)
{
    struct server good = {.rcode = 0};
    (void)state;
    open_server(&good, GOOD);
    use(GOOD, CLOSED);
    assert_int_equal(look_up("node.tatu.org"), TATU_OK);
    assert_int_equal(lookup.answer.count, 1);
    assert_int_equal(lookup.answer.found[0][15], 7);
    assert_int_equal(good.asked, 1);
    close_server(&good);
}

/* The next one is asked, and is the first from then on. */
static void a_server_that_fails_gives_way(void **state)
{
    static const struct {
        const char *address;
        struct server server;
    } rows[] = {{SILENT, {.silent = true}}, {FAILING, {.rcode = TATU_DNS_FAILED}}};
    (void)state;
    for (size_t i = 0; i < TATU_COUNT_OF(rows); i++) {
        struct server bad = rows[i].server, good = {.rcode = 0};
        open_server(&bad, rows[i].address);
        open_server(&good, GOOD);
        use(rows[i].address, GOOD);
        assert_int_equal(look_up("node.tatu.org"), TATU_OK);
        assert_int_equal(look_up("node.tatu.org"), TATU_OK);
        assert_int_equal(bad.asked, 1);
        assert_int_equal(good.asked, 2);
        close_server(&bad);
        close_server(&good);
    }
}

static void a_host_without_a_server_gives_way_at_once(void **state)
{
    struct server good = {.rcode = 0};
    (void)state;
    open_server(&good, GOOD);
    use(CLOSED, GOOD);
    const uint64_t start_ms = tatu_os_now_ms();
    assert_int_equal(look_up("node.tatu.org"), TATU_OK);
    assert_true(tatu_os_now_ms() - start_ms < TATU_RESOLVER_WAIT_MS);
    close_server(&good);
}

static void an_answer_to_another_question_is_left_aside(void **state)
{
    struct server lying = {.lies = true};
    (void)state;
    open_server(&lying, LYING);
    use(LYING, CLOSED);
    assert_int_equal(look_up("node.tatu.org"), TATU_OK);
    assert_int_equal(lookup.answer.count, 1);
    assert_int_equal(lying.asked, 1);
    close_server(&lying);
}

static void a_name_that_does_not_exist_is_an_answer(void **state)
{
    struct server knowing = {.rcode = TATU_DNS_NO_NAME};
    (void)state;
    open_server(&knowing, GOOD);
    use(GOOD, CLOSED);
    assert_int_equal(look_up("node.tatu.org"), TATU_OK);
    assert_int_equal(lookup.answer.rcode, TATU_DNS_NO_NAME);
    assert_int_equal(lookup.answer.count, 0);
    close_server(&knowing);
}

static void nobody_to_ask_is_told(void **state)
{
    (void)state;
    assert_int_equal(look_up("node.tatu.org"), TATU_ERR_UNREACHABLE);
    use(CLOSED, CLOSED);
    assert_int_equal(look_up("node.tatu.org"), TATU_ERR_TIMEOUT);
    assert_int_equal(look_up("node..org"), TATU_ERR_TIMEOUT); /* cannot even be asked */
}

int main(void)
{
    if (geteuid() != 0 || unshare(CLONE_NEWNET) != 0 || system("ip link set lo up") != 0) {
        return SKIPPED;
    }
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(a_name_is_found),
        TEST(a_server_that_fails_gives_way),
        TEST(a_host_without_a_server_gives_way_at_once),
        TEST(an_answer_to_another_question_is_left_aside),
        TEST(a_name_that_does_not_exist_is_an_answer),
        TEST(nobody_to_ask_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
