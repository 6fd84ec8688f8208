/*
 * SPDX-License-Identifier: GPL-2.0-only
 * PWM controller of four channels. No time passes in it: the board sees period and duty as numbers.
 */
#include "qemu/osdep.h"

#include "tatu-soc.h"

#define CONTROL_BITS (TATU_PWM_ENABLE | TATU_PWM_INVERSED)

typedef struct Channel {
    uint32_t period, duty; /* as written, for the next CONTROL */
    uint32_t control, status;
    TatuPwmOutput output;
} Channel;

struct TatuPwm {
    SysBusDevice parent;
    MemoryRegion registers;
    Channel channel[TATU_PWM_CHANNEL_COUNT];
    void (*changed)(void *opaque, unsigned controller, unsigned n);
    void *opaque;
    unsigned controller;
};

const TatuPwmOutput *tatu_pwm_output(const TatuPwm *s, unsigned channel)
{
    assert(channel < TATU_PWM_CHANNEL_COUNT);
    return &s->channel[channel].output;
}

void tatu_pwm_watch(TatuPwm *s, void (*changed)(void *opaque, unsigned controller, unsigned n),
                    void *opaque, unsigned controller)
{
    s->changed = changed;
    s->opaque = opaque;
    s->controller = controller;
}

static bool is_same(const TatuPwmOutput *a, const TatuPwmOutput *b)
{
    return a->period_ns == b->period_ns && a->duty_ns == b->duty_ns && a->inversed == b->inversed &&
           a->enabled == b->enabled;
}

static void put(TatuPwm *s, unsigned n, const TatuPwmOutput *output)
{
    bool same = is_same(&s->channel[n].output, output);

    s->channel[n].output = *output;
    if (!same && s->changed) {
        s->changed(s->opaque, s->controller, n);
    }
}

static bool set_control(TatuPwm *s, unsigned n, uint32_t value)
{
    Channel *c = &s->channel[n];
    TatuPwmOutput output = {
        .period_ns = c->period,
        .duty_ns = c->duty,
        .inversed = value & TATU_PWM_INVERSED,
        .enabled = value & TATU_PWM_ENABLE,
    };

    if ((value & ~CONTROL_BITS) != 0 ||
        (output.enabled && (c->period < TATU_PWM_PERIOD_MIN_NS || c->duty > c->period))) {
        return false;
    }
    c->control = value;
    put(s, n, &output);
    return true;
}

/* ---- Registers ------------------------------------------------------------------------------- */

static bool is_channel(hwaddr offset)
{
    return offset < TATU_PWM_CHANNEL_COUNT * TATU_PWM_STRIDE;
}

static MemTxResult pwm_read(void *opaque, hwaddr offset, uint64_t *out, unsigned size,
                            MemTxAttrs attrs)
{
    TatuPwm *s = opaque;
    const Channel *c = is_channel(offset) ? &s->channel[offset / TATU_PWM_STRIDE] : NULL;

    if (c == NULL) {
        return tatu_bus_error(TYPE_TATU_PWM, offset);
    }
    switch (offset % TATU_PWM_STRIDE) {
    case TATU_PWM_PERIOD:
        *out = c->period;
        return MEMTX_OK;
    case TATU_PWM_DUTY:
        *out = c->duty;
        return MEMTX_OK;
    case TATU_PWM_CONTROL:
        *out = c->control;
        return MEMTX_OK;
    case TATU_PWM_STATUS:
        *out = c->status;
        return MEMTX_OK;
    default:
        return tatu_bus_error(TYPE_TATU_PWM, offset);
    }
}

static MemTxResult pwm_write(void *opaque, hwaddr offset, uint64_t value, unsigned size,
                             MemTxAttrs attrs)
{
    TatuPwm *s = opaque;
    unsigned n = offset / TATU_PWM_STRIDE;

    if (!is_channel(offset)) {
        return tatu_bus_error(TYPE_TATU_PWM, offset);
    }
    switch (offset % TATU_PWM_STRIDE) {
    case TATU_PWM_PERIOD:
        s->channel[n].period = value;
        return MEMTX_OK;
    case TATU_PWM_DUTY:
        s->channel[n].duty = value;
        return MEMTX_OK;
    case TATU_PWM_CONTROL:
        s->channel[n].status = set_control(s, n, value) ? 0 : TATU_PWM_REFUSED;
        return MEMTX_OK;
    default:
        return tatu_bus_error(TYPE_TATU_PWM, offset);
    }
}

static const MemoryRegionOps pwm_ops = {
    .read_with_attrs = pwm_read,
    .write_with_attrs = pwm_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = TATU_WORD_ACCESS,
    .impl = TATU_WORD_ACCESS,
};

/* ---- Life ------------------------------------------------------------------------------------ */

static void pwm_reset(Object *obj)
{
    TatuPwm *s = TATU_PWM(obj);
    const TatuPwmOutput off = {0};

    for (unsigned n = 0; n < TATU_PWM_CHANNEL_COUNT; n++) {
        Channel *c = &s->channel[n];

        c->period = c->duty = c->control = c->status = 0;
        put(s, n, &off);
    }
}

static void pwm_realize(DeviceState *dev, Error **errp)
{
    TatuPwm *s = TATU_PWM(dev);

    memory_region_init_io(&s->registers, OBJECT(s), &pwm_ops, s, TYPE_TATU_PWM,
                          TATU_REGISTERS_SIZE);
    sysbus_init_mmio(SYS_BUS_DEVICE(dev), &s->registers);
}

static void pwm_class_init(ObjectClass *klass, void *data)
{
    DEVICE_CLASS(klass)->realize = pwm_realize;
    RESETTABLE_CLASS(klass)->phases.hold = pwm_reset;
}

static const TypeInfo pwm_types[] = {{
    .name = TYPE_TATU_PWM,
    .parent = TYPE_SYS_BUS_DEVICE,
    .instance_size = sizeof(TatuPwm),
    .class_init = pwm_class_init,
}};

DEFINE_TYPES(pwm_types)
