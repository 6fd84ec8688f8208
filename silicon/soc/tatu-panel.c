/*
 * SPDX-License-Identifier: GPL-2.0-only
 * The board's panel: GPIO lines, pins, reset and power off on a character device. One line of text
 * per message, docs/chip/panel.md. Inputs idle high: buttons close to ground.
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
    DeviceState *gpio[TATU_MAP_GPIO_COUNT]; /* links */
    qemu_irq input[TATU_GPIO_LINES];
    uint8_t driven[TATU_GPIO_LINES]; /* what the panel drives into each input */
    uint8_t level[TATU_GPIO_LINES];  /* what each line shows to the panel */
    bool overrun;
};

/* ---- To the outside -------------------------------------------------------------------------- */

static bool is_output(TatuPanel *s, unsigned n)
{
    MemoryRegion *registers = sysbus_mmio_get_region(SYS_BUS_DEVICE(s->gpio[n / 8]), 0);
    uint64_t dir = 0;

    if (memory_region_dispatch_read(registers, PL061_DIR, &dir, MO_32, MEMTXATTRS_UNSPECIFIED) !=
        MEMTX_OK) {
        return false;
    }
    return (dir >> (n % 8)) & 1;
}

static void say_level(TatuPanel *s, unsigned n)
{
    tatu_wire_say(&s->wire, "gpio %u %u\n", n, s->level[n]);
}

static void say_state(TatuPanel *s)
{
    for (unsigned n = 0; n < TATU_GPIO_LINES; n++) {
        if (is_output(s, n)) {
            say_level(s, n);
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

/* ---- From the outside ------------------------------------------------------------------------ */

static bool decode_set(const char *line, unsigned *out_line, bool *out_level)
{
    unsigned n = 0;
    int digits = 0;

    if (!g_str_has_prefix(line, "set ")) {
        return false;
    }
    for (line += 4; g_ascii_isdigit(*line) && digits < 3; line++, digits++) {
        n = n * 10 + (*line - '0');
    }
    if (digits == 0 || n >= TATU_GPIO_LINES || line[0] != ' ' ||
        (line[1] != '0' && line[1] != '1') || line[2] != '\0') {
        return false;
    }
    *out_line = n;
    *out_level = line[1] == '1';
    return true;
}

/* ---- Orders: each is a whole line ------------------------------------------------------------ */

static void press_reset(TatuPanel *s)
{
    tatu_sysctl_reset_chip(s->sysctl, TATU_RESET_PIN);
}

static void turn_off(TatuPanel *s)
{
    tatu_sysctl_power_off();
}

static void wakeup_low(TatuPanel *s)
{
    tatu_sysctl_set_wakeup(s->sysctl, false);
}

static void wakeup_high(TatuPanel *s)
{
    tatu_sysctl_set_wakeup(s->sysctl, true);
}

static void tamper_low(TatuPanel *s)
{
    tatu_vctl_set_tamper(s->vctl, false);
}

static void tamper_high(TatuPanel *s)
{
    tatu_vctl_set_tamper(s->vctl, true);
}

static void recovery_low(TatuPanel *s)
{
    tatu_vctl_set_recovery(s->vctl, false);
}

static void recovery_high(TatuPanel *s)
{
    tatu_vctl_set_recovery(s->vctl, true);
}

static void tell_operations(TatuPanel *s)
{
    if (room(s)) {
        tatu_wire_say(&s->wire, "flash-operations %" PRIu64 "\n", tatu_flash_operations(s->flash));
    }
}

static const struct {
    const char *line;
    void (*act)(TatuPanel *s);
} orders[] = {
    {"reset", press_reset},
    {"power-off", turn_off},
    {"wakeup 0", wakeup_low},
    {"wakeup 1", wakeup_high},
    {"tamper 0", tamper_low},
    {"tamper 1", tamper_high},
    {"recovery 0", recovery_low},
    {"recovery 1", recovery_high},
    {"flash-operations", tell_operations},
};

static void drive(TatuPanel *s, unsigned n, bool level)
{
    s->driven[n] = level;
    qemu_set_irq(s->input[n], level);
}

static void panel_line(void *owner, const char *line)
{
    TatuPanel *s = owner;
    unsigned n;
    bool level;

    if (line == NULL) {
        say_error(s, "line too long");
        return;
    }
    for (size_t i = 0; i < ARRAY_SIZE(orders); i++) {
        if (strcmp(line, orders[i].line) == 0) {
            orders[i].act(s);
            return;
        }
    }
    if (decode_set(line, &n, &level)) {
        drive(s, n, level);
    } else {
        say_error(s, "expected: set N 0|1, wakeup|tamper|recovery 0|1, reset, power-off or "
                     "flash-operations");
    }
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
    for (int i = 0; i < TATU_MAP_GPIO_COUNT; i++) {
        g_autofree char *name = g_strdup_printf("gpio%d", i);

        object_property_add_link(obj, name, TYPE_DEVICE, (Object **)&s->gpio[i],
                                 qdev_prop_allow_set_link_before_realize, OBJ_PROP_LINK_STRONG);
    }
    qdev_init_gpio_in(DEVICE(obj), output_changed, TATU_GPIO_LINES);
    qdev_init_gpio_out(DEVICE(obj), s->input, TATU_GPIO_LINES);
}

static void panel_realize(DeviceState *dev, Error **errp)
{
    TatuPanel *s = TATU_PANEL(dev);

    for (int i = 0; i < TATU_MAP_GPIO_COUNT; i++) {
        assert(s->gpio[i]);
    }
    assert(s->sysctl && s->vctl && s->flash);
    tatu_wire_open(&s->wire, &panel_wire, s);
}

static Property panel_properties[] = {
    DEFINE_PROP_CHR("chardev", TatuPanel, wire.chr),
    DEFINE_PROP_LINK("sysctl", TatuPanel, sysctl, TYPE_TATU_SYSCTL, TatuSysctl *),
    DEFINE_PROP_LINK("vctl", TatuPanel, vctl, TYPE_TATU_VCTL, TatuVctl *),
    DEFINE_PROP_LINK("flash", TatuPanel, flash, TYPE_TATU_FLASH, TatuFlash *),
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
