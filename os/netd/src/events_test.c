#include "events.h"

#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "link.h"

struct message {
    _Alignas(8) uint8_t bytes[256];
    size_t len;
};

static void put(struct message *m, const void *bytes, size_t len)
{
    memcpy(m->bytes + m->len, bytes, len);
    m->len += len;
}

static void start(struct message *m, uint16_t type)
{
    const struct nlmsghdr head = {.nlmsg_type = type};
    memset(m, 0, sizeof(*m));
    put(m, &head, sizeof(head));
}

static enum tatu_err take(struct message *m, struct tatu_event *out)
{
    struct tatu_span rest = {m->bytes, m->len};
    const uint32_t len = (uint32_t)m->len;
    bool end = false;
    memcpy(m->bytes, &len, sizeof(len));
    return tatu_netd_take_event(&rest, out, &end);
}

static void start_address(struct message *m, uint8_t flags)
{
    const struct ifaddrmsg info = {
        .ifa_family = AF_INET6, .ifa_prefixlen = 64, .ifa_flags = flags, .ifa_index = 3};
    const struct rtattr attribute = {.rta_len = 20, .rta_type = IFA_ADDRESS};
    start(m, RTM_NEWADDR);
    put(m, &info, sizeof(info));
    put(m, &attribute, sizeof(attribute));
    put(m, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1", 16);
}

static void an_address_is_told_once_it_is_ours(void **state)
{
    struct message m;
    struct tatu_event event;
    (void)state;
    start_address(&m, 0);
    assert_int_equal(take(&m, &event), TATU_OK);
    assert_int_equal(event.kind, TATU_EVENT_ADDRESS);
    assert_int_equal(event.ifindex, 3);
    assert_int_equal(event.prefix, 64);
    assert_int_equal(event.address[15], 1);
    start_address(&m, IFA_F_TENTATIVE);
    assert_int_equal(take(&m, &event), TATU_ERR_NOT_FOUND);
}

static void an_address_that_another_machine_has_is_told_as_such(void **state)
{
    struct message m;
    struct tatu_event event;
    (void)state;
    start_address(&m, IFA_F_DADFAILED);
    assert_int_equal(take(&m, &event), TATU_OK);
    assert_int_equal(event.kind, TATU_EVENT_ADDRESS_TAKEN);
    assert_int_equal(event.address[15], 1);
    start_address(&m, IFA_F_TENTATIVE | IFA_F_DADFAILED);
    assert_int_equal(take(&m, &event), TATU_OK);
    assert_int_equal(event.kind, TATU_EVENT_ADDRESS_TAKEN);
}

/* IPv6's own news of a link: IFLA_PROTINFO with the flags of the last advertisement in it. */
static void start_router(struct message *m, uint32_t flags, uint16_t inner_len)
{
    const struct ifinfomsg info = {.ifi_family = AF_INET6, .ifi_index = 2};
    const struct rtattr name = {.rta_len = 9, .rta_type = IFLA_IFNAME};
    const struct rtattr outer = {.rta_len = (unsigned short)(4 + inner_len),
                                 .rta_type = IFLA_PROTINFO | NLA_F_NESTED};
    const struct rtattr inner = {.rta_len = inner_len, .rta_type = IFLA_INET6_FLAGS};
    start(m, RTM_NEWLINK);
    put(m, &info, sizeof(info));
    put(m, &name, sizeof(name));
    put(m, "eth0\0\0\0\0", 8);
    put(m, &outer, sizeof(outer));
    put(m, &inner, sizeof(inner));
    put(m, &flags, sizeof(flags));
}

static void what_the_router_says_of_addresses_is_told(void **state)
{
    static const struct {
        uint32_t flags;
        bool managed, other;
    } rows[] = {{0x80000030, false, false},
                {0x80000070, true, false},
                {0x800000b0, false, true},
                {0x800000f0, true, true}};
    struct message m;
    struct tatu_event event;
    (void)state;
    for (size_t i = 0; i < TATU_COUNT_OF(rows); i++) {
        start_router(&m, rows[i].flags, 8);
        assert_int_equal(take(&m, &event), TATU_OK);
        assert_int_equal(event.kind, TATU_EVENT_ROUTER);
        assert_int_equal(event.ifindex, 2);
        assert_int_equal(event.managed, rows[i].managed);
        assert_int_equal(event.other, rows[i].other);
    }
    start_router(&m, 0x40, 6); /* flags that are cut */
    assert_int_equal(take(&m, &event), TATU_ERR_NOT_FOUND);
    start_router(&m, 0x40, 2);
    assert_int_equal(take(&m, &event), TATU_ERR_NOT_FOUND);
}

static void start_servers(struct message *m, uint8_t eights)
{
    const struct nduseroptmsg info = {.nduseropt_family = AF_INET6,
                                      .nduseropt_opts_len = 24,
                                      .nduseropt_ifindex = 2,
                                      .nduseropt_icmp_type = 134};
    const uint8_t option[8] = {25, eights, 0, 0, 0, 0, 1, 0};
    start(m, RTM_NEWNDUSEROPT);
    put(m, &info, sizeof(info));
    put(m, option, sizeof(option));
    put(m, "\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x35", 16);
}

static void name_servers_of_a_router_are_told(void **state)
{
    struct message m;
    struct tatu_event event;
    (void)state;
    start_servers(&m, 3);
    assert_int_equal(take(&m, &event), TATU_OK);
    assert_int_equal(event.kind, TATU_EVENT_SERVERS);
    assert_int_equal(event.server_count, 1);
    assert_int_equal(event.lifetime_s, 256);
    assert_int_equal(event.servers[0][15], 0x35);
}

static void name_servers_that_cannot_be_are_left_out(void **state)
{
    static const uint8_t eights[] = {0, 1, 2, 4, 5, 255};
    struct message m;
    struct tatu_event event;
    (void)state;
    for (size_t i = 0; i < TATU_COUNT_OF(eights); i++) {
        start_servers(&m, eights[i]);
        assert_int_equal(take(&m, &event), TATU_ERR_NOT_FOUND);
    }
    start_servers(&m, 3);
    m.len -= 8; /* cut inside the address */
    assert_int_equal(take(&m, &event), TATU_ERR_NOT_FOUND);
}

static void a_link_and_the_end_of_a_list_are_told(void **state)
{
    const struct ifinfomsg info = {.ifi_index = 2, .ifi_flags = IFF_UP | IFF_RUNNING};
    struct message m;
    struct tatu_event event;
    struct tatu_span rest;
    bool end = false;
    (void)state;
    start(&m, RTM_NEWLINK);
    put(&m, &info, sizeof(info));
    assert_int_equal(take(&m, &event), TATU_OK);
    assert_int_equal(event.kind, TATU_EVENT_LINK);
    assert_int_equal(event.flags, IFF_UP | IFF_RUNNING);
    start(&m, NLMSG_DONE);
    m.bytes[0] = 16;
    rest = (struct tatu_span){m.bytes, m.len};
    assert_int_equal(tatu_netd_take_event(&rest, &event, &end), TATU_ERR_NOT_FOUND);
    assert_true(end);
    m.bytes[0] = 17; /* longer than what is there */
    rest = (struct tatu_span){m.bytes, m.len};
    assert_int_equal(tatu_netd_take_event(&rest, &event, &end), TATU_ERR_FORMAT);
}

static void a_slot_is_read_out_of_a_path(void **state)
{
    uint32_t slot = 9;
    (void)state;
    assert_int_equal(tatu_netd_decode_slot(
                         "../../devices/platform/soc/a000000.virtio-0/virtio0/net/eth0", &slot),
                     TATU_OK);
    assert_int_equal(slot, 0);
    assert_int_equal(
        tatu_netd_decode_slot("../../devices/platform/soc/a000400.virtio-2/virtio1/net/x", &slot),
        TATU_OK);
    assert_int_equal(slot, 2);
    assert_int_equal(tatu_netd_decode_slot("../../devices/virtual/net/lo", &slot),
                     TATU_ERR_NOT_FOUND);
    assert_int_equal(tatu_netd_decode_slot("/a000001.virtio/net/x", &slot), TATU_ERR_NOT_FOUND);
    assert_int_equal(tatu_netd_decode_slot("/a001000.virtio/net/x", &slot), TATU_ERR_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_is_told_once_it_is_ours),
        cmocka_unit_test(an_address_that_another_machine_has_is_told_as_such),
        cmocka_unit_test(what_the_router_says_of_addresses_is_told),
        cmocka_unit_test(name_servers_of_a_router_are_told),
        cmocka_unit_test(name_servers_that_cannot_be_are_left_out),
        cmocka_unit_test(a_link_and_the_end_of_a_list_are_told),
        cmocka_unit_test(a_slot_is_read_out_of_a_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
