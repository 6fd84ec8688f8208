#include "stage.h"

#include "sim_apps.h"

static int fixture(void **state)
{
    int failed = fixture_blank(state);
    apps_open();
    return failed;
}

static uint32_t begin(uint32_t len)
{
    uint32_t handle = 0;
    assert_int_equal(tatu_monitor_begin_stage(&apps, TATU_IMAGE_APPLICATION, len, &handle),
                     TATU_OK);
    return handle;
}

static enum tatu_err write_at(uint32_t handle, uint32_t offset, uint32_t len)
{
    static const uint8_t bytes[8192];
    return tatu_monitor_write_stage(&apps, handle, offset, (struct tatu_span){bytes, len});
}

static void only_applications_of_a_possible_length_begin(void **state)
{
    (void)state;
    static const struct {
        uint16_t type;
        uint32_t len;
        enum tatu_err err;
    } rows[] = {
        {0, 1000, TATU_ERR_TYPE},
        {TATU_IMAGE_RECOVERY, 1000, TATU_ERR_TYPE},
        {TATU_IMAGE_CAPABILITY, 1000, TATU_ERR_TYPE},
        {0xffff, 1000, TATU_ERR_TYPE},
        {TATU_IMAGE_KERNEL, 0, TATU_ERR_ARGUMENT},
        {TATU_IMAGE_KERNEL, TATU_FLASH_KERNEL_SIZE - 15, TATU_ERR_LONG},
        {TATU_IMAGE_KEYSTORE, UINT32_MAX, TATU_ERR_LONG},
        {TATU_IMAGE_APPLICATION, 0, TATU_ERR_ARGUMENT},
        {TATU_IMAGE_APPLICATION, TATU_IMAGE_PACKAGE_MAX + 1, TATU_ERR_LONG},
        {TATU_IMAGE_APPLICATION, UINT32_MAX, TATU_ERR_LONG},
        {TATU_IMAGE_APPLICATION, TATU_IMAGE_PACKAGE_MAX, TATU_ERR_FULL},
        {TATU_IMAGE_APPLICATION, TATU_FLASH_APPS0_SIZE + 1, TATU_ERR_FULL},
    };
    for (size_t i = 0; i < TATU_COUNT_OF(rows); i++) {
        uint32_t handle = 77;
        assert_int_equal(tatu_monitor_begin_stage(&apps, rows[i].type, rows[i].len, &handle),
                         rows[i].err);
        assert_int_equal(handle, 77);
    }
    begin(TATU_FLASH_APPS0_SIZE);
}

static void four_can_be_staged_at_once(void **state)
{
    (void)state;
    uint32_t handle = 0;
    uint32_t first = begin(100);
    begin(100);
    begin(100);
    begin(100);
    assert_int_equal(tatu_monitor_begin_stage(&apps, TATU_IMAGE_APPLICATION, 100, &handle),
                     TATU_ERR_FULL);
    assert_int_equal(tatu_monitor_abort_stage(&apps, first), TATU_OK);
    begin(100);
}

static void no_two_places_overlap_and_all_are_inside_the_areas(void **state)
{
    (void)state;
    static const uint32_t sizes[] = {0x100000, 0xe0000, 0x10001, 0x1000};
    for (size_t i = 0; i < TATU_COUNT_OF(sizes); i++) {
        begin(sizes[i]);
    }
    for (size_t i = 0; i < TATU_MONITOR_STAGE_MAX; i++) {
        const struct tatu_table_app *a = &apps.staged[i].app.place;
        uint32_t a_end = a->offset + a->len;
        assert_int_equal(a->offset % TATU_FLASH_SECTOR_SIZE, 0);
        assert_true((a->offset >= TATU_FLASH_APPS0_AT &&
                     a_end <= TATU_FLASH_APPS0_AT + TATU_FLASH_APPS0_SIZE) ||
                    (a->offset >= TATU_FLASH_APPS1_AT &&
                     a_end <= TATU_FLASH_APPS1_AT + TATU_FLASH_APPS1_SIZE));
        for (size_t j = 0; j < i; j++) {
            const struct tatu_table_app *b = &apps.staged[j].app.place;
            assert_true(a_end <= b->offset || b->offset + b->len <= a->offset);
        }
    }
}

static void the_place_of_an_installed_image_is_never_given_away(void **state)
{
    (void)state;
    uint32_t handle = 0;
    app_stage('a', SIM_APP_MAX);
    assert_int_equal(app_commit("a"), TATU_OK);
    begin(TATU_FLASH_APPS0_SIZE - SIM_APP_MAX);
    begin(TATU_FLASH_APPS1_SIZE);
    assert_int_equal(tatu_monitor_begin_stage(&apps, TATU_IMAGE_APPLICATION, 1, &handle),
                     TATU_ERR_FULL);
    for (uint32_t i = 1; i <= 3; i++) {
        (void)write_at(i, 0, 4096);
    }
    sim_restart(chip);
    apps_open();
    assert_string_equal(app_names(), "a");
}

static void room_is_given_back_by_abort_and_by_commit(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++) {
        uint32_t handle = begin(TATU_FLASH_APPS0_SIZE);
        assert_int_equal(tatu_monitor_abort_stage(&apps, handle), TATU_OK);
        assert_int_equal(tatu_monitor_abort_stage(&apps, handle), TATU_ERR_NOT_FOUND);
    }
    for (int i = 0; i < 40; i++) {
        app_stage((uint8_t)('a' + i % 2), SIM_APP_MAX);
        assert_int_equal(app_commit(i % 2 ? "b" : "a"), TATU_OK);
    }
    app_stage('x', 300);
    app_stage('y', 300);
    assert_int_equal(app_commit("y"), TATU_OK); /* x was verified and is not wanted */
    begin(300);
    begin(300);
    begin(300);
    begin(300);
}

static void pieces_may_come_in_any_order(void **state)
{
    (void)state;
    const uint8_t *bytes = app_package('a', 10001);
    static const uint32_t order[] = {8000, 0, 4000};
    struct tatu_verified_image image;
    uint32_t handle = begin(10001);
    for (size_t i = 0; i < TATU_COUNT_OF(order); i++) {
        uint32_t len = order[i] == 8000 ? 2001 : 4000;
        assert_int_equal(tatu_monitor_write_stage(&apps, handle, order[i],
                                                  (struct tatu_span){bytes + order[i], len}),
                         TATU_OK);
    }
    assert_int_equal(tatu_monitor_finish_stage(&apps, handle, &image), TATU_OK);
}

static void old_content_of_the_flash_does_not_matter(void **state)
{
    (void)state;
    for (uint32_t at = TATU_FLASH_APPS0_AT; at < TATU_FLASH_APPS0_AT + 0x8000; at += 8) {
        sim_put(chip, at, "\x00\x12\x34", 3);
    }
    app_stage('a', 0x7001);
}

static void a_write_outside_of_the_package_is_refused(void **state)
{
    (void)state;
    static const struct {
        uint32_t offset;
        uint32_t len;
        enum tatu_err err;
    } rows[] = {
        {0, 0, TATU_ERR_ARGUMENT},
        {1, 4, TATU_ERR_ARGUMENT},
        {2, 4, TATU_ERR_ARGUMENT},
        {0, 3, TATU_ERR_ARGUMENT},    /* not a word and not the end */
        {0, 1002, TATU_ERR_ARGUMENT}, /* one too many */
        {1000, 2, TATU_ERR_ARGUMENT},
        {1004, 4, TATU_ERR_ARGUMENT},
        {0xfffffffcu, 8, TATU_ERR_ARGUMENT},
        {1000, 1, TATU_OK}, /* the end */
        {996, 4, TATU_OK},
    };
    uint32_t handle = begin(1001);
    for (size_t i = 0; i < TATU_COUNT_OF(rows); i++) {
        assert_int_equal(write_at(handle, rows[i].offset, rows[i].len), rows[i].err);
    }
    assert_int_equal(write_at(handle + 1, 0, 4), TATU_ERR_NOT_FOUND);
    assert_int_equal(write_at(0, 0, 4), TATU_ERR_NOT_FOUND);
}

static void each_byte_is_written_once(void **state)
{
    (void)state;
    uint32_t handle = begin(8192);
    assert_int_equal(write_at(handle, 0, 4096), TATU_OK);
    assert_int_equal(write_at(handle, 4092, 4), TATU_ERR_EXISTS);
    assert_int_equal(write_at(handle, 4092, 8), TATU_ERR_EXISTS);
    assert_int_equal(write_at(handle, 4096, 4096), TATU_OK);
}

static void only_what_is_written_is_erased(void **state)
{
    (void)state;
    for (uint32_t at = 0; at < 0x4000; at += 0x1000) {
        sim_put(chip, TATU_FLASH_APPS0_AT + at, "\x00", 1);
    }
    uint32_t handle = begin(0x4000);
    assert_int_equal(chip->erase_count, 0);
    assert_int_equal(write_at(handle, 0x2000, 4), TATU_OK);
    assert_int_equal(write_at(handle, 0x2004, 4), TATU_OK);
    assert_int_equal(chip->erase_count, 1);
    assert_int_equal(chip->flash[TATU_FLASH_APPS0_AT + 0x1000], 0);
    assert_int_equal(chip->flash[TATU_FLASH_APPS0_AT + 0x3000], 0);
}

static void what_was_verified_cannot_change_any_more(void **state)
{
    (void)state;
    struct tatu_verified_image image;
    uint32_t handle = app_stage('a', 300);
    assert_int_equal(write_at(handle, 0, 4), TATU_ERR_STATE);
    assert_int_equal(tatu_monitor_finish_stage(&apps, handle, &image), TATU_ERR_STATE);
    assert_int_equal(app_commit("a"), TATU_OK);
    assert_int_equal(write_at(handle, 0, 4), TATU_ERR_NOT_FOUND);
    assert_int_equal(tatu_monitor_finish_stage(&apps, handle, &image), TATU_ERR_NOT_FOUND);
    assert_int_equal(tatu_monitor_abort_stage(&apps, handle), TATU_ERR_NOT_FOUND);
}

static void what_the_vault_refuses_is_not_staged(void **state)
{
    (void)state;
    struct tatu_verified_image image;
    uint32_t handle = app_write('a', 300);
    chip->vault_err = TATU_ERR_SIGNATURE;
    assert_int_equal(tatu_monitor_finish_stage(&apps, handle, &image), TATU_ERR_SIGNATURE);
    assert_int_equal(app_commit("a"), TATU_ERR_NOT_FOUND);
    chip->vault_err = 0;
    chip->vault_dumb = true;
    assert_int_equal(tatu_monitor_finish_stage(&apps, handle, &image), TATU_ERR_TIMEOUT);
    chip->vault_dumb = false;
    assert_int_equal(tatu_monitor_finish_stage(&apps, handle, &image), TATU_OK);
}

static void an_image_that_is_there_is_not_staged_again(void **state)
{
    (void)state;
    struct tatu_verified_image image;
    app_stage('a', 300);
    uint32_t handle = app_write('a', 300);
    assert_int_equal(tatu_monitor_finish_stage(&apps, handle, &image), TATU_ERR_EXISTS);
    assert_int_equal(app_commit("a"), TATU_OK);
    assert_int_equal(tatu_monitor_finish_stage(&apps, handle, &image), TATU_ERR_EXISTS);
    assert_int_equal(tatu_monitor_abort_stage(&apps, handle), TATU_OK);
}

static void a_flash_error_is_told(void **state)
{
    (void)state;
    uint32_t handle = begin(300);
    chip->flash_fails = 1;
    assert_int_equal(write_at(handle, 0, 8), TATU_ERR_IO);
    sim_put(chip, apps.staged[0].app.place.offset, "\x00", 1);
    assert_int_equal(tatu_monitor_abort_stage(&apps, handle), TATU_OK);
    handle = begin(300);
    chip->flash_fails = 1; /* of the erase */
    assert_int_equal(write_at(handle, 0, 8), TATU_ERR_IO);
    assert_int_equal(write_at(handle, 0, 8), TATU_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(only_applications_of_a_possible_length_begin, fixture),
        cmocka_unit_test_setup(four_can_be_staged_at_once, fixture),
        cmocka_unit_test_setup(no_two_places_overlap_and_all_are_inside_the_areas, fixture),
        cmocka_unit_test_setup(the_place_of_an_installed_image_is_never_given_away, fixture),
        cmocka_unit_test_setup(room_is_given_back_by_abort_and_by_commit, fixture),
        cmocka_unit_test_setup(pieces_may_come_in_any_order, fixture),
        cmocka_unit_test_setup(old_content_of_the_flash_does_not_matter, fixture),
        cmocka_unit_test_setup(a_write_outside_of_the_package_is_refused, fixture),
        cmocka_unit_test_setup(each_byte_is_written_once, fixture),
        cmocka_unit_test_setup(only_what_is_written_is_erased, fixture),
        cmocka_unit_test_setup(what_was_verified_cannot_change_any_more, fixture),
        cmocka_unit_test_setup(what_the_vault_refuses_is_not_staged, fixture),
        cmocka_unit_test_setup(an_image_that_is_there_is_not_staged_again, fixture),
        cmocka_unit_test_setup(a_flash_error_is_told, fixture),
    };
    return FIXTURE_RUN(tests);
}
