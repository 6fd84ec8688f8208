/*
 * SPDX-License-Identifier: GPL-2.0-only
 * The board's panel: GPIO lines, pins, voltages, motion, PWM outputs, reset and power off on a
 * character device. One line of text per message, docs/chip/panel.md. Inputs idle high: buttons
 * close to ground.
 */
#include "qemu/osdep.h"

#include "hw/irq.h"
#include "hw/qdev-properties-system.h"
#include "hw/qdev-properties.h"
#include "qapi/error.h"
#include "tatu-soc.h"
#include "tatu-wire.h"

#define OUTPUT_MAX_BYTES (64 * 1024) /* a reader that slow gets the state again instead */
#define PL061_DIR 0x400

struct TatuPanel {
    SysBusDevice parent;
    TatuWire wire;
    TatuSysctl *sysctl;
    TatuVctl *vctl;
    TatuFlash *flash;
    TatuMotion *motion;
    DeviceState *device[TATU_PFW_COUNT]; /* links; as the firewall numbers them */
    qemu_irq input[TATU_GPIO_LINES];
    uint8_t driven[TATU_GPIO_LINES]; /* what the panel drives into each input */
    uint8_t level[TATU_GPIO_LINES];  /* what each line shows to the panel */
    bool pwm_used[TATU_MAP_PWM_COUNT][TATU_PWM_CHANNEL_COUNT]; /* since power on */
    bool overrun;
};

/* ---- To the outside -------------------------------------------------------------------------- */

static bool is_output(TatuPanel *s, unsigned n)
{
    DeviceState *block = s->device[TATU_PFW_GPIO + n / TATU_MAP_GPIO_LINES];
    MemoryRegion *registers = sysbus_mmio_get_region(SYS_BUS_DEVICE(block), 0);
    uint64_t dir = 0;

    if (memory_region_dispatch_read(registers, PL061_DIR, &dir, MO_32, MEMTXATTRS_UNSPECIFIED) !=
        MEMTX_OK) {
        return false;
    }
    return (dir >> (n % TATU_MAP_GPIO_LINES)) & 1;
}

static void say_level(TatuPanel *s, unsigned n)
{
    tatu_wire_say(&s->wire, "gpio %u %u\n", n, s->level[n]);
}

static void say_pwm(TatuPanel *s, unsigned controller, unsigned n)
{
    const TatuPwmOutput *o = tatu_pwm_output(TATU_PWM(s->device[TATU_PFW_PWM + controller]), n);

    tatu_wire_say(&s->wire, "pwm %u %u %u %u %u %u\n", controller, n, o->period_ns, o->duty_ns,
                  o->inversed, o->enabled);
}

static void say_state(TatuPanel *s)
{
    for (unsigned n = 0; n < TATU_GPIO_LINES; n++) {
        if (is_output(s, n)) {
            say_level(s, n);
        }
    }
    for (unsigned controller = 0; controller < TATU_MAP_PWM_COUNT; controller++) {
        for (unsigned n = 0; n < TATU_PWM_CHANNEL_COUNT; n++) {
            if (s->pwm_used[controller][n]) {
                say_pwm(s, controller, n);
            }
        }
    }
}

static bool room(TatuPanel *s)
{
    if (tatu_wire_waiting(&s->wire) > OUTPUT_MAX_BYTES) {
        s->overrun = true;
    }
    return !s->overrun;
}

static void output_changed(void *opaque, int n, int level)
{
    TatuPanel *s = opaque;

    if (s->level[n] == !!level) {
        return;
    }
    s->level[n] = !!level;
    if (room(s)) {
        say_level(s, n);
    }
}

static void pwm_changed(void *opaque, unsigned controller, unsigned n)
{
    TatuPanel *s = opaque;

    s->pwm_used[controller][n] = true;
    if (room(s)) {
        say_pwm(s, controller, n);
    }
}

static void say_error(TatuPanel *s, const char *what)
{
    if (room(s)) {
        tatu_wire_say(&s->wire, "error %s\n", what);
    }
}

static void panel_opened(void *owner)
{
    TatuPanel *s = owner;

    s->overrun = false;
    say_state(s);
}

static void panel_drained(void *owner)
{
    TatuPanel *s = owner;

    if (s->overrun) {
        s->overrun = false;
        say_state(s);
    }
}

/* ---- From the outside: a word and its numbers ------------------------------------------------ */

#define NUMBERS_MAX 3
#define DIGITS_MAX 7

static void set_line(TatuPanel *s, const int32_t *number)
{
    s->driven[number[0]] = number[1];
    qemu_set_irq(s->input[number[0]], number[1]);
}

static void set_voltage(TatuPanel *s, const int32_t *number)
{
    tatu_adc_set_microvolts(TATU_ADC(s->device[TATU_PFW_ADC]), number[0], number[1]);
}

static void set_loop(TatuPanel *s, const int32_t *number)
{
    tatu_line_set_loop(tatu_isu_line(TATU_ISU(s->device[TATU_PFW_ISU + number[0]])), number[1]);
}

static void set_acceleration(TatuPanel *s, const int32_t *number)
{
    memcpy(s->motion->acceleration_mg, number, sizeof(s->motion->acceleration_mg));
}

static void set_rotation(TatuPanel *s, const int32_t *number)
{
    memcpy(s->motion->rotation_mdps, number, sizeof(s->motion->rotation_mdps));
}

static void set_temperature(TatuPanel *s, const int32_t *number)
{
    s->motion->temperature_mc = number[0];
}

static void press_reset(TatuPanel *s, const int32_t *number)
{
    tatu_sysctl_reset_chip(s->sysctl, TATU_RESET_PIN);
}

static void turn_off(TatuPanel *s, const int32_t *number)
{
    tatu_sysctl_power_off();
}

static void set_wakeup(TatuPanel *s, const int32_t *number)
{
    tatu_sysctl_set_wakeup(s->sysctl, number[0]);
}

static void set_tamper(TatuPanel *s, const int32_t *number)
{
    tatu_vctl_set_tamper(s->vctl, number[0]);
}

static void set_recovery(TatuPanel *s, const int32_t *number)
{
    tatu_vctl_set_recovery(s->vctl, number[0]);
}

static void tell_operations(TatuPanel *s, const int32_t *number)
{
    if (room(s)) {
        tatu_wire_say(&s->wire, "flash-operations %" PRIu64 "\n", tatu_flash_operations(s->flash));
    }
}

#define LEVEL                                                                                      \
    {                                                                                              \
        0, 1                                                                                       \
    }
#define ACCELERATION                                                                               \
    {                                                                                              \
        -TATU_MOTION_ACCELERATION_MAX_MG, TATU_MOTION_ACCELERATION_MAX_MG                          \
    }
#define ROTATION                                                                                   \
    {                                                                                              \
        -TATU_MOTION_ROTATION_MAX_MDPS, TATU_MOTION_ROTATION_MAX_MDPS                              \
    }

typedef struct Order {
    const char *word;
    void (*act)(TatuPanel *s, const int32_t *number);
    int count;
    struct {
        int32_t min, max;
    } number[NUMBERS_MAX];
} Order;

static const Order orders[] = {
    {"set", set_line, 2, {{0, TATU_GPIO_LINES - 1}, LEVEL}},
    {"adc", set_voltage, 2, {{0, TATU_ADC_CHANNEL_COUNT - 1}, {0, TATU_ADC_REFERENCE_MAX_UV}}},
    {"loop", set_loop, 2, {{0, TATU_MAP_ISU_COUNT - 1}, LEVEL}},
    {"accel", set_acceleration, 3, {ACCELERATION, ACCELERATION, ACCELERATION}},
    {"gyro", set_rotation, 3, {ROTATION, ROTATION, ROTATION}},
    {"temperature",
     set_temperature,
     1,
     {{TATU_MOTION_TEMPERATURE_MIN_MC, TATU_MOTION_TEMPERATURE_MAX_MC}}},
    {"reset", press_reset, 0},
    {"power-off", turn_off, 0},
    {"wakeup", set_wakeup, 1, {LEVEL}},
    {"tamper", set_tamper, 1, {LEVEL}},
    {"recovery", set_recovery, 1, {LEVEL}},
    {"flash-operations", tell_operations, 0},
};

/* " 12" or " -7": one space, no zero in front. What follows it, or NULL. */
static const char *decode_number(const char *text, int32_t *out)
{
    int32_t value = 0;
    bool negative;
    int digits = 0;

    if (*text++ != ' ') {
        return NULL;
    }
    negative = *text == '-';
    text += negative;
    for (; g_ascii_isdigit(text[digits]) && digits < DIGITS_MAX; digits++) {
        value = value * 10 + (text[digits] - '0');
    }
    if (digits == 0 || (text[0] == '0' && (digits > 1 || negative))) {
        return NULL;
    }
    *out = negative ? -value : value;
    return text + digits;
}

static bool decode_order(const char *line, const Order *order, int32_t *out)
{
    const char *rest = line + strlen(order->word);

    if (!g_str_has_prefix(line, order->word)) {
        return false;
    }
    for (int i = 0; i < order->count; i++) {
        rest = decode_number(rest, &out[i]);
        if (rest == NULL || out[i] < order->number[i].min || out[i] > order->number[i].max) {
            return false;
        }
    }
    return *rest == '\0';
}

static void panel_line(void *owner, const char *line)
{
    TatuPanel *s = owner;
    int32_t number[NUMBERS_MAX];

    if (line == NULL) {
        say_error(s, "line too long");
        return;
    }
    for (size_t i = 0; i < ARRAY_SIZE(orders); i++) {
        if (decode_order(line, &orders[i], number)) {
            orders[i].act(s, number);
            return;
        }
    }
    say_error(s, "not an order, or a number out of range: docs/chip/panel.md");
}

static const TatuWireOps panel_wire = {
    .line = panel_line, .opened = panel_opened, .drained = panel_drained};

/* After the GPIO blocks have forgotten: their pins still see the board. */
static void panel_reset_exit(Object *obj)
{
    TatuPanel *s = TATU_PANEL(obj);

    for (unsigned n = 0; n < TATU_GPIO_LINES; n++) {
        qemu_set_irq(s->input[n], s->driven[n]);
    }
}

static void panel_init(Object *obj)
{
    TatuPanel *s = TATU_PANEL(obj);

    memset(s->driven, 1, sizeof(s->driven));
    memset(s->level, 1, sizeof(s->level));
    for (int i = 0; i < TATU_PFW_COUNT; i++) {
        g_autofree char *name = g_strdup_printf("device%d", i);

        object_property_add_link(obj, name, TYPE_DEVICE, (Object **)&s->device[i],
                                 qdev_prop_allow_set_link_before_realize, OBJ_PROP_LINK_STRONG);
    }
    qdev_init_gpio_in(DEVICE(obj), output_changed, TATU_GPIO_LINES);
    qdev_init_gpio_out(DEVICE(obj), s->input, TATU_GPIO_LINES);
}

static void panel_realize(DeviceState *dev, Error **errp)
{
    TatuPanel *s = TATU_PANEL(dev);

    for (int i = 0; i < TATU_PFW_COUNT; i++) {
        assert(s->device[i]);
    }
    assert(s->sysctl && s->vctl && s->flash && s->motion);
    for (int i = 0; i < TATU_MAP_PWM_COUNT; i++) {
        tatu_pwm_watch(TATU_PWM(s->device[TATU_PFW_PWM + i]), pwm_changed, s, i);
    }
    tatu_wire_open(&s->wire, &panel_wire, s);
}

static Property panel_properties[] = {
    DEFINE_PROP_CHR("chardev", TatuPanel, wire.chr),
    DEFINE_PROP_LINK("sysctl", TatuPanel, sysctl, TYPE_TATU_SYSCTL, TatuSysctl *),
    DEFINE_PROP_LINK("vctl", TatuPanel, vctl, TYPE_TATU_VCTL, TatuVctl *),
    DEFINE_PROP_LINK("flash", TatuPanel, flash, TYPE_TATU_FLASH, TatuFlash *),
    DEFINE_PROP_LINK("motion", TatuPanel, motion, TYPE_TATU_MOTION, TatuMotion *),
    DEFINE_PROP_END_OF_LIST(),
};

static void panel_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);

    dc->realize = panel_realize;
    device_class_set_props(dc, panel_properties);
    RESETTABLE_CLASS(klass)->phases.exit = panel_reset_exit;
}

static const TypeInfo panel_types[] = {{
    .name = TYPE_TATU_PANEL,
    .parent = TYPE_SYS_BUS_DEVICE,
    .instance_size = sizeof(TatuPanel),
    .instance_init = panel_init,
    .class_init = panel_class_init,
}};

DEFINE_TYPES(panel_types)
