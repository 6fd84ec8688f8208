/* One simulated chip per test program, blank before every test. */
#ifndef TATU_MONITOR_SIM_FIXTURE_H
#define TATU_MONITOR_SIM_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "chip_sim.h"

static struct tatu_monitor_chip *chip;

static int fixture_open(void **state)
{
    (void)state;
    chip = sim_make();
    return chip == NULL;
}

static int fixture_close(void **state)
{
    (void)state;
    sim_free(chip);
    return 0;
}

static int fixture_blank(void **state)
{
    (void)state;
    sim_blank(chip);
    return 0;
}

#define FIXTURE_TEST(function) cmocka_unit_test_setup(function, fixture_blank)
#define FIXTURE_RUN(tests) cmocka_run_group_tests(tests, fixture_open, fixture_close)

#endif
