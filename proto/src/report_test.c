#include "proto/report.h"

#include "proto/smc.h"
#include "samples.h"
#include "testing.h"

#define ROOM 4096u

static struct tatu_span encode(const struct tatu_crash *crash, uint8_t room[ROOM])
{
    struct tatu_buf buf = {room, 0, ROOM};
    assert_int_equal(tatu_proto_encode_crash(crash, &buf), TATU_OK);
    return (struct tatu_span){room, buf.len};
}

static void crash_keeps_every_part(void **state)
{
    (void)state;
    uint8_t room[ROOM];
    struct tatu_crash crash = sample_crash();
    struct tatu_crash back;
    struct tatu_span in = encode(&crash, room);
    assert_int_equal(tatu_proto_decode_crash(in, &back), TATU_OK);
    assert_memory_equal(back.component, crash.component, 16);
    assert_memory_equal(back.image, crash.image, 16);
    assert_int_equal(back.signal, 11);
    assert_int_equal(back.signal_code, 1);
    assert_int_equal(back.fault_address, 0xdeadbeef);
    assert_int_equal(back.unix_s, 1767225600);
    assert_int_equal(back.module_count, 2);
    assert_string_equal(back.modules[0].name, "/app/bin/app");
    assert_int_equal(back.modules[0].build_id_len, 20);
    assert_int_equal(back.modules[1].build_id_len, 0);
    assert_int_equal(back.modules[1].base, 0xb6f00000);
    assert_int_equal(back.modules[1].size, 0x90000);
    assert_int_equal(back.thread_count, 1);
    assert_memory_equal(back.threads[0].registers, crash.threads[0].registers, 68);
    assert_int_equal(back.threads[0].stack_base, 0xbeff0000);
    assert_int_equal(back.threads[0].stack.len, 256);
    assert_int_equal(back.pid, 42);
}

static void name_that_is_not_printable_does_not_lose_the_report(void **state)
{
    (void)state;
    uint8_t room[ROOM];
    struct tatu_crash crash = sample_crash();
    struct tatu_crash back;
    memcpy(crash.modules[0].name, "a\xff\n\x7fz", 6);
    struct tatu_span in = encode(&crash, room);
    assert_int_equal(tatu_proto_decode_crash(in, &back), TATU_OK);
    assert_string_equal(back.modules[0].name, "a???z");
}

static void make_threadless(struct tatu_crash *c)
{
    c->thread_count = 0;
}
static void make_many_threads(struct tatu_crash *c)
{
    c->thread_count = TATU_CRASH_THREAD_MAX + 1;
}
static void make_many_modules(struct tatu_crash *c)
{
    c->module_count = TATU_CRASH_MODULE_MAX + 1;
}
static void make_long_build_id(struct tatu_crash *c)
{
    c->modules[1].build_id_len = TATU_BUILD_ID_MAX + 1;
}
static void make_endless_name(struct tatu_crash *c)
{
    memset(c->modules[1].name, 'n', sizeof(c->modules[1].name));
}
static void make_deep_stack(struct tatu_crash *c)
{
    static uint8_t stack[TATU_CRASH_STACK_MAX + 1];
    c->threads[0].stack = TATU_SPAN_OF(stack);
}

static void crash_is_not_written_when_it_would_not_be_read(void **state)
{
    (void)state;
    static void (*const spoilers[])(struct tatu_crash *) = {
        make_threadless,    make_many_threads, make_many_modules,
        make_long_build_id, make_endless_name, make_deep_stack,
    };
    for (size_t i = 0; i < TATU_COUNT_OF(spoilers); i++) {
        uint8_t room[ROOM];
        struct tatu_buf buf = TATU_BUF_OF(room);
        struct tatu_crash crash = sample_crash();
        spoilers[i](&crash);
        assert_int_equal(tatu_proto_encode_crash(&crash, &buf), TATU_ERR_ARGUMENT);
        assert_int_equal(buf.len, 0);
    }
}

/* Two full stacks do not fit a record, however large the room is. */
static void crash_over_a_record_is_full(void **state)
{
    (void)state;
    static uint8_t stack[TATU_CRASH_STACK_MAX];
    static uint8_t room[3 * 4096];
    struct tatu_buf buf = TATU_BUF_OF(room);
    struct tatu_crash crash = sample_crash();
    struct tatu_crash back;
    crash.threads[0].stack = TATU_SPAN_OF(stack);
    crash.threads[1].stack = TATU_SPAN_OF(stack);
    assert_int_equal(tatu_proto_encode_crash(&crash, &buf), TATU_OK);
    buf.len = 0;
    crash.thread_count = 2;
    assert_int_equal(tatu_proto_encode_crash(&crash, &buf), TATU_ERR_FULL);
    assert_int_equal(buf.len, 0);
    assert_int_equal(tatu_proto_decode_crash((struct tatu_span){room, TATU_RECORD_MAX + 1}, &back),
                     TATU_ERR_LONG);
}

/* Offsets in the sample: 1 + 18 + 18 + 2 + 2 + 3 + ... up to the module list */
#define MODULES_AT (1u + 18 + 18 + 2 + 2 + 6 + 6 + 1)
#define MODULE0_AT (MODULES_AT + 1)
#define BUILD_ID_AT (MODULE0_AT + 1 + 5 + 3)
#define NAME_AT (BUILD_ID_AT + 1 + 20)

static const struct spoil spoils[] = {
    {"too many modules", MODULES_AT, 1, 0x89, TATU_ERR_LONG},
    {"a module of three parts", MODULE0_AT, 1, 0x83, TATU_ERR_FORMAT},
    {"a build id over its maximum", BUILD_ID_AT, 1, 0x55, TATU_ERR_LONG},
    {"a name that is bytes", NAME_AT, 1, 0x4c, TATU_ERR_FORMAT},
    {"a control character in a name", NAME_AT + 2, 1, '\n', TATU_ERR_FORMAT},
};

static void crash_refuses_each_spoiled_part(void **state)
{
    (void)state;
    struct tatu_crash crash = sample_crash();
    for (size_t i = 0; i < TATU_COUNT_OF(spoils); i++) {
        uint8_t room[ROOM];
        struct tatu_crash out;
        memset(&out, UNTOUCHED, sizeof(out));
        struct tatu_span in = encode(&crash, room);
        assert_int_equal(room[NAME_AT], 0x6c);
        spoil_bytes(room, &spoils[i]);
        expect_err(spoils[i].promise, tatu_proto_decode_crash(in, &out), spoils[i].err);
        assert_true(is_untouched(&out, sizeof(out)));
    }
}

static void crash_without_threads_is_none(void **state)
{
    (void)state;
    uint8_t room[ROOM];
    struct tatu_crash crash = sample_crash();
    struct tatu_crash out;
    crash.module_count = 0;
    struct tatu_span in = encode(&crash, room);
    memcpy(room + MODULES_AT, "\x80\x08\x80\x09\x00", 5);
    in.len = MODULES_AT + 5;
    assert_int_equal(tatu_proto_decode_crash(in, &out), TATU_ERR_FORMAT);
    /* a fifth thread, and a stack over its maximum */
    memcpy(room + MODULES_AT, "\x80\x08\x85\x80\x80\x80\x80\x80", 8);
    in.len = MODULES_AT + 8;
    assert_int_equal(tatu_proto_decode_crash(in, &out), TATU_ERR_LONG);
    memcpy(room + MODULES_AT, "\x80\x08\x81\x83\x58\x44", 6);
    memset(room + MODULES_AT + 6, 0, 68);
    memcpy(room + MODULES_AT + 74, "\x00\x59\x08\x01", 4);
    in.len = MODULES_AT + 78 + TATU_CRASH_STACK_MAX + 1;
    assert_int_equal(tatu_proto_decode_crash(in, &out), TATU_ERR_LONG);
}

static void boot_failure_refuses_numbers_out_of_range(void **state)
{
    (void)state;
    static const struct {
        const char *promise;
        struct tatu_span bytes;
    } rows[] = {
        {"set", {(const uint8_t *)"\x84\x19\x01\x00\x07\x11\x00", 7}},
        {"image type", {(const uint8_t *)"\x84\x00\x1a\x00\x01\x00\x00\x11\x00", 9}},
        {"error", {(const uint8_t *)"\x84\x00\x07\x1b\x00\x00\x00\x01\x00\x00\x00\x00\x00", 13}},
        {"boot count", {(const uint8_t *)"\x84\x00\x07\x11\x20", 5}},
    };
    for (size_t i = 0; i < TATU_COUNT_OF(rows); i++) {
        struct tatu_boot_failure out;
        expect_err(rows[i].promise, tatu_proto_decode_boot_failure(rows[i].bytes, &out),
                   TATU_ERR_FORMAT);
    }
}

static void event_of_a_newer_kind_is_passed_on_but_not_kind_0(void **state)
{
    (void)state;
    uint8_t room[ROOM];
    struct tatu_buf buf = TATU_BUF_OF(room);
    struct tatu_event event = sample_event();
    struct tatu_event back;
    event.kind = 0;
    assert_int_equal(tatu_proto_encode_event(&event, &buf), TATU_ERR_ARGUMENT);
    assert_int_equal(buf.len, 0);
    event.kind = 23;
    assert_int_equal(tatu_proto_encode_event(&event, &buf), TATU_OK);
    assert_int_equal(tatu_proto_decode_event((struct tatu_span){room, buf.len}, &back), TATU_OK);
    assert_int_equal(back.kind, 23);
    room[2] = 0;
    assert_int_equal(tatu_proto_decode_event((struct tatu_span){room, buf.len}, &back),
                     TATU_ERR_FORMAT);
}

static void crash_meets_its_limits(void **state)
{
    (void)state;
    static uint8_t stack[TATU_CRASH_STACK_MAX];
    static uint8_t room[TATU_RECORD_MAX + 1];
    struct tatu_buf buf = TATU_BUF_OF(room);
    struct tatu_crash crash = sample_crash();
    struct tatu_crash back;
    crash.module_count = TATU_CRASH_MODULE_MAX;
    for (size_t i = 0; i < TATU_CRASH_MODULE_MAX; i++) {
        crash.modules[i].build_id_len = TATU_BUILD_ID_MAX;
        memset(crash.modules[i].name, '~', 47);
    }
    crash.thread_count = TATU_CRASH_THREAD_MAX;
    crash.threads[0].stack = TATU_SPAN_OF(stack);
    assert_int_equal(tatu_proto_encode_crash(&crash, &buf), TATU_OK);
    /* what is left of the record goes to the second stack, and then not one byte more */
    crash.threads[1].stack = (struct tatu_span){stack, TATU_RECORD_MAX - buf.len - 2};
    buf.len = 0;
    assert_int_equal(tatu_proto_encode_crash(&crash, &buf), TATU_OK);
    assert_int_equal(buf.len, TATU_RECORD_MAX);
    assert_int_equal(tatu_proto_decode_crash((struct tatu_span){room, buf.len}, &back), TATU_OK);
    assert_int_equal(back.threads[0].stack.len, TATU_CRASH_STACK_MAX);
    assert_int_equal(strlen(back.modules[7].name), 47);
    crash.threads[1].stack.len++;
    buf.len = 0;
    assert_int_equal(tatu_proto_encode_crash(&crash, &buf), TATU_ERR_FULL);
}

static void crash_with_a_name_of_48_is_long(void **state)
{
    (void)state;
    uint8_t room[ROOM];
    struct tatu_crash crash = sample_crash();
    struct tatu_crash back;
    struct tatu_span in = encode(&crash, room);
    memmove(room + NAME_AT + 2 + 48, room + NAME_AT + 1 + 12, in.len - NAME_AT - 13);
    in.len += 2 + 48 - 13;
    room[NAME_AT] = 0x78;
    room[NAME_AT + 1] = 48;
    memset(room + NAME_AT + 2, 'n', 48);
    assert_int_equal(tatu_proto_decode_crash(in, &back), TATU_ERR_LONG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(crash_keeps_every_part),
        cmocka_unit_test(name_that_is_not_printable_does_not_lose_the_report),
        cmocka_unit_test(crash_is_not_written_when_it_would_not_be_read),
        cmocka_unit_test(crash_over_a_record_is_full),
        cmocka_unit_test(crash_refuses_each_spoiled_part),
        cmocka_unit_test(crash_without_threads_is_none),
        cmocka_unit_test(boot_failure_refuses_numbers_out_of_range),
        cmocka_unit_test(event_of_a_newer_kind_is_passed_on_but_not_kind_0),
        cmocka_unit_test(crash_meets_its_limits),
        cmocka_unit_test(crash_with_a_name_of_48_is_long),
    };
    return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}
