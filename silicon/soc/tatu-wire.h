/*
 * SPDX-License-Identifier: GPL-2.0-only
 * A port that speaks in lines of text: the panel and the debug port. The chip never waits for who
 * is on the other end.
 */
#ifndef TATU_WIRE_H
#define TATU_WIRE_H

#include "chardev/char-fe.h"

#define TATU_WIRE_LINE_MAX 64 /* bytes with the newline */

typedef struct TatuWireOps {
    void (*line)(void *owner, const char *line); /* NULL: it was too long */
    void (*opened)(void *owner);                 /* somebody connected */
    void (*drained)(void *owner);                /* all that was said has been taken */
} TatuWireOps;

typedef struct TatuWire {
    CharBackend chr;
    const TatuWireOps *ops;
    void *owner;
    char line[TATU_WIRE_LINE_MAX];
    size_t len;
    bool too_long;
    GString *output;
    guint watch;
} TatuWire;

/** Starts to listen. The chardev is a property of the owner and may be none. */
void tatu_wire_open(TatuWire *wire, const TatuWireOps *ops, void *owner);

/** Says it as soon as the other end takes it; nothing if nobody is there. */
void tatu_wire_say(TatuWire *wire, const char *format, ...) G_GNUC_PRINTF(2, 3);

/** Bytes said that nobody has taken. */
size_t tatu_wire_waiting(const TatuWire *wire);

bool tatu_wire_is_open(TatuWire *wire);

#endif
