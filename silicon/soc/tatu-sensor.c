/*
 * SPDX-License-Identifier: GPL-2.0-only
 * An LSM6DS3 motion sensor as the bus sees it: identity, control, status, output.
 * docs/chip/sensor.md
 */
#include "qemu/osdep.h"

#include "qemu/host-utils.h"
#include "qemu/timer.h"
#include "tatu-board.h"

#define WHO_AM_I 0x0f
#define CTRL1_XL 0x10
#define CTRL2_G 0x11
#define CTRL3_C 0x12
#define CTRL4_C 0x13
#define CTRL9_XL 0x18
#define CTRL10_C 0x19
#define STATUS_REG 0x1e
#define OUT_FIRST 0x20
#define FIFO_STATUS2 0x3b

#define IDENTITY 0x69
#define FIFO_EMPTY 0x10
#define AXES_ENABLED 0x38 /* CTRL9_XL and CTRL10_C: bits 3..5 are X..Z */

#define CTRL2_FS_125 0x02
#define CTRL3_BOOT 0x80
#define CTRL3_BDU 0x40
#define CTRL3_SIM 0x08
#define CTRL3_IF_INC 0x04
#define CTRL3_BLE 0x02
#define CTRL3_SW_RESET 0x01
#define CTRL4_SLEEP_G 0x40

#define STATUS_TEMPERATURE 0x04
#define STATUS_ROTATION 0x02
#define STATUS_ACCELERATION 0x01

/* Output words, from OUT_FIRST on: temperature, rotation X..Z, acceleration X..Z. */
enum { WORD_TEMPERATURE, WORD_ROTATION, WORD_ACCELERATION = 4, WORD_COUNT = 7 };

/* What a program can write; what has no part in this model is kept and does nothing. */
static const struct {
    uint8_t first, last;
} writable[] = {{0x04, 0x04}, {0x06, 0x0b}, {0x0d, 0x0e}, {0x10, 0x1a}, {0x58, 0x5f}, {0x73, 0x75}};

/* By the upper half of CTRL1_XL and CTRL2_G, in tenths of a Hz. 0: powered down. */
static const uint32_t rates[16] = {0, 125, 260, 520, 1040, 2080, 4160, 8330, 16660, 33300, 66600};
#define ROTATION_RATE_LAST 8

static const int32_t acceleration_ug[4] = {61, 488, 122, 244};       /* a step: 2, 16, 4, 8 g */
static const int32_t rotation_udps[4] = {8750, 17500, 35000, 70000}; /* 245 .. 2000 dps */
#define ROTATION_125_UDPS 4375
#define TEMPERATURE_ZERO_MC 25000
#define TEMPERATURE_STEPS 16 /* a degree */

static uint32_t acceleration_rate(const TatuSensor *s)
{
    return rates[s->registers[CTRL1_XL] >> 4];
}

static uint32_t rotation_rate(const TatuSensor *s)
{
    unsigned code = s->registers[CTRL2_G] >> 4;

    return code > ROTATION_RATE_LAST ? 0 : rates[code];
}

/* ---- Output ---------------------------------------------------------------------------------- */

static int64_t divide(int64_t number, int64_t by)
{
    return (number + (number < 0 ? -by : by) / 2) / by;
}

static void put(TatuSensor *s, unsigned word, int64_t value)
{
    uint16_t raw = MIN(MAX(value, INT16_MIN), INT16_MAX);
    bool big = s->registers[CTRL3_C] & CTRL3_BLE;

    if ((s->held >> (2 * word)) & 3) {
        return;
    }
    s->registers[OUT_FIRST + 2 * word + (big ? 1 : 0)] = raw;
    s->registers[OUT_FIRST + 2 * word + (big ? 0 : 1)] = raw >> 8;
}

static void put_axes(TatuSensor *s, unsigned word, const int32_t *value, int64_t factor, int64_t by,
                     uint8_t enabled)
{
    for (unsigned axis = 0; axis < TATU_MOTION_AXES; axis++) {
        bool on = (enabled >> (3 + axis)) & 1;

        put(s, word + axis, on ? divide(value[axis] * factor, by) : 0);
    }
}

static void put_acceleration(TatuSensor *s)
{
    int32_t step = acceleration_ug[(s->registers[CTRL1_XL] >> 2) & 3];

    put_axes(s, WORD_ACCELERATION, s->motion->acceleration_mg, 1000, step, s->registers[CTRL9_XL]);
}

static void put_rotation(TatuSensor *s)
{
    uint8_t control = s->registers[CTRL2_G];
    int32_t step = control & CTRL2_FS_125 ? ROTATION_125_UDPS : rotation_udps[(control >> 2) & 3];
    bool asleep = s->registers[CTRL4_C] & CTRL4_SLEEP_G;

    put_axes(s, WORD_ROTATION, s->motion->rotation_mdps, asleep ? 0 : 1000, step,
             s->registers[CTRL10_C]);
}

static void put_temperature(TatuSensor *s)
{
    int64_t above = s->motion->temperature_mc - TEMPERATURE_ZERO_MC;

    put(s, WORD_TEMPERATURE, divide(above * TEMPERATURE_STEPS, 1000));
}

static bool has_sampled(int64_t since_ns, uint32_t rate, uint64_t *count)
{
    uint64_t passed_us = (qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) - since_ns) / SCALE_US;
    uint64_t now = muldiv64(passed_us, rate, 10 * 1000 * 1000);
    bool is_new = now != *count;

    *count = now;
    return is_new;
}

/* Takes the last of the samples since it was looked at. */
static void sample(TatuSensor *s)
{
    uint8_t fresh = 0;

    if (has_sampled(s->acceleration_since_ns, acceleration_rate(s), &s->acceleration_count)) {
        put_acceleration(s);
        fresh |= STATUS_ACCELERATION;
    }
    if (has_sampled(s->rotation_since_ns, rotation_rate(s), &s->rotation_count)) {
        put_rotation(s);
        fresh |= STATUS_ROTATION;
    }
    if (fresh != 0) {
        put_temperature(s);
        s->registers[STATUS_REG] |= fresh | STATUS_TEMPERATURE;
    }
}

static uint8_t freshness_of(unsigned word)
{
    if (word == WORD_TEMPERATURE) {
        return STATUS_TEMPERATURE;
    }
    return word < WORD_ACCELERATION ? STATUS_ROTATION : STATUS_ACCELERATION;
}

static uint8_t read_output(TatuSensor *s, unsigned at)
{
    unsigned word = at / 2;
    uint8_t value = s->registers[OUT_FIRST + at];

    if (s->registers[CTRL3_C] & CTRL3_BDU) {
        s->held |= 1u << at;
        if (((s->held >> (2 * word)) & 3) == 3) {
            s->held &= ~(3u << (2 * word));
        }
    }
    if (at % 2 == 1) {
        s->registers[STATUS_REG] &= ~freshness_of(word);
    }
    return value;
}

/* ---- Registers ------------------------------------------------------------------------------- */

void tatu_sensor_reset(TatuSensor *s)
{
    memset(s->registers, 0, sizeof(s->registers));
    s->registers[WHO_AM_I] = IDENTITY;
    s->registers[CTRL3_C] = CTRL3_IF_INC;
    s->registers[CTRL9_XL] = AXES_ENABLED;
    s->registers[CTRL10_C] = AXES_ENABLED;
    s->registers[FIFO_STATUS2] = FIFO_EMPTY;
    s->acceleration_count = s->rotation_count = 0;
    s->held = 0;
}

uint8_t tatu_sensor_read(TatuSensor *s, uint8_t address)
{
    unsigned at = address - OUT_FIRST;

    sample(s);
    if (address >= OUT_FIRST && at < 2 * WORD_COUNT) {
        return read_output(s, at);
    }
    return s->registers[address % TATU_SENSOR_REGISTER_COUNT];
}

static bool is_writable(uint8_t address)
{
    for (size_t i = 0; i < ARRAY_SIZE(writable); i++) {
        if (address >= writable[i].first && address <= writable[i].last) {
            return true;
        }
    }
    return false;
}

void tatu_sensor_write(TatuSensor *s, uint8_t address, uint8_t value)
{
    if (!is_writable(address)) {
        return;
    }
    if (address == CTRL3_C && (value & CTRL3_SW_RESET)) {
        tatu_sensor_reset(s);
        return;
    }
    sample(s); /* what the old rate brought */
    s->registers[address] = value;
    if (address == CTRL1_XL) {
        s->acceleration_since_ns = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
        s->acceleration_count = 0;
    } else if (address == CTRL2_G) {
        s->rotation_since_ns = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
        s->rotation_count = 0;
    } else if (address == CTRL3_C) {
        s->registers[CTRL3_C] &= ~CTRL3_BOOT; /* done at once */
        s->held = 0;
    }
}

uint8_t tatu_sensor_next(const TatuSensor *s, uint8_t address)
{
    bool steps = s->registers[CTRL3_C] & CTRL3_IF_INC;

    return steps ? (address + 1) % TATU_SENSOR_REGISTER_COUNT : address;
}

bool tatu_sensor_is_mute(const TatuSensor *s)
{
    return s->registers[CTRL3_C] & CTRL3_SIM;
}
