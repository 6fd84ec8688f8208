/*
 * SPDX-License-Identifier: GPL-2.0-only
 * Peripheral firewall: each guarded peripheral is behind one gate for the A-core and one for each
 * real-time core. A gate looks at the owner at every access, so a change counts from the next one
 * on, whatever a core may have cached. The peripheral's interrupts go to its owner alone.
 */
#include "qemu/osdep.h"

#include "exec/memop.h"
#include "hw/irq.h"
#include "hw/qdev-properties.h"
#include "qapi/error.h"
#include "tatu-rt.h"

/* Numbered like the owners TATU_PFW_TO_ACORE, _RT0 and _RT1. */
#define SIDES (1 + TATU_RT_COUNT)

typedef struct Guarded Guarded;

typedef struct Gate {
    MemoryRegion region;
    Guarded *guarded;
    uint32_t side;
} Gate;

struct Guarded {
    Gate gate[SIDES];
    qemu_irq irq[SIDES][TATU_PFW_LINES];
    DeviceState *device;
    uint32_t owner;
    bool locked;
    bool level[TATU_PFW_LINES]; /* of the peripheral's interrupts */
};

struct TatuPfw {
    SysBusDevice parent;
    MemoryRegion registers;
    Guarded guarded[TATU_PFW_COUNT];
    uint32_t status;
};

/* ---- Gates ----------------------------------------------------------------------------------- */

static bool passes(const Gate *gate, MemTxAttrs attrs)
{
    uint32_t owner = gate->guarded->owner;

    if (owner == TATU_PFW_TO_SECURE) {
        return gate->side == TATU_PFW_TO_ACORE && attrs.secure;
    }
    return owner == gate->side;
}

static MemoryRegion *behind(const Gate *gate)
{
    return sysbus_mmio_get_region(SYS_BUS_DEVICE(gate->guarded->device), 0);
}

static MemTxResult gate_read(void *opaque, hwaddr offset, uint64_t *out, unsigned size,
                             MemTxAttrs attrs)
{
    const Gate *gate = opaque;

    if (!passes(gate, attrs)) {
        return tatu_bus_error(TYPE_TATU_PFW, offset);
    }
    return memory_region_dispatch_read(behind(gate), offset, out, size_memop(size) | MO_LE, attrs);
}

static MemTxResult gate_write(void *opaque, hwaddr offset, uint64_t value, unsigned size,
                              MemTxAttrs attrs)
{
    const Gate *gate = opaque;

    if (!passes(gate, attrs)) {
        return tatu_bus_error(TYPE_TATU_PFW, offset);
    }
    return memory_region_dispatch_write(behind(gate), offset, value, size_memop(size) | MO_LE,
                                        attrs);
}

static const MemoryRegionOps gate_ops = {
    .read_with_attrs = gate_read,
    .write_with_attrs = gate_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
};

MemoryRegion *tatu_pfw_gate(TatuPfw *s, unsigned n, uint32_t side)
{
    assert(n < TATU_PFW_COUNT && side < SIDES);
    return &s->guarded[n].gate[side].region;
}

/* ---- Interrupts ------------------------------------------------------------------------------ */

static void route(Guarded *guarded)
{
    uint32_t owner = guarded->owner;
    uint32_t to = owner == TATU_PFW_TO_SECURE ? TATU_PFW_TO_ACORE : owner;

    for (uint32_t side = 0; side < SIDES; side++) {
        for (unsigned line = 0; line < TATU_PFW_LINES; line++) {
            qemu_set_irq(guarded->irq[side][line], side == to && guarded->level[line]);
        }
    }
}

static void level_changed(void *opaque, int n, int level)
{
    TatuPfw *s = opaque;
    Guarded *guarded = &s->guarded[n / TATU_PFW_LINES];

    guarded->level[n % TATU_PFW_LINES] = level != 0;
    route(guarded);
}

/* ---- Registers ------------------------------------------------------------------------------- */

static bool set_owner(TatuPfw *s, uint32_t n, uint32_t owner)
{
    if (n >= TATU_PFW_COUNT || s->guarded[n].locked || owner > TATU_PFW_TO_SECURE) {
        return false;
    }
    s->guarded[n].owner = owner;
    route(&s->guarded[n]);
    return true;
}

static void lock(TatuPfw *s, uint32_t bits)
{
    for (uint32_t n = 0; n < TATU_PFW_COUNT; n++) {
        s->guarded[n].locked |= (bits >> n) & 1;
    }
}

static uint32_t locked_bits(const TatuPfw *s)
{
    uint32_t bits = 0;

    for (uint32_t n = 0; n < TATU_PFW_COUNT; n++) {
        bits |= (uint32_t)s->guarded[n].locked << n;
    }
    return bits;
}

static MemTxResult pfw_read(void *opaque, hwaddr offset, uint64_t *out, unsigned size,
                            MemTxAttrs attrs)
{
    TatuPfw *s = opaque;

    switch (offset) {
    case TATU_PFW_OWNER ... TATU_PFW_LOCK - 1:
        *out = offset / 4 < TATU_PFW_COUNT ? s->guarded[offset / 4].owner : 0;
        return MEMTX_OK;
    case TATU_PFW_LOCK:
        *out = locked_bits(s);
        return MEMTX_OK;
    case TATU_PFW_STATUS:
        *out = s->status;
        return MEMTX_OK;
    default:
        return tatu_bus_error(TYPE_TATU_PFW, offset);
    }
}

static MemTxResult pfw_write(void *opaque, hwaddr offset, uint64_t value, unsigned size,
                             MemTxAttrs attrs)
{
    TatuPfw *s = opaque;

    switch (offset) {
    case TATU_PFW_OWNER ... TATU_PFW_LOCK - 1:
        s->status = set_owner(s, offset / 4, value) ? 0 : TATU_PFW_REFUSED;
        return MEMTX_OK;
    case TATU_PFW_LOCK:
        lock(s, value);
        s->status = 0;
        return MEMTX_OK;
    default:
        return tatu_bus_error(TYPE_TATU_PFW, offset);
    }
}

static const MemoryRegionOps pfw_ops = {
    .read_with_attrs = pfw_read,
    .write_with_attrs = pfw_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = TATU_WORD_ACCESS,
    .impl = TATU_WORD_ACCESS,
};

/* ---- Life ------------------------------------------------------------------------------------ */

static void pfw_reset(Object *obj)
{
    TatuPfw *s = TATU_PFW(obj);

    s->status = 0;
    for (uint32_t n = 0; n < TATU_PFW_COUNT; n++) {
        s->guarded[n].owner = TATU_PFW_TO_ACORE;
        s->guarded[n].locked = false;
        route(&s->guarded[n]);
    }
}

static void make_gate(TatuPfw *s, Guarded *guarded, uint32_t side)
{
    Gate *gate = &guarded->gate[side];
    uint64_t size;

    gate->guarded = guarded;
    gate->side = side;
    size = memory_region_size(behind(gate));
    memory_region_init_io(&gate->region, OBJECT(s), &gate_ops, gate, "tatu.gate", size);
    qdev_init_gpio_out_named(DEVICE(s), guarded->irq[side], TATU_PFW_IRQ, TATU_PFW_LINES);
}

static void pfw_init(Object *obj)
{
    TatuPfw *s = TATU_PFW(obj);

    for (int n = 0; n < TATU_PFW_COUNT; n++) {
        g_autofree char *name = g_strdup_printf("device%d", n);

        object_property_add_link(obj, name, TYPE_SYS_BUS_DEVICE, (Object **)&s->guarded[n].device,
                                 qdev_prop_allow_set_link_before_realize, OBJ_PROP_LINK_STRONG);
    }
    qdev_init_gpio_in(DEVICE(obj), level_changed, TATU_PFW_COUNT * TATU_PFW_LINES);
}

static void pfw_realize(DeviceState *dev, Error **errp)
{
    TatuPfw *s = TATU_PFW(dev);

    for (int n = 0; n < TATU_PFW_COUNT; n++) {
        assert(s->guarded[n].device);
        for (uint32_t side = 0; side < SIDES; side++) {
            make_gate(s, &s->guarded[n], side);
        }
    }
    memory_region_init_io(&s->registers, OBJECT(s), &pfw_ops, s, "tatu.pfw", TATU_REGISTERS_SIZE);
    sysbus_init_mmio(SYS_BUS_DEVICE(dev), &s->registers);
}

static void pfw_class_init(ObjectClass *klass, void *data)
{
    DEVICE_CLASS(klass)->realize = pfw_realize;
    RESETTABLE_CLASS(klass)->phases.hold = pfw_reset;
}

static const TypeInfo pfw_types[] = {{
    .name = TYPE_TATU_PFW,
    .parent = TYPE_SYS_BUS_DEVICE,
    .instance_size = sizeof(TatuPfw),
    .instance_init = pfw_init,
    .class_init = pfw_class_init,
}};

DEFINE_TYPES(pfw_types)
