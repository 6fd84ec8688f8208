/*
 * SPDX-License-Identifier: GPL-2.0-only
 * What the board has around the chip: its motion, the lines of its UARTs, its sensors. The panel
 * is the hand that moves them: docs/chip/panel.md.
 */
#ifndef TATU_BOARD_H
#define TATU_BOARD_H

#include "chardev/char-fe.h"
#include "chardev/char.h"
#include "qom/object.h"

/* ---- Motion ---------------------------------------------------------------------------------- */

#define TYPE_TATU_MOTION "tatu-motion"
OBJECT_DECLARE_SIMPLE_TYPE(TatuMotion, TATU_MOTION)

#define TATU_MOTION_AXES 3
#define TATU_MOTION_ACCELERATION_MAX_MG 16000
#define TATU_MOTION_ROTATION_MAX_MDPS 2000000
#define TATU_MOTION_TEMPERATURE_MIN_MC (-40000)
#define TATU_MOTION_TEMPERATURE_MAX_MC 85000

/* The panel sets it, within these limits; it outlives resets. */
struct TatuMotion {
    Object parent;
    int32_t acceleration_mg[TATU_MOTION_AXES];
    int32_t rotation_mdps[TATU_MOTION_AXES];
    int32_t temperature_mc; /* thousandths of a degree Celsius */
};

/* ---- Motion sensor --------------------------------------------------------------------------- */

#define TATU_SENSOR_REGISTER_COUNT 128

/* One LSM6DS3: docs/chip/sensor.md. */
typedef struct TatuSensor {
    const TatuMotion *motion;
    uint8_t registers[TATU_SENSOR_REGISTER_COUNT];
    int64_t acceleration_since_ns, rotation_since_ns; /* when its rate was set */
    uint64_t acceleration_count, rotation_count;      /* samples since then that were looked at */
    uint32_t held; /* bit n: block data update keeps output word n until both halves are read */
} TatuSensor;

void tatu_sensor_reset(TatuSensor *sensor);
uint8_t tatu_sensor_read(TatuSensor *sensor, uint8_t address);
void tatu_sensor_write(TatuSensor *sensor, uint8_t address, uint8_t value);

/** The address of the next byte of a transfer. */
uint8_t tatu_sensor_next(const TatuSensor *sensor, uint8_t address);

/** True while its SPI has three wires: nobody hears it on this board, which has four. */
bool tatu_sensor_is_mute(const TatuSensor *sensor);

/* ---- UART line ------------------------------------------------------------------------------- */

#define TYPE_TATU_LINE "chardev-tatu-line"
OBJECT_DECLARE_SIMPLE_TYPE(TatuLine, TATU_LINE)

/** The line of a UART: a chardev for its model, with `outside` (may be NULL) at the other end. */
TatuLine *tatu_line_new(const char *id, Chardev *outside);

/** Whether what the UART sends comes back to it, and nothing goes or comes outside. */
void tatu_line_set_loop(TatuLine *line, bool loop);

/** Forgets what the UART has not taken yet. */
void tatu_line_drop(TatuLine *line);

#endif
