/*
 * SPDX-License-Identifier: GPL-2.0-only
 * The board's panel: GPIO lines, reset and power off on a character device. One line of text per
 * message, docs/protocol/chip.md "Panel". Inputs idle high: buttons close to ground.
 */
#include "qemu/osdep.h"

#include "hw/irq.h"
#include "hw/qdev-properties-system.h"
#include "hw/qdev-properties.h"
#include "qapi/error.h"
#include "tatu-soc.h"

#define LINE_MAX_BYTES 32
#define OUTPUT_MAX_BYTES (64 * 1024) /* a reader that slow gets the state again instead */
#define PL061_DIR 0x400

struct TatuPanel {
    SysBusDevice parent;
    CharBackend chr;
    TatuSysctl *sysctl;
    DeviceState *gpio[TATU_MAP_GPIO_COUNT]; /* links */
    qemu_irq input[TATU_GPIO_LINES];
    uint8_t driven[TATU_GPIO_LINES]; /* what the panel drives into each input */
    uint8_t level[TATU_GPIO_LINES];  /* what each line shows to the panel */
    char line[LINE_MAX_BYTES];
    size_t len;
    bool too_long;
    GString *output;
    bool overrun;
    guint watch;
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
    g_string_append_printf(s->output, "gpio %u %u\n", n, s->level[n]);
}

static void say_state(TatuPanel *s)
{
    for (unsigned n = 0; n < TATU_GPIO_LINES; n++) {
        if (is_output(s, n)) {
            say_level(s, n);
        }
    }
}

static void flush(TatuPanel *s);

static gboolean writable(void *chan, GIOCondition condition, void *opaque)
{
    TatuPanel *s = opaque;

    s->watch = 0;
    flush(s);
    return FALSE;
}

/* The chip never waits for who reads the panel. */
static void flush(TatuPanel *s)
{
    while (s->output->len > 0) {
        int n = qemu_chr_fe_write(&s->chr, (const uint8_t *)s->output->str, s->output->len);

        if (n <= 0) {
            if (s->watch == 0) {
                s->watch = qemu_chr_fe_add_watch(&s->chr, G_IO_OUT | G_IO_HUP, writable, s);
            }
            return;
        }
        g_string_erase(s->output, 0, n);
        if (s->output->len == 0 && s->overrun) {
            s->overrun = false;
            say_state(s);
        }
    }
}

static bool room(TatuPanel *s)
{
    if (s->output->len > OUTPUT_MAX_BYTES) {
        s->overrun = true;
    }
    return !s->overrun && qemu_chr_fe_backend_open(&s->chr);
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
        flush(s);
    }
}

static void say_error(TatuPanel *s, const char *what)
{
    if (room(s)) {
        g_string_append_printf(s->output, "error %s\n", what);
        flush(s);
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

static void obey(TatuPanel *s, const char *line)
{
    unsigned n;
    bool level;

    if (strcmp(line, "reset") == 0) {
        tatu_sysctl_reset_chip(s->sysctl, TATU_RESET_PIN);
    } else if (strcmp(line, "power-off") == 0) {
        tatu_sysctl_power_off();
    } else if (decode_set(line, &n, &level)) {
        s->driven[n] = level;
        qemu_set_irq(s->input[n], level);
    } else {
        say_error(s, "expected: set N 0|1, reset or power-off");
    }
}

static void end_line(TatuPanel *s)
{
    if (s->too_long) {
        say_error(s, "line too long");
    } else {
        s->line[s->len] = '\0';
        obey(s, s->line);
    }
    s->len = 0;
    s->too_long = false;
}

static int panel_can_receive(void *opaque)
{
    return LINE_MAX_BYTES;
}

static void panel_receive(void *opaque, const uint8_t *bytes, int len)
{
    TatuPanel *s = opaque;

    for (int i = 0; i < len; i++) {
        if (bytes[i] == '\n') {
            end_line(s);
        } else if (s->len == LINE_MAX_BYTES - 1) {
            s->too_long = true;
        } else {
            /* A NUL must not end the comparison early. */
            s->line[s->len++] = bytes[i] ? bytes[i] : '?';
        }
    }
}

static void panel_event(void *opaque, QEMUChrEvent event)
{
    TatuPanel *s = opaque;

    if (event != CHR_EVENT_OPENED && event != CHR_EVENT_CLOSED) {
        return;
    }
    s->len = 0;
    s->too_long = false;
    s->overrun = false;
    g_string_truncate(s->output, 0);
    if (event == CHR_EVENT_OPENED) {
        say_state(s);
        flush(s);
    }
}

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
    s->output = g_string_new(NULL);
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
    assert(s->sysctl);
    qemu_chr_fe_set_handlers(&s->chr, panel_can_receive, panel_receive, panel_event, NULL, s, NULL,
                             true);
}

static Property panel_properties[] = {
    DEFINE_PROP_CHR("chardev", TatuPanel, chr),
    DEFINE_PROP_LINK("sysctl", TatuPanel, sysctl, TYPE_TATU_SYSCTL, TatuSysctl *),
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
