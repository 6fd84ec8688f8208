/* The filter on a real control group, between two network namespaces of the test's own. Skipped
 * (77) where the kernel or its owner does not permit that. */
#include "filter.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
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
#define STRANGER "10.9.0.4"
#define OTHER_OWN "10.9.0.9" /* of the board, but not of this interface */
#define ALLOWED6 "fd09::2"
#define DENIED6 "fd09::3"

static int near_fd, far_fd; /* network namespaces */
static char root[] = "/tmp/tatu-netd-XXXXXX";
static char house[64]; /* stands for the board's root; what is attached goes with it */
static char group[80];
static struct tatu_filter filter = {-1, -1};
static int own_fd = -1;

static bool run(const char *command)
{
    return system(command) == 0;
}

static bool enter(int namespace_fd)
{
    return setns(namespace_fd, CLONE_NEWNET) == 0;
}

/* What is made from now on belongs to the group. */
static void enter_group(const char *where)
{
    char path[112];
    (void)snprintf(path, sizeof(path), "%s/cgroup.procs", where);
    int fd = open(path, O_WRONLY);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "0", 1), 1);
    assert_int_equal(close(fd), 0);
}

static void join(bool in_group)
{
    enter_group(in_group ? group : root);
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
               "/24 dev far && ip address add " STRANGER "/24 dev far && ip address add " ALLOWED6
               "/64 dev far nodad && ip address add " DENIED6
               "/64 dev far nodad && ip link set far up") &&
           enter(near_fd) &&
           run("ip link set lo up && ip address add " NEAR_ADDRESS
               "/24 dev near && ip address add fd09::1/64 dev near nodad && ip link set near up && "
               "ip address add " OTHER_OWN "/32 dev lo");
}

static bool make_world(void)
{
    return geteuid() == 0 && run("ip -V >/dev/null 2>&1") && unshare(CLONE_NEWNS) == 0 &&
           mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 && mkdtemp(root) != NULL &&
           mount("none", root, "cgroup2", 0, NULL) == 0 &&
           snprintf(house, sizeof(house), "%s/tatu-netd-%d", root, (int)getpid()) > 0 &&
           snprintf(group, sizeof(group), "%s/app", house) > 0 && mkdir(house, 0755) == 0 &&
           mkdir(group, 0755) == 0 && make_networks();
}

static void remove_world(void)
{
    char path[96];
    (void)snprintf(path, sizeof(path), "%s/cgroup.procs", root);
    const int fd = open(path, O_WRONLY);
    if (fd >= 0) {
        (void)!write(fd, "0", 1);
        (void)close(fd);
    }
    (void)rmdir(group);
    (void)rmdir(house);
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

static void address_from(const char *text, uint8_t out[16])
{
    assert_int_equal(tatu_netd_decode_address(text, out), TATU_OK);
}

static void allow(const char *text)
{
    uint8_t address[16];
    address_from(text, address);
    assert_int_equal(tatu_netd_put_filter_address(&filter, address), TATU_OK);
}

static void own(const char *text)
{
    uint8_t address[16];
    address_from(text, address);
    assert_int_equal(tatu_netd_put_own(own_fd, if_nametoindex("near"), address), TATU_OK);
}

static int set_up(void **state)
{
    (void)state;
    assert_true(enter(near_fd));
    assert_int_equal(tatu_netd_make_own_map(&own_fd), TATU_OK);
    own(NEAR_ADDRESS);
    own("fd09::1");
    assert_int_equal(tatu_netd_make_filter(&filter), TATU_OK);
    allow(ALLOWED);
    allow(ALLOWED6);
    assert_int_equal(tatu_netd_attach_filter(&filter, own_fd, 0, group), TATU_OK);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    join(false);
    tatu_netd_close_filter(&filter);
    return close(own_fd);
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
    assert_true(stream_works(near_fd, "fd09::1", far_fd, ALLOWED6, 7001));
    assert_false(stream_works(near_fd, "fd09::1", far_fd, DENIED6, 7001));
}

static void nobody_comes_in_without_an_open_port(void **state)
{
    (void)state;
    assert_false(stream_works(far_fd, ALLOWED, near_fd, NEAR_ADDRESS, 7002));
    assert_false(stream_works(far_fd, ALLOWED6, near_fd, "fd09::1", 7002));
    assert_false(stream_works(far_fd, DENIED, near_fd, NEAR_ADDRESS, 7002));
}

static void everybody_comes_in_to_an_open_port(void **state)
{
    (void)state;
    assert_int_equal(tatu_netd_put_filter_port(&filter, TATU_FILTER_TCP, 7003), TATU_OK);
    assert_true(stream_works(far_fd, STRANGER, near_fd, NEAR_ADDRESS, 7003));
    assert_true(stream_works(far_fd, ALLOWED, near_fd, NEAR_ADDRESS, 7003));
    assert_true(stream_works(far_fd, DENIED6, near_fd, "fd09::1", 7003));
    assert_false(stream_works(far_fd, STRANGER, near_fd, NEAR_ADDRESS, 7004));
}

/* From an open port nobody can be called: the port is for answers. */
static void an_open_port_is_no_way_out(void **state)
{
    struct sockaddr_storage to, from;
    const int on = 1;
    (void)state;
    assert_int_equal(tatu_netd_put_filter_port(&filter, TATU_FILTER_TCP, 7005), TATU_OK);
    assert_int_equal(tatu_netd_put_filter_port(&filter, TATU_FILTER_UDP, 7005), TATU_OK);
    const socklen_t len = address_of(DENIED, 7006, &to);
    const socklen_t from_len = address_of(NEAR_ADDRESS, 7005, &from);
    join(false);
    int server = open_socket(far_fd, SOCK_STREAM, DENIED, 7006);
    join(true);
    int udp = open_socket(near_fd, SOCK_DGRAM, NEAR_ADDRESS, 7005);
    assert_int_equal(sendto(udp, "x", 1, 0, (struct sockaddr *)&to, len), -1);
    assert_int_equal(errno, EPERM);
    int tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(setsockopt(tcp, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)), 0);
    assert_int_equal(bind(tcp, (struct sockaddr *)&from, from_len), 0);
    assert_int_equal(fcntl(tcp, F_SETFL, O_NONBLOCK), 0);
    (void)connect(tcp, (struct sockaddr *)&to, len);
    assert_false(is_readable(server));
    assert_int_equal(close(tcp), 0);
    assert_int_equal(close(udp), 0);
    assert_int_equal(close(server), 0);
}

static ssize_t send_to(int fd, const char *address, uint16_t port)
{
    struct sockaddr_storage to;
    const socklen_t len = address_of(address, port, &to);
    return sendto(fd, "x", 1, 0, (struct sockaddr *)&to, len);
}

static void take(int fd)
{
    char byte;
    assert_true(is_readable(fd));
    assert_int_equal(recv(fd, &byte, 1, 0), 1);
}

/* Datagrams pass as answers only: who was called may answer, who called may be answered. */
static void datagrams_are_answered_by_who_was_called(void **state)
{
    (void)state;
    assert_int_equal(tatu_netd_put_filter_port(&filter, TATU_FILTER_UDP, 7010), TATU_OK);
    join(true);
    int closed = open_socket(near_fd, SOCK_DGRAM, NEAR_ADDRESS, 7011);
    int opened = open_socket(near_fd, SOCK_DGRAM, NEAR_ADDRESS, 7010);
    join(false);
    int peer = open_socket(far_fd, SOCK_DGRAM, ALLOWED, 7012);
    int stranger = open_socket(far_fd, SOCK_DGRAM, STRANGER, 7013);
    (void)send_to(peer, NEAR_ADDRESS, 7011); /* not called yet */
    assert_false(is_readable(closed));
    assert_int_equal(send_to(closed, ALLOWED, 7012), 1);
    take(peer);
    assert_int_equal(send_to(peer, NEAR_ADDRESS, 7011), 1);
    take(closed);
    assert_int_equal(send_to(opened, STRANGER, 7013), -1); /* did not call yet */
    assert_int_equal(send_to(stranger, NEAR_ADDRESS, 7010), 1);
    take(opened);
    assert_int_equal(send_to(opened, STRANGER, 7013), 1);
    take(stranger);
    assert_int_equal(send_to(opened, STRANGER, 7014), -1); /* another port of it */
    assert_int_equal(close(closed) + close(opened) + close(peer) + close(stranger), 0);
}

/* Not even when its addresses are in the list; the resolver is there alone. */
static void loopback_is_closed_but_for_the_resolver(void **state)
{
    (void)state;
    assert_true(stream_works(near_fd, NEAR_ADDRESS, far_fd, ALLOWED, 7003));
    allow("127.0.0.1");
    allow(NEAR_ADDRESS);
    assert_int_equal(tatu_netd_put_filter_port(&filter, TATU_FILTER_TCP, 7003), TATU_OK);
    assert_false(stream_works(near_fd, "127.0.0.1", near_fd, "127.0.0.1", 7003));
    assert_false(stream_works(near_fd, NEAR_ADDRESS, near_fd, NEAR_ADDRESS, 7003));
    join(false);
    int resolver = open_socket(near_fd, SOCK_DGRAM, TATU_FILTER_RESOLVER, 53);
    join(true);
    int client = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_int_equal(send_to(client, TATU_FILTER_RESOLVER, 53), 1);
    struct sockaddr_in from;
    socklen_t len = sizeof(from);
    char byte;
    assert_true(is_readable(resolver));
    assert_int_equal(recvfrom(resolver, &byte, 1, 0, (struct sockaddr *)&from, &len), 1);
    assert_int_equal(sendto(resolver, "y", 1, 0, (struct sockaddr *)&from, len), 1);
    take(client);
    assert_int_equal(send_to(client, TATU_FILTER_RESOLVER, 54), -1);
    assert_int_equal(send_to(client, "127.0.0.52", 53), -1);
    assert_int_equal(close(client) + close(resolver), 0);
}

static void an_address_of_another_interface_is_no_ones(void **state)
{
    (void)state;
    assert_int_equal(tatu_netd_put_filter_port(&filter, TATU_FILTER_UDP, 7020), TATU_OK);
    assert_true(enter(far_fd));
    assert_true(run("ip route add " OTHER_OWN " via " NEAR_ADDRESS " dev far"));
    join(true);
    int server = open_socket(near_fd, SOCK_DGRAM, "0.0.0.0", 7020);
    join(false);
    int peer = open_socket(far_fd, SOCK_DGRAM, ALLOWED, 7021);
    assert_int_equal(send_to(peer, NEAR_ADDRESS, 7020), 1);
    take(server);
    assert_int_equal(send_to(peer, OTHER_OWN, 7020), 1);
    assert_false(is_readable(server));
    assert_int_equal(close(server), 0);
    /* and of the board's own processes, which have no list */
    assert_int_equal(tatu_netd_attach_host_filter(own_fd, 0, house), TATU_OK);
    enter_group(house);
    server = open_socket(near_fd, SOCK_DGRAM, "0.0.0.0", 7020);
    assert_int_equal(send_to(peer, OTHER_OWN, 7020), 1);
    assert_false(is_readable(server));
    assert_int_equal(send_to(peer, NEAR_ADDRESS, 7020), 1);
    take(server);
    assert_int_equal(close(peer) + close(server), 0);
    assert_true(enter(far_fd));
    assert_true(run("ip route del " OTHER_OWN));
}

/* As a server of DHCP answers, to who has no address yet. */
static void a_broadcast_arrives_at_its_interface(void **state)
{
    const int on = 1;
    (void)state;
    own("255.255.255.255");
    assert_int_equal(tatu_netd_attach_host_filter(own_fd, 99, house), TATU_OK);
    enter_group(house);
    int server = open_socket(near_fd, SOCK_DGRAM, "0.0.0.0", 7068);
    join(false);
    int peer = open_socket(far_fd, SOCK_DGRAM, ALLOWED, 7067);
    assert_int_equal(setsockopt(peer, SOL_SOCKET, SO_BROADCAST, &on, sizeof(on)), 0);
    assert_int_equal(setsockopt(peer, SOL_SOCKET, SO_BINDTODEVICE, "far", 4), 0);
    assert_int_equal(send_to(peer, "255.255.255.255", 7068), 1);
    take(server);
    assert_int_equal(close(peer) + close(server), 0);
    assert_int_equal(tatu_netd_attach_host_filter(own_fd, 0, house), TATU_OK);
}

static void over_the_service_interface_nothing_but_its_port(void **state)
{
    const uint32_t service = (enter(near_fd), if_nametoindex("near"));
    (void)state;
    assert_int_equal(tatu_netd_put_filter_port(&filter, TATU_FILTER_TCP, 443), TATU_OK);
    assert_int_equal(tatu_netd_attach_filter(&filter, own_fd, service, group), TATU_OK);
    assert_false(stream_works(near_fd, NEAR_ADDRESS, far_fd, ALLOWED, 7001));
    assert_false(stream_works(far_fd, ALLOWED, near_fd, NEAR_ADDRESS, 443));
    assert_false(datagram_arrives(ALLOWED, 7000));
    assert_int_equal(tatu_netd_attach_host_filter(own_fd, service, house), TATU_OK);
    enter_group(house);
    int wanted = open_socket(near_fd, SOCK_STREAM, NEAR_ADDRESS, 443);
    int closed = open_socket(near_fd, SOCK_STREAM, NEAR_ADDRESS, 444);
    struct sockaddr_storage to;
    const socklen_t len = address_of(NEAR_ADDRESS, 444, &to);
    join(false); /* the interface has the same index in the other namespace */
    assert_true(enter(far_fd));
    int client = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    (void)connect(client, (struct sockaddr *)&to, len);
    assert_false(is_readable(closed));
    assert_int_equal(close(client), 0);
    client = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    (void)address_of(NEAR_ADDRESS, 443, &to);
    (void)connect(client, (struct sockaddr *)&to, len);
    assert_true(is_readable(wanted));
    assert_int_equal(close(client) + close(wanted) + close(closed), 0);
    assert_int_equal(tatu_netd_attach_host_filter(own_fd, 0, house), TATU_OK);
}

static void what_passes_and_what_is_dropped_is_counted(void **state)
{
    struct tatu_filter_count count;
    uint8_t address[16];
    (void)state;
    address_from(ALLOWED, address);
    assert_true(datagram_arrives(ALLOWED, 7000));
    assert_true(datagram_arrives(ALLOWED, 7000));
    assert_false(datagram_arrives(DENIED, 7000));
    assert_int_equal(tatu_netd_count_filter_address(&filter, address, &count), TATU_OK);
    assert_int_equal(count.out_packets, 2);
    assert_int_equal(count.out_bytes, 2 * 29);
    assert_int_equal(count.in_packets, 0);
    assert_int_equal(tatu_netd_count_filter_drops(&filter, &count), TATU_OK);
    assert_int_equal(count.out_packets, 1);
    allow(ALLOWED); /* again: the counts stay */
    assert_int_equal(tatu_netd_count_filter_address(&filter, address, &count), TATU_OK);
    assert_int_equal(count.out_packets, 2);
    assert_int_equal(tatu_netd_count_filter_port(&filter, TATU_FILTER_TCP, 1, &count),
                     TATU_ERR_NOT_FOUND);
}

static void an_address_can_be_taken_away(void **state)
{
    uint8_t address[16];
    (void)state;
    assert_true(datagram_arrives(ALLOWED, 7000));
    address_from(ALLOWED, address);
    tatu_netd_remove_filter_address(&filter, address);
    assert_false(datagram_arrives(ALLOWED, 7000));
}

static void a_new_filter_replaces_the_old_one(void **state)
{
    struct tatu_filter other;
    (void)state;
    assert_true(datagram_arrives(ALLOWED, 7000));
    assert_int_equal(tatu_netd_make_filter(&other), TATU_OK);
    assert_int_equal(tatu_netd_attach_filter(&other, own_fd, 0, group), TATU_OK);
    assert_false(datagram_arrives(ALLOWED, 7000));
    tatu_netd_close_filter(&other);
}

static void a_group_that_is_not_there_is_not_found(void **state)
{
    (void)state;
    assert_int_equal(tatu_netd_attach_filter(&filter, own_fd, 0, "/sys/fs/cgroup/none/of/this"),
                     TATU_ERR_NOT_FOUND);
    assert_int_equal(tatu_netd_attach_host_filter(own_fd, 0, "/dev/null"), TATU_ERR_NOT_FOUND);
}

static void a_full_list_says_so(void **state)
{
    uint8_t address[16] = {0xfd};
    enum tatu_err err = TATU_OK;
    size_t count = 0;
    (void)state;
    for (; err == TATU_OK && count < 1000; count++) {
        address[15] = (uint8_t)count;
        address[14] = (uint8_t)(count >> 8);
        err = tatu_netd_put_filter_address(&filter, address);
    }
    assert_int_equal(err, TATU_ERR_FULL);
    assert_true(count > TATU_FILTER_ADDRESS_MAX);
}

int main(void)
{
    if (!make_world() || tatu_netd_make_filter(&filter) != TATU_OK) {
        remove_world();
        return SKIPPED;
    }
    tatu_netd_close_filter(&filter);
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(an_allowed_address_is_reached_and_no_other),
        TEST(nobody_comes_in_without_an_open_port),
        TEST(everybody_comes_in_to_an_open_port),
        TEST(an_open_port_is_no_way_out),
        TEST(datagrams_are_answered_by_who_was_called),
        TEST(loopback_is_closed_but_for_the_resolver),
        TEST(an_address_of_another_interface_is_no_ones),
        TEST(a_broadcast_arrives_at_its_interface),
        TEST(over_the_service_interface_nothing_but_its_port),
        TEST(what_passes_and_what_is_dropped_is_counted),
        TEST(an_address_can_be_taken_away),
        TEST(a_new_filter_replaces_the_old_one),
        TEST(a_group_that_is_not_there_is_not_found),
        TEST(a_full_list_says_so),
    };
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    remove_world();
    return failed;
}
