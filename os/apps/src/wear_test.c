#include "wear.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "proto/certstore.h"
#include "proto/network.h"
#include "proto/request.h"

#define EVERY UINT64_C(30000)

static void what_is_kept_wears_and_what_is_read_does_not(void **state)
{
    static const struct {
        uint32_t op;
        bool wears;
    } rows[] = {
        {TATU_REQUEST_GPIO_OUTPUT, false},
        {TATU_REQUEST_STORAGE_OPEN, false},
        {TATU_REQUEST_STORAGE_DELETE, true},
        {TATU_REQUEST_STORAGE_QUOTA, false},
        {TATU_REQUEST_MEMORY, false},
        {TATU_REQUEST_POWER_PROFILE, false},
        {TATU_REQUEST_EVENTS, false},
        {TATU_REQUEST_SET_TIME, false},
        {TATU_REQUEST_SET_RTC, true},
        {TATU_NET_READY, false},
        {TATU_NET_SET_UP, true},
        {TATU_NET_APPLY_IP, true},
        {TATU_NET_RENEW_IP, false},
        {TATU_NET_SET_MAC, true},
        {TATU_NET_GET_MAC, false},
        {TATU_NET_SET_TIME_SYNC, true},
        {TATU_NET_SET_NTP, true},
        {TATU_NET_LAST_SYNC, false},
        {TATU_NET_SERVE_SNTP, true},
        {TATU_NET_SERVE_DHCP, true},
        {TATU_NET_SET_PROXY, true},
        {TATU_NET_GET_PROXY, false},
        {TATU_NET_WIFI_ADD, false},
        {TATU_NET_WIFI_SET, false},
        {TATU_NET_WIFI_FORGET, false},
        {TATU_NET_WIFI_FORGET_ALL, true},
        {TATU_NET_WIFI_PERSIST, true},
        {TATU_NET_WIFI_STORE, true},
        {TATU_CERT_INSTALL, true},
        {TATU_CERT_DELETE, true},
        {TATU_CERT_MOVE, true},
        {TATU_CERT_INFO, false},
    };
    (void)state;
    for (size_t i = 0; i < TATU_COUNT_OF(rows); i++) {
        assert_int_equal(tatu_apps_wears(rows[i].op), rows[i].wears);
    }
}

static uint32_t spend_all(struct tatu_apps_wear *wear, uint64_t now_ms)
{
    uint32_t count = 0;
    while (count < 1000 && tatu_apps_spend_wear(wear, now_ms)) {
        count++;
    }
    return count;
}

static void so_many_at_once_then_one_in_a_while(void **state)
{
    struct tatu_apps_wear wear = {0};
    (void)state;
    assert_int_equal(spend_all(&wear, 5), 32);
    assert_int_equal(spend_all(&wear, 5 + EVERY - 1), 0);
    assert_int_equal(spend_all(&wear, 5 + EVERY), 1);
    assert_int_equal(spend_all(&wear, 5 + EVERY + EVERY / 2), 0);
    /* what was left over of the time counts */
    assert_int_equal(spend_all(&wear, 5 + 3 * EVERY), 2);
    assert_int_equal(spend_all(&wear, 5 + 1000 * EVERY), 32);
}

static void asking_in_vain_costs_nothing(void **state)
{
    struct tatu_apps_wear wear = {0};
    uint32_t granted = 0;
    (void)state;
    for (uint64_t now_ms = 0; now_ms < 100 * EVERY; now_ms += EVERY / 10) {
        granted += tatu_apps_spend_wear(&wear, now_ms);
    }
    assert_in_range(granted, 32 + 98, 32 + 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_kept_wears_and_what_is_read_does_not),
        cmocka_unit_test(so_many_at_once_then_one_in_a_while),
        cmocka_unit_test(asking_in_vain_costs_nothing),
    };
    return cmocka_run_group_tests_name("wear by applications", tests, NULL, NULL);
}
