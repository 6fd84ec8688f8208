#include "download.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define SIZE (3u * TATU_OS_STAGE_CHUNK + 1234u)

/* A flash that keeps what is staged, and a service whose line breaks. */
struct world {
    struct tatu_os_monitor monitor;
    struct tatu_download download;
    uint8_t package[SIZE];
    uint8_t flash[SIZE];
    uint32_t break_every; /* bytes of one answer; 0: it never breaks */
    uint32_t size;        /* of the service's copy */
    uint32_t asked;
    uint32_t waits;
    enum tatu_err err; /* of a break */
};

static enum tatu_err call(void *context, uint32_t number, struct tatu_span in, struct tatu_buf *out)
{
    struct world *world = context;
    const uint32_t at = tatu_get_le32(in.data + 4);
    const size_t len = in.len - 8;
    (void)out;
    assert_int_equal(number, TATU_SMC_STAGE_WRITE);
    assert_int_equal(tatu_get_le32(in.data), 7);
    assert_true(at + len <= SIZE && at % 4 == 0);
    memcpy(world->flash + at, in.data + 8, len);
    return TATU_OK;
}

static enum tatu_err ask(void *context, uint32_t from)
{
    struct world *world = context;
    uint32_t end = world->size;
    world->asked++;
    if (world->break_every != 0 && end - from > world->break_every) {
        end = from + world->break_every;
    }
    for (uint32_t at = from; at < end; at += 500) { /* pieces that fit nothing */
        const size_t len = end - at < 500 ? end - at : 500;
        TATU_TRY(
            tatu_download_take(&world->download, (struct tatu_span){world->package + at, len}));
    }
    return end == world->size ? TATU_OK : world->err;
}

static void wait(void *context, uint32_t tries)
{
    struct world *world = context;
    (void)tries;
    world->waits++;
}

static struct world *open_world(void)
{
    static struct world world;
    world = (struct world){.size = SIZE, .err = TATU_ERR_UNREACHABLE};
    world.monitor = (struct tatu_os_monitor){.call = call, .context = &world, .fd = -1};
    world.download = (struct tatu_download){.monitor = &world.monitor, .handle = 7, .size = SIZE};
    for (uint32_t i = 0; i < SIZE; i++) {
        world.package[i] = (uint8_t)(i * 7 + (i >> 8));
    }
    return &world;
}

static enum tatu_err run(struct world *world)
{
    return tatu_download_run(&world->download, ask, wait, world);
}

static void whole_package_is_in_flash(void **state)
{
    struct world *world = open_world();
    (void)state;
    assert_int_equal(run(world), TATU_OK);
    assert_memory_equal(world->flash, world->package, SIZE);
    assert_int_equal(world->asked, 1);
}

static void line_that_breaks_anywhere_costs_no_byte_twice(void **state)
{
    static const uint32_t lengths[] = {1, 3, 4, 499, 500, 501, 4083, 4084, 4085, 9999, SIZE - 1};
    (void)state;
    for (size_t i = 0; i < TATU_COUNT_OF(lengths); i++) {
        struct world *world = open_world();
        world->break_every = lengths[i];
        assert_int_equal(run(world), TATU_OK);
        assert_memory_equal(world->flash, world->package, SIZE);
        assert_int_equal(world->asked, (SIZE + lengths[i] - 1) / lengths[i]);
        assert_int_equal(world->waits, world->asked - 1);
    }
}

static enum tatu_err ask_in_vain(void *context, uint32_t from)
{
    struct world *world = context;
    (void)from;
    world->asked++;
    return world->err;
}

static void service_that_is_gone_is_given_up(void **state)
{
    static const struct {
        enum tatu_err err;
        uint32_t asked;
    } rows[] = {
        {TATU_ERR_UNREACHABLE, TATU_DOWNLOAD_TRY_MAX},
        {TATU_ERR_TIMEOUT, TATU_DOWNLOAD_TRY_MAX},
        {TATU_ERR_NOT_FOUND, 1},
        {TATU_ERR_CERTIFICATE, 1},
    };
    (void)state;
    for (size_t i = 0; i < TATU_COUNT_OF(rows); i++) {
        struct world *world = open_world();
        world->err = rows[i].err;
        assert_int_equal(tatu_download_run(&world->download, ask_in_vain, wait, world),
                         rows[i].err);
        assert_int_equal(world->asked, rows[i].asked);
    }
}

static void package_of_another_length_is_refused(void **state)
{
    struct world *world = open_world();
    (void)state;
    world->size = SIZE - 1;
    assert_int_equal(run(world), TATU_ERR_SHORT);
    world = open_world();
    world->download.size = SIZE - 1;
    assert_int_equal(run(world), TATU_ERR_LONG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_package_is_in_flash),
        cmocka_unit_test(line_that_breaks_anywhere_costs_no_byte_twice),
        cmocka_unit_test(service_that_is_gone_is_given_up),
        cmocka_unit_test(package_of_another_length_is_refused),
    };
    return cmocka_run_group_tests_name("download", tests, NULL, NULL);
}
