/* The table of requests: who may ask, with how many bytes, and what is kept before it is used. */
#include <net/if.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "state.h"

#define APP 1003u
#define DESK 113u
#define ATTESTD 111u

static struct netd netd;
static enum tatu_netd_fault keeping;
static int kept, changed;
static uint8_t room[TATU_ANSWER_PAYLOAD_MAX];
static struct tatu_os_reply reply;

/* main.c's, which keep nothing here */
enum tatu_netd_fault tatu_netd_keep_config(struct netd *which, const struct tatu_config *config)
{
    kept++;
    if (keeping == TATU_NETD_OK) {
        which->config = *config;
    }
    return keeping;
}

void tatu_netd_load_wifi(struct netd *which)
{
    which->has_wifi = true;
}

enum tatu_netd_fault tatu_netd_keep_wifi(struct netd *which)
{
    (void)which;
    kept++;
    return keeping;
}

void tatu_netd_tell_changed(struct netd *which)
{
    (void)which;
    changed++;
}

enum tatu_net_proxy_state tatu_netd_get_proxy_state(const struct netd *which)
{
    return which->config.has_proxy == 1 ? TATU_NET_PROXY_STATE_READY
                                        : TATU_NET_PROXY_STATE_DISABLED;
}

static int set_up(void **state)
{
    (void)state;
    memset(&netd, 0, sizeof(netd));
    tatu_netd_init_config(&netd.config);
    keeping = TATU_NETD_OK;
    kept = changed = 0;
    netd.interfaces.entries[TATU_INTERFACE_LO].name = "lo";
    netd.interfaces.entries[TATU_INTERFACE_LO].ifindex = 1;
    netd.interfaces.entries[TATU_INTERFACE_ETH0].name = "eth0";
    netd.interfaces.entries[TATU_INTERFACE_ETH0].ifindex = 2;
    netd.interfaces.entries[TATU_INTERFACE_ETH0].config = &netd.config.interfaces[0];
    netd.interfaces.entries[TATU_INTERFACE_SERVICE].name = "azspheresvc";
    netd.interfaces.entries[TATU_INTERFACE_SERVICE].ifindex = 3;
    netd.interfaces.entries[TATU_INTERFACE_ETH1].name = "eth1"; /* not there */
    for (size_t i = 0; i < TATU_INTERFACE_COUNT; i++) {
        netd.interfaces.entries[i].all = &netd.interfaces;
    }
    return 0;
}

static enum tatu_err ask(uid_t uid, uint32_t op, uint32_t a, const void *payload, size_t len)
{
    const struct tatu_os_asked asked = {.ask = {.op = op, .a = a, .payload = {payload, len}},
                                        .uid = uid,
                                        .introduced = uid == APP,
                                        .fd = -1};
    reply = (struct tatu_os_reply){.payload = TATU_BUF_OF(room), .fd = -1};
    return tatu_netd_act(&netd, &asked, &reply);
}

static enum tatu_err ask_name(uid_t uid, uint32_t op, uint32_t a, const char *name)
{
    char bytes[TATU_NET_NAME_SIZE] = {0};
    strncpy(bytes, name, sizeof(bytes) - 1);
    return ask(uid, op, a, bytes, sizeof(bytes));
}

static void only_who_may_is_answered(void **state)
{
    static const struct {
        uint32_t op;
        bool app, desk, os;
    } rows[] = {
        {TATU_NET_PROXY_STATUS, true, true, true}, {TATU_NET_INTERFACES, true, true, false},
        {TATU_NET_WIFI_LIST, true, true, false},   {TATU_NETD_STATUS, false, true, false},
        {TATU_NETD_RULES, false, true, false},
    };
    (void)state;
    netd.config.time_sync = 0;
    for (size_t i = 0; i < TATU_COUNT_OF(rows); i++) {
#define EXPECT(uid, may)                                                                           \
    assert_int_equal(ask(uid, rows[i].op, 0, NULL, 0), (may) ? TATU_OK : TATU_ERR_DENIED)
        EXPECT(APP, rows[i].app);
        assert_int_equal(reply.number, rows[i].app ? 0 : EACCES);
        EXPECT(DESK, rows[i].desk);
        EXPECT(ATTESTD, rows[i].os);
        EXPECT(0, false);
        EXPECT(65534, false);
#undef EXPECT
    }
}

static void only_root_sets_a_firewall(void **state)
{
    static const struct tatu_net_allow allow = {.group = "/run/x"};
    (void)state;
    assert_int_equal(ask(APP, TATU_NETD_ALLOW, 0, &allow, sizeof(allow)), TATU_ERR_DENIED);
    assert_int_equal(ask(DESK, TATU_NETD_ALLOW, 0, &allow, sizeof(allow)), TATU_ERR_DENIED);
    assert_int_equal(ask(0, TATU_NETD_ALLOW, 0, &allow, sizeof(allow)), TATU_ERR_ARGUMENT);
    assert_int_equal(ask(0, TATU_NETD_ALLOW, 0, &allow, 5), TATU_ERR_SHORT);
    assert_false(reply.keep);
}

static void an_unknown_request_and_a_wrong_length_are_refused(void **state)
{
    static const uint8_t bytes[700];
    (void)state;
    assert_int_equal(ask(APP, 0x17f, 0, NULL, 0), TATU_ERR_UNKNOWN_COMMAND);
    assert_int_equal(reply.number, ENOSYS);
    for (uint32_t op = TATU_NET_READY; op <= TATU_NET_PROXY_STATUS; op++) {
        const enum tatu_err err = ask(APP, op, 0, bytes, 7);
        assert_true(err == TATU_ERR_FORMAT || err == TATU_ERR_UNKNOWN_COMMAND);
    }
    assert_int_equal(kept, 0);
}

static void interfaces_that_may_not_be_changed_are_not(void **state)
{
    (void)state;
    assert_int_equal(ask_name(APP, TATU_NET_SET_UP, 0, "lo"), TATU_ERR_DENIED);
    assert_int_equal(reply.number, EPERM);
    assert_int_equal(ask_name(APP, TATU_NET_SET_UP, 0, "azspheresvc"), TATU_ERR_DENIED);
    assert_int_equal(ask_name(APP, TATU_NET_SET_UP, 0, "eth1"), TATU_ERR_NOT_FOUND);
    assert_int_equal(reply.number, ENOENT);
    assert_int_equal(ask_name(APP, TATU_NET_SET_UP, 2, "eth0"), TATU_ERR_FORMAT);
    assert_int_equal(ask_name(APP, TATU_NET_GET_MAC, 0, "lo"), TATU_ERR_DENIED);
    assert_int_equal(ask_name(APP, TATU_NET_SERVE_SNTP, 0, "azspheresvc"), TATU_ERR_DENIED);
    assert_int_equal(kept, 0);
    /* as it is already: nothing is written */
    assert_int_equal(ask_name(APP, TATU_NET_SET_UP, 1, "eth0"), TATU_OK);
    assert_int_equal(kept, 0);
}

static void what_cannot_be_kept_is_not_used(void **state)
{
    const struct tatu_net_ntp ntp = {.mode = TATU_NET_NTP_CUSTOM, .primary = "time.test"};
    (void)state;
    keeping = TATU_NETD_NO_SPACE_FAULT;
    assert_int_equal(ask(APP, TATU_NET_SET_NTP, 0, &ntp, sizeof(ntp)), TATU_ERR_FULL);
    assert_int_equal(reply.number, EFBIG);
    assert_int_equal(ask(APP, TATU_NET_SET_TIME_SYNC, 0, NULL, 0), TATU_ERR_FULL);
    assert_int_equal(ask_name(APP, TATU_NET_SET_UP, 0, "eth0"), TATU_ERR_FULL);
    assert_int_equal(netd.config.ntp.mode, TATU_NET_NTP_DEFAULT);
    assert_int_equal(netd.config.time_sync, 1);
    assert_int_equal(netd.config.interfaces[0].down, 0);
    assert_int_equal(changed, 0);
    keeping = TATU_NETD_OK;
    assert_int_equal(ask(APP, TATU_NET_SET_NTP, 0, &ntp, sizeof(ntp)), TATU_OK);
    assert_string_equal(netd.config.ntp.primary, "time.test");
    assert_int_equal(changed, 1);
}

static void the_desk_gets_no_password(void **state)
{
    const struct tatu_net_proxy proxy = {.enabled = 1,
                                         .auth = TATU_NET_PROXY_BASIC,
                                         .port = 80,
                                         .address = "proxy.test",
                                         .username = "user",
                                         .password = "word"};
    struct tatu_net_proxy told;
    (void)state;
    assert_int_equal(ask(APP, TATU_NET_GET_PROXY, 0, NULL, 0), TATU_ERR_NOT_FOUND);
    assert_int_equal(reply.number, ENOENT);
    assert_int_equal(ask(DESK, TATU_NET_SET_PROXY, 0, &proxy, sizeof(proxy)), TATU_OK);
    assert_int_equal(ask(DESK, TATU_NET_GET_PROXY, 0, NULL, 0), TATU_OK);
    memcpy(&told, room, sizeof(told));
    assert_string_equal(told.username, "user");
    assert_string_equal(told.password, "");
    assert_int_equal(ask(APP, TATU_NET_GET_PROXY, 0, NULL, 0), TATU_OK);
    memcpy(&told, room, sizeof(told));
    assert_string_equal(told.password, "word");
    assert_int_equal(ask(DESK, TATU_NETD_DROP_PROXY, 0, NULL, 0), TATU_OK);
    assert_int_equal(ask(DESK, TATU_NETD_DROP_PROXY, 0, NULL, 0), TATU_ERR_NOT_FOUND);
    assert_int_equal(reply.number, 30 << 20 | 39);
}

static void before_the_first_time_there_is_no_last_one(void **state)
{
    (void)state;
    assert_int_equal(ask(APP, TATU_NET_LAST_SYNC, 0, NULL, 0), TATU_ERR_NOT_FOUND);
    assert_int_equal(reply.number, ENOENT);
    netd.clock.synced = true;
    assert_int_equal(ask(APP, TATU_NET_LAST_SYNC, 0, NULL, 0), TATU_OK);
    assert_int_equal(reply.payload.len, sizeof(struct tatu_net_sync));
}

static void what_needs_a_radio_says_that_there_is_none(void **state)
{
    static const uint32_t ops[] = {TATU_NET_WIFI_SCAN, TATU_NET_WIFI_CURRENT,
                                   TATU_NET_WIFI_POWER_SAVING};
    (void)state;
    for (size_t i = 0; i < TATU_COUNT_OF(ops); i++) {
        assert_int_equal(ask(APP, ops[i], 0, NULL, 0), TATU_ERR_STATE);
        assert_int_equal(reply.number, ENETDOWN);
        assert_int_equal(ask(DESK, ops[i], 0, NULL, 0), TATU_ERR_STATE);
        assert_int_equal(reply.number, 13 << 20 | 18);
    }
    assert_int_equal(ask(APP, TATU_NET_WIFI_DIAGNOSTICS, 0, NULL, 0), TATU_ERR_NOT_FOUND);
    assert_int_equal(reply.number, ENODEV);
}

static void enterprise_settings_need_their_own_request(void **state)
{
    (void)state;
    assert_int_equal(ask(APP, TATU_NET_WIFI_ADD, 0, NULL, 0), TATU_OK);
    const struct tatu_os_asked asked = {.ask = {.op = TATU_NET_WIFI_SET,
                                                .b = TATU_NET_WIFI_FIELD_IDENTITY,
                                                .payload = {(const uint8_t *)"me", 2}},
                                        .uid = APP,
                                        .introduced = true};
    struct tatu_os_asked enterprise = asked;
    enterprise.ask.op = TATU_NET_WIFI_ENTERPRISE_SET;
    reply = (struct tatu_os_reply){.payload = TATU_BUF_OF(room), .fd = -1};
    assert_int_equal(tatu_netd_act(&netd, &asked, &reply), TATU_ERR_DENIED);
    assert_int_equal(reply.number, EACCES);
    assert_int_equal(tatu_netd_act(&netd, &enterprise, &reply), TATU_OK);
    assert_int_equal(ask(APP, TATU_NET_WIFI_GET, 0, NULL, 0), TATU_OK);
    assert_string_equal(((struct tatu_net_wifi *)(void *)room)->identity, "");
    assert_int_equal(ask(APP, TATU_NET_WIFI_ENTERPRISE_GET, 0, NULL, 0), TATU_OK);
    assert_string_equal(((struct tatu_net_wifi *)(void *)room)->identity, "me");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup(name, set_up)
        TEST(only_who_may_is_answered),
        TEST(only_root_sets_a_firewall),
        TEST(an_unknown_request_and_a_wrong_length_are_refused),
        TEST(interfaces_that_may_not_be_changed_are_not),
        TEST(what_cannot_be_kept_is_not_used),
        TEST(the_desk_gets_no_password),
        TEST(before_the_first_time_there_is_no_last_one),
        TEST(what_needs_a_radio_says_that_there_is_none),
        TEST(enterprise_settings_need_their_own_request),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
