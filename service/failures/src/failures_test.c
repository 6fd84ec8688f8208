#include "service/failures/failures.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/smc.h"
#include "service/crypto/crypto.h"
#include "world.h"

#define BASE 0xb6e00000u

static const char *crash_elf; /* built from failures/test/crash.s */
static const uint32_t stack_words[] = {
    1, BASE + 0x1014, /* inner: r4, lr */
    2, 3,
    4, BASE + 0x1008, /* middle: r4, r5, r6, lr */
    5, 0,             /* outer: r4, lr */
};

static struct tatu_span read_elf(struct world *world)
{
    FILE *file = fopen(crash_elf, "rb");
    assert_non_null(file);
    struct tatu_buf elf = tatu_arena_buf(&world->arena, 1u << 20);
    elf.len = fread(elf.data, 1, elf.cap, file);
    assert_int_equal(fclose(file), 0);
    return (struct tatu_span){elf.data, elf.len};
}

/* The crash of crash.s: at 0x1020 in inner, called from middle, called from outer. */
static struct tatu_crash make_crash(struct world *world)
{
    static uint8_t stack[sizeof(stack_words)];
    struct tatu_crash crash = {.component = {1},
                               .image = {2},
                               .signal = 11,
                               .signal_code = 1,
                               .unix_s = WORLD_NOW - 5,
                               .module_count = 1,
                               .thread_count = 1,
                               .pid = 2};
    struct tatu_span build_id;
    assert_int_equal(tatu_failures_find_build_id(read_elf(world), &build_id), TATU_OK);
    crash.modules[0].base = BASE;
    crash.modules[0].size = 0x3000;
    crash.modules[0].build_id_len = (uint32_t)build_id.len;
    memcpy(crash.modules[0].build_id, build_id.data, build_id.len);
    (void)snprintf(crash.modules[0].name, sizeof(crash.modules[0].name), "/bin/app");
    for (size_t i = 0; i < TATU_COUNT_OF(stack_words); i++) {
        tatu_put_le32(stack + 4 * i, stack_words[i]);
    }
    crash.threads[0].registers[13] = 0xbe800000;
    crash.threads[0].registers[14] = BASE + 0x1014;
    crash.threads[0].registers[15] = BASE + 0x1020;
    crash.threads[0].stack_base = 0xbe800000;
    crash.threads[0].stack = TATU_SPAN_OF(stack);
    return crash;
}

static struct tatu_span encode_crash(struct world *world, const struct tatu_crash *crash)
{
    struct tatu_buf payload = tatu_arena_buf(&world->arena, TATU_RECORD_MAX);
    assert_int_equal(tatu_proto_encode_crash(crash, &payload), TATU_OK);
    return (struct tatu_span){payload.data, payload.len};
}

static bool put(struct world *world, const uint8_t id[64], uint32_t kind, uint64_t record,
                struct tatu_span payload)
{
    const struct tatu_report report = {kind, 1, record, payload};
    bool is_new = false;
    assert_int_equal(tatu_failures_put(&world->call, id, &report, &is_new), TATU_OK);
    return is_new;
}

static struct tatu_event_list list_events(struct world *world)
{
    const struct tatu_failure_filter any = {0, NULL};
    const struct tatu_page page = {0, 100};
    struct tatu_event_list list;
    assert_int_equal(tatu_failures_list_events(&world->call, &any, &page, &list), TATU_OK);
    return list;
}

static struct tatu_crash_list list_crashes(struct world *world)
{
    const struct tatu_failure_filter any = {0, NULL};
    const struct tatu_page page = {0, 100};
    struct tatu_crash_list list;
    assert_int_equal(tatu_failures_list_crashes(&world->call, &any, &page, &list), TATU_OK);
    return list;
}

static void report_is_kept_once_however_often_it_comes(void **state)
{
    struct world *world = *state;
    uint8_t id[64] = {1}, other[64] = {2};
    struct tatu_crash crash = make_crash(world);
    struct tatu_span payload = encode_crash(world, &crash);
    assert_true(put(world, id, TATU_RECORD_CRASH, 7, payload));
    assert_false(put(world, id, TATU_RECORD_CRASH, 7, payload));
    assert_true(put(world, id, TATU_RECORD_CRASH, 8, payload));
    assert_true(put(world, other, TATU_RECORD_CRASH, 7, payload));
    struct tatu_crash_list list = list_crashes(world);
    assert_int_equal(list.count, 3);
    assert_int_equal(list.items[0].group_count, 3);
    assert_int_equal(list.items[0].signal, 11);
    assert_string_equal(list.items[0].module, "/bin/app");
    assert_int_equal(list.items[0].at_s, WORLD_NOW - 5);
}

static void crashes_group_by_place_not_by_load_address(void **state)
{
    struct world *world = *state;
    uint8_t id[64] = {1};
    struct tatu_crash crash = make_crash(world);
    (void)put(world, id, TATU_RECORD_CRASH, 1, encode_crash(world, &crash));
    crash.modules[0].base += 0x10000;
    crash.threads[0].registers[14] += 0x10000;
    crash.threads[0].registers[15] += 0x10000;
    (void)put(world, id, TATU_RECORD_CRASH, 2, encode_crash(world, &crash));
    crash.threads[0].registers[15] += 4;
    (void)put(world, id, TATU_RECORD_CRASH, 3, encode_crash(world, &crash));
    struct tatu_crash_list list = list_crashes(world);
    assert_int_equal(list.items[0].group_count, 1);
    assert_int_equal(list.items[1].group_count, 2);
    assert_int_equal(list.items[2].group_count, 2);
}

static void stack_is_kept_only_where_the_owner_allows_it(void **state)
{
    struct world *world = *state;
    struct world_device device;
    struct tatu_group group;
    struct tatu_crash crash = make_crash(world), kept;
    bool made = false;
    world_make_device(world, world->maker, TATU_CLASS_VIRTUAL, &device);
    world_own(world, &device);
    (void)put(world, device.id, TATU_RECORD_CRASH, 1, encode_crash(world, &crash));
    const struct tatu_group_settings closed = {.dumps = "Disabled"};
    assert_int_equal(
        tatu_fleet_put_group(&world->call, &world->product, "Production", &closed, &group, &made),
        TATU_OK);
    (void)put(world, device.id, TATU_RECORD_CRASH, 2, encode_crash(world, &crash));
    struct tatu_crash_list list = list_crashes(world);
    assert_int_equal(tatu_proto_decode_crash(list.items[1].payload, &kept), TATU_OK);
    assert_int_equal(kept.threads[0].stack.len, sizeof(stack_words));
    assert_int_equal(tatu_proto_decode_crash(list.items[0].payload, &kept), TATU_OK);
    assert_int_equal(kept.threads[0].stack.len, 0);
    world_free_device(&device);
}

static void events_and_boot_failures_are_told_in_words(void **state)
{
    struct world *world = *state;
    uint8_t id[64] = {1};
    struct tatu_buf boot = tatu_arena_buf(&world->arena, 64);
    struct tatu_buf event = tatu_arena_buf(&world->arena, 128);
    const struct tatu_boot_failure failure = {0, 7, TATU_ERR_SIGNATURE, 5};
    const struct tatu_event ended = {
        .kind = TATU_EVENT_APP_SIGNAL, .component = {3}, .code = 11, .unix_s = WORLD_NOW - 1};
    assert_int_equal(tatu_proto_encode_boot_failure(&failure, &boot), TATU_OK);
    assert_int_equal(tatu_proto_encode_event(&ended, &event), TATU_OK);
    (void)put(world, id, TATU_RECORD_BOOT, 1, (struct tatu_span){boot.data, boot.len});
    (void)put(world, id, TATU_RECORD_EVENT, 2, (struct tatu_span){event.data, event.len});
    struct tatu_event_list list = list_events(world);
    assert_int_equal(list.count, 2);
    assert_string_equal(list.items[1].kind, "boot-image-refused");
    assert_string_equal(list.items[1].text, "set A: kernel refused, SIGNATURE");
    assert_string_equal(list.items[0].kind, "app-signal");
    assert_int_equal(list.items[0].code, 11);
    assert_true(list.items[0].has_component);
}

static void events_of_the_device_are_told_in_words(void **state)
{
    struct world *world = *state;
    uint8_t id[64] = {1};
    static const struct {
        uint32_t kind;
        uint32_t code;
        const char *name;
        const char *words;
    } rows[] = {
        {TATU_EVENT_STORE_ERASED, TATU_ERR_STALE, "store-erased", "(STALE)"},
        {TATU_EVENT_USERS_REFUSED, TATU_ERR_SIGNATURE, "users-refused", "(SIGNATURE)"},
        {TATU_EVENT_APP_MEMORY, 256, "app-memory", "256 KiB"},
        {TATU_EVENT_INSTALL_REFUSED, 2u << 20 | 5, "install-refused", "category 2, code 5"},
        {4711, 3, "unknown-report", "does not know"},
    };
    for (size_t i = 0; i < TATU_COUNT_OF(rows); i++) {
        uint8_t room[128];
        struct tatu_buf payload = TATU_BUF_OF(room);
        const struct tatu_event event = {.kind = rows[i].kind, .code = rows[i].code, .unix_s = 1};
        assert_int_equal(tatu_proto_encode_event(&event, &payload), TATU_OK);
        assert_true(put(world, id, TATU_RECORD_EVENT, i, (struct tatu_span){room, payload.len}));
        struct tatu_event_list list = list_events(world);
        assert_string_equal(list.items[0].kind, rows[i].name);
        assert_non_null(strstr(list.items[0].text, rows[i].words));
    }
}

static void report_that_does_not_decode_is_kept_as_unknown(void **state)
{
    struct world *world = *state;
    uint8_t id[64] = {1};
    static const uint32_t kinds[] = {TATU_RECORD_BOOT, TATU_RECORD_CRASH, TATU_RECORD_EVENT, 99};
    for (size_t i = 0; i < TATU_COUNT_OF(kinds); i++) {
        assert_true(put(world, id, kinds[i], i, TATU_SPAN_OF("\xff\xff")));
    }
    struct tatu_event_list list = list_events(world);
    assert_int_equal(list.count, TATU_COUNT_OF(kinds));
    for (size_t i = 0; i < list.count; i++) {
        assert_string_equal(list.items[i].kind, "unknown-report");
    }
    uint8_t *big = tatu_arena_take(&world->arena, TATU_RECORD_MAX + 1);
    const struct tatu_report report = {1, 1, 77, {big, TATU_RECORD_MAX + 1}};
    bool is_new = false;
    assert_int_equal(tatu_failures_put(&world->call, id, &report, &is_new), TATU_ERR_LONG);
}

static void time_no_device_can_know_is_the_time_of_receipt(void **state)
{
    struct world *world = *state;
    uint8_t id[64] = {1};
    struct tatu_crash crash = make_crash(world);
    crash.unix_s = UINT64_MAX;
    (void)put(world, id, TATU_RECORD_CRASH, 1, encode_crash(world, &crash));
    crash.unix_s = 0;
    (void)put(world, id, TATU_RECORD_CRASH, 2, encode_crash(world, &crash));
    struct tatu_crash_list list = list_crashes(world);
    assert_int_equal(list.items[0].at_s, WORLD_NOW);
    assert_int_equal(list.items[1].at_s, WORLD_NOW);
}

static void check_stack(const struct tatu_stack *stack)
{
    static const struct {
        uint32_t kind, address;
        const char *function;
    } want[] = {{TATU_FRAME_PC, BASE + 0x1020, "inner"},
                {TATU_FRAME_CFI, BASE + 0x1014, "middle"},
                {TATU_FRAME_CFI, BASE + 0x1008, "outer"}};
    assert_int_equal(stack->count, TATU_COUNT_OF(want));
    for (size_t i = 0; i < TATU_COUNT_OF(want); i++) {
        assert_int_equal(stack->frames[i].kind, want[i].kind);
        assert_int_equal(stack->frames[i].address, want[i].address);
        assert_string_equal(stack->frames[i].function, want[i].function);
        assert_non_null(strstr(stack->frames[i].file, "crash.s"));
        assert_true(stack->frames[i].line > 0);
    }
}

static const char *symbol_dir(struct world *world)
{
    return tatu_arena_format(&world->arena, "%s/symbols", world->dir);
}

static void stack_is_unwound_and_named_with_symbols(void **state)
{
    struct world *world = *state;
    struct tatu_symbol symbol;
    struct tatu_stacks *stacks = tatu_arena_take(&world->arena, sizeof(*stacks));
    struct tatu_crash crash = make_crash(world);
    assert_int_equal(tatu_failures_put_symbols(&world->call, read_elf(world), &symbol), TATU_OK);
    tatu_failures_symbolise(symbol_dir(world), &crash, stacks);
    assert_int_equal(stacks->count, 1);
    check_stack(&stacks->threads[0]);
}

static void stack_without_symbols_says_what_is_sure_and_what_is_guessed(void **state)
{
    struct world *world = *state;
    struct tatu_stacks *stacks = tatu_arena_take(&world->arena, sizeof(*stacks));
    struct tatu_crash crash = make_crash(world);
    tatu_failures_symbolise(symbol_dir(world), &crash, stacks);
    const struct tatu_stack *stack = &stacks->threads[0];
    assert_int_equal(stack->count, 3);
    assert_int_equal(stack->frames[0].kind, TATU_FRAME_PC);
    assert_int_equal(stack->frames[1].kind, TATU_FRAME_LR);
    assert_int_equal(stack->frames[2].kind, TATU_FRAME_GUESS);
    assert_int_equal(stack->frames[2].address, BASE + 0x1008);
    assert_int_equal(stack->frames[0].function[0], 0);
}

/* Reads what the child says until its end, as the server does. */
static struct tatu_span read_answer(struct world *world, const struct tatu_symboliser *symboliser)
{
    uint8_t *bytes = tatu_arena_take(&world->arena, TATU_SYMBOLISER_ANSWER_SIZE);
    size_t len = 0;
    for (;;) {
        struct pollfd wait = {.fd = symboliser->fd, .events = POLLIN};
        assert_int_equal(poll(&wait, 1, TATU_SYMBOLISER_WAIT_MS), 1);
        ssize_t got = read(symboliser->fd, bytes + len, TATU_SYMBOLISER_ANSWER_SIZE - len);
        if (got <= 0) {
            (void)close(symboliser->fd);
            return (struct tatu_span){bytes, len};
        }
        len += (size_t)got;
    }
}

static void symboliser_that_fails_leaves_the_plain_stack(void **state)
{
    struct world *world = *state;
    struct tatu_stacks *stacks = tatu_arena_take(&world->arena, sizeof(*stacks));
    struct tatu_crash crash = make_crash(world);
    struct tatu_span payload = encode_crash(world, &crash);
    static const char *const programs[] = {"/bin/false", "/bin/cat", "/nonexistent"};
    for (size_t i = 0; i < TATU_COUNT_OF(programs); i++) {
        struct tatu_symboliser symboliser;
        assert_int_equal(
            tatu_failures_start_symboliser(programs[i], symbol_dir(world), payload, &symboliser),
            TATU_OK);
        struct tatu_span answer = read_answer(world, &symboliser);
        memset(stacks, 0xff, sizeof(*stacks));
        tatu_failures_end_symboliser(&symboliser, &crash, answer, stacks);
        assert_int_equal(stacks->count, 1);
        assert_int_equal(stacks->threads[0].count, 3);
    }
}

static void symboliser_that_lies_leaves_the_plain_stack(void **state)
{
    struct world *world = *state;
    struct tatu_stacks *stacks = tatu_arena_take(&world->arena, sizeof(*stacks));
    struct tatu_stacks *lie = tatu_arena_take(&world->arena, sizeof(*lie));
    struct tatu_crash crash = make_crash(world);
    const struct {
        uint32_t threads, frames, kind, module;
    } lies[] = {{2, 1, 0, 0}, {1, TATU_FRAME_MAX + 1, 0, 0}, {1, 1, 9, 0}, {1, 1, 0, 99}};
    for (size_t i = 0; i < TATU_COUNT_OF(lies); i++) {
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            (void)pause();
            _exit(0);
        }
        const struct tatu_symboliser symboliser = {.child = child, .fd = -1};
        memset(lie, 0, sizeof(*lie));
        lie->count = lies[i].threads;
        lie->threads[0].count = lies[i].frames;
        lie->threads[0].frames[0].kind = lies[i].kind;
        lie->threads[0].frames[0].module = lies[i].module;
        tatu_failures_end_symboliser(
            &symboliser, &crash, (struct tatu_span){(const uint8_t *)lie, sizeof(*lie)}, stacks);
        assert_int_equal(stacks->count, 1);
        assert_int_equal(stacks->threads[0].count, 3);
    }
}

static void only_an_arm_file_with_a_build_id_has_symbols(void **state)
{
    struct world *world = *state;
    struct tatu_span elf = read_elf(world), build_id;
    uint8_t *copy = (uint8_t *)tatu_arena_copy(&world->arena, elf).data;
    copy[18] = 0x3e; /* x86-64 */
    assert_int_equal(tatu_failures_find_build_id((struct tatu_span){copy, elf.len}, &build_id),
                     TATU_ERR_TYPE);
    copy[18] = elf.data[18];
    copy[0] = 0;
    assert_int_equal(tatu_failures_find_build_id((struct tatu_span){copy, elf.len}, &build_id),
                     TATU_ERR_FORMAT);
    for (size_t len = 0; len < elf.len; len += 97) {
        uint8_t *exact = malloc(len + 1);
        memcpy(exact, elf.data, len);
        assert_int_equal(tatu_failures_find_build_id((struct tatu_span){exact, len}, &build_id),
                         TATU_ERR_FORMAT);
        free(exact);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(report_is_kept_once_however_often_it_comes),
        WORLD_TEST(crashes_group_by_place_not_by_load_address),
        WORLD_TEST(stack_is_kept_only_where_the_owner_allows_it),
        WORLD_TEST(events_and_boot_failures_are_told_in_words),
        WORLD_TEST(events_of_the_device_are_told_in_words),
        WORLD_TEST(report_that_does_not_decode_is_kept_as_unknown),
        WORLD_TEST(time_no_device_can_know_is_the_time_of_receipt),
        WORLD_TEST(stack_is_unwound_and_named_with_symbols),
        WORLD_TEST(stack_without_symbols_says_what_is_sure_and_what_is_guessed),
        WORLD_TEST(symboliser_that_fails_leaves_the_plain_stack),
        WORLD_TEST(symboliser_that_lies_leaves_the_plain_stack),
        WORLD_TEST(only_an_arm_file_with_a_build_id_has_symbols),
    };
    assert_int_equal(argc, 2);
    crash_elf = argv[1];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
