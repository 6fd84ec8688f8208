#include "addresses.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void an_address_is_read_and_a_name_is_not(void **state)
{
    static const uint8_t expected[16] = {[10] = 0xff, [11] = 0xff, 10, 0, 2, 2};
    uint8_t address[16], same[16];
    (void)state;
    assert_int_equal(tatu_netd_decode_address("10.0.2.2", address), TATU_OK);
    assert_memory_equal(address, expected, 16);
    tatu_netd_map_ipv4(0x0a000202, same);
    assert_memory_equal(same, expected, 16);
    assert_int_equal(tatu_netd_decode_address("::ffff:10.0.2.2", same), TATU_OK);
    assert_memory_equal(same, expected, 16);
    assert_int_equal(tatu_netd_decode_address("fd00::1", address), TATU_OK);
    assert_int_equal(tatu_netd_decode_address("example.org", address), TATU_ERR_FORMAT);
    assert_int_equal(tatu_netd_decode_address("10.0.2", address), TATU_ERR_FORMAT);
    assert_int_equal(address[0], 0xfd);
}

static void only_another_machine_is_a_peer(void **state)
{
    static const struct {
        const char *text;
        bool peer;
    } rows[] = {
        {"10.0.2.2", true},
        {"192.168.1.1", true},
        {"8.8.8.8", true},
        {"fd00::1", true},
        {"2001:db8::1", true},
        {"127.0.0.1", false},
        {"127.9.9.9", false},
        {"0.0.0.0", false},
        {"224.0.0.1", false},
        {"::1", false},
        {"::", false},
        {"::127.0.0.1", false},
        {"ff02::1", false},
        {"255.255.255.255", false},
        {"::ffff:127.0.0.1", false},
    };
    struct tatu_address_set set = {0};
    uint8_t address[16];
    (void)state;
    for (size_t i = 0; i < TATU_COUNT_OF(rows); i++) {
        assert_int_equal(tatu_netd_decode_address(rows[i].text, address), TATU_OK);
        assert_int_equal(tatu_netd_is_peer(address), rows[i].peer);
        assert_int_equal(tatu_netd_add_address(&set, address, 1),
                         rows[i].peer ? TATU_OK : TATU_ERR_ARGUMENT);
    }
    assert_int_equal(set.count, 5);
}

static void a_set_takes_an_address_once_and_no_more_than_its_limit(void **state)
{
    struct tatu_address_set set = {0};
    uint8_t address[16];
    (void)state;
    for (uint32_t i = 0; i < TATU_ADDRESS_MAX; i++) {
        tatu_netd_map_ipv4(0x0a000000 + i, address);
        assert_int_equal(tatu_netd_add_address(&set, address, 1), TATU_OK);
        assert_int_equal(tatu_netd_add_address(&set, address, 1), TATU_OK);
    }
    assert_int_equal(set.count, TATU_ADDRESS_MAX);
    tatu_netd_map_ipv4(0x0b000000, address);
    assert_false(tatu_netd_has_address(&set, address));
    assert_int_equal(tatu_netd_add_address(&set, address, 1), TATU_ERR_FULL);
}

static void an_address_lives_until_its_latest_time(void **state)
{
    struct tatu_address_set set = {0};
    uint8_t a[16], b[16], out[16];
    (void)state;
    tatu_netd_map_ipv4(0x0a000001, a);
    tatu_netd_map_ipv4(0x0a000002, b);
    assert_int_equal(tatu_netd_add_address(&set, a, 100), TATU_OK);
    assert_int_equal(tatu_netd_add_address(&set, a, 200), TATU_OK);
    assert_int_equal(tatu_netd_add_address(&set, a, 50), TATU_OK);
    assert_int_equal(tatu_netd_add_address(&set, b, TATU_ADDRESS_FOR_EVER), TATU_OK);
    assert_int_equal(tatu_netd_add_address(&set, b, 10), TATU_OK);
    assert_int_equal(tatu_netd_expire_address(&set, 199, out), TATU_ERR_NOT_FOUND);
    assert_int_equal(tatu_netd_expire_address(&set, 200, out), TATU_OK);
    assert_memory_equal(out, a, 16);
    assert_int_equal(tatu_netd_expire_address(&set, UINT64_MAX - 1, out), TATU_ERR_NOT_FOUND);
    assert_true(tatu_netd_has_address(&set, b));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_is_read_and_a_name_is_not),
        cmocka_unit_test(only_another_machine_is_a_peer),
        cmocka_unit_test(a_set_takes_an_address_once_and_no_more_than_its_limit),
        cmocka_unit_test(an_address_lives_until_its_latest_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
