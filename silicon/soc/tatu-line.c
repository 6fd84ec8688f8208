/*
 * SPDX-License-Identifier: GPL-2.0-only
 * The line between a UART's model and the outside. The model waits for who does not take its bytes,
 * and the chip with it; and it takes one byte per turn of the main loop. So the line takes all at
 * once, keeps what the model has no room for yet, and can lead back to where it came from.
 */
#include "qemu/osdep.h"

#include "qapi/error.h"
#include "qemu/fifo8.h"
#include "tatu-board.h"

#define WAITING_MAX (64 * 1024)

struct TatuLine {
    Chardev parent;
    CharBackend outside;
    Fifo8 waiting; /* for the UART to take */
    bool loop;
};

static void deliver(TatuLine *s)
{
    Chardev *chr = CHARDEV(s);

    while (!fifo8_is_empty(&s->waiting) && qemu_chr_be_can_write(chr) > 0) {
        uint8_t byte = fifo8_pop(&s->waiting);

        qemu_chr_be_write(chr, &byte, 1);
    }
}

/* What has no room any more is lost, as on a line. */
static void take(TatuLine *s, const uint8_t *bytes, int len)
{
    fifo8_push_all(&s->waiting, bytes, MIN(len, (int)fifo8_num_free(&s->waiting)));
    deliver(s);
}

/* ---- The UART's end -------------------------------------------------------------------------- */

static int line_write(Chardev *chr, const uint8_t *bytes, int len)
{
    TatuLine *s = TATU_LINE(chr);

    if (s->loop) {
        take(s, bytes, len);
    } else {
        qemu_chr_fe_write(&s->outside, bytes, len); /* lost when nobody reads */
    }
    return len;
}

static void line_accept_input(Chardev *chr)
{
    TatuLine *s = TATU_LINE(chr);

    deliver(s);
    qemu_chr_fe_accept_input(&s->outside);
}

static void line_open(Chardev *chr, ChardevBackend *backend, bool *be_opened, Error **errp)
{
    *be_opened = true;
}

/* ---- The outside's end ----------------------------------------------------------------------- */

static int can_receive(void *opaque)
{
    TatuLine *s = opaque;

    return s->loop ? WAITING_MAX : fifo8_num_free(&s->waiting);
}

static void receive(void *opaque, const uint8_t *bytes, int len)
{
    TatuLine *s = opaque;

    if (!s->loop) {
        take(s, bytes, len);
    }
}

void tatu_line_set_loop(TatuLine *s, bool loop)
{
    s->loop = loop;
    tatu_line_drop(s);
    qemu_chr_fe_accept_input(&s->outside);
}

void tatu_line_drop(TatuLine *s)
{
    fifo8_reset(&s->waiting);
}

TatuLine *tatu_line_new(const char *id, Chardev *outside)
{
    TatuLine *s = TATU_LINE(qemu_chardev_new(id, TYPE_TATU_LINE, NULL, NULL, &error_fatal));

    if (outside != NULL) {
        qemu_chr_fe_init(&s->outside, outside, &error_fatal);
        qemu_chr_fe_set_handlers(&s->outside, can_receive, receive, NULL, NULL, s, NULL, true);
    }
    return s;
}

static void line_init(Object *obj)
{
    fifo8_create(&TATU_LINE(obj)->waiting, WAITING_MAX);
}

static void line_finalize(Object *obj)
{
    TatuLine *s = TATU_LINE(obj);

    qemu_chr_fe_deinit(&s->outside, false);
    fifo8_destroy(&s->waiting);
}

static void line_class_init(ObjectClass *klass, void *data)
{
    ChardevClass *cc = CHARDEV_CLASS(klass);

    cc->internal = true;
    cc->open = line_open;
    cc->chr_write = line_write;
    cc->chr_accept_input = line_accept_input;
}

static const TypeInfo line_types[] = {{
    .name = TYPE_TATU_LINE,
    .parent = TYPE_CHARDEV,
    .instance_size = sizeof(TatuLine),
    .instance_init = line_init,
    .instance_finalize = line_finalize,
    .class_init = line_class_init,
}};

DEFINE_TYPES(line_types)
