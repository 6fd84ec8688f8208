#include "call.h"
#include "chip.h"
#include "mem.h"
#include "proto/map.h"

#define WATCHDOG_MS_MAX 60000u
#define PFW_REFUSED 2u /* of STATUS */
#define CORE_POLL_MAX 1000000u

static void put(struct tatu_monitor *m, uint32_t address, uint32_t value)
{
    tatu_monitor_put_register(m->chip, address, value);
}

static uint32_t core_register(uint32_t core, uint32_t offset)
{
    return TATU_MAP_RTCTL_BASE + core * TATU_RTCTL_STRIDE + offset;
}

/* Tells a core what to do, and waits until it is done. */
static enum tatu_err order_core(struct tatu_monitor *m, uint32_t core, uint32_t offset,
                                uint32_t value)
{
    put(m, core_register(core, offset), value);
    for (uint32_t i = 0; i < CORE_POLL_MAX; i++) {
        if ((tatu_monitor_get_register(m->chip, core_register(core, TATU_RTCTL_STATUS)) &
             TATU_RTCTL_BUSY) == 0) {
            return TATU_OK;
        }
    }
    return TATU_ERR_TIMEOUT;
}

TATU_MONITOR_CALL(watchdog)
{
    if (in->words[0] > WATCHDOG_MS_MAX) {
        return TATU_ERR_ARGUMENT;
    }
    put(m, TATU_MAP_SYSCTL_BASE + TATU_SYSCTL_WATCHDOG_MS, in->words[0]);
    return TATU_OK;
}

/* At least one source, or nothing but the power would end it. */
TATU_MONITOR_CALL(power_down)
{
    uint32_t wake = in->words[0];
    if (wake == 0 || (wake & ~(uint32_t)(TATU_SYSCTL_WAKE_ALARM | TATU_SYSCTL_WAKE_PIN)) != 0) {
        return TATU_ERR_ARGUMENT;
    }
    put(m, TATU_MAP_SYSCTL_BASE + TATU_SYSCTL_WAKE, wake);
    tatu_monitor_power_down(m->chip);
    return TATU_OK;
}

TATU_MONITOR_CALL(set_owner)
{
    if (in->words[0] >= TATU_PFW_COUNT || in->words[1] > TATU_PFW_TO_SECURE) {
        return TATU_ERR_ARGUMENT;
    }
    put(m, TATU_MAP_PFW_BASE + TATU_PFW_OWNER + 4 * in->words[0], in->words[1]);
    uint32_t status = tatu_monitor_get_register(m->chip, TATU_MAP_PFW_BASE + TATU_PFW_STATUS);
    return (status & PFW_REFUSED) == 0 ? TATU_OK : TATU_ERR_STATE;
}

TATU_MONITOR_CALL(lock_owners)
{
    put(m, TATU_MAP_PFW_BASE + TATU_PFW_LOCK, (1u << TATU_PFW_COUNT) - 1u);
    return TATU_OK;
}

/* Words: core, offset and length in the image's body. An installed image was verified where it
 * lies, and nothing changes it there. */
TATU_MONITOR_CALL(rt_start)
{
    const struct tatu_monitor_app *app =
        tatu_monitor_find_app(m->apps.installed, m->apps.installed_count, in->bytes.data, NULL);
    uint32_t core = in->words[0];
    uint32_t offset = in->words[1];
    if (app == NULL) {
        return TATU_ERR_NOT_FOUND;
    }
    if (core >= TATU_RT_COUNT || offset > app->image.body_len ||
        in->words[2] > app->image.body_len - offset) {
        return TATU_ERR_ARGUMENT;
    }
    if ((tatu_monitor_get_register(m->chip, core_register(core, TATU_RTCTL_STATUS)) &
         TATU_RTCTL_RUNNING) != 0) {
        return TATU_ERR_STATE;
    }
    TATU_TRY(tatu_monitor_load_core(m->chip, core, app->place.offset + offset, in->words[2]));
    return order_core(m, core, TATU_RTCTL_CONTROL, 1);
}

/* Holds the core, and closes its view of flash. */
TATU_MONITOR_CALL(rt_stop)
{
    if (in->words[0] >= TATU_RT_COUNT) {
        return TATU_ERR_ARGUMENT;
    }
    TATU_TRY(order_core(m, in->words[0], TATU_RTCTL_CONTROL, 0));
    return order_core(m, in->words[0], TATU_RTCTL_XIP_LENGTH, 0);
}

TATU_MONITOR_CALL(rt_status)
{
    uint32_t core = in->words[0];
    if (core >= TATU_RT_COUNT) {
        return TATU_ERR_ARGUMENT;
    }
    TATU_TRY(
        put_word(out, tatu_monitor_get_register(m->chip, core_register(core, TATU_RTCTL_STATUS))));
    return put_word(out,
                    tatu_monitor_get_register(m->chip, core_register(core, TATU_RTCTL_FAULT_AT)));
}
