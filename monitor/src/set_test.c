#include "set.h"

#include "sim_sets.h"

#define OTHER_AT TATU_FLASH_SET_STRIDE
#define ALL TATU_MONITOR_PART_COUNT

static uint32_t begin(uint32_t index)
{
    uint32_t handle = 0;
    assert_int_equal(
        tatu_monitor_begin_stage(&apps, (uint16_t)tatu_monitor_parts[index].type, 200, &handle),
        TATU_OK);
    return handle;
}

static void stage_all_but(uint32_t without, uint32_t version)
{
    for (uint32_t i = 0; i < ALL; i++) {
        if (i != without) {
            assert_int_equal(part_stage(i, version), TATU_OK);
        }
    }
}

/* ---- update ------------------------------------------------------------------------------------
 */

static void a_set_that_is_staged_and_verified_becomes_the_preferred_one(void **state)
{
    (void)state;
    stage_all_but(ALL, 9);
    assert_false(has_footer(1, TATU_MONITOR_PART_KEYSTORE)); /* it comes last of all */
    assert_false(apps.is_backup_good);
    assert_int_equal(apps.table.preferred_set, 0);
    assert_int_equal(tatu_monitor_install_set(&apps), TATU_OK);
    assert_int_equal(apps.table.preferred_set, 1);
    assert_true(tatu_monitor_is_set_whole(chip, 1));
    assert_true(apps.is_backup_good);
    sim_restart(chip);
    apps_open();
    assert_int_equal(apps.table.preferred_set, 1);
    assert_true(sim_run_rom(chip));
    assert_int_equal(chip->boot_set, 1);
    assert_int_equal(chip->boot_fallback, 0);
}

static void the_parts_lie_in_their_slots_as_they_were_sent(void **state)
{
    (void)state;
    stage_all_but(ALL, 9);
    assert_int_equal(tatu_monitor_install_set(&apps), TATU_OK);
    for (uint32_t i = 0; i < ALL; i++) {
        uint32_t at = tatu_monitor_part_at(1, i);
        uint32_t len = 0;
        assert_memory_equal(chip->flash + at, part_package(i, 9), part_len(i));
        assert_int_equal(tatu_monitor_read_footer(chip, at, tatu_monitor_parts[i].size, &len),
                         TATU_OK);
        assert_int_equal(len, part_len(i));
    }
}

static void unchanged_parts_may_be_copied_from_the_running_set(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < ALL; i++) {
        assert_int_equal(i == TATU_MONITOR_PART_KERNEL ? part_stage(i, 9) : part_copy(i), TATU_OK);
    }
    assert_int_equal(tatu_monitor_install_set(&apps), TATU_OK);
    assert_memory_equal(chip->flash + tatu_monitor_part_at(1, TATU_MONITOR_PART_ROOT),
                        chip->flash + tatu_monitor_part_at(0, TATU_MONITOR_PART_ROOT), 400);
    assert_true(sim_run_rom(chip));
    assert_int_equal(chip->boot_set, 1);
}

static void applications_stay_when_a_set_is_installed_and_a_set_when_they_are(void **state)
{
    (void)state;
    app_stage('a', 300);
    assert_int_equal(app_commit("a"), TATU_OK);
    stage_all_but(ALL, 9);
    assert_int_equal(tatu_monitor_install_set(&apps), TATU_OK);
    assert_string_equal(app_names(), "a");
    app_stage('b', 300);
    assert_int_equal(app_commit("ab"), TATU_OK);
    sim_restart(chip);
    apps_open();
    assert_string_equal(app_names(), "ab");
    assert_int_equal(apps.table.preferred_set, 1);
}

static void no_set_is_installed_of_which_a_part_is_not_verified(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < ALL; i++) {
        uint32_t handle = 0;
        assert_int_equal(sets_fixture(state), 0);
        assert_int_equal(tatu_monitor_install_set(&apps), TATU_ERR_STATE);
        stage_all_but(i, 9);
        assert_int_equal(tatu_monitor_install_set(&apps), TATU_ERR_STATE);
        assert_int_equal(part_write(i, 9, &handle), TATU_OK);
        assert_int_equal(tatu_monitor_install_set(&apps), TATU_ERR_STATE);
        assert_false(tatu_monitor_is_set_whole(chip, 1));
        assert_int_equal(apps.table.preferred_set, 0);
    }
}

static void what_was_verified_before_a_restart_does_not_count(void **state)
{
    (void)state;
    stage_all_but(ALL, 9);
    sim_restart(chip);
    sets_open();
    assert_false(apps.is_backup_good);
    assert_int_equal(tatu_monitor_install_set(&apps), TATU_ERR_STATE);
}

static void the_first_step_of_any_part_makes_the_other_set_none(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < ALL; i++) {
        assert_int_equal(sets_fixture(state), 0);
        assert_true(apps.is_backup_good);
        begin(i);
        assert_false(has_footer(1, TATU_MONITOR_PART_KEYSTORE));
        assert_false(has_footer(1, i));
        assert_false(apps.is_backup_good);
        assert_true(tatu_monitor_is_set_whole(chip, 0));
        assert_true(sim_run_rom(chip));
        assert_int_equal(chip->boot_set, 0);
    }
}

static void nothing_of_the_running_set_is_ever_changed(void **state)
{
    (void)state;
    static uint8_t before[TATU_FLASH_ROOT_AT + TATU_FLASH_ROOT_SIZE];
    memcpy(before, chip->flash, sizeof(before));
    stage_all_but(ALL, 9);
    assert_int_equal(tatu_monitor_install_set(&apps), TATU_OK);
    assert_int_equal(part_copy(TATU_MONITOR_PART_DTB), TATU_OK);
    assert_memory_equal(chip->flash, before, sizeof(before));
    /* and the other way round */
    assert_int_equal(sets_fixture(state), 0);
    apps.set = 1;
    memcpy(before, chip->flash + OTHER_AT, sizeof(before));
    stage_all_but(ALL, 9);
    assert_int_equal(tatu_monitor_install_set(&apps), TATU_OK);
    assert_int_equal(apps.table.preferred_set, 0);
    assert_memory_equal(chip->flash + OTHER_AT, before, sizeof(before));
}

static void a_running_set_that_could_not_start_alone_keeps_the_other(void **state)
{
    (void)state;
    static const uint8_t parts[] = {TATU_MONITOR_PART_VAULT, TATU_MONITOR_PART_MONITOR,
                                    TATU_MONITOR_PART_KEYSTORE};
    for (size_t i = 0; i < TATU_COUNT_OF(parts); i++) {
        uint32_t handle = 77;
        assert_int_equal(sets_fixture(state), 0);
        chip->flash[tatu_monitor_part_at(0, parts[i])] ^= 1;
        for (uint32_t part = 0; part < ALL; part++) {
            uint16_t type = (uint16_t)tatu_monitor_parts[part].type;
            assert_int_equal(tatu_monitor_begin_stage(&apps, type, 200, &handle),
                             TATU_ERR_SIGNATURE);
            assert_int_equal(tatu_monitor_copy_part(&apps, type, &handle), TATU_ERR_SIGNATURE);
            assert_int_equal(handle, 77);
        }
        assert_true(tatu_monitor_is_set_whole(chip, 1));
        assert_true(apps.is_backup_good);
    }
}

static void a_part_that_the_vault_refuses_is_not_finished(void **state)
{
    (void)state;
    struct tatu_verified_image image;
    uint32_t handle = 0;
    for (uint32_t i = 0; i < ALL; i++) {
        assert_int_equal(sets_fixture(state), 0);
        assert_int_equal(part_write(i, 9, &handle), TATU_OK);
        chip->flash[tatu_monitor_part_at(1, i) + 5] ^= 1;
        assert_int_equal(tatu_monitor_finish_stage(&apps, handle, &image), TATU_ERR_SIGNATURE);
        assert_false(has_footer(1, i));
        chip->flash[tatu_monitor_part_at(1, i) + 5] ^= 1;
        assert_int_equal(tatu_monitor_finish_stage(&apps, handle, &image), TATU_OK);
        assert_int_equal(image.image_type, tatu_monitor_parts[i].type);
        assert_int_equal(has_footer(1, i), i != TATU_MONITOR_PART_KEYSTORE);
        assert_int_equal(tatu_monitor_finish_stage(&apps, handle, &image), TATU_ERR_STATE);
    }
}

static void a_package_of_another_type_does_not_pass_as_a_part(void **state)
{
    (void)state;
    struct tatu_verified_image image;
    uint32_t handle = 0;
    const uint8_t *kernel = part_package(TATU_MONITOR_PART_KERNEL, 9);
    uint32_t len = part_len(TATU_MONITOR_PART_KERNEL);
    assert_int_equal(tatu_monitor_begin_stage(&apps, TATU_IMAGE_DTB, len, &handle), TATU_OK);
    assert_int_equal(tatu_monitor_write_stage(&apps, handle, 0, (struct tatu_span){kernel, len}),
                     TATU_OK);
    assert_int_equal(tatu_monitor_finish_stage(&apps, handle, &image), TATU_ERR_TYPE);
}

static void a_part_begun_again_takes_the_place_of_the_one_before(void **state)
{
    (void)state;
    uint32_t first = begin(TATU_MONITOR_PART_KERNEL);
    uint32_t second = begin(TATU_MONITOR_PART_KERNEL);
    assert_int_equal(tatu_monitor_abort_stage(&apps, first), TATU_ERR_NOT_FOUND);
    assert_int_equal(tatu_monitor_abort_stage(&apps, second), TATU_OK);
    stage_all_but(ALL, 9);
    begin(TATU_MONITOR_PART_ROOT); /* verified before, and given up */
    assert_int_equal(tatu_monitor_install_set(&apps), TATU_ERR_STATE);
    assert_false(has_footer(1, TATU_MONITOR_PART_ROOT));
}

static void a_set_that_was_installed_is_none_again_when_it_is_changed(void **state)
{
    (void)state;
    stage_all_but(ALL, 9);
    chip->vault_err = TATU_ERR_IO;
    chip->vault_err_for = TATU_VAULT_COUNT;
    assert_int_equal(tatu_monitor_install_set(&apps), TATU_ERR_IO); /* but its keystore is whole */
    chip->vault_err = 0;
    begin(TATU_MONITOR_PART_KERNEL);
    assert_false(has_footer(1, TATU_MONITOR_PART_KEYSTORE));
    assert_int_equal(tatu_monitor_install_set(&apps), TATU_ERR_STATE);
    stage_all_but(ALL, 9);
    chip->vault_err = TATU_ERR_IO;
    assert_int_equal(tatu_monitor_install_set(&apps), TATU_ERR_IO);
    chip->vault_err = 0;
    assert_int_equal(tatu_monitor_install_set(&apps), TATU_OK); /* repeating is safe */
    begin(TATU_MONITOR_PART_VAULT);
    assert_false(has_footer(1, TATU_MONITOR_PART_KEYSTORE));
    assert_true(sim_run_rom(chip));
    assert_int_equal(chip->boot_set, 0);
    assert_int_equal(chip->boot_fallback, 1);
}

static void a_copied_part_cannot_be_written_over(void **state)
{
    (void)state;
    uint32_t handle = 0;
    assert_int_equal(tatu_monitor_copy_part(&apps, TATU_IMAGE_KERNEL, &handle), TATU_OK);
    assert_int_equal(
        tatu_monitor_write_stage(&apps, handle, 0, (struct tatu_span){(const uint8_t *)"1234", 4}),
        TATU_ERR_EXISTS);
}

static void only_parts_that_are_there_can_be_copied(void **state)
{
    (void)state;
    static const uint16_t none[] = {0, TATU_IMAGE_APPLICATION, TATU_IMAGE_RECOVERY, 0xffff};
    uint32_t handle = 77;
    for (size_t i = 0; i < TATU_COUNT_OF(none); i++) {
        assert_int_equal(tatu_monitor_copy_part(&apps, none[i], &handle), TATU_ERR_TYPE);
    }
    memset(chip->flash + TATU_FLASH_DTB_AT + TATU_FLASH_DTB_SIZE - 16, 0xff, 16);
    assert_int_equal(tatu_monitor_copy_part(&apps, TATU_IMAGE_DTB, &handle), TATU_ERR_NOT_FOUND);
    assert_int_equal(handle, 77);
    assert_true(apps.is_backup_good);
}

static void a_copy_that_the_flash_refuses_is_not_staged(void **state)
{
    (void)state;
    uint32_t handle = 77;
    for (uint32_t fail = 1; fail <= 5; fail++) {
        assert_int_equal(sets_fixture(state), 0);
        chip->flash_fails = fail;
        assert_int_equal(tatu_monitor_copy_part(&apps, TATU_IMAGE_KERNEL, &handle), TATU_ERR_IO);
        assert_int_equal(handle, 77);
        chip->flash_fails = 0;
        assert_int_equal(part_copy(TATU_MONITOR_PART_KERNEL), TATU_OK);
    }
}

/* ---- rollback ----------------------------------------------------------------------------------
 */

static void a_rollback_that_is_healthy_becomes_the_preferred_set_once(void **state)
{
    (void)state;
    struct tatu_table table = {.sequence = 1, .preferred_set = 1};
    sim_put_table(chip, 0, &table);
    sets_open();
    assert_int_equal(apps.table.preferred_set, 1);
    assert_int_equal(tatu_monitor_keep_set(&apps), TATU_OK); /* set 0 runs, but was asked for */
    assert_int_equal(apps.table.preferred_set, 1);
    apps.was_rolled_back = true;
    assert_int_equal(tatu_monitor_keep_set(&apps), TATU_OK);
    assert_int_equal(apps.table.preferred_set, 0);
    assert_false(apps.was_rolled_back);
    /* What is installed afterwards is not undone by saying it again. */
    stage_all_but(ALL, 9);
    assert_int_equal(tatu_monitor_install_set(&apps), TATU_OK);
    assert_int_equal(tatu_monitor_keep_set(&apps), TATU_OK);
    assert_int_equal(apps.table.preferred_set, 1);
}

static void an_update_over_a_rollback_is_not_undone_by_health(void **state)
{
    (void)state;
    apps.was_rolled_back = true;
    stage_all_but(ALL, 9);
    assert_int_equal(tatu_monitor_install_set(&apps), TATU_OK);
    assert_int_equal(tatu_monitor_keep_set(&apps), TATU_OK);
    assert_int_equal(apps.table.preferred_set, 1);
}

/* ---- repair ------------------------------------------------------------------------------------
 */

/* Until it is done; how many calls that took. */
static uint32_t repair(void)
{
    uint32_t left = 1;
    uint32_t calls = 0;
    while (left > 0) {
        assert_int_equal(tatu_monitor_repair_set(&apps, &left), TATU_OK);
        calls++;
        assert_true(calls < 20 && left <= ALL);
    }
    return calls;
}

static void a_good_other_set_is_looked_at_once_and_left_as_it_is(void **state)
{
    (void)state;
    apps.is_backup_good = false;
    assert_int_equal(repair(), ALL);
    assert_true(apps.is_backup_good);
    assert_int_equal(chip->erase_count + chip->program_count, 0);
    assert_false(are_sets_same());
    assert_int_equal(repair(), 1);
}

static void a_damaged_part_makes_the_other_set_a_copy_of_this_one(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < ALL; i++) {
        assert_int_equal(sets_fixture(state), 0);
        chip->flash[tatu_monitor_part_at(1, i) + 7] ^= 1;
        assert_int_equal(repair(), i + 1 + ALL);
        assert_true(apps.is_backup_good);
        assert_true(are_sets_same());
        assert_int_equal(repair(), 1);
        chip->attempts = 3; /* the ROM would take the other one */
        assert_true(sim_run_rom(chip));
        assert_int_equal(chip->boot_set, 1);
    }
}

static void a_missing_footer_is_damage(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < ALL; i++) {
        assert_int_equal(sets_fixture(state), 0);
        uint32_t end = tatu_monitor_part_at(1, i) + tatu_monitor_parts[i].size;
        memset(chip->flash + end - 16, 0, 16);
        sets_open();
        assert_false(apps.is_backup_good);
        (void)repair();
        assert_true(are_sets_same());
    }
}

static void while_it_is_mended_the_other_set_is_none(void **state)
{
    (void)state;
    uint32_t left = ALL;
    chip->flash[tatu_monitor_part_at(1, TATU_MONITOR_PART_ROOT)] ^= 1;
    for (int calls = 0; left > 0; calls++) {
        assert_int_equal(tatu_monitor_repair_set(&apps, &left), TATU_OK);
        if (apps.is_mending && left < ALL) {
            assert_false(tatu_monitor_is_set_whole(chip, 1));
            assert_false(apps.is_backup_good);
        }
    }
    assert_true(tatu_monitor_is_set_whole(chip, 1));
}

static void nothing_is_repaired_while_a_part_is_staged(void **state)
{
    (void)state;
    uint32_t left = 77;
    for (uint32_t i = 0; i < ALL; i++) {
        uint32_t handle = begin(i);
        assert_int_equal(tatu_monitor_repair_set(&apps, &left), TATU_ERR_STATE);
        assert_int_equal(left, 77);
        assert_int_equal(tatu_monitor_abort_stage(&apps, handle), TATU_OK);
    }
    (void)repair(); /* what the aborted ones have left */
    assert_true(are_sets_same());
}

static void parts_staged_between_are_mended_again(void **state)
{
    (void)state;
    uint32_t left = ALL;
    uint32_t handle = 0;
    chip->flash[tatu_monitor_part_at(1, TATU_MONITOR_PART_VAULT)] ^= 1;
    for (int i = 0; i < 4; i++) {
        assert_int_equal(tatu_monitor_repair_set(&apps, &left), TATU_OK);
    }
    assert_int_equal(left, ALL - 3);
    assert_int_equal(part_write(TATU_MONITOR_PART_MONITOR, 9, &handle), TATU_OK);
    assert_int_equal(tatu_monitor_abort_stage(&apps, handle), TATU_OK);
    (void)repair();
    assert_true(are_sets_same());
}

static void a_set_that_is_not_good_itself_is_not_copied(void **state)
{
    (void)state;
    uint32_t left = 77;
    chip->flash[tatu_monitor_part_at(1, TATU_MONITOR_PART_VAULT)] ^= 1;
    chip->flash[tatu_monitor_part_at(0, TATU_MONITOR_PART_MONITOR)] ^= 1;
    assert_int_equal(tatu_monitor_repair_set(&apps, &left), TATU_OK);
    assert_int_equal(left, ALL);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(tatu_monitor_repair_set(&apps, &left), TATU_ERR_SIGNATURE);
    }
    assert_int_equal(chip->erase_count + chip->program_count, 0);
    assert_true(tatu_monitor_is_set_whole(chip, 1));
}

static void repair_goes_on_after_a_flash_error(void **state)
{
    (void)state;
    uint32_t left = ALL;
    chip->flash[tatu_monitor_part_at(1, TATU_MONITOR_PART_DTB)] ^= 1;
    for (uint32_t fail = 1; left > 0; fail++) {
        assert_true(fail < 60);
        chip->flash_fails = fail % 7;
        enum tatu_err err = tatu_monitor_repair_set(&apps, &left);
        assert_true(err == TATU_OK || err == TATU_ERR_IO);
        if (fail % 7 == 0) {
            chip->flash_fails = 0;
            assert_int_equal(tatu_monitor_repair_set(&apps, &left), TATU_OK);
        }
    }
    assert_true(are_sets_same());
}

#define SETS_TEST(function) cmocka_unit_test_setup(function, sets_fixture)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SETS_TEST(a_set_that_is_staged_and_verified_becomes_the_preferred_one),
        SETS_TEST(the_parts_lie_in_their_slots_as_they_were_sent),
        SETS_TEST(unchanged_parts_may_be_copied_from_the_running_set),
        SETS_TEST(applications_stay_when_a_set_is_installed_and_a_set_when_they_are),
        SETS_TEST(no_set_is_installed_of_which_a_part_is_not_verified),
        SETS_TEST(what_was_verified_before_a_restart_does_not_count),
        SETS_TEST(the_first_step_of_any_part_makes_the_other_set_none),
        SETS_TEST(nothing_of_the_running_set_is_ever_changed),
        SETS_TEST(a_running_set_that_could_not_start_alone_keeps_the_other),
        SETS_TEST(a_part_that_the_vault_refuses_is_not_finished),
        SETS_TEST(a_package_of_another_type_does_not_pass_as_a_part),
        SETS_TEST(a_part_begun_again_takes_the_place_of_the_one_before),
        SETS_TEST(a_set_that_was_installed_is_none_again_when_it_is_changed),
        SETS_TEST(a_copied_part_cannot_be_written_over),
        SETS_TEST(only_parts_that_are_there_can_be_copied),
        SETS_TEST(a_copy_that_the_flash_refuses_is_not_staged),
        SETS_TEST(a_rollback_that_is_healthy_becomes_the_preferred_set_once),
        SETS_TEST(an_update_over_a_rollback_is_not_undone_by_health),
        SETS_TEST(a_good_other_set_is_looked_at_once_and_left_as_it_is),
        SETS_TEST(a_damaged_part_makes_the_other_set_a_copy_of_this_one),
        SETS_TEST(a_missing_footer_is_damage),
        SETS_TEST(while_it_is_mended_the_other_set_is_none),
        SETS_TEST(nothing_is_repaired_while_a_part_is_staged),
        SETS_TEST(parts_staged_between_are_mended_again),
        SETS_TEST(a_set_that_is_not_good_itself_is_not_copied),
        SETS_TEST(repair_goes_on_after_a_flash_error),
    };
    return FIXTURE_RUN(tests);
}
