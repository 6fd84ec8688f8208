/*
 * SPDX-License-Identifier: GPL-2.0-only
 * Vault control: releases the A-core, reads the straps, locks what the fab used, opens debug ports,
 * resets the chip. The tamper pin acts here without any core.
 */
#include "qemu/osdep.h"

#include "hw/irq.h"
#include "hw/qdev-properties.h"
#include "qemu/timer.h"
#include "target/arm/arm-powerctl.h"
#include "target/arm/cpu.h"
#include "tatu-soc.h"

#define STRAP_RECOVERY 1u
#define STRAP_TAMPER 2u
#define DEBUG_BITS (TATU_DEBUG_VAULT | TATU_DEBUG_ACORE | TATU_DEBUG_RT0 | TATU_DEBUG_RT1)

struct TatuVctl {
    SysBusDevice parent;
    MemoryRegion registers;
    TatuSysctl *sysctl;
    TatuFuses *fuses;
    TatuEngine *engine;
    ARMCPU *acore;
    qemu_irq irq; /* tamper */
    bool recovery;
    bool tamper;   /* level of the pin */
    bool tampered; /* it was raised since power on */
    bool released;
    bool locked;
    uint32_t debug;
    int64_t reset_at_ms;
};

static void release_acore(TatuVctl *s)
{
    if (!s->released) {
        s->released = true;
        arm_set_cpu_on_and_reset(s->acore->mp_affinity);
    }
}

static void lock(TatuVctl *s)
{
    s->locked = true;
    tatu_fuses_lock(s->fuses);
    tatu_engine_lock(s->engine);
}

static uint64_t uptime_ms(const TatuVctl *s)
{
    return qemu_clock_get_ms(QEMU_CLOCK_VIRTUAL) - s->reset_at_ms;
}

void tatu_vctl_set_recovery(TatuVctl *s, bool level)
{
    s->recovery = level;
}

/* A short pulse counts as much as a long one, and a reset does not hide it. */
void tatu_vctl_set_tamper(TatuVctl *s, bool level)
{
    if (level && !s->tamper) {
        s->tampered = true;
        tatu_engine_wipe(s->engine);
        qemu_irq_raise(s->irq);
    }
    s->tamper = level;
}

bool tatu_vctl_debug_is_open(const TatuVctl *s, uint32_t core)
{
    return (s->debug & core) != 0;
}

static MemTxResult vctl_read(void *opaque, hwaddr offset, uint64_t *out, unsigned size,
                             MemTxAttrs attrs)
{
    TatuVctl *s = opaque;

    switch (offset) {
    case TATU_VCTL_ACORE:
        *out = s->released;
        return MEMTX_OK;
    case TATU_VCTL_STRAPS:
        *out = (s->recovery ? STRAP_RECOVERY : 0) | (s->tampered ? STRAP_TAMPER : 0);
        return MEMTX_OK;
    case TATU_VCTL_REASON:
        *out = tatu_sysctl_reason(s->sysctl);
        return MEMTX_OK;
    case TATU_VCTL_LOCK:
        *out = s->locked;
        return MEMTX_OK;
    case TATU_VCTL_UPTIME_MS:
        *out = (uint32_t)uptime_ms(s);
        return MEMTX_OK;
    case TATU_VCTL_UPTIME_HI:
        *out = uptime_ms(s) >> 32;
        return MEMTX_OK;
    case TATU_VCTL_DEBUG:
        *out = s->debug;
        return MEMTX_OK;
    default:
        return tatu_bus_error(TYPE_TATU_VCTL, offset);
    }
}

static MemTxResult vctl_write(void *opaque, hwaddr offset, uint64_t value, unsigned size,
                              MemTxAttrs attrs)
{
    TatuVctl *s = opaque;

    switch (offset) {
    case TATU_VCTL_ACORE:
        if (value == 1) {
            release_acore(s);
        }
        return MEMTX_OK;
    case TATU_VCTL_RESET:
        (void)tatu_sysctl_power(s->sysctl, value,
                                s->tampered ? TATU_RESET_TAMPER : TATU_RESET_VAULT);
        return MEMTX_OK;
    case TATU_VCTL_DEBUG:
        s->debug = value & DEBUG_BITS;
        if (s->debug & TATU_DEBUG_VAULT) {
            tatu_engine_expose(s->engine); /* nobody signs as the device through the port */
        }
        return MEMTX_OK;
    case TATU_VCTL_LOCK:
        if (value & 1) {
            lock(s);
        }
        return MEMTX_OK;
    default:
        return tatu_bus_error(TYPE_TATU_VCTL, offset);
    }
}

static const MemoryRegionOps vctl_ops = {
    .read_with_attrs = vctl_read,
    .write_with_attrs = vctl_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = TATU_WORD_ACCESS,
    .impl = TATU_WORD_ACCESS,
};

static void vctl_reset(Object *obj)
{
    TatuVctl *s = TATU_VCTL(obj);

    s->released = false;
    s->locked = false;
    s->debug = 0;
    s->reset_at_ms = qemu_clock_get_ms(QEMU_CLOCK_VIRTUAL);
}

/* After the vault's interrupt controller has forgotten. */
static void vctl_reset_exit(Object *obj)
{
    TatuVctl *s = TATU_VCTL(obj);

    qemu_set_irq(s->irq, s->tampered);
}

static void vctl_realize(DeviceState *dev, Error **errp)
{
    TatuVctl *s = TATU_VCTL(dev);

    assert(s->sysctl && s->fuses && s->engine && s->acore);
    memory_region_init_io(&s->registers, OBJECT(s), &vctl_ops, s, "tatu.vctl", TATU_REGISTERS_SIZE);
    sysbus_init_mmio(SYS_BUS_DEVICE(dev), &s->registers);
    sysbus_init_irq(SYS_BUS_DEVICE(dev), &s->irq);
    s->tampered = s->tamper;
}

static Property vctl_properties[] = {
    DEFINE_PROP_LINK("sysctl", TatuVctl, sysctl, TYPE_TATU_SYSCTL, TatuSysctl *),
    DEFINE_PROP_LINK("fuses", TatuVctl, fuses, TYPE_TATU_FUSES, TatuFuses *),
    DEFINE_PROP_LINK("engine", TatuVctl, engine, TYPE_TATU_ENGINE, TatuEngine *),
    DEFINE_PROP_LINK("acore", TatuVctl, acore, TYPE_ARM_CPU, ARMCPU *),
    DEFINE_PROP_BOOL("recovery", TatuVctl, recovery, false),
    DEFINE_PROP_BOOL("tamper", TatuVctl, tamper, false),
    DEFINE_PROP_END_OF_LIST(),
};

static void vctl_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);

    dc->realize = vctl_realize;
    device_class_set_props(dc, vctl_properties);
    RESETTABLE_CLASS(klass)->phases.hold = vctl_reset;
    RESETTABLE_CLASS(klass)->phases.exit = vctl_reset_exit;
}

static const TypeInfo vctl_types[] = {{
    .name = TYPE_TATU_VCTL,
    .parent = TYPE_SYS_BUS_DEVICE,
    .instance_size = sizeof(TatuVctl),
    .class_init = vctl_class_init,
}};

DEFINE_TYPES(vctl_types)
