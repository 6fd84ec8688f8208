#include "os/appman/appman.h"

#include "os/lib/request.h"
#include "table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

struct world {
    struct tatu_appman_services services;
    int starts;
    bool refuse;
    pid_t next_pid;
};

static enum tatu_err start(void *context, const struct tatu_appman_service *service, pid_t *out_pid)
{
    struct world *world = context;

    (void)service;
    world->starts++;
    if (world->refuse) {
        return TATU_ERR_MEMORY;
    }
    *out_pid = ++world->next_pid;
    return TATU_OK;
}

static const struct tatu_appman_service first = {.name = "first"};
static const struct tatu_appman_service second = {.name = "second"};

static void set_up(struct world *world)
{
    *world = (struct world){.services = {.start = start, .context = world}, .next_pid = 100};
    assert_int_equal(tatu_appman_add_service(&world->services, &first, 1000), TATU_OK);
    assert_int_equal(tatu_appman_add_service(&world->services, &second, 1000), TATU_OK);
}

static void all_services_start_at_once_and_once(void **state)
{
    struct world world;

    (void)state;
    set_up(&world);
    assert_int_equal(tatu_appman_start_due(&world.services, 1000), 0);
    assert_int_equal(tatu_appman_start_due(&world.services, 2000), 0);
    assert_int_equal(world.starts, 2);
    assert_int_equal(world.services.slots[0].state, TATU_APPMAN_RUNNING);
    assert_int_equal(world.services.slots[1].pid, 102);
}

static void a_service_that_ends_comes_back_after_the_back_off(void **state)
{
    const struct tatu_appman_slot *slot;
    struct world world;

    (void)state;
    set_up(&world);
    tatu_appman_start_due(&world.services, 1000);
    slot = tatu_appman_note_end(&world.services, 101, 1500);
    assert_non_null(slot);
    assert_string_equal(slot->service->name, "first");
    assert_int_equal(slot->state, TATU_APPMAN_WAITING);
    assert_int_equal(tatu_appman_start_due(&world.services, 1599), 1600);
    assert_int_equal(world.starts, 2);
    assert_int_equal(tatu_appman_start_due(&world.services, 1600), 0);
    assert_int_equal(world.starts, 3);
}

static void the_back_off_doubles_up_to_its_limit(void **state)
{
    static const uint64_t waits[] = {100, 200, 400, 800, 1600, 3200, 6400};
    const struct tatu_appman_slot *slot = NULL;
    struct world world;
    uint64_t now = 1000;

    (void)state;
    set_up(&world);
    for (size_t i = 0; i < TATU_COUNT_OF(waits); i++) {
        tatu_appman_start_due(&world.services, now);
        slot = tatu_appman_note_end(&world.services, world.services.slots[0].pid, now);
        assert_non_null(slot);
        assert_int_equal(slot->next_ms - now, waits[i]);
        now = slot->next_ms;
    }
}

static void a_boot_is_steady_when_all_were_up_together_for_a_while(void **state)
{
    struct world world;

    (void)state;
    set_up(&world);
    assert_int_equal(tatu_appman_steady_at(&world.services), 0);
    tatu_appman_start_due(&world.services, 1000);
    assert_int_equal(tatu_appman_steady_at(&world.services), 1000 + TATU_APPMAN_STEADY_MS);
    /* one that ends takes it back; its next start is the new beginning */
    assert_non_null(tatu_appman_note_end(&world.services, 102, 9000));
    assert_int_equal(tatu_appman_steady_at(&world.services), 0);
    tatu_appman_start_due(&world.services, 9100);
    assert_int_equal(tatu_appman_steady_at(&world.services), 9100 + TATU_APPMAN_STEADY_MS);
}

static void a_service_that_does_not_live_is_lost(void **state)
{
    const struct tatu_appman_slot *slot = NULL;
    struct world world;
    uint64_t now = 1000;

    (void)state;
    set_up(&world);
    for (uint32_t i = 0; i < TATU_APPMAN_FAILURES_MAX; i++) {
        tatu_appman_start_due(&world.services, now);
        slot = tatu_appman_note_end(&world.services, world.services.slots[0].pid, now);
        assert_non_null(slot);
        now += TATU_APPMAN_BACKOFF_MAX_MS;
    }
    assert_int_equal(slot->state, TATU_APPMAN_LOST);
    world.starts = 0;
    assert_int_equal(tatu_appman_start_due(&world.services, now), 0);
    assert_int_equal(world.starts, 0);
}

static void a_service_that_lived_begins_with_a_fresh_back_off(void **state)
{
    const struct tatu_appman_slot *slot;
    struct world world;
    uint64_t now = 1000;

    (void)state;
    set_up(&world);
    for (int i = 0; i < 50; i++) {
        tatu_appman_start_due(&world.services, now);
        now += TATU_APPMAN_HEALTHY_MS;
        slot = tatu_appman_note_end(&world.services, world.services.slots[0].pid, now);
        assert_non_null(slot);
        assert_int_equal(slot->next_ms - now, TATU_APPMAN_BACKOFF_FIRST_MS);
        now = slot->next_ms;
    }
}

static void a_start_that_fails_counts_as_an_end(void **state)
{
    struct world world;

    (void)state;
    set_up(&world);
    world.refuse = true;
    assert_int_equal(tatu_appman_start_due(&world.services, 1000), 1100);
    assert_int_equal(world.services.slots[0].failures, 1);
    assert_int_equal(world.services.slots[0].pid, 0);
}

static void the_end_of_a_stranger_is_not_a_services(void **state)
{
    struct world world;

    (void)state;
    set_up(&world);
    /* waiting slots have pid 0, which must not match */
    assert_null(tatu_appman_note_end(&world.services, 0, 1000));
    tatu_appman_start_due(&world.services, 1000);
    assert_null(tatu_appman_note_end(&world.services, 77, 1000));
    assert_int_equal(world.services.slots[0].failures, 0);
}

static void more_services_than_room_is_full(void **state)
{
    struct world world;

    (void)state;
    set_up(&world);
    while (world.services.count < TATU_APPMAN_SERVICE_MAX) {
        assert_int_equal(tatu_appman_add_service(&world.services, &first, 0), TATU_OK);
    }
    assert_int_equal(tatu_appman_add_service(&world.services, &first, 0), TATU_ERR_FULL);
}

static void services_are_described_a_line_each_and_cut_where_room_ends(void **state)
{
    struct world world;
    char out[128];
    char tight[20];

    (void)state;
    set_up(&world);
    tatu_appman_start_due(&world.services, 1000);
    (void)tatu_appman_note_end(&world.services, 102, 1000);
    tatu_appman_describe_services(&world.services, out, sizeof(out));
    assert_string_equal(out, "service first running pid 101 starts 1\n"
                             "service second waiting pid 0 starts 1\n");
    tatu_appman_describe_services(&world.services, tight, sizeof(tight));
    assert_string_equal(tight, "service first runni");
}

static void the_table_gives_no_service_root_nor_the_same_user_twice(void **state)
{
    (void)state;
    for (size_t i = 0; i < tatu_appman_table_count; i++) {
        const struct tatu_appman_service *service = &tatu_appman_table[i];

        assert_in_range(service->uid, 100, 999);
        assert_in_range(service->gid, 100, 999);
        assert_true(service->group_count <= TATU_APPMAN_GROUP_MAX);
        for (size_t j = 0; j < i; j++) {
            assert_int_not_equal(service->uid, tatu_appman_table[j].uid);
            assert_string_not_equal(service->name, tatu_appman_table[j].name);
        }
    }
}

static void who_has_rights_is_in_the_vaults_group_and_nobody_else(void **state)
{
    (void)state;
    for (size_t i = 0; i < tatu_appman_table_count; i++) {
        const struct tatu_appman_service *service = &tatu_appman_table[i];
        bool member = false;

        for (size_t j = 0; j < service->group_count; j++) {
            member = member || service->groups[j] == TATU_APPMAN_GROUP_VAULT;
        }
        assert_int_equal(member, service->rights != 0);
    }
}

static void only_who_is_named_may_ask(void **state)
{
    static const struct {
        uint32_t op;
        bool updated;
        bool gatewayd;
    } rows[] = {
        {TATU_APPMAN_RELOAD, true, false},
        {TATU_APPMAN_RESTART, true, true},
        {TATU_APPMAN_LIST, true, true},
        {TATU_APPMAN_APP_STATE, false, true},
        {TATU_APPMAN_APP_TRIGGER, false, true},
        {TATU_APPMAN_QUOTA, false, true},
        {TATU_APPMAN_MEMORY, false, true},
        {TATU_APPMAN_APP_LOG, false, true},
        {TATU_APPMAN_UPDATE_EVENT, true, false},
        {TATU_APPMAN_SERVICES, false, true},
        {TATU_APPMAN_OS_VERSION, true, true},
        {TATU_APPMAN_POWER_PROFILE, false, true},
        {0x100c, false, false},
        {TATU_REQUEST_REBOOT, false, false},
        {TATU_REQUEST_INTRODUCE, false, false},
    };
    static const uid_t strangers[] = {0, 109, 110, 111, 114, 119, 120, 142, 1000, (uid_t)-1};
    (void)state;
    for (size_t i = 0; i < TATU_COUNT_OF(rows); i++) {
        assert_int_equal(tatu_appman_may_ask(112, rows[i].op), rows[i].updated);
        assert_int_equal(tatu_appman_may_ask(113, rows[i].op), rows[i].gatewayd);
        for (size_t j = 0; j < TATU_COUNT_OF(strangers); j++) {
            assert_false(tatu_appman_may_ask(strangers[j], rows[i].op));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_services_start_at_once_and_once),
        cmocka_unit_test(a_service_that_ends_comes_back_after_the_back_off),
        cmocka_unit_test(the_back_off_doubles_up_to_its_limit),
        cmocka_unit_test(a_boot_is_steady_when_all_were_up_together_for_a_while),
        cmocka_unit_test(a_service_that_does_not_live_is_lost),
        cmocka_unit_test(a_service_that_lived_begins_with_a_fresh_back_off),
        cmocka_unit_test(a_start_that_fails_counts_as_an_end),
        cmocka_unit_test(the_end_of_a_stranger_is_not_a_services),
        cmocka_unit_test(more_services_than_room_is_full),
        cmocka_unit_test(services_are_described_a_line_each_and_cut_where_room_ends),
        cmocka_unit_test(the_table_gives_no_service_root_nor_the_same_user_twice),
        cmocka_unit_test(who_has_rights_is_in_the_vaults_group_and_nobody_else),
        cmocka_unit_test(only_who_is_named_may_ask),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
