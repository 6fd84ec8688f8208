#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "os/netd/netd.h"

#define GROUP "/sys/fs/cgroup/apps/1234"

static enum tatu_err decode(const char *text, size_t len, struct tatu_netd_allow *out)
{
    return tatu_netd_decode_allow((struct tatu_span){(const uint8_t *)text, len}, out);
}

static void a_list_with_hosts_is_read(void **state)
{
    static const char text[] = "allow " GROUP "\0example.org\0"
                               "10.0.2.2\0fd00::1";
    struct tatu_netd_allow allow;
    (void)state;
    assert_int_equal(decode(text, sizeof(text), &allow), TATU_OK);
    assert_string_equal(allow.cgroup, GROUP);
    assert_int_equal(allow.host_count, 3);
    assert_string_equal(allow.hosts[0], "example.org");
    assert_string_equal(allow.hosts[2], "fd00::1");
}

static void a_list_without_hosts_is_a_list(void **state)
{
    static const char text[] = "allow " GROUP;
    struct tatu_netd_allow allow = {.host_count = 7};
    (void)state;
    assert_int_equal(decode(text, sizeof(text), &allow), TATU_OK);
    assert_int_equal(allow.host_count, 0);
}

static void what_is_not_a_list_is_refused_and_changes_nothing(void **state)
{
    static const struct {
        const char *text;
        size_t len;
        enum tatu_err err;
    } rows[] = {
#define ROW(text, err) {text, sizeof(text), err}
        ROW("", TATU_ERR_UNKNOWN_COMMAND),
        ROW("allow", TATU_ERR_UNKNOWN_COMMAND),
        ROW("forbid " GROUP, TATU_ERR_UNKNOWN_COMMAND),
        {"allow " GROUP, sizeof("allow " GROUP) - 1, TATU_ERR_SHORT},
        {"allow " GROUP "\0a", sizeof("allow " GROUP "\0a") - 1, TATU_ERR_SHORT},
        ROW("allow ", TATU_ERR_ARGUMENT),
        ROW("allow /etc", TATU_ERR_ARGUMENT),
        ROW("allow /sys/fs/cgroup/", TATU_ERR_ARGUMENT),
        ROW("allow /sys/fs/cgroup/../../../tmp", TATU_ERR_ARGUMENT),
        ROW("allow /sys/fs/cgroup//x", TATU_ERR_ARGUMENT),
        ROW("allow /sys/fs/cgroup/a b", TATU_ERR_ARGUMENT),
        ROW("allow " GROUP "\0", TATU_ERR_FORMAT),
        ROW("allow " GROUP "\0a b", TATU_ERR_FORMAT),
        ROW("allow " GROUP "\0*.example.org", TATU_ERR_FORMAT),
        ROW("allow " GROUP "\0a\n", TATU_ERR_FORMAT),
#undef ROW
    };
    struct tatu_netd_allow allow = {.host_count = 7};
    (void)state;
    for (size_t i = 0; i < TATU_COUNT_OF(rows); i++) {
        assert_int_equal(decode(rows[i].text, rows[i].len, &allow), rows[i].err);
    }
    assert_int_equal(allow.host_count, 7);
}

static void the_limits_are_met_and_not_passed(void **state)
{
    static char text[8192];
    struct tatu_netd_allow allow;
    size_t len = sizeof("allow " GROUP);
    (void)state;
    memcpy(text, "allow " GROUP, len);
    for (size_t i = 0; i < TATU_NETD_HOST_COUNT_MAX; i++) {
        memset(text + len, 'a', TATU_NETD_HOST_MAX - 1);
        text[len + TATU_NETD_HOST_MAX - 1] = '\0';
        len += TATU_NETD_HOST_MAX;
    }
    assert_int_equal(decode(text, len, &allow), TATU_OK);
    assert_int_equal(allow.host_count, TATU_NETD_HOST_COUNT_MAX);
    memcpy(text + len, "b", 2);
    assert_int_equal(decode(text, len + 2, &allow), TATU_ERR_LONG);
    memset(text + sizeof("allow " GROUP), 'a', TATU_NETD_HOST_MAX);
    assert_int_equal(decode(text, len, &allow), TATU_ERR_LONG);
    memset(text + 6, 'a', TATU_NETD_CGROUP_MAX);
    assert_int_equal(decode(text, len, &allow), TATU_ERR_LONG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_list_with_hosts_is_read),
        cmocka_unit_test(a_list_without_hosts_is_a_list),
        cmocka_unit_test(what_is_not_a_list_is_refused_and_changes_nothing),
        cmocka_unit_test(the_limits_are_met_and_not_passed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
