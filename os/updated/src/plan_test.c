#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include "os/updated/updated.h"

#include <cmocka.h>

static struct tatu_deployment deployment_of(size_t count)
{
    struct tatu_deployment d = {.deployment = {1}, .image_count = count, .sequence = 5};
    for (size_t i = 0; i < count; i++) {
        d.images[i].image[0] = (uint8_t)(i + 1);
    }
    return d;
}

static void plan_takes_only_what_is_missing(void **state)
{
    (void)state;
    const struct tatu_deployment d = deployment_of(3);
    const struct tatu_smc_app installed[] = {{.image = {2}}, {.image = {9}}};
    struct tatu_update_plan plan;
    tatu_updated_make_plan(&d, installed, 2, &plan);
    assert_true(plan.differs);
    assert_int_equal(plan.missing_count, 2);
    assert_int_equal(plan.missing[0], 0);
    assert_int_equal(plan.missing[1], 2);
}

static void plan_of_what_runs_changes_nothing(void **state)
{
    (void)state;
    const struct tatu_deployment d = deployment_of(1);
    const struct tatu_smc_app installed[] = {{.image = {1}}};
    struct tatu_update_plan plan;
    tatu_updated_make_plan(&d, installed, 1, &plan);
    assert_false(plan.differs);
}

static void plan_removes_what_is_no_longer_deployed(void **state)
{
    (void)state;
    const struct tatu_deployment d = deployment_of(1);
    const struct tatu_smc_app installed[] = {{.image = {1}}, {.image = {2}}};
    struct tatu_update_plan plan;
    tatu_updated_make_plan(&d, installed, 2, &plan);
    assert_true(plan.differs);
    assert_int_equal(plan.missing_count, 0);
}

static void plan_of_no_deployment_leaves_everything(void **state)
{
    (void)state;
    struct tatu_deployment d = deployment_of(0);
    const struct tatu_smc_app installed[] = {{.image = {1}}};
    struct tatu_update_plan plan;
    d.deployment[0] = 0;
    tatu_updated_make_plan(&d, installed, 1, &plan);
    assert_false(plan.differs);
}

static void deployment_of_another_device_or_of_the_past_is_refused(void **state)
{
    (void)state;
    struct tatu_deployment d = deployment_of(1);
    const uint8_t me[64] = {7};
    assert_int_equal(tatu_updated_check_deployment(&d, me, 0, 0), TATU_ERR_FOREIGN);
    d.device_id[0] = 7;
    assert_int_equal(tatu_updated_check_deployment(&d, me, 5, 0), TATU_OK);
    assert_int_equal(tatu_updated_check_deployment(&d, me, 6, 0), TATU_ERR_REPLAY);
}

static void deployment_of_long_ago_is_refused_after_a_reset_as_well(void **state)
{
    (void)state;
    struct tatu_deployment d = deployment_of(1);
    const uint64_t issued_s = 1795257840;
    d.issued_s = issued_s;
    const struct {
        uint64_t now_s;
        enum tatu_err err;
    } rows[] = {
        {issued_s, TATU_OK},
        {issued_s - 100000, TATU_OK}, /* our clock is late: no sign of a copy */
        {issued_s + TATU_UPDATED_DEPLOYMENT_LIFE_S, TATU_OK},
        {issued_s + TATU_UPDATED_DEPLOYMENT_LIFE_S + 1, TATU_ERR_REPLAY},
        {issued_s + 31536000, TATU_ERR_REPLAY},
    };
    for (size_t i = 0; i < TATU_COUNT_OF(rows); i++) {
        /* last sequence 0: nothing is remembered */
        assert_int_equal(tatu_updated_check_deployment(&d, d.device_id, 0, rows[i].now_s),
                         rows[i].err);
    }
}

static void ticket_is_renewed_at_a_quarter_of_its_grace(void **state)
{
    (void)state;
    assert_int_equal(tatu_updated_ticket_wait(TATU_OK, 600), 150000);
    assert_int_equal(tatu_updated_ticket_wait(TATU_OK, TATU_TICKET_GRACE_MAX_S),
                     UINT64_C(31536000) * 250);
    assert_int_equal(tatu_updated_ticket_wait(TATU_OK, 0), 600000);
    assert_int_equal(tatu_updated_ticket_wait(TATU_ERR_UNREACHABLE, 0), 30000);
    assert_true(tatu_updated_confirm_wait(TATU_OK) > tatu_updated_confirm_wait(TATU_ERR_NOT_FOUND));
    assert_true(tatu_updated_confirm_wait(TATU_ERR_NOT_FOUND) >
                tatu_updated_confirm_wait(TATU_ERR_UNREACHABLE));
}

static void wish_is_what_the_service_reads(void **state)
{
    (void)state;
    const uint8_t nonce[TATU_NONCE_SIZE] = {5};
    uint8_t room[40];
    struct tatu_buf buf = TATU_BUF_OF(room);
    assert_int_equal(tatu_updated_encode_wish(nonce, &buf), TATU_OK);
    assert_int_equal(buf.len, 4 + 32);
    assert_memory_equal(room, "\xa1\x01\x58\x20\x05", 5);
    buf = (struct tatu_buf){room, 0, 35};
    assert_int_equal(tatu_updated_encode_wish(nonce, &buf), TATU_ERR_FULL);
}

static void report_is_what_the_service_reads(void **state)
{
    (void)state;
    const uint8_t payload[] = {0xf6};
    const uint8_t wanted[] = {0xa4, 1, 2, 2, 3, 3, 4, 4, 0x41, 0xf6};
    uint8_t room[16];
    struct tatu_buf buf = TATU_BUF_OF(room);
    assert_int_equal(tatu_updated_encode_report(2, 3, 4, TATU_SPAN_OF(payload), &buf), TATU_OK);
    assert_int_equal(buf.len, sizeof(wanted));
    assert_memory_equal(room, wanted, sizeof(wanted));
    buf = (struct tatu_buf){room, 0, 4};
    assert_int_equal(tatu_updated_encode_report(2, 3, 4, TATU_SPAN_OF(payload), &buf),
                     TATU_ERR_FULL);
}

static void status_that_will_never_change_is_a_refusal(void **state)
{
    (void)state;
    static const struct {
        uint32_t status;
        enum tatu_err err;
    } rows[] = {
        {200, TATU_OK},
        {204, TATU_OK},
        {400, TATU_ERR_REJECTED},
        {413, TATU_ERR_REJECTED},
        {422, TATU_ERR_REJECTED},
        {404, TATU_ERR_NOT_FOUND},
        {403, TATU_ERR_UNREACHABLE},
        {500, TATU_ERR_UNREACHABLE},
        {503, TATU_ERR_UNREACHABLE},
        {302, TATU_ERR_UNREACHABLE},
    };
    for (size_t i = 0; i < TATU_COUNT_OF(rows); i++) {
        assert_int_equal(tatu_updated_name_status(rows[i].status), rows[i].err);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plan_takes_only_what_is_missing),
        cmocka_unit_test(plan_of_what_runs_changes_nothing),
        cmocka_unit_test(plan_removes_what_is_no_longer_deployed),
        cmocka_unit_test(plan_of_no_deployment_leaves_everything),
        cmocka_unit_test(deployment_of_another_device_or_of_the_past_is_refused),
        cmocka_unit_test(deployment_of_long_ago_is_refused_after_a_reset_as_well),
        cmocka_unit_test(ticket_is_renewed_at_a_quarter_of_its_grace),
        cmocka_unit_test(wish_is_what_the_service_reads),
        cmocka_unit_test(report_is_what_the_service_reads),
        cmocka_unit_test(status_that_will_never_change_is_a_refusal),
    };
    return cmocka_run_group_tests_name("update plan", tests, NULL, NULL);
}
