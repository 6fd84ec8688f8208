/*
 * SPDX-License-Identifier: GPL-2.0-only
 * How the board moves and how warm it is: the panel says it, every motion sensor feels it.
 */
#include "qemu/osdep.h"

#include "tatu-board.h"

static void motion_init(Object *obj)
{
    TatuMotion *s = TATU_MOTION(obj);

    s->acceleration_mg[2] = 1000; /* it lies on the desk */
    s->temperature_mc = 25000;
}

static const TypeInfo motion_types[] = {{
    .name = TYPE_TATU_MOTION,
    .parent = TYPE_OBJECT,
    .instance_size = sizeof(TatuMotion),
    .instance_init = motion_init,
}};

DEFINE_TYPES(motion_types)
