/* The filter on a real control group, between two network namespaces of the test's own. Skipped
 * (77) where the kernel or its owner does not permit that. */
#include "filter.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "addresses.h"

#define SKIPPED 77
#define NEAR_ADDRESS "10.9.0.1"
#define ALLOWED "10.9.0.2"
#define DENIED "10.9.0.3"
#define DNS "10.9.0.4"
#define ALLOWED6 "fd09::2"
#define DENIED6 "fd09::3"

static int near_fd, far_fd; /* network namespaces */
static char root[] = "/tmp/tatu-netd-XXXXXX";
static char group[64];
static int map_fd = -1;

static bool run(const char *command)
{
    return system(command) == 0;
}

static bool enter(int namespace_fd)
{
    return setns(namespace_fd, CLONE_NEWNET) == 0;
}

/* What is made from now on belongs to the group, or to the root. */
static void join(bool in_group)
{
    char path[96];
    (void)snprintf(path, sizeof(path), "%s/cgroup.procs", in_group ? group : root);
    int fd = open(path, O_WRONLY);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "0", 1), 1);
    assert_int_equal(close(fd), 0);
}

static bool make_networks(void)
{
    char command[128];
    if (unshare(CLONE_NEWNET) != 0) {
        return false;
    }
    near_fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    if (near_fd < 0 || unshare(CLONE_NEWNET) != 0) {
        return false;
    }
    far_fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    (void)snprintf(command, sizeof(command),
                   "ip link add far type veth peer name near netns /proc/%d/fd/%d", (int)getpid(),
                   near_fd);
    return run(command) &&
           run("ip address add " ALLOWED "/24 dev far && ip address add " DENIED
               "/24 dev far && ip address add " DNS "/24 dev far && ip address add " ALLOWED6
               "/64 dev far nodad && ip address add " DENIED6
               "/64 dev far nodad && ip link set far up") &&
           enter(near_fd) &&
           run("ip link set lo up && ip address add " NEAR_ADDRESS
               "/24 dev near && ip address add fd09::1/64 dev near nodad && ip link set near up");
}

static bool make_world(void)
{
    return geteuid() == 0 && run("ip -V >/dev/null 2>&1") && unshare(CLONE_NEWNS) == 0 &&
           mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 && mkdtemp(root) != NULL &&
           mount("none", root, "cgroup2", 0, NULL) == 0 &&
           snprintf(group, sizeof(group), "%s/tatu-netd-%d", root, (int)getpid()) > 0 &&
           mkdir(group, 0755) == 0 && make_networks();
}

static void remove_world(void)
{
    (void)rmdir(group);
    (void)umount2(root, MNT_DETACH);
    (void)rmdir(root);
}

static socklen_t address_of(const char *text, uint16_t port, struct sockaddr_storage *out)
{
    memset(out, 0, sizeof(*out));
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    if (inet_pton(AF_INET, text, &in.sin_addr) == 1) {
        memcpy(out, &in, sizeof(in));
        return sizeof(in);
    }
    assert_int_equal(inet_pton(AF_INET6, text, &in6.sin6_addr), 1);
    memcpy(out, &in6, sizeof(in6));
    return sizeof(in6);
}

/* A bound socket; listening when it is of TCP. */
static int open_socket(int namespace_fd, int type, const char *address, uint16_t port)
{
    struct sockaddr_storage at;
    const socklen_t len = address_of(address, port, &at);
    const int on = 1;
    assert_true(enter(namespace_fd));
    int fd = socket(at.ss_family, type | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)), 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, len), 0);
    if (type == SOCK_STREAM) {
        assert_int_equal(listen(fd, 4), 0);
    }
    return fd;
}

static bool is_readable(int fd)
{
    struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
    return poll(&poll_fd, 1, 300) == 1;
}

/* One datagram from a new socket of the group to a server in the other namespace. */
static bool datagram_arrives(const char *address, uint16_t port)
{
    struct sockaddr_storage to;
    const socklen_t len = address_of(address, port, &to);
    join(false);
    int server = open_socket(far_fd, SOCK_DGRAM, address, port);
    join(true);
    assert_true(enter(near_fd));
    int client = socket(to.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_true(client >= 0);
    const bool sent = sendto(client, "x", 1, 0, (struct sockaddr *)&to, len) == 1;
    if (!sent) {
        assert_int_equal(errno, EPERM);
    }
    const bool arrived = is_readable(server);
    assert_int_equal(sent, arrived);
    assert_int_equal(close(client), 0);
    assert_int_equal(close(server), 0);
    return arrived;
}

/* A connection from `client_address` in one namespace to `address` in the other; true when it is
 * made and a byte comes back. The side in the near namespace is of the group. */
static bool stream_works(int client_ns, const char *client_address, int server_ns,
                         const char *address, uint16_t port)
{
    struct sockaddr_storage to;
    const socklen_t len = address_of(address, port, &to);
    join(server_ns == near_fd);
    int server = open_socket(server_ns, SOCK_STREAM, address, port);
    join(client_ns == near_fd);
    int client = open_socket(client_ns, SOCK_STREAM, client_address, 0);
    assert_int_equal(close(client), 0); /* the namespace and the group are what was wanted */
    client = socket(to.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_storage from;
    const socklen_t from_len = address_of(client_address, 0, &from);
    assert_int_equal(bind(client, (struct sockaddr *)&from, from_len), 0);
    assert_int_equal(fcntl(client, F_SETFL, O_NONBLOCK), 0);
    (void)connect(client, (struct sockaddr *)&to, len);
    bool works = is_readable(server);
    if (works) {
        int accepted = accept4(server, NULL, NULL, SOCK_CLOEXEC);
        works = send(accepted, "y", 1, MSG_NOSIGNAL) == 1 && is_readable(client);
        assert_int_equal(close(accepted), 0);
    }
    assert_int_equal(close(client), 0);
    assert_int_equal(close(server), 0);
    join(false);
    return works;
}

static void allow(const char *text, enum tatu_filter_right right)
{
    uint8_t address[16];
    assert_int_equal(tatu_netd_decode_address(text, address), TATU_OK);
    assert_int_equal(tatu_netd_put_filter_address(map_fd, address, right), TATU_OK);
}

static int set_up(void **state)
{
    (void)state;
    assert_int_equal(tatu_netd_make_filter_map(&map_fd), TATU_OK);
    allow(ALLOWED, TATU_FILTER_ALL);
    allow(ALLOWED6, TATU_FILTER_ALL);
    allow(DNS, TATU_FILTER_DNS);
    assert_int_equal(tatu_netd_attach_filter(map_fd, group), TATU_OK);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    join(false);
    return close(map_fd);
}

static void an_allowed_address_is_reached_and_no_other(void **state)
{
    (void)state;
    assert_true(datagram_arrives(ALLOWED, 7000));
    assert_false(datagram_arrives(DENIED, 7000));
    assert_true(datagram_arrives(ALLOWED6, 7000));
    assert_false(datagram_arrives(DENIED6, 7000));
    assert_true(stream_works(near_fd, NEAR_ADDRESS, far_fd, ALLOWED, 7001));
    assert_false(stream_works(near_fd, NEAR_ADDRESS, far_fd, DENIED, 7001));
}

static void a_dns_server_is_reached_at_its_port_only(void **state)
{
    (void)state;
    assert_true(datagram_arrives(DNS, 53));
    assert_false(datagram_arrives(DNS, 54));
    assert_true(stream_works(near_fd, NEAR_ADDRESS, far_fd, DNS, 53));
    assert_false(stream_works(near_fd, NEAR_ADDRESS, far_fd, DNS, 443));
}

static void only_an_allowed_peer_can_come_in(void **state)
{
    (void)state;
    assert_true(stream_works(far_fd, ALLOWED, near_fd, NEAR_ADDRESS, 7002));
    assert_false(stream_works(far_fd, DENIED, near_fd, NEAR_ADDRESS, 7002));
    assert_false(stream_works(far_fd, DNS, near_fd, NEAR_ADDRESS, 7002));
}

/* Not even when its addresses are in the map. */
static void loopback_is_closed(void **state)
{
    (void)state;
    assert_true(stream_works(far_fd, ALLOWED, near_fd, NEAR_ADDRESS, 7003));
    allow("127.0.0.1", TATU_FILTER_ALL);
    allow(NEAR_ADDRESS, TATU_FILTER_ALL);
    assert_false(stream_works(near_fd, "127.0.0.1", near_fd, "127.0.0.1", 7003));
    assert_false(stream_works(near_fd, NEAR_ADDRESS, near_fd, NEAR_ADDRESS, 7003));
}

static void an_address_can_be_taken_away(void **state)
{
    uint8_t address[16];
    (void)state;
    assert_true(datagram_arrives(ALLOWED, 7000));
    assert_int_equal(tatu_netd_decode_address(ALLOWED, address), TATU_OK);
    tatu_netd_remove_filter_address(map_fd, address);
    assert_false(datagram_arrives(ALLOWED, 7000));
}

static void a_new_filter_replaces_the_old_one(void **state)
{
    int other_fd = -1;
    (void)state;
    assert_true(datagram_arrives(ALLOWED, 7000));
    assert_int_equal(tatu_netd_make_filter_map(&other_fd), TATU_OK);
    assert_int_equal(tatu_netd_attach_filter(other_fd, group), TATU_OK);
    assert_false(datagram_arrives(ALLOWED, 7000));
    assert_false(datagram_arrives(DNS, 53));
    assert_int_equal(close(other_fd), 0);
}

static void a_group_that_is_not_there_is_not_found(void **state)
{
    (void)state;
    assert_int_equal(tatu_netd_attach_filter(map_fd, "/sys/fs/cgroup/none/of/this"),
                     TATU_ERR_NOT_FOUND);
    assert_int_equal(tatu_netd_attach_filter(map_fd, "/dev/null"), TATU_ERR_NOT_FOUND);
}

static void a_full_map_says_so(void **state)
{
    uint8_t address[16] = {0xfd};
    enum tatu_err err = TATU_OK;
    size_t count = 0;
    (void)state;
    for (; err == TATU_OK && count < 1000; count++) {
        address[15] = (uint8_t)count;
        address[14] = (uint8_t)(count >> 8);
        err = tatu_netd_put_filter_address(map_fd, address, TATU_FILTER_ALL);
    }
    assert_int_equal(err, TATU_ERR_FULL);
    assert_int_equal(count, TATU_FILTER_ADDRESS_MAX - 3 + 1);
}

int main(void)
{
    if (!make_world() || tatu_netd_make_filter_map(&map_fd) != TATU_OK) {
        remove_world();
        return SKIPPED;
    }
    (void)close(map_fd);
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(an_allowed_address_is_reached_and_no_other),
        TEST(a_dns_server_is_reached_at_its_port_only),
        TEST(only_an_allowed_peer_can_come_in),
        TEST(loopback_is_closed),
        TEST(an_address_can_be_taken_away),
        TEST(a_new_filter_replaces_the_old_one),
        TEST(a_group_that_is_not_there_is_not_found),
        TEST(a_full_map_says_so),
    };
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    remove_world();
    return failed;
}
