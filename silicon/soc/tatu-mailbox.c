/*
 * SPDX-License-Identifier: GPL-2.0-only
 * Mailbox between the A-core's secure world (side 0) and the vault (side 1): a doorbell each way
 * and 16 KiB of memory that both see.
 */
#include "qemu/osdep.h"

#include "hw/irq.h"
#include "qapi/error.h"
#include "tatu-soc.h"

#define SIDES 2

typedef struct Side {
    TatuMailbox *mailbox;
    MemoryRegion registers;
    qemu_irq irq;
    bool rung; /* by the other side */
} Side;

struct TatuMailbox {
    SysBusDevice parent;
    MemoryRegion memory;
    Side side[SIDES];
};

static void set_rung(Side *side, bool rung)
{
    side->rung = rung;
    qemu_set_irq(side->irq, rung);
}

static Side *other(Side *side)
{
    TatuMailbox *s = side->mailbox;

    return side == &s->side[0] ? &s->side[1] : &s->side[0];
}

static MemTxResult mailbox_read(void *opaque, hwaddr offset, uint64_t *out, unsigned size,
                                MemTxAttrs attrs)
{
    Side *side = opaque;

    if (offset != TATU_MAILBOX_STATUS) {
        return tatu_bus_error(TYPE_TATU_MAILBOX, offset);
    }
    *out = side->rung;
    return MEMTX_OK;
}

static MemTxResult mailbox_write(void *opaque, hwaddr offset, uint64_t value, unsigned size,
                                 MemTxAttrs attrs)
{
    Side *side = opaque;

    switch (offset) {
    case TATU_MAILBOX_RING:
        if (value & 1) {
            set_rung(other(side), true);
        }
        return MEMTX_OK;
    case TATU_MAILBOX_CLEAR:
        if (value & 1) {
            set_rung(side, false);
        }
        return MEMTX_OK;
    default:
        return tatu_bus_error(TYPE_TATU_MAILBOX, offset);
    }
}

static const MemoryRegionOps mailbox_ops = {
    .read_with_attrs = mailbox_read,
    .write_with_attrs = mailbox_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = TATU_WORD_ACCESS,
    .impl = TATU_WORD_ACCESS,
};

static void mailbox_reset(Object *obj)
{
    TatuMailbox *s = TATU_MAILBOX(obj);

    for (int i = 0; i < SIDES; i++) {
        set_rung(&s->side[i], false);
    }
}

static void mailbox_realize(DeviceState *dev, Error **errp)
{
    TatuMailbox *s = TATU_MAILBOX(dev);
    SysBusDevice *bus = SYS_BUS_DEVICE(dev);

    for (int i = 0; i < SIDES; i++) {
        Side *side = &s->side[i];

        side->mailbox = s;
        memory_region_init_io(&side->registers, OBJECT(s), &mailbox_ops, side, "tatu.mailbox",
                              TATU_REGISTERS_SIZE);
        sysbus_init_mmio(bus, &side->registers);
        sysbus_init_irq(bus, &side->irq);
    }
    memory_region_init_ram(&s->memory, OBJECT(s), "tatu.mailram", TATU_MAP_MAILRAM_SIZE, errp);
    sysbus_init_mmio(bus, &s->memory);
}

static void mailbox_class_init(ObjectClass *klass, void *data)
{
    DEVICE_CLASS(klass)->realize = mailbox_realize;
    RESETTABLE_CLASS(klass)->phases.hold = mailbox_reset;
}

static const TypeInfo mailbox_types[] = {{
    .name = TYPE_TATU_MAILBOX,
    .parent = TYPE_SYS_BUS_DEVICE,
    .instance_size = sizeof(TatuMailbox),
    .class_init = mailbox_class_init,
}};

DEFINE_TYPES(mailbox_types)
