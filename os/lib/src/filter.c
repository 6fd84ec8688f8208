#include "os/lib/walls.h"

#include <linux/seccomp.h>
#include <stddef.h>

#define RANGES_IN_STEP 8u
#define VALUES_MAX 64u /* a jump goes over at most 255 instructions */
#define RULES_OF_CALL_MAX 3u
#define BYTES_OF_ARGUMENT 8u

struct range {
    uint32_t first;
    uint32_t last;
};

/* ---- the list, in order ---- */

/* By insertion: the lists are nearly in order, and short. */
static enum tatu_err sort_calls(const struct tatu_os_calls *calls, uint32_t out[TATU_OS_CALLS_MAX],
                                size_t *out_count)
{
    size_t count = 0;
    for (size_t s = 0; s < TATU_OS_CALL_SETS_MAX && calls->sets[s] != NULL; s++) {
        for (size_t i = 0; i < calls->sets[s]->count; i++) {
            const uint32_t call = calls->sets[s]->calls[i];
            size_t at = count;
            if (count == TATU_OS_CALLS_MAX) {
                return TATU_ERR_FULL;
            }
            for (; at > 0 && out[at - 1] > call; at--) {
                out[at] = out[at - 1];
            }
            out[at] = call;
            count++;
        }
    }
    *out_count = count;
    return TATU_OK;
}

/* The next numbers without a gap, from `at` on; where the rest begins. */
static size_t take_range(const uint32_t *sorted, size_t count, size_t at, struct range *out)
{
    *out = (struct range){sorted[at], sorted[at]};
    while (++at < count && sorted[at] - out->last <= 1) {
        out->last = sorted[at];
    }
    return at;
}

/* ---- instructions ---- */

static void put(struct tatu_os_filter *filter, uint16_t code, uint32_t k, size_t jt, size_t jf)
{
    if (filter->len < TATU_OS_FILTER_MAX) {
        filter->code[filter->len] = (struct sock_filter){code, (uint8_t)jt, (uint8_t)jf, k};
    }
    filter->len++; /* past its room: FULL, at the end */
}

static void put_load(struct tatu_os_filter *filter, size_t offset)
{
    put(filter, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

static void put_return(struct tatu_os_filter *filter, uint32_t action)
{
    put(filter, BPF_RET | BPF_K, action, 0, 0);
}

static uint32_t refusal(uint32_t error)
{
    return error == 0 ? SECCOMP_RET_KILL_PROCESS : SECCOMP_RET_ERRNO | (error & SECCOMP_RET_DATA);
}

static size_t rule_len(const struct tatu_os_call_rule *rule)
{
    return 1 + (rule->mask != UINT32_MAX) + rule->value_count + 1;
}

/* Goes on behind the rule when it holds. */
static void put_rule(struct tatu_os_filter *filter, const struct tatu_os_call_rule *rule,
                     uint32_t error)
{
    put_load(filter, offsetof(struct seccomp_data, args) + rule->argument * BYTES_OF_ARGUMENT);
    if (rule->mask != UINT32_MAX) {
        put(filter, BPF_ALU | BPF_AND | BPF_K, rule->mask, 0, 0);
    }
    for (size_t i = 0; i < rule->value_count; i++) {
        put(filter, BPF_JMP | BPF_JEQ | BPF_K, rule->values[i], rule->value_count - i, 0);
    }
    put_return(filter, refusal(rule->error != 0 ? rule->error : error));
}

/* All rules of one call, the first of which is `rule`; the accumulator is the call's number. */
static enum tatu_err put_rules(struct tatu_os_filter *filter, const struct tatu_os_call_rule *rule,
                               size_t count, uint32_t error)
{
    size_t len = 1; /* the return behind them */
    for (size_t i = 0; i < count; i++) {
        if (rule[i].value_count == 0 || rule[i].value_count > VALUES_MAX || rule[i].argument > 5) {
            return TATU_ERR_ARGUMENT;
        }
        len += rule_len(&rule[i]);
    }
    if (count > RULES_OF_CALL_MAX) {
        return TATU_ERR_ARGUMENT;
    }
    put(filter, BPF_JMP | BPF_JEQ | BPF_K, rule->call, 0, len);
    for (size_t i = 0; i < count; i++) {
        put_rule(filter, &rule[i], error);
    }
    put_return(filter, SECCOMP_RET_ALLOW);
    return TATU_OK;
}

static enum tatu_err put_all_rules(struct tatu_os_filter *filter, const struct tatu_os_calls *calls)
{
    for (size_t at = 0, next; at < calls->rule_count; at = next) {
        for (next = at + 1;
             next < calls->rule_count && calls->rules[next].call == calls->rules[at].call; next++) {
        }
        TATU_TRY(put_rules(filter, &calls->rules[at], next - at, calls->error));
    }
    return TATU_OK;
}

/* The accumulator is not below the range, or in no range at all. */
static void put_range(struct tatu_os_filter *filter, const struct range *range)
{
    if (range->first == range->last) {
        put(filter, BPF_JMP | BPF_JEQ | BPF_K, range->first, 0, 1);
    } else {
        put(filter, BPF_JMP | BPF_JGT | BPF_K, range->last, 2, 0);
        put(filter, BPF_JMP | BPF_JGE | BPF_K, range->first, 0, 1);
    }
    put_return(filter, SECCOMP_RET_ALLOW);
}

static void put_ranges(struct tatu_os_filter *filter, const uint32_t *sorted, size_t count,
                       uint32_t error)
{
    for (size_t at = 0; at < count;) {
        struct range step[RANGES_IN_STEP];
        size_t used = 0, len = 1; /* the refusal behind them */
        for (; used < RANGES_IN_STEP && at < count; used++) {
            at = take_range(sorted, count, at, &step[used]);
            len += step[used].first == step[used].last ? 2 : 3;
        }
        if (at < count) {
            put(filter, BPF_JMP | BPF_JGE | BPF_K, sorted[at], len, 0);
        }
        for (size_t i = 0; i < used; i++) {
            put_range(filter, &step[i]);
        }
        put_return(filter, refusal(error));
    }
}

enum tatu_err tatu_os_make_filter(const struct tatu_os_calls *calls, uint32_t architecture,
                                  struct tatu_os_filter *out)
{
    uint32_t sorted[TATU_OS_CALLS_MAX];
    size_t count;
    out->len = 0;
    TATU_TRY(sort_calls(calls, sorted, &count));
    put_load(out, offsetof(struct seccomp_data, arch));
    put(out, BPF_JMP | BPF_JEQ | BPF_K, architecture, 1, 0);
    put_return(out, SECCOMP_RET_KILL_PROCESS);
    put_load(out, offsetof(struct seccomp_data, nr));
    TATU_TRY(put_all_rules(out, calls));
    put_ranges(out, sorted, count, calls->error);
    put_return(out, refusal(calls->error)); /* of an empty list */
    return out->len <= TATU_OS_FILTER_MAX ? TATU_OK : TATU_ERR_FULL;
}
