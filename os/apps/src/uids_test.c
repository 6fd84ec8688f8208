#include "uids.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const uint8_t first[16] = {1}, second[16] = {2}, third[16] = {3};

static struct tatu_apps_uids two(void)
{
    struct tatu_apps_uids uids = {.next = TATU_APPS_UID_FIRST};
    uint32_t uid;
    assert_int_equal(tatu_apps_give_uid(&uids, first, &uid), TATU_OK);
    assert_int_equal(uid, 1000);
    assert_int_equal(tatu_apps_give_uid(&uids, second, &uid), TATU_OK);
    assert_int_equal(uid, 1001);
    return uids;
}

static void a_component_keeps_its_user(void **state)
{
    struct tatu_apps_uids uids = two(), again;
    uint8_t bytes[TATU_APPS_UIDS_SIZE_MAX];
    struct tatu_buf buf = TATU_BUF_OF(bytes);
    uint32_t uid = 7;
    (void)state;
    assert_int_equal(tatu_apps_give_uid(&uids, first, &uid), TATU_ERR_EXISTS);
    assert_int_equal(uid, 7);
    assert_int_equal(tatu_apps_encode_uids(&uids, &buf), TATU_OK);
    assert_int_equal(tatu_apps_decode_uids((struct tatu_span){bytes, buf.len}, &again), TATU_OK);
    assert_int_equal(tatu_apps_find_uid(&again, first), 1000);
    assert_int_equal(tatu_apps_find_uid(&again, second), 1001);
    assert_int_equal(tatu_apps_find_uid(&again, third), 0);
    buf.cap = buf.len;
    assert_int_equal(tatu_apps_encode_uids(&uids, &buf), TATU_ERR_FULL);
}

static void a_user_is_never_given_twice(void **state)
{
    struct tatu_apps_uids uids = two();
    uint32_t uid;
    (void)state;
    tatu_apps_drop_uid(&uids, second);
    tatu_apps_drop_uid(&uids, third);
    assert_int_equal(tatu_apps_find_uid(&uids, second), 0);
    assert_int_equal(tatu_apps_give_uid(&uids, third, &uid), TATU_OK);
    assert_int_equal(uid, 1002);
    assert_int_equal(tatu_apps_give_uid(&uids, second, &uid), TATU_OK);
    assert_int_equal(uid, 1003);
}

static void when_all_were_given_there_is_none_left(void **state)
{
    struct tatu_apps_uids uids = {.next = TATU_APPS_UID_LAST};
    uint8_t component[16] = {0};
    uint32_t uid;
    (void)state;
    assert_int_equal(tatu_apps_give_uid(&uids, first, &uid), TATU_OK);
    assert_int_equal(uid, TATU_APPS_UID_LAST);
    tatu_apps_drop_uid(&uids, first);
    assert_int_equal(tatu_apps_give_uid(&uids, first, &uid), TATU_ERR_FULL);
    uids = (struct tatu_apps_uids){.next = TATU_APPS_UID_FIRST};
    for (size_t i = 0; i < TATU_APPS_UID_COUNT_MAX; i++) {
        component[0]++;
        assert_int_equal(tatu_apps_give_uid(&uids, component, &uid), TATU_OK);
    }
    component[0]++;
    assert_int_equal(tatu_apps_give_uid(&uids, component, &uid), TATU_ERR_FULL);
}

/* What stands where in the map of two(): 12 bytes, then 20 each. */
static const struct {
    const char *what;
    size_t at;
    uint32_t value;
    enum tatu_err err;
} damages[] = {
    {"another magic", 0, 1, TATU_ERR_FORMAT},
    {"next below the range", 4, 999, TATU_ERR_FORMAT},
    {"next above the range", 4, 60001, TATU_ERR_FORMAT},
    {"next not above all", 4, 1001, TATU_ERR_FORMAT},
    {"more than there are", 8, 3, TATU_ERR_SHORT},
    {"less than there are", 8, 1, TATU_ERR_LONG},
    {"more than may be", 8, 33, TATU_ERR_FORMAT},
    {"a number that overflows", 8, 0x0ccccccd, TATU_ERR_FORMAT},
    {"root", 12 + 16, 0, TATU_ERR_FORMAT},
    {"a service's user", 12 + 16, 110, TATU_ERR_FORMAT},
    {"nobody's user", 12 + 16, 65534, TATU_ERR_FORMAT},
    {"the other's user", 12 + 16, 1001, TATU_ERR_FORMAT},
    {"the other's component", 12, 2, TATU_ERR_FORMAT},
    {"a third component", 12, 3, TATU_OK},
};

static void a_map_that_is_not_as_it_was_is_refused_whole(void **state)
{
    const struct tatu_apps_uids uids = two();
    (void)state;
    for (size_t i = 0; i < TATU_COUNT_OF(damages); i++) {
        struct tatu_apps_uids out = {.next = 5};
        uint8_t bytes[TATU_APPS_UIDS_SIZE_MAX];
        struct tatu_buf buf = TATU_BUF_OF(bytes);
        assert_int_equal(tatu_apps_encode_uids(&uids, &buf), TATU_OK);
        tatu_put_le32(bytes + damages[i].at, damages[i].value);
        const enum tatu_err err = tatu_apps_decode_uids((struct tatu_span){bytes, buf.len}, &out);
        if (err != damages[i].err) {
            fail_msg("%s: %s", damages[i].what, tatu_err_name(err));
        }
        assert_int_equal(out.next == 5, err != TATU_OK);
    }
}

static void every_shorter_map_is_refused(void **state)
{
    const struct tatu_apps_uids uids = two();
    struct tatu_apps_uids out;
    uint8_t bytes[TATU_APPS_UIDS_SIZE_MAX];
    struct tatu_buf buf = TATU_BUF_OF(bytes);
    (void)state;
    assert_int_equal(tatu_apps_encode_uids(&uids, &buf), TATU_OK);
    for (size_t len = 0; len < buf.len; len++) {
        assert_int_equal(tatu_apps_decode_uids((struct tatu_span){bytes, len}, &out),
                         TATU_ERR_SHORT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_component_keeps_its_user),
        cmocka_unit_test(a_user_is_never_given_twice),
        cmocka_unit_test(when_all_were_given_there_is_none_left),
        cmocka_unit_test(a_map_that_is_not_as_it_was_is_refused_whole),
        cmocka_unit_test(every_shorter_map_is_refused),
    };
    return cmocka_run_group_tests_name("users", tests, NULL, NULL);
}
