/*
 * The power fails in every flash operation of a recovery: before it, in its middle, after it. What
 * the next boot finds must be whole sets of one release, or no keystore at all (then it recovers
 * again), and the recovery after it must end well.
 */
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include "fake_bench.h"

#include <cmocka.h>

#define BODY_LEN 2100u
#define OPERATIONS_MAX 4000u

static struct tatu_monitor_chip *chip;
static struct tatu_recovery_port old_release;
static struct tatu_recovery_port host;

/* Two sets of the old release, applications, a table; the host has the new one. */
static void make_board(uint8_t version)
{
    memset(chip->flash, 0xff, TATU_FLASH_SIZE);
    for (uint8_t set = 0; set < TATU_FLASH_SET_COUNT; set++) {
        for (size_t i = 0; i < TATU_RECOVERY_PART_COUNT; i++) {
            fake_install(chip, &old_release.packages[i], set);
        }
    }
    memset(chip->flash + TATU_FLASH_APPS0_AT, 0x11, 3 * TATU_FLASH_SECTOR_SIZE);
    memset(chip->flash + TATU_FLASH_APPS1_AT, 0x22, 2 * TATU_FLASH_SECTOR_SIZE);
    memset(chip->flash + TATU_FLASH_TABLE0_AT, 0x33, 400);
    fake_host_init(&host, chip, version, BODY_LEN);
}

static bool is_whole(const struct tatu_recovery_port *release, uint8_t set)
{
    for (size_t i = 0; i < TATU_RECOVERY_PART_COUNT; i++) {
        if (!fake_holds(chip, &release->packages[i], set)) {
            return false;
        }
    }
    return true;
}

/* What the ROM would do with this flash: a set whose keystore is good starts, and then the whole
 * set must be there. True when it recovers. */
static bool expect_no_half_set(uint32_t cut_at)
{
    bool any = false;
    for (uint8_t set = 0; set < TATU_FLASH_SET_COUNT; set++) {
        const struct fake_package *keystores[] = {
            &old_release.packages[TATU_RECOVERY_PART_COUNT - 1],
            &host.packages[TATU_RECOVERY_PART_COUNT - 1]};
        bool starts = fake_holds(chip, keystores[0], set) || fake_holds(chip, keystores[1], set);
        if (starts && !is_whole(&old_release, set) && !is_whole(&host, set)) {
            fail_msg("cut in operation %u: set %u starts and is not whole", cut_at, set);
        }
        any |= starts;
    }
    return !any;
}

static void cut_every_operation(uint8_t version)
{
    uint32_t recovers = 0;
    uint32_t starts = 0;
    bool done = false;
    for (uint32_t cut_at = 1; !done; cut_at++) {
        assert_true(cut_at < OPERATIONS_MAX);
        for (int tear = 0; tear < FAKE_TEAR_COUNT; tear++) {
            make_board(version);
            chip->cut_at = cut_at;
            chip->tear = (enum fake_tear)tear;
            done = fake_run(chip, &host);
            chip->cut_at = 0;
            if (expect_no_half_set(cut_at)) {
                recovers++;
            } else {
                starts++;
            }
            assert_true(fake_run(chip, &host));
            assert_true(is_whole(&host, 0) && is_whole(&host, 1));
        }
    }
    assert_true(recovers > 0 && starts > 0);
    print_message("%u cuts: %u recover, %u start\n", recovers + starts, recovers, starts);
}

static void power_cut_leaves_whole_sets_or_recovery(void **state)
{
    (void)state;
    cut_every_operation(2);
}

static void power_cut_in_a_recovery_to_the_same_release(void **state)
{
    (void)state;
    cut_every_operation(1);
}

/* Cut, recover, cut again at another place, and so on, by seed. */
static void power_cuts_in_a_row_end_well(void **state)
{
    (void)state;
    uint32_t random = 7;
    for (int round = 0; round < 40; round++) {
        make_board(2);
        for (int cut = 0; cut < 5; cut++) {
            random = random * 1103515245u + 12345u;
            chip->cut_at = 1 + (random >> 16) % 70;
            chip->tear = (enum fake_tear)((random >> 8) % FAKE_TEAR_COUNT);
            (void)fake_run(chip, &host);
            (void)expect_no_half_set(chip->cut_at);
        }
        chip->cut_at = 0;
        assert_true(fake_run(chip, &host));
        assert_true(is_whole(&host, 0) && is_whole(&host, 1));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(power_cut_leaves_whole_sets_or_recovery),
        cmocka_unit_test(power_cut_in_a_recovery_to_the_same_release),
        cmocka_unit_test(power_cuts_in_a_row_end_well),
    };
    chip = fake_chip_new(0xff);
    fake_host_init(&old_release, chip, 1, BODY_LEN);
    int failed = cmocka_run_group_tests_name("recovery power", tests, NULL, NULL);
    fake_chip_free(chip);
    return failed;
}
