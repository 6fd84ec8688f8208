#include "os/lib/walls.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define CALLS_THERE_ARE 600u
#define KILL SECCOMP_RET_KILL_PROCESS
#define ALLOW SECCOMP_RET_ALLOW

/* What the kernel does with a filter; it takes no program that jumps out of itself. */
static uint32_t run(const struct tatu_os_filter *filter, const struct seccomp_data *data,
                    size_t *out_steps)
{
    uint32_t a = 0;
    size_t at = 0;
    for (*out_steps = 1;; (*out_steps)++) {
        assert_in_range(at, 0, filter->len - 1);
        const struct sock_filter *in = &filter->code[at++];
        switch (in->code) {
        case BPF_LD | BPF_W | BPF_ABS:
            assert_in_range(in->k, 0, sizeof(*data) - sizeof(a));
            memcpy(&a, (const uint8_t *)data + in->k, sizeof(a));
            break;
        case BPF_ALU | BPF_AND | BPF_K:
            a &= in->k;
            break;
        case BPF_JMP | BPF_JEQ | BPF_K:
            at += a == in->k ? in->jt : in->jf;
            break;
        case BPF_JMP | BPF_JGE | BPF_K:
            at += a >= in->k ? in->jt : in->jf;
            break;
        case BPF_JMP | BPF_JGT | BPF_K:
            at += a > in->k ? in->jt : in->jf;
            break;
        case BPF_RET | BPF_K:
            return in->k;
        default:
            fail_msg("instruction %x", in->code);
        }
    }
}

static uint32_t ask(const struct tatu_os_filter *filter, uint32_t call, uint32_t first,
                    uint32_t second)
{
    const struct seccomp_data data = {
        .nr = (int)call, .arch = AUDIT_ARCH_ARM, .args = {first, second}};
    size_t steps;
    return run(filter, &data, &steps);
}

static const uint32_t odd[] = {7, 3, 5, 4, 100, 101, 102, 0xf0005, 9};
static const uint32_t even[] = {200, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31, 201, 0};
static const struct tatu_os_call_set odd_set = TATU_OS_CALL_SET(odd);
static const struct tatu_os_call_set even_set = TATU_OS_CALL_SET(even);

static bool is_in(const struct tatu_os_call_set *set, uint32_t call)
{
    for (size_t i = 0; i < set->count; i++) {
        if (set->calls[i] == call) {
            return true;
        }
    }
    return false;
}

static void a_filter_allows_what_is_listed_and_nothing_else(void **state)
{
    static struct tatu_os_filter filter;
    const struct tatu_os_calls calls = {.sets = {&odd_set, &even_set}};
    (void)state;
    assert_int_equal(tatu_os_make_filter(&calls, AUDIT_ARCH_ARM, &filter), TATU_OK);
    for (uint32_t call = 0; call < CALLS_THERE_ARE; call++) {
        const bool listed = is_in(&odd_set, call) || is_in(&even_set, call);
        assert_int_equal(ask(&filter, call, 0, 0), listed ? ALLOW : KILL);
    }
    assert_int_equal(ask(&filter, 0xf0005, 0, 0), ALLOW);
    assert_int_equal(ask(&filter, 0xf0004, 0, 0), KILL);
    assert_int_equal(ask(&filter, 0xf0006, 0, 0), KILL);
    assert_int_equal(ask(&filter, UINT32_MAX, 0, 0), KILL);
}

static void an_empty_list_allows_nothing(void **state)
{
    static struct tatu_os_filter filter;
    const struct tatu_os_calls calls = {.error = ENOSYS};
    (void)state;
    assert_int_equal(tatu_os_make_filter(&calls, AUDIT_ARCH_ARM, &filter), TATU_OK);
    for (uint32_t call = 0; call < CALLS_THERE_ARE; call++) {
        assert_int_equal(ask(&filter, call, 0, 0), SECCOMP_RET_ERRNO | ENOSYS);
    }
}

static void calls_of_another_architecture_are_the_end(void **state)
{
    static struct tatu_os_filter filter;
    const struct tatu_os_calls calls = {.sets = {&odd_set}, .error = ENOSYS};
    const struct seccomp_data data = {.nr = 7, .arch = AUDIT_ARCH_ARM | 1};
    size_t steps;
    (void)state;
    assert_int_equal(tatu_os_make_filter(&calls, AUDIT_ARCH_ARM, &filter), TATU_OK);
    assert_int_equal(run(&filter, &data, &steps), KILL);
}

static void a_call_with_rules_is_allowed_when_all_of_them_hold(void **state)
{
    static const uint32_t families[] = {1, 2, 10}, types[] = {1, 2}, none[] = {0}, one[] = {77};
    static const struct tatu_os_call_rule rules[] = {
        {300, 0, UINT32_MAX, families, 3, EAFNOSUPPORT},
        {300, 1, 0xf, types, 2, 0},
        {301, 0, 0xff00, none, 1, EPERM},
        {302, 1, UINT32_MAX, one, 1, 0},
    };
    static const struct {
        uint32_t call, first, second, answer;
    } rows[] = {
        {300, 1, 1, ALLOW},
        {300, 10, 0x80002, ALLOW},
        {300, 17, 1, SECCOMP_RET_ERRNO | EAFNOSUPPORT},
        {300, 0, 1, SECCOMP_RET_ERRNO | EAFNOSUPPORT},
        {300, 2, 3, KILL},
        {300, 17, 3, SECCOMP_RET_ERRNO | EAFNOSUPPORT},
        {301, 0xff, 0, ALLOW},
        {301, 0x100, 0, SECCOMP_RET_ERRNO | EPERM},
        {302, 0, 77, ALLOW},
        {302, 77, 0, KILL},
        {303, 0, 77, KILL},
        {7, 0, 0, ALLOW},
    };
    static struct tatu_os_filter filter;
    const struct tatu_os_calls calls = {
        .sets = {&odd_set}, .rules = rules, .rule_count = TATU_COUNT_OF(rules)};
    (void)state;
    assert_int_equal(tatu_os_make_filter(&calls, AUDIT_ARCH_ARM, &filter), TATU_OK);
    for (size_t i = 0; i < TATU_COUNT_OF(rows); i++) {
        assert_int_equal(ask(&filter, rows[i].call, rows[i].first, rows[i].second), rows[i].answer);
    }
}

/* Every second number, so that no two make one range. */
static void a_full_list_fits_and_one_more_is_full(void **state)
{
    static uint32_t many[TATU_OS_CALLS_MAX + 1];
    static struct tatu_os_filter filter;
    struct tatu_os_call_set set = {many, TATU_OS_CALLS_MAX};
    const struct tatu_os_calls calls = {.sets = {&set}};
    (void)state;
    for (uint32_t i = 0; i < TATU_COUNT_OF(many); i++) {
        many[i] = 2 * (TATU_OS_CALLS_MAX - i);
    }
    assert_int_equal(tatu_os_make_filter(&calls, AUDIT_ARCH_ARM, &filter), TATU_OK);
    for (uint32_t call = 0; call <= 2 * TATU_OS_CALLS_MAX + 3; call++) {
        const bool listed = call % 2 == 0 && call >= 2 && call <= 2 * TATU_OS_CALLS_MAX;
        assert_int_equal(ask(&filter, call, 0, 0), listed ? ALLOW : KILL);
    }
    set.count++;
    assert_int_equal(tatu_os_make_filter(&calls, AUDIT_ARCH_ARM, &filter), TATU_ERR_FULL);
}

static void a_rule_that_cannot_be_written_is_refused(void **state)
{
    static const uint32_t values[65];
    static const struct tatu_os_call_rule rows[][4] = {
        {{1, 0, 1, values, 0, 0}},
        {{1, 0, 1, values, 65, 0}},
        {{1, 6, 1, values, 1, 0}},
        {{1, 0, 1, values, 1, 0},
         {1, 1, 1, values, 1, 0},
         {1, 2, 1, values, 1, 0},
         {1, 3, 1, values, 1, 0}},
    };
    static struct tatu_os_filter filter;
    (void)state;
    for (size_t i = 0; i < TATU_COUNT_OF(rows); i++) {
        const struct tatu_os_calls calls = {.rules = rows[i],
                                            .rule_count = rows[i][1].call == 1 ? 4 : 1};
        assert_int_equal(tatu_os_make_filter(&calls, AUDIT_ARCH_ARM, &filter), TATU_ERR_ARGUMENT);
    }
}

/* The kernel runs a filter once for each call there is, when it is taken. */
static void no_answer_takes_many_steps(void **state)
{
    static uint32_t many[150];
    static struct tatu_os_filter filter;
    const struct tatu_os_call_set set = {many, TATU_COUNT_OF(many)};
    const struct tatu_os_calls calls = {.sets = {&set}};
    size_t most = 0;
    (void)state;
    for (uint32_t i = 0; i < TATU_COUNT_OF(many); i++) {
        many[i] = 3 * i;
    }
    assert_int_equal(tatu_os_make_filter(&calls, AUDIT_ARCH_ARM, &filter), TATU_OK);
    for (uint32_t call = 0; call < CALLS_THERE_ARE; call++) {
        const struct seccomp_data data = {.nr = (int)call, .arch = AUDIT_ARCH_ARM};
        size_t steps;
        (void)run(&filter, &data, &steps);
        most = steps > most ? steps : most;
    }
    assert_in_range(most, 1, 40);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_filter_allows_what_is_listed_and_nothing_else),
        cmocka_unit_test(an_empty_list_allows_nothing),
        cmocka_unit_test(calls_of_another_architecture_are_the_end),
        cmocka_unit_test(a_call_with_rules_is_allowed_when_all_of_them_hold),
        cmocka_unit_test(a_full_list_fits_and_one_more_is_full),
        cmocka_unit_test(a_rule_that_cannot_be_written_is_refused),
        cmocka_unit_test(no_answer_takes_many_steps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
