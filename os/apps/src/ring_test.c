#include "ring.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct tatu_apps_ring ring;
static uint8_t room[TATU_APPS_RING_SIZE + 8];

static uint32_t put(size_t len, uint8_t value)
{
    uint8_t bytes[256];
    memset(bytes, value, sizeof(bytes));
    while (len > 0) {
        const size_t step = len < sizeof(bytes) ? len : sizeof(bytes);
        tatu_apps_put_ring(&ring, (struct tatu_span){bytes, step});
        len -= step;
    }
    return ring.end;
}

static void a_reader_goes_on_where_it_was(void **state)
{
    struct tatu_buf out = {room, 0, 3};
    (void)state;
    ring = (struct tatu_apps_ring){0};
    put(5, 'a');
    assert_int_equal(tatu_apps_read_ring(&ring, 0, &out), 3);
    out.len = 0;
    assert_int_equal(tatu_apps_read_ring(&ring, 3, &out), 5);
    assert_int_equal(out.len, 2);
    out.len = 0;
    assert_int_equal(tatu_apps_read_ring(&ring, 5, &out), 5);
    assert_int_equal(out.len, 0);
    assert_int_equal(put(1, 'b'), 6);
    assert_int_equal(tatu_apps_read_ring(&ring, 5, &out), 6);
    assert_int_equal(room[0], 'b');
}

static void the_oldest_goes_first(void **state)
{
    struct tatu_buf out = TATU_BUF_OF(room);
    (void)state;
    ring = (struct tatu_apps_ring){0};
    put(TATU_APPS_RING_SIZE, 'a');
    const uint32_t end = put(100, 'b');
    assert_int_equal(tatu_apps_read_ring(&ring, 0, &out), end);
    assert_int_equal(out.len, TATU_APPS_RING_SIZE);
    assert_int_equal(room[0], 'a');
    assert_int_equal(room[TATU_APPS_RING_SIZE - 101], 'a');
    assert_int_equal(room[TATU_APPS_RING_SIZE - 100], 'b');
}

static void a_position_of_another_ring_is_the_oldest(void **state)
{
    struct tatu_buf out = TATU_BUF_OF(room);
    (void)state;
    ring = (struct tatu_apps_ring){0};
    put(5, 'a');
    assert_int_equal(tatu_apps_read_ring(&ring, 77777, &out), 5);
    assert_int_equal(out.len, 5);
}

static void positions_wrap_around(void **state)
{
    struct tatu_buf out = TATU_BUF_OF(room);
    (void)state;
    ring = (struct tatu_apps_ring){.end = UINT32_MAX - 3, .full = true};
    assert_int_equal(put(10, 'z'), 6);
    assert_int_equal(tatu_apps_read_ring(&ring, UINT32_MAX - 3, &out), 6);
    assert_int_equal(out.len, 10);
    assert_int_equal(room[9], 'z');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reader_goes_on_where_it_was),
        cmocka_unit_test(the_oldest_goes_first),
        cmocka_unit_test(a_position_of_another_ring_is_the_oldest),
        cmocka_unit_test(positions_wrap_around),
    };
    return cmocka_run_group_tests_name("ring", tests, NULL, NULL);
}
