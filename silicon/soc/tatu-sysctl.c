/*
 * SPDX-License-Identifier: GPL-2.0-only
 * System controller of the secure world: reset, power off, watchdog, reason of the last reset and
 * one word that survives resets.
 */
#include "qemu/osdep.h"

#include "qemu/timer.h"
#include "sysemu/runstate.h"
#include "tatu-soc.h"

struct TatuSysctl {
    SysBusDevice parent;
    MemoryRegion registers;
    QEMUTimer *watchdog;
    uint32_t scratch;
    uint32_t reason;
    uint32_t pending; /* why the reset under way was asked for; 0: nobody inside the chip did */
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
        (void)tatu_sysctl_power(s, value, TATU_RESET_SOFTWARE);
        return MEMTX_OK;
    case TATU_SYSCTL_WATCHDOG_MS:
        feed_watchdog(s, value);
        return MEMTX_OK;
    case TATU_SYSCTL_SCRATCH:
        s->scratch = value;
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
    bool first = s->reason == 0;

    if (first) {
        s->reason = TATU_RESET_POWER_ON;
    } else {
        s->reason = s->pending ? s->pending : TATU_RESET_PIN;
    }
    s->pending = 0;
    timer_del(s->watchdog);
}

static void sysctl_realize(DeviceState *dev, Error **errp)
{
    TatuSysctl *s = TATU_SYSCTL(dev);

    s->watchdog = timer_new_ms(QEMU_CLOCK_VIRTUAL, watchdog_bites, s);
    memory_region_init_io(&s->registers, OBJECT(s), &sysctl_ops, s, "tatu.sysctl",
                          TATU_REGISTERS_SIZE);
    sysbus_init_mmio(SYS_BUS_DEVICE(dev), &s->registers);
}

static void sysctl_class_init(ObjectClass *klass, void *data)
{
    DEVICE_CLASS(klass)->realize = sysctl_realize;
    RESETTABLE_CLASS(klass)->phases.hold = sysctl_reset;
}

static const TypeInfo sysctl_types[] = {{
    .name = TYPE_TATU_SYSCTL,
    .parent = TYPE_SYS_BUS_DEVICE,
    .instance_size = sizeof(TatuSysctl),
    .class_init = sysctl_class_init,
}};

DEFINE_TYPES(sysctl_types)
