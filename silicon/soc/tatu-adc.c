/*
 * SPDX-License-Identifier: GPL-2.0-only
 * ADC controller of eight channels: a read converts what the board has put on the pin.
 */
#include "qemu/osdep.h"

#include "tatu-soc.h"

#define STEPS (1u << TATU_ADC_BITS)
#define SAMPLE_END (TATU_ADC_SAMPLE + 4 * TATU_ADC_CHANNEL_COUNT)
#define REFERENCE_END (TATU_ADC_REFERENCE + 4 * TATU_ADC_CHANNEL_COUNT)

struct TatuAdc {
    SysBusDevice parent;
    MemoryRegion registers;
    uint32_t microvolts[TATU_ADC_CHANNEL_COUNT]; /* the board's */
    uint32_t reference[TATU_ADC_CHANNEL_COUNT];
    uint32_t status;
};

void tatu_adc_set_microvolts(TatuAdc *s, unsigned channel, uint32_t microvolts)
{
    assert(channel < TATU_ADC_CHANNEL_COUNT);
    s->microvolts[channel] = microvolts;
}

static uint32_t convert(const TatuAdc *s, unsigned channel)
{
    uint64_t steps = (uint64_t)s->microvolts[channel] * STEPS / s->reference[channel];

    return MIN(steps, STEPS - 1);
}

static MemTxResult adc_read(void *opaque, hwaddr offset, uint64_t *out, unsigned size,
                            MemTxAttrs attrs)
{
    TatuAdc *s = opaque;

    switch (offset) {
    case TATU_ADC_SAMPLE ... SAMPLE_END - 1:
        *out = convert(s, (offset - TATU_ADC_SAMPLE) / 4);
        return MEMTX_OK;
    case TATU_ADC_REFERENCE ... REFERENCE_END - 1:
        *out = s->reference[(offset - TATU_ADC_REFERENCE) / 4];
        return MEMTX_OK;
    case TATU_ADC_STATUS:
        *out = s->status;
        return MEMTX_OK;
    default:
        return tatu_bus_error(TYPE_TATU_ADC, offset);
    }
}

static MemTxResult adc_write(void *opaque, hwaddr offset, uint64_t value, unsigned size,
                             MemTxAttrs attrs)
{
    TatuAdc *s = opaque;
    bool possible = value > 0 && value <= TATU_ADC_REFERENCE_MAX_UV;

    if (offset < TATU_ADC_REFERENCE || offset >= REFERENCE_END) {
        return tatu_bus_error(TYPE_TATU_ADC, offset);
    }
    if (possible) {
        s->reference[(offset - TATU_ADC_REFERENCE) / 4] = value;
    }
    s->status = possible ? 0 : TATU_ADC_REFUSED;
    return MEMTX_OK;
}

static const MemoryRegionOps adc_ops = {
    .read_with_attrs = adc_read,
    .write_with_attrs = adc_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = TATU_WORD_ACCESS,
    .impl = TATU_WORD_ACCESS,
};

static void adc_reset(Object *obj)
{
    TatuAdc *s = TATU_ADC(obj);

    for (unsigned n = 0; n < TATU_ADC_CHANNEL_COUNT; n++) {
        s->reference[n] = TATU_ADC_REFERENCE_MAX_UV;
    }
    s->status = 0;
}

static void adc_realize(DeviceState *dev, Error **errp)
{
    TatuAdc *s = TATU_ADC(dev);

    memory_region_init_io(&s->registers, OBJECT(s), &adc_ops, s, TYPE_TATU_ADC,
                          TATU_REGISTERS_SIZE);
    sysbus_init_mmio(SYS_BUS_DEVICE(dev), &s->registers);
}

static void adc_class_init(ObjectClass *klass, void *data)
{
    DEVICE_CLASS(klass)->realize = adc_realize;
    RESETTABLE_CLASS(klass)->phases.hold = adc_reset;
}

static const TypeInfo adc_types[] = {{
    .name = TYPE_TATU_ADC,
    .parent = TYPE_SYS_BUS_DEVICE,
    .instance_size = sizeof(TatuAdc),
    .class_init = adc_class_init,
}};

DEFINE_TYPES(adc_types)
