#include "os/crashd/crashd.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static uint8_t good[16384];
static size_t good_len;
static struct tatu_core_work work;

static bool read_span(void *context, uint8_t *room, size_t len)
{
    struct tatu_span *left = context;
    if (len > left->len) {
        return false;
    }
    if (room != NULL) {
        memcpy(room, left->data, len);
    }
    *left = (struct tatu_span){left->data + len, left->len - len};
    return true;
}

static enum tatu_err decode(const uint8_t *data, size_t len, struct tatu_crash *out)
{
    struct tatu_span left = {data, len};
    return tatu_crashd_decode_core((struct tatu_core_source){read_span, &left}, &work, out);
}

static void core_gives_registers_stack_and_build_id(void **state)
{
    (void)state;
    struct tatu_crash crash = {.pid = 7};
    assert_int_equal(decode(good, good_len, &crash), TATU_OK);
    assert_int_equal(crash.pid, 7);
    assert_int_equal(crash.signal, 11);
    assert_int_equal(crash.signal_code, 1);
    assert_int_equal(crash.fault_address, 8);
    assert_int_equal(crash.thread_count, 1);
    assert_int_equal(crash.threads[0].registers[15], 0x10400);
    assert_int_equal(crash.threads[0].stack.len, 256);
    assert_int_equal(crash.threads[0].stack.data[1], 1);
    assert_int_equal(crash.module_count, 1);
    assert_int_equal(crash.modules[0].size, 0x2000);
    assert_string_equal(crash.modules[0].name, "/mnt/app/bin/app");
    assert_int_equal(crash.modules[0].build_id_len, 20);
    assert_int_equal(crash.modules[0].build_id[19], 19);
}

static void core_cut_short_after_its_notes_still_tells_the_crash(void **state)
{
    (void)state;
    struct tatu_crash crash = {.pid = 7};
    assert_int_equal(decode(good, 5000, &crash), TATU_OK);
    assert_int_equal(crash.signal, 11);
    assert_int_equal(crash.threads[0].stack.len, 0);
}

static void core_of_another_kind_is_refused(void **state)
{
    (void)state;
    struct tatu_crash crash = {.pid = 7};
    uint8_t bad[16384];
    const struct {
        size_t at;
        uint8_t value;
        enum tatu_err err;
    } rows[] = {
        {0, 0, TATU_ERR_FORMAT},  {4, 2, TATU_ERR_FORMAT}, {18, 62, TATU_ERR_FORMAT},
        {16, 2, TATU_ERR_FORMAT}, {31, 1, TATU_ERR_SHORT}, {52 + 19, 1, TATU_ERR_LONG},
    };
    for (size_t i = 0; i < TATU_COUNT_OF(rows); i++) {
        memcpy(bad, good, good_len);
        bad[rows[i].at] = rows[i].value;
        assert_int_equal(decode(bad, good_len, &crash), rows[i].err);
    }
    assert_int_equal(decode(good, 51, &crash), TATU_ERR_SHORT);
    assert_int_equal(crash.signal, 0);
}

int main(int argc, char **argv)
{
    FILE *file = argc > 1 ? fopen(argv[1], "rb") : NULL;
    if (file == NULL) {
        (void)fprintf(stderr, "usage: core_test corpus/core/good\n");
        return 2;
    }
    good_len = fread(good, 1, sizeof(good), file);
    (void)fclose(file);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(core_gives_registers_stack_and_build_id),
        cmocka_unit_test(core_cut_short_after_its_notes_still_tells_the_crash),
        cmocka_unit_test(core_of_another_kind_is_refused),
    };
    return cmocka_run_group_tests_name("core", tests, NULL, NULL);
}
