#include "backup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

/* A monitor that answers a list: steps left, or an error as 100 + its number. */
struct world {
    struct tatu_os_monitor monitor;
    const uint8_t *answers;
    size_t asked;
};

static enum tatu_err call(void *context, uint32_t number, struct tatu_span in, struct tatu_buf *out)
{
    struct world *world = context;
    uint8_t answer[4] = {world->answers[world->asked++]};
    assert_int_equal(number, TATU_SMC_REPAIR);
    assert_int_equal(in.len, 0);
    if (answer[0] >= 100) {
        return (enum tatu_err)(answer[0] - 100);
    }
    return tatu_base_put_bytes(out, TATU_SPAN_OF(answer));
}

/* Steps until it is done; how often it was said to be mended. */
static int run(struct world *world, const uint8_t *answers, size_t count)
{
    struct tatu_backup backup = {.is_done = false};
    int mended = 0;
    *world = (struct world){.answers = answers};
    world->monitor = (struct tatu_os_monitor){.call = call, .context = world, .fd = -1};
    for (size_t i = 0; i < count + 3; i++) {
        bool now = false;
        (void)tatu_backup_step(&backup, &world->monitor, &now);
        mended += now;
        if (world->asked == count) {
            assert_true(backup.is_done);
        }
    }
    assert_int_equal(world->asked, count);
    return mended;
}

static void good_set_is_looked_at_once_a_boot(void **state)
{
    static const uint8_t answers[] = {5, 4, 3, 2, 1, 0};
    struct world world;
    (void)state;
    assert_int_equal(run(&world, answers, sizeof(answers)), 0);
}

static void damaged_set_is_mended_wherever_the_damage_is(void **state)
{
    static const uint8_t first[] = {6, 5, 4, 3, 2, 1, 0};
    static const uint8_t middle[] = {5, 4, 6, 5, 4, 3, 2, 1, 0};
    static const uint8_t last[] = {5, 4, 3, 2, 1, 6, 5, 4, 3, 2, 1, 0};
    struct world world;
    (void)state;
    assert_int_equal(run(&world, first, sizeof(first)), 1);
    assert_int_equal(run(&world, middle, sizeof(middle)), 1);
    assert_int_equal(run(&world, last, sizeof(last)), 1);
}

static void step_that_fails_is_taken_again_or_given_up(void **state)
{
    static const uint8_t later[] = {100 + TATU_ERR_STATE, 100 + TATU_ERR_IO, 5, 4, 3, 2, 1, 0};
    static const uint8_t never[] = {6, 100 + TATU_ERR_SIGNATURE};
    struct world world;
    (void)state;
    assert_int_equal(run(&world, later, sizeof(later)), 0);
    assert_int_equal(run(&world, never, sizeof(never)), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_set_is_looked_at_once_a_boot),
        cmocka_unit_test(damaged_set_is_mended_wherever_the_damage_is),
        cmocka_unit_test(step_that_fails_is_taken_again_or_given_up),
    };
    return cmocka_run_group_tests_name("backup set", tests, NULL, NULL);
}
