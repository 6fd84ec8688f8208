/*
 * SPDX-License-Identifier: GPL-2.0-only
 * The lab door: QEMU's own ways to look into a running chip exist on blank and on lab chips only.
 * This keeps a door from standing open by mistake. Who owns the host process owns the chip anyway.
 */
#include "qemu/osdep.h"

#include "block/aio.h"
#include "chardev/char.h"
#include "monitor/monitor-internal.h"
#include "qemu/error-report.h"
#include "qemu/main-loop.h"
#include "semihosting/semihost.h"
#include "sysemu/qtest.h"
#include "sysemu/runstate.h"
#include "tatu-random.h"
#include "tatu-soc.h"

static bool have_monitor(void)
{
    return !QTAILQ_EMPTY(&mon_list);
}

static bool have_qtest(void)
{
    return qtest_enabled() || qtest_driver();
}

static bool have_gdb(void)
{
    return qemu_chr_find("gdb") != NULL;
}

static bool have_semihosting(void)
{
    return semihosting_enabled(false);
}

static bool have_loader(void)
{
    bool several = false;

    return object_resolve_path_type("", "loader", &several) != NULL || several;
}

static bool have_migration(void)
{
    return runstate_check(RUN_STATE_INMIGRATE);
}

static const struct {
    bool (*open)(void);
    const char *name;
} doors[] = {
    {have_gdb, "-gdb or -s"}, /* before monitors: it brings one of its own */
    {have_monitor, "a monitor (-monitor, -qmp, -mon)"},
    {have_qtest, "-qtest"},
    {have_semihosting, "semihosting"},
    {have_loader, "-device loader"},
    {have_migration, "-incoming"},
    {tatu_random_is_faulty, "trng-fault"},
};

static void check_doors(void)
{
    for (size_t i = 0; i < ARRAY_SIZE(doors); i++) {
        if (doors[i].open()) {
            error_report("this chip is closed: %s needs a blank chip or one whose class has the "
                         "lab bit",
                         doors[i].name);
            exit(EXIT_FAILURE);
        }
    }
}

/* gdb's socket opens after the machine is made. With -S the machine waits, but the main loop turns:
 * this runs before the loop serves any socket. Without -S the run state changes first. */
static void check_late(void *opaque)
{
    check_doors();
}

static void check_running(void *opaque, bool running, RunState state)
{
    if (running) {
        check_doors();
    }
}

void tatu_lab_guard(const TatuFuses *fuses)
{
    if (tatu_fuses_lab(fuses)) {
        return;
    }
    check_doors();
    qemu_add_vm_change_state_handler(check_running, NULL);
    aio_bh_schedule_oneshot(qemu_get_aio_context(), check_late, NULL);
}
