#include "apps.h"

#include "sim_apps.h"

static int fixture(void **state)
{
    int failed = fixture_blank(state);
    apps_open();
    return failed;
}

static void blank_flash_has_no_application_and_prefers_set_0(void **state)
{
    (void)state;
    assert_int_equal(apps.table_copy, -1);
    assert_int_equal(apps.table.preferred_set, 0);
    assert_string_equal(app_names(), "");
}

static void committed_applications_are_there_after_a_restart(void **state)
{
    (void)state;
    app_stage('a', 5000);
    app_stage('b', 128);
    assert_int_equal(app_commit("ab"), TATU_OK);
    assert_string_equal(app_names(), "ab");
    sim_restart(chip);
    apps_open();
    assert_string_equal(app_names(), "ab");
    assert_int_equal(apps.installed[0].image.body_len, 5000 - 64);
}

static void the_evidence_gets_exactly_what_is_installed(void **state)
{
    (void)state;
    app_stage('a', 300);
    app_stage('b', 300);
    assert_int_equal(app_commit("ba"), TATU_OK);
    assert_int_equal(chip->app_count, 2);
    assert_int_equal(chip->apps[0][0], 'b');
    assert_int_equal(chip->apps[0][16], 'b');
    assert_int_equal(chip->apps[0][32], 'b' ^ 0xff);
    assert_int_equal(chip->apps[1][0], 'a');
    assert_int_equal(app_commit(""), TATU_OK);
    assert_int_equal(chip->app_count, 0);
    assert_string_equal(app_names(), "");
    app_stage('c', 300);
    assert_int_equal(app_commit("c"), TATU_OK);
    assert_int_equal(tatu_monitor_measure_apps(&apps), TATU_OK);
    assert_int_equal(chip->app_count, 1);
}

static void only_installed_or_verified_images_can_be_committed(void **state)
{
    (void)state;
    app_stage('a', 300);
    app_write('b', 300); /* written, but not verified */
    assert_int_equal(app_commit("x"), TATU_ERR_NOT_FOUND);
    assert_int_equal(app_commit("ab"), TATU_ERR_NOT_FOUND);
    assert_string_equal(app_names(), "");
    assert_int_equal(apps.table_copy, -1);
    assert_int_equal(app_commit("a"), TATU_OK);
}

static void an_image_or_component_named_twice_is_refused(void **state)
{
    (void)state;
    struct tatu_verified_image image;
    uint8_t ids[32];
    app_stage('a', 300);
    assert_int_equal(app_commit("aa"), TATU_ERR_ARGUMENT);
    const struct sim_package same_component = {TATU_IMAGE_APPLICATION, 'a', 'z', 300, 1};
    uint8_t bytes[300];
    uint32_t handle = 0;
    sim_make_package(&same_component, bytes);
    assert_int_equal(tatu_monitor_begin_stage(&apps, TATU_IMAGE_APPLICATION, 300, &handle),
                     TATU_OK);
    assert_int_equal(tatu_monitor_write_stage(&apps, handle, 0, TATU_SPAN_OF(bytes)), TATU_OK);
    assert_int_equal(tatu_monitor_finish_stage(&apps, handle, &image), TATU_OK);
    memset(ids, 'a', 16);
    memset(ids + 16, 'z', 16);
    assert_int_equal(tatu_monitor_commit_apps(&apps, ids, 2), TATU_ERR_ARGUMENT);
    assert_int_equal(tatu_monitor_commit_apps(&apps, ids + 16, 1), TATU_OK);
}

static void more_than_the_table_holds_is_refused(void **state)
{
    (void)state;
    assert_int_equal(app_commit("abcdefghijklmnopq"), TATU_ERR_ARGUMENT);
}

static void a_full_table_works(void **state)
{
    (void)state;
    char names[TATU_TABLE_APP_MAX + 1] = {0};
    for (uint32_t i = 0; i < TATU_TABLE_APP_MAX; i++) {
        app_stage((uint8_t)('a' + i), 200);
        names[i] = (char)('a' + i);
        assert_int_equal(app_commit(names), TATU_OK);
    }
    /* One more for each is staged, then replaces the first. */
    app_stage('z', 200);
    names[0] = 'z';
    assert_int_equal(app_commit(names), TATU_OK);
    sim_restart(chip);
    apps_open();
    assert_string_equal(app_names(), names);
}

static void the_same_commit_again_does_not_wear_the_flash(void **state)
{
    (void)state;
    app_stage('a', 300);
    assert_int_equal(app_commit("a"), TATU_OK);
    uint32_t erased = chip->erase_count;
    uint32_t programmed = chip->program_count;
    assert_int_equal(app_commit("a"), TATU_OK);
    assert_int_equal(chip->erase_count, erased);
    assert_int_equal(chip->program_count, programmed);
}

static void a_measurement_that_fails_can_be_repeated(void **state)
{
    (void)state;
    app_stage('a', 300);
    assert_int_equal(app_commit("a"), TATU_OK);
    app_stage('b', 300);
    chip->vault_err = TATU_ERR_BUSY;
    assert_int_equal(app_commit("b"), TATU_ERR_BUSY);
    assert_string_equal(app_names(), "a"); /* what the evidence says */
    chip->vault_err = 0;
    assert_int_equal(app_commit("b"), TATU_OK);
    assert_string_equal(app_names(), "b");
    assert_int_equal(chip->apps[0][0], 'b');
    sim_restart(chip);
    apps_open();
    assert_string_equal(app_names(), "b");
}

static void a_flash_error_leaves_the_old_set(void **state)
{
    (void)state;
    app_stage('a', 300);
    assert_int_equal(app_commit("a"), TATU_OK);
    app_stage('b', 300);
    for (uint32_t fail = 1; fail <= 1 + TATU_TABLE_SIZE / 4; fail++) {
        chip->flash_fails = fail;
        assert_int_equal(app_commit("b"), TATU_ERR_IO);
        assert_string_equal(app_names(), "a");
    }
    chip->flash_fails = 0;
    struct tatu_monitor_apps kept = apps;
    apps_open();
    assert_string_equal(app_names(), "a");
    apps = kept;
    assert_int_equal(app_commit("b"), TATU_OK);
}

static void a_damaged_application_is_not_installed_but_its_place_is_kept(void **state)
{
    (void)state;
    uint32_t handle = 0;
    app_stage('a', 300);
    app_stage('b', 300);
    assert_int_equal(app_commit("ab"), TATU_OK);
    uint32_t place = apps.table.apps[0].offset;
    chip->flash[place] ^= 1;
    sim_restart(chip);
    apps_open();
    assert_string_equal(app_names(), "b");
    assert_int_equal(tatu_monitor_begin_stage(&apps, TATU_IMAGE_APPLICATION, 300, &handle),
                     TATU_OK);
    for (uint32_t i = 0; i < TATU_MONITOR_STAGE_MAX; i++) {
        assert_int_not_equal(apps.staged[i].app.place.offset, place);
    }
    assert_int_equal(app_commit("ab"), TATU_ERR_NOT_FOUND);
    assert_int_equal(app_commit("b"), TATU_OK);
}

static void a_table_that_lies_about_an_image_is_not_believed(void **state)
{
    (void)state;
    app_stage('a', 300);
    assert_int_equal(app_commit("a"), TATU_OK);
    struct tatu_table table = apps.table;
    table.sequence++;
    memset(table.apps[0].image, 'x', 16);
    sim_put_table(chip, 1, &table);
    sim_restart(chip);
    apps_open();
    assert_string_equal(app_names(), "a");
    assert_int_equal(app_commit("x"), TATU_ERR_NOT_FOUND);
    assert_int_equal(app_commit("a"), TATU_OK);
}

static void entries_outside_of_the_table_are_refused(void **state)
{
    (void)state;
    app_stage('a', 300);
    assert_int_equal(app_commit("a"), TATU_OK);
    assert_int_equal(tatu_monitor_verify_app(&apps, 1), TATU_ERR_ARGUMENT);
    assert_int_equal(tatu_monitor_verify_app(&apps, 0), TATU_ERR_EXISTS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(blank_flash_has_no_application_and_prefers_set_0, fixture),
        cmocka_unit_test_setup(committed_applications_are_there_after_a_restart, fixture),
        cmocka_unit_test_setup(the_evidence_gets_exactly_what_is_installed, fixture),
        cmocka_unit_test_setup(only_installed_or_verified_images_can_be_committed, fixture),
        cmocka_unit_test_setup(an_image_or_component_named_twice_is_refused, fixture),
        cmocka_unit_test_setup(more_than_the_table_holds_is_refused, fixture),
        cmocka_unit_test_setup(a_full_table_works, fixture),
        cmocka_unit_test_setup(the_same_commit_again_does_not_wear_the_flash, fixture),
        cmocka_unit_test_setup(a_measurement_that_fails_can_be_repeated, fixture),
        cmocka_unit_test_setup(a_flash_error_leaves_the_old_set, fixture),
        cmocka_unit_test_setup(a_damaged_application_is_not_installed_but_its_place_is_kept,
                               fixture),
        cmocka_unit_test_setup(a_table_that_lies_about_an_image_is_not_believed, fixture),
        cmocka_unit_test_setup(entries_outside_of_the_table_are_refused, fixture),
    };
    return FIXTURE_RUN(tests);
}
