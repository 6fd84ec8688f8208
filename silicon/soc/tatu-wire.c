/*
 * SPDX-License-Identifier: GPL-2.0-only
 * A port that speaks in lines of text.
 */
#include "qemu/osdep.h"

#include "tatu-wire.h"

#define WAITING_MAX (128 * 1024) /* who takes no answers gets no ear either */

static void flush(TatuWire *wire);

static gboolean writable(void *chan, GIOCondition condition, void *opaque)
{
    TatuWire *wire = opaque;

    wire->watch = 0;
    flush(wire);
    return FALSE;
}

static void flush(TatuWire *wire)
{
    while (wire->output->len > 0) {
        int n =
            qemu_chr_fe_write(&wire->chr, (const uint8_t *)wire->output->str, wire->output->len);

        if (n <= 0) {
            if (wire->watch == 0) {
                wire->watch =
                    qemu_chr_fe_add_watch(&wire->chr, G_IO_OUT | G_IO_HUP, writable, wire);
            }
            return;
        }
        g_string_erase(wire->output, 0, n);
        if (wire->output->len == 0 && wire->ops->drained) {
            wire->ops->drained(wire->owner);
        }
    }
    qemu_chr_fe_accept_input(&wire->chr);
}

void tatu_wire_say(TatuWire *wire, const char *format, ...)
{
    va_list arguments;

    if (!tatu_wire_is_open(wire)) {
        return;
    }
    va_start(arguments, format);
    g_string_append_vprintf(wire->output, format, arguments);
    va_end(arguments);
    if (wire->watch == 0) {
        flush(wire);
    }
}

size_t tatu_wire_waiting(const TatuWire *wire)
{
    return wire->output->len;
}

bool tatu_wire_is_open(TatuWire *wire)
{
    return qemu_chr_fe_backend_open(&wire->chr);
}

static void end_line(TatuWire *wire)
{
    bool too_long = wire->too_long;

    wire->line[wire->len] = '\0';
    wire->len = 0;
    wire->too_long = false;
    wire->ops->line(wire->owner, too_long ? NULL : wire->line);
}

static int can_receive(void *opaque)
{
    TatuWire *wire = opaque;

    return wire->output->len < WAITING_MAX ? TATU_WIRE_LINE_MAX : 0;
}

static void receive(void *opaque, const uint8_t *bytes, int len)
{
    TatuWire *wire = opaque;

    for (int i = 0; i < len; i++) {
        if (bytes[i] == '\n') {
            end_line(wire);
        } else if (wire->len == TATU_WIRE_LINE_MAX - 1) {
            wire->too_long = true;
        } else {
            /* A NUL must not end the comparison early. */
            wire->line[wire->len++] = bytes[i] ? bytes[i] : '?';
        }
    }
}

static void event(void *opaque, QEMUChrEvent what)
{
    TatuWire *wire = opaque;

    if (what != CHR_EVENT_OPENED && what != CHR_EVENT_CLOSED) {
        return;
    }
    if (wire->watch != 0) {
        g_source_remove(wire->watch);
        wire->watch = 0;
    }
    wire->len = 0;
    wire->too_long = false;
    g_string_truncate(wire->output, 0);
    if (what == CHR_EVENT_OPENED && wire->ops->opened) {
        wire->ops->opened(wire->owner);
    }
}

void tatu_wire_open(TatuWire *wire, const TatuWireOps *ops, void *owner)
{
    wire->ops = ops;
    wire->owner = owner;
    wire->output = g_string_new(NULL);
    qemu_chr_fe_set_handlers(&wire->chr, can_receive, receive, event, NULL, wire, NULL, true);
}
