/* The A-core's memcpy and friends, under other names, against the C library's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

static void *(*const libc_memcpy)(void *, const void *, size_t) = memcpy;
static void *(*const libc_memset)(void *, int, size_t) = memset;
static int (*const libc_memcmp)(const void *, const void *, size_t) = memcmp;

#define memcpy own_memcpy
#define memset own_memset
#define memcmp own_memcmp
#include "mem.c"

static _Alignas(8) uint8_t a[64];
static _Alignas(8) uint8_t b[64];
static _Alignas(8) uint8_t c[64];

static void fill(void)
{
    for (size_t i = 0; i < sizeof(a); i++) {
        a[i] = (uint8_t)(i * 37 + 11);
        b[i] = c[i] = (uint8_t)(200 - i);
    }
}

static void copies_like_the_c_library(void **state)
{
    (void)state;
    for (size_t to = 0; to < 5; to++) {
        for (size_t from = 0; from < 5; from++) {
            for (size_t len = 0; len < 20; len++) {
                fill();
                assert_ptr_equal(own_memcpy(b + to, a + from, len), b + to);
                libc_memcpy(c + to, a + from, len);
                assert_memory_equal(b, c, sizeof(b));
            }
        }
    }
}

static void sets_like_the_c_library(void **state)
{
    (void)state;
    for (size_t to = 0; to < 5; to++) {
        for (size_t len = 0; len < 20; len++) {
            fill();
            own_memset(b + to, 0x1a5, len);
            libc_memset(c + to, 0x1a5, len);
            assert_memory_equal(b, c, sizeof(b));
        }
    }
}

static int sign_of(int value)
{
    return (value > 0) - (value < 0);
}

static void compares_like_the_c_library(void **state)
{
    (void)state;
    for (size_t at = 0; at < 8; at++) {
        for (size_t len = 0; len < 9; len++) {
            libc_memset(a, 0x80, sizeof(a));
            libc_memset(b, 0x80, sizeof(b));
            b[at] = (uint8_t)(at % 2 ? 0x7f : 0x81);
            assert_int_equal(sign_of(own_memcmp(a, b, len)), sign_of(libc_memcmp(a, b, len)));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copies_like_the_c_library),
        cmocka_unit_test(sets_like_the_c_library),
        cmocka_unit_test(compares_like_the_c_library),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
