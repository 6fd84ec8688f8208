/*
 * SPDX-License-Identifier: GPL-2.0-only
 * The recovery port: what a polling driver uses of a PL011, with a receive buffer of 4 KiB. QEMU's
 * own model takes one byte per turn of the main loop, which is a minute for each image.
 */
#include "qemu/osdep.h"

#include "hw/qdev-properties.h"
#include "hw/qdev-properties-system.h"
#include "tatu-soc.h"

#define DATA 0x00
#define FLAGS 0x18
#define FLAG_RX_EMPTY 0x10
#define FLAG_RX_FULL 0x40
#define FLAG_TX_EMPTY 0x80
#define SETTING_FIRST 0x24 /* divisor, fraction, line, control: kept, and without meaning here */
#define SETTING_COUNT 4
#define BUFFER_SIZE 4096

struct TatuUart {
    SysBusDevice parent;
    MemoryRegion registers;
    CharBackend chr;
    uint32_t setting[SETTING_COUNT];
    uint8_t buffer[BUFFER_SIZE];
    unsigned at, count;
};

static uint8_t take(TatuUart *s)
{
    uint8_t byte;

    if (s->count == 0) {
        return 0;
    }
    byte = s->buffer[s->at];
    s->at = (s->at + 1) % BUFFER_SIZE;
    s->count--;
    if (s->count == 0) {
        qemu_chr_fe_accept_input(&s->chr);
    }
    return byte;
}

static bool is_setting(hwaddr offset)
{
    return offset >= SETTING_FIRST && offset < SETTING_FIRST + 4 * SETTING_COUNT;
}

static MemTxResult uart_read(void *opaque, hwaddr offset, uint64_t *out, unsigned size,
                             MemTxAttrs attrs)
{
    TatuUart *s = opaque;

    if (is_setting(offset)) {
        *out = s->setting[(offset - SETTING_FIRST) / 4];
        return MEMTX_OK;
    }
    switch (offset) {
    case DATA:
        *out = take(s);
        return MEMTX_OK;
    case FLAGS:
        *out = FLAG_TX_EMPTY | (s->count == 0 ? FLAG_RX_EMPTY : 0) |
               (s->count == BUFFER_SIZE ? FLAG_RX_FULL : 0);
        return MEMTX_OK;
    default:
        return tatu_bus_error("uart", offset);
    }
}

static MemTxResult uart_write(void *opaque, hwaddr offset, uint64_t value, unsigned size,
                              MemTxAttrs attrs)
{
    TatuUart *s = opaque;
    uint8_t byte = value;

    if (is_setting(offset)) {
        s->setting[(offset - SETTING_FIRST) / 4] = value;
        return MEMTX_OK;
    }
    if (offset != DATA) {
        return tatu_bus_error("uart", offset);
    }
    qemu_chr_fe_write(&s->chr, &byte, 1); /* lost when nobody reads, as on a line */
    return MEMTX_OK;
}

static const MemoryRegionOps uart_ops = {
    .read_with_attrs = uart_read,
    .write_with_attrs = uart_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = TATU_WORD_ACCESS,
    .impl = TATU_WORD_ACCESS,
};

static int can_receive(void *opaque)
{
    TatuUart *s = opaque;

    return BUFFER_SIZE - s->count;
}

static void receive(void *opaque, const uint8_t *bytes, int len)
{
    TatuUart *s = opaque;

    for (int i = 0; i < len && s->count < BUFFER_SIZE; i++) {
        s->buffer[(s->at + s->count) % BUFFER_SIZE] = bytes[i];
        s->count++;
    }
}

static void uart_realize(DeviceState *dev, Error **errp)
{
    TatuUart *s = TATU_UART(dev);

    memory_region_init_io(&s->registers, OBJECT(s), &uart_ops, s, "tatu.uart", TATU_REGISTERS_SIZE);
    sysbus_init_mmio(SYS_BUS_DEVICE(s), &s->registers);
    qemu_chr_fe_set_handlers(&s->chr, can_receive, receive, NULL, NULL, s, NULL, true);
}

static Property uart_properties[] = {
    DEFINE_PROP_CHR("chardev", TatuUart, chr),
    DEFINE_PROP_END_OF_LIST(),
};

static void uart_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);

    dc->realize = uart_realize;
    device_class_set_props(dc, uart_properties);
}

static const TypeInfo uart_types[] = {{
    .name = TYPE_TATU_UART,
    .parent = TYPE_SYS_BUS_DEVICE,
    .instance_size = sizeof(TatuUart),
    .class_init = uart_class_init,
}};

DEFINE_TYPES(uart_types)
