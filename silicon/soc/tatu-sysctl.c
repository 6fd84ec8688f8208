/*
 * SPDX-License-Identifier: GPL-2.0-only
 * System controller of the secure world: reset, power off, power down, watchdog, renewal
 * count-down, reason of the last reset and one word that survives resets.
 *
 * Power down is a reset that leaves all cores off (tatu.c holds them and empties the memories) and
 * a second one when a wake source speaks.
 */
#include "qemu/osdep.h"

#include "hw/irq.h"
#include "qemu/timer.h"
#include "sysemu/runstate.h"
#include "tatu-soc.h"

#define WAKE_BITS (TATU_SYSCTL_WAKE_ALARM | TATU_SYSCTL_WAKE_PIN)
#define GOING_DOWN UINT32_MAX /* the reset under way begins power down */

struct TatuSysctl {
    SysBusDevice parent;
    MemoryRegion registers;
    QEMUTimer *watchdog;
    QEMUTimer *renewal;
    uint32_t scratch;
    uint32_t reason;
    uint32_t pending; /* why the reset under way was asked for; 0: nobody inside the chip did */
    uint32_t wake;
    bool down;
    bool alarm; /* the RTC's interrupt */
    bool pin;   /* level of WAKEUP */
    bool fell;  /* WAKEUP fell since WAKE was written */
};

void tatu_sysctl_reset_chip(TatuSysctl *s, uint32_t reason)
{
    if (s->pending == 0) {
        s->pending = reason;
    }
    qemu_system_reset_request(SHUTDOWN_CAUSE_GUEST_RESET);
}

uint32_t tatu_sysctl_reason(const TatuSysctl *s)
{
    return s->reason;
}

void tatu_sysctl_power_off(void)
{
    qemu_system_shutdown_request(SHUTDOWN_CAUSE_GUEST_SHUTDOWN);
}

bool tatu_sysctl_power(TatuSysctl *s, uint32_t word, uint32_t reason)
{
    switch (word) {
    case TATU_SYSCTL_POWER_OFF:
        tatu_sysctl_power_off();
        return true;
    case TATU_SYSCTL_POWER_RESET:
        tatu_sysctl_reset_chip(s, reason);
        return true;
    default:
        return false;
    }
}

bool tatu_sysctl_is_down(const TatuSysctl *s)
{
    return s->down;
}

/* ---- Power down ------------------------------------------------------------------------------ */

static void power_down(TatuSysctl *s)
{
    tatu_sysctl_reset_chip(s, GOING_DOWN);
}

static void wake_if_due(TatuSysctl *s)
{
    if (!s->down) {
        return;
    }
    if ((s->wake & TATU_SYSCTL_WAKE_ALARM) && s->alarm) {
        tatu_sysctl_reset_chip(s, TATU_RESET_ALARM);
    } else if ((s->wake & TATU_SYSCTL_WAKE_PIN) && s->fell) {
        tatu_sysctl_reset_chip(s, TATU_RESET_WAKEUP);
    }
}

static void alarm_changed(void *opaque, int n, int level)
{
    TatuSysctl *s = opaque;

    s->alarm = level != 0;
    wake_if_due(s);
}

void tatu_sysctl_set_wakeup(TatuSysctl *s, bool level)
{
    s->fell |= s->pin && !level;
    s->pin = level;
    wake_if_due(s);
}

/* ---- Count-downs: both in the time in which the chip runs ------------------------------------ */

static void watchdog_bites(void *opaque)
{
    tatu_sysctl_reset_chip(opaque, TATU_RESET_WATCHDOG);
}

static void feed_watchdog(TatuSysctl *s, uint32_t ms)
{
    if (ms == 0) {
        timer_del(s->watchdog);
    } else {
        timer_mod(s->watchdog, qemu_clock_get_ms(QEMU_CLOCK_VIRTUAL) + ms);
    }
}

static void renewal_ends(void *opaque)
{
    tatu_sysctl_reset_chip(opaque, TATU_RESET_RENEWAL);
}

static void restart_renewal(TatuSysctl *s, uint32_t seconds)
{
    if (seconds > 0) {
        timer_mod(s->renewal, qemu_clock_get_ms(QEMU_CLOCK_VIRTUAL) + seconds * INT64_C(1000));
    }
}

/* Rounded up: 0 means that it was never started. */
static uint32_t renewal_left(TatuSysctl *s)
{
    int64_t left = timer_expire_time_ns(s->renewal) - qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);

    if (!timer_pending(s->renewal)) {
        return 0;
    }
    return left > 0 ? DIV_ROUND_UP(left, NANOSECONDS_PER_SECOND) : 1;
}

/* ---- Registers ------------------------------------------------------------------------------- */

static MemTxResult sysctl_read(void *opaque, hwaddr offset, uint64_t *out, unsigned size,
                               MemTxAttrs attrs)
{
    TatuSysctl *s = opaque;

    switch (offset) {
    case TATU_SYSCTL_REASON:
        *out = s->reason;
        return MEMTX_OK;
    case TATU_SYSCTL_SCRATCH:
        *out = s->scratch;
        return MEMTX_OK;
    case TATU_SYSCTL_WAKE:
        *out = s->wake;
        return MEMTX_OK;
    case TATU_SYSCTL_RENEWAL_S:
        *out = renewal_left(s);
        return MEMTX_OK;
    default:
        return tatu_bus_error(TYPE_TATU_SYSCTL, offset);
    }
}

static MemTxResult sysctl_write(void *opaque, hwaddr offset, uint64_t value, unsigned size,
                                MemTxAttrs attrs)
{
    TatuSysctl *s = opaque;

    switch (offset) {
    case TATU_SYSCTL_POWER:
        if (value == TATU_SYSCTL_POWER_DOWN) {
            power_down(s);
        } else {
            (void)tatu_sysctl_power(s, value, TATU_RESET_SOFTWARE);
        }
        return MEMTX_OK;
    case TATU_SYSCTL_WATCHDOG_MS:
        feed_watchdog(s, value);
        return MEMTX_OK;
    case TATU_SYSCTL_SCRATCH:
        s->scratch = value;
        return MEMTX_OK;
    case TATU_SYSCTL_WAKE:
        s->wake = value & WAKE_BITS;
        s->fell = false;
        return MEMTX_OK;
    case TATU_SYSCTL_RENEWAL_S:
        restart_renewal(s, value);
        return MEMTX_OK;
    default:
        return tatu_bus_error(TYPE_TATU_SYSCTL, offset);
    }
}

static const MemoryRegionOps sysctl_ops = {
    .read_with_attrs = sysctl_read,
    .write_with_attrs = sysctl_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = TATU_WORD_ACCESS,
    .impl = TATU_WORD_ACCESS,
};

static void sysctl_reset(Object *obj)
{
    TatuSysctl *s = TATU_SYSCTL(obj);

    s->down = s->pending == GOING_DOWN;
    if (!s->down) {
        if (s->reason == 0) {
            s->reason = TATU_RESET_POWER_ON;
        } else {
            s->reason = s->pending ? s->pending : TATU_RESET_PIN;
        }
        s->wake = 0;
        s->fell = false;
    }
    s->pending = 0;
    timer_del(s->watchdog);
    timer_del(s->renewal);
}

/* What spoke before the chip was down. */
static void sysctl_reset_exit(Object *obj)
{
    wake_if_due(TATU_SYSCTL(obj));
}

static void sysctl_init(Object *obj)
{
    TATU_SYSCTL(obj)->pin = true;
    qdev_init_gpio_in(DEVICE(obj), alarm_changed, 1);
}

static void sysctl_realize(DeviceState *dev, Error **errp)
{
    TatuSysctl *s = TATU_SYSCTL(dev);

    s->watchdog = timer_new_ms(QEMU_CLOCK_VIRTUAL, watchdog_bites, s);
    s->renewal = timer_new_ms(QEMU_CLOCK_VIRTUAL, renewal_ends, s);
    memory_region_init_io(&s->registers, OBJECT(s), &sysctl_ops, s, "tatu.sysctl",
                          TATU_REGISTERS_SIZE);
    sysbus_init_mmio(SYS_BUS_DEVICE(dev), &s->registers);
}

static void sysctl_class_init(ObjectClass *klass, void *data)
{
    DEVICE_CLASS(klass)->realize = sysctl_realize;
    RESETTABLE_CLASS(klass)->phases.hold = sysctl_reset;
    RESETTABLE_CLASS(klass)->phases.exit = sysctl_reset_exit;
}

static const TypeInfo sysctl_types[] = {{
    .name = TYPE_TATU_SYSCTL,
    .parent = TYPE_SYS_BUS_DEVICE,
    .instance_size = sizeof(TatuSysctl),
    .instance_init = sysctl_init,
    .class_init = sysctl_class_init,
}};

DEFINE_TYPES(sysctl_types)
