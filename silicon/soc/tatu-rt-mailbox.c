/*
 * SPDX-License-Identifier: GPL-2.0-only
 * Mailbox between the A-core and one real-time core: a FIFO of {command, data} to the core and
 * eight doorbell bits each way. Offsets are those that programs for the core's map know.
 */
#include "qemu/osdep.h"

#include "hw/irq.h"
#include "tatu-rt.h"

#define BELL_BITS 0xffu

enum side_number { SIDE_ACORE, SIDE_CORE, SIDES };

typedef struct Side {
    TatuRtMailbox *mailbox;
    MemoryRegion registers;
    qemu_irq irq;
    uint32_t enable;
    uint32_t bells;
} Side;

typedef struct Entry {
    uint32_t command;
    uint32_t data;
} Entry;

struct TatuRtMailbox {
    SysBusDevice parent;
    Side side[SIDES];
    Entry fifo[TATU_RTMAIL_DEPTH];
    uint32_t first;
    uint32_t count;
    uint32_t data; /* for the next push */
};

/* ---- Doorbells ------------------------------------------------------------------------------- */

static void show(Side *side)
{
    qemu_set_irq(side->irq, (side->bells & side->enable) != 0);
}

static void ring(Side *side, uint32_t bits)
{
    side->bells |= bits & BELL_BITS;
    show(side);
}

static void quiet(Side *side)
{
    side->enable = 0;
    side->bells = 0;
    show(side);
}

static Side *other(Side *side)
{
    Side *sides = side->mailbox->side;

    return side == &sides[SIDE_ACORE] ? &sides[SIDE_CORE] : &sides[SIDE_ACORE];
}

/* What both sides have alike. */
static bool bells_read(const Side *side, hwaddr offset, uint64_t *out)
{
    switch (offset) {
    case TATU_RTMAIL_ENABLE:
        *out = side->enable;
        return true;
    case TATU_RTMAIL_BELLS:
        *out = side->bells;
        return true;
    default:
        return false;
    }
}

static bool bells_write(Side *side, hwaddr offset, uint32_t value)
{
    switch (offset) {
    case TATU_RTMAIL_RING:
        ring(other(side), value);
        return true;
    case TATU_RTMAIL_ENABLE:
        side->enable = value & BELL_BITS;
        break;
    case TATU_RTMAIL_BELLS:
        side->bells &= ~value;
        break;
    default:
        return false;
    }
    show(side);
    return true;
}

/* ---- FIFO ------------------------------------------------------------------------------------ */

static void push(TatuRtMailbox *s, uint32_t command)
{
    if (s->count < TATU_RTMAIL_DEPTH) {
        Entry *entry = &s->fifo[(s->first + s->count) % TATU_RTMAIL_DEPTH];

        entry->command = command;
        entry->data = s->data;
        s->count++;
    }
    s->data = 0;
}

static Entry oldest(const TatuRtMailbox *s)
{
    return s->count > 0 ? s->fifo[s->first] : (Entry){0, 0};
}

static uint32_t pop(TatuRtMailbox *s)
{
    uint32_t command = oldest(s).command;

    if (s->count > 0) {
        s->first = (s->first + 1) % TATU_RTMAIL_DEPTH;
        s->count--;
    }
    return command;
}

static void empty(TatuRtMailbox *s)
{
    s->first = 0;
    s->count = 0;
}

void tatu_rt_mailbox_core_held(TatuRtMailbox *s)
{
    empty(s);
    quiet(&s->side[SIDE_CORE]);
}

/* ---- Registers ------------------------------------------------------------------------------- */

static MemTxResult acore_read(void *opaque, hwaddr offset, uint64_t *out, unsigned size,
                              MemTxAttrs attrs)
{
    Side *side = opaque;

    if (bells_read(side, offset, out)) {
        return MEMTX_OK;
    }
    switch (offset) {
    case TATU_RTMAIL_PUSH_DATA:
        *out = side->mailbox->data;
        return MEMTX_OK;
    case TATU_RTMAIL_PUSH_COUNT:
        *out = side->mailbox->count;
        return MEMTX_OK;
    default:
        return tatu_bus_error(TYPE_TATU_RT_MAILBOX, offset);
    }
}

static MemTxResult acore_write(void *opaque, hwaddr offset, uint64_t value, unsigned size,
                               MemTxAttrs attrs)
{
    Side *side = opaque;

    if (bells_write(side, offset, value)) {
        return MEMTX_OK;
    }
    switch (offset) {
    case TATU_RTMAIL_PUSH_COMMAND:
        push(side->mailbox, value);
        return MEMTX_OK;
    case TATU_RTMAIL_PUSH_DATA:
        side->mailbox->data = value;
        return MEMTX_OK;
    default:
        return tatu_bus_error(TYPE_TATU_RT_MAILBOX, offset);
    }
}

static MemTxResult core_read(void *opaque, hwaddr offset, uint64_t *out, unsigned size,
                             MemTxAttrs attrs)
{
    Side *side = opaque;

    if (bells_read(side, offset, out)) {
        return MEMTX_OK;
    }
    switch (offset) {
    case TATU_RTMAIL_POP_COMMAND:
        *out = pop(side->mailbox);
        return MEMTX_OK;
    case TATU_RTMAIL_POP_DATA:
        *out = oldest(side->mailbox).data;
        return MEMTX_OK;
    case TATU_RTMAIL_POP_COUNT:
        *out = side->mailbox->count;
        return MEMTX_OK;
    default:
        return tatu_bus_error(TYPE_TATU_RT_MAILBOX, offset);
    }
}

static MemTxResult core_write(void *opaque, hwaddr offset, uint64_t value, unsigned size,
                              MemTxAttrs attrs)
{
    if (bells_write(opaque, offset, value)) {
        return MEMTX_OK;
    }
    return tatu_bus_error(TYPE_TATU_RT_MAILBOX, offset);
}

static const MemoryRegionOps side_ops[SIDES] = {
    [SIDE_ACORE] =
        {
            .read_with_attrs = acore_read,
            .write_with_attrs = acore_write,
            .endianness = DEVICE_LITTLE_ENDIAN,
            .valid = TATU_WORD_ACCESS,
            .impl = TATU_WORD_ACCESS,
        },
    [SIDE_CORE] =
        {
            .read_with_attrs = core_read,
            .write_with_attrs = core_write,
            .endianness = DEVICE_LITTLE_ENDIAN,
            .valid = TATU_WORD_ACCESS,
            .impl = TATU_WORD_ACCESS,
        },
};

/* ---- Life ------------------------------------------------------------------------------------ */

static void mailbox_reset(Object *obj)
{
    TatuRtMailbox *s = TATU_RT_MAILBOX(obj);

    empty(s);
    s->data = 0;
    for (int i = 0; i < SIDES; i++) {
        quiet(&s->side[i]);
    }
}

static void mailbox_realize(DeviceState *dev, Error **errp)
{
    TatuRtMailbox *s = TATU_RT_MAILBOX(dev);
    SysBusDevice *bus = SYS_BUS_DEVICE(dev);

    for (int i = 0; i < SIDES; i++) {
        Side *side = &s->side[i];

        side->mailbox = s;
        memory_region_init_io(&side->registers, OBJECT(s), &side_ops[i], side, "tatu.rt-mailbox",
                              TATU_REGISTERS_SIZE);
        sysbus_init_mmio(bus, &side->registers);
        sysbus_init_irq(bus, &side->irq);
    }
}

static void mailbox_class_init(ObjectClass *klass, void *data)
{
    DEVICE_CLASS(klass)->realize = mailbox_realize;
    RESETTABLE_CLASS(klass)->phases.hold = mailbox_reset;
}

static const TypeInfo mailbox_types[] = {{
    .name = TYPE_TATU_RT_MAILBOX,
    .parent = TYPE_SYS_BUS_DEVICE,
    .instance_size = sizeof(TatuRtMailbox),
    .class_init = mailbox_class_init,
}};

DEFINE_TYPES(mailbox_types)
