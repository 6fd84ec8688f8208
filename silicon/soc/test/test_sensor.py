# SPDX-License-Identifier: GPL-2.0-only
"""The motion sensors of the board, on I2C and on both selects of the SPI."""
import time

from agents import M
from expect import differ, equal, reset_by_vault
from serial_unit import SENSOR, FourWire, Nack, TwoWire, base, started, told

WHO_AM_I, CTRL1_XL, CTRL2_G, CTRL3_C, CTRL4_C = 0x0f, 0x10, 0x11, 0x12, 0x13
CTRL9_XL, CTRL10_C, STATUS = 0x18, 0x19, 0x1e
OUT_TEMP, OUT_G, OUT_XL = 0x20, 0x22, 0x28
ACCELERATION, ROTATION, TEMPERATURE = 1, 2, 4
FAST = 0x80  # 1666 Hz
WORST_S = 30


def masters(q, units=(0,)):
    return [master for unit in units for master in (TwoWire(q, unit), FourWire(q, unit, 0), FourWire(q, unit, 1))]


def fresh(master, bits):
    """Waits for a sample."""
    end = time.time() + WORST_S
    while master.read(STATUS)[0] & bits != bits:
        assert time.time() < end, f'status {master.read(STATUS)[0]}'


def words(master, register, count=3):
    data = master.read(register, 2 * count)
    return [int.from_bytes(bytes(data[2 * n:2 * n + 2]), 'little', signed=True) for n in range(count)]


def take(master, register, bits, count=3):
    """A sample that began after now: the next but one."""
    for _ in range(2):
        words(master, register, count)
        fresh(master, bits)
    return words(master, register, count)


def test_each_port_of_four_units_has_a_sensor_of_its_own(board):
    _, q, _ = started(board)
    everyone = masters(q, range(4))
    for n, master in enumerate(everyone):
        equal(master.read(WHO_AM_I), [0x69])
        equal(master.read(CTRL1_XL, 10), [0, 0, 4, 0, 0, 0, 0, 0, 0x38, 0x38], 'after reset')
        master.write(CTRL1_XL, n << 4)
    equal([master.read(CTRL1_XL) for master in everyone], [[n << 4] for n in range(len(everyone))])


def test_i2c_answers_to_its_address_alone(board):
    _, q, _ = started(board)
    wire = TwoWire(q, 0)
    answered = []
    for address in range(128):
        wire.start()
        try:
            wire.send(address << 1)
            answered.append(address)
            wire.stop()
        except Nack:
            pass
    equal(answered, [SENSOR])
    wire.start()
    wire.send(SENSOR << 1)
    wire.send(WHO_AM_I)
    wire.start()  # for somebody else, in the same transfer
    try:
        wire.send(0x50 << 1 | 1)
        raise AssertionError('the sensor answered for another address')
    except Nack:
        pass
    equal(wire.read(WHO_AM_I), [0x69])


def test_output_follows_the_panel_in_each_scale(board):
    _, q, panel = started(board)
    told(panel, 'accel 1500 -1000 250', 'gyro 100000 -120000 6000', 'temperature 31500')
    for master in masters(q):
        for code, step_ug in ((0, 61), (2, 122), (3, 244), (1, 488)):
            master.write(CTRL1_XL, FAST | code << 2)
            wanted = [round(mg * 1000 / step_ug) for mg in (1500, -1000, 250)]
            equal(take(master, OUT_XL, ACCELERATION), wanted, f'scale {code}')
        for code, step_udps in ((2, 4375), (0, 8750), (4, 17500), (8, 35000), (12, 70000)):
            master.write(CTRL2_G, FAST | code)
            wanted = [round(mdps * 1000 / step_udps) for mdps in (100000, -120000, 6000)]
            equal(take(master, OUT_G, ROTATION), wanted, f'scale {code}')
        equal(take(master, OUT_TEMP, TEMPERATURE, 1), [round(6.5 * 16)])
        equal(words(master, OUT_TEMP, 7), [104, *take(master, OUT_G, ROTATION), *take(master, OUT_XL, ACCELERATION)])


def test_output_stops_at_the_ends_of_its_scale(board):
    _, q, panel = started(board)
    told(panel, 'accel 16000 -16000 0', 'gyro 2000000 -2000000 0')
    for master in masters(q):
        master.write(CTRL1_XL, FAST)
        master.write(CTRL2_G, FAST)
        equal(take(master, OUT_XL, ACCELERATION), [32767, -32768, 0])
        equal(take(master, OUT_G, ROTATION), [32767, -32768, 0])


def test_board_lies_still_until_the_panel_moves_it(board):
    c, q, panel = started(board)
    master = TwoWire(q, 0)
    master.write(CTRL1_XL, FAST)
    equal(take(master, OUT_XL, ACCELERATION), [0, 0, round(1000000 / 61)])
    equal(words(master, OUT_TEMP, 1), [0], '25 degrees')
    told(panel, 'accel 0 1000 0')
    reset_by_vault(c)
    equal(words(master, OUT_XL), [0, 0, 0], 'the sensor samples before it is told to')
    master.write(CTRL1_XL, FAST)
    equal(take(master, OUT_XL, ACCELERATION), [0, round(1000000 / 61), 0], 'the motion ended with the reset')


def test_sensor_that_is_powered_down_brings_nothing(board):
    _, q, panel = started(board)
    for master in masters(q):
        told(panel, 'accel 0 0 1000')
        time.sleep(0.05)
        equal((master.read(STATUS), words(master, OUT_XL)), ([0], [0, 0, 0]))
        master.write(CTRL2_G, FAST)
        fresh(master, ROTATION)
        equal(master.read(STATUS)[0] & ACCELERATION, 0)
        master.write(CTRL1_XL, FAST)
        take(master, OUT_XL, ACCELERATION)
        master.write(CTRL1_XL, 0)
        before = words(master, OUT_XL)
        told(panel, 'accel 500 0 0')
        time.sleep(0.05)
        equal(words(master, OUT_XL), before, 'it samples without power')
        for code in (0x90, 0xa0, 0xb0, 0xf0):  # the gyroscope has no such rate
            master.write(CTRL2_G, code)
            words(master, OUT_G)
            time.sleep(0.02)
            equal(master.read(STATUS)[0] & ROTATION, 0, f'rate {code:#x}')


def test_samples_come_no_faster_than_the_rate(board):
    _, q, _ = started(board)
    master = FourWire(q, 0, 0)
    for code, rate, seconds in ((0x10, 12.5, 1.0), (0x20, 26, 0.5), (0x40, 104, 0.3)):
        began, samples = time.time(), 0
        master.write(CTRL1_XL, code)
        while time.time() - began < seconds:
            if master.read(STATUS)[0] & ACCELERATION:
                samples += 1
                words(master, OUT_XL)
        most = rate * (time.time() - began) + 1
        assert 1 <= samples <= most, f'{samples} samples at {rate} Hz, at most {most:.0f}'


def test_status_ends_with_the_reading_of_its_own_output(board):
    _, q, _ = started(board)
    master = FourWire(q, 0, 1)
    master.write(CTRL1_XL, 0x10)  # slow: the next sample is 80 ms away
    master.write(CTRL2_G, 0x10)
    for _ in range(20):
        fresh(master, ACCELERATION | ROTATION | TEMPERATURE)
        master.read(OUT_XL)
        low = master.read(STATUS)[0]
        master.read(OUT_XL + 1)
        acceleration = master.read(STATUS)[0]
        master.read(OUT_G, 6)
        rotation = master.read(STATUS)[0]
        master.read(OUT_TEMP, 2)
        if (low, acceleration, rotation, master.read(STATUS)[0]) == (7, 6, 4, 0):
            return
    raise AssertionError('never seen between two samples')


def test_block_update_keeps_a_word_together(board):
    _, q, panel = started(board)
    for master in masters(q):
        master.write(CTRL3_C, 0x44)
        master.write(CTRL1_XL, FAST)
        told(panel, 'accel 1000 1000 1000')
        equal(take(master, OUT_XL, ACCELERATION), [16393] * 3)
        low = master.read(OUT_XL)[0]
        told(panel, 'accel -1000 -1000 -1000')
        equal(take(master, OUT_XL + 2, ACCELERATION, 1), [-16393], 'another word was held')
        equal(low | master.read(OUT_XL + 1)[0] << 8, 16393, 'a word in halves of two samples')
        fresh(master, ACCELERATION)
        equal(words(master, OUT_XL, 1), [-16393])


def test_big_endian_output_and_single_address(board):
    _, q, panel = started(board)
    told(panel, 'accel 1000 0 0')
    for master in masters(q):
        master.write(CTRL3_C, 0x06)
        master.write(CTRL1_XL, FAST)
        take(master, OUT_XL, ACCELERATION)
        equal(master.read(OUT_XL, 2), [16393 >> 8, 16393 & 0xff])
        master.write(CTRL3_C, 0)
        equal(master.read(WHO_AM_I, 3), [0x69] * 3, 'the address moved')
        master.write(CTRL3_C, 4)
        equal(master.read(WHO_AM_I, 4), [0x69, FAST, 0, 4])


def test_software_reset_brings_back_each_register(board):
    _, q, _ = started(board)
    for master in masters(q):
        before = master.read(0, 128)
        master.write(0, *[0xff] * CTRL3_C)
        master.write(CTRL3_C + 1, *[0xff] * (127 - CTRL3_C))
        differ(master.read(0x10, 10), before[0x10:0x1a])
        master.write(CTRL3_C, 0x05)
        equal(master.read(0, 128), before)


def test_registers_that_are_read_only_stay(board):
    _, q, _ = started(board)
    for master in masters(q):
        before = master.read(0, 128)
        for first, last in ((0x00, 0x03), (0x0c, 0x0c), (WHO_AM_I, WHO_AM_I), (0x1b, 0x57), (0x60, 0x72), (0x76, 0x7f)):
            master.write(first, *[0xa5] * (last + 1 - first))
        equal(master.read(0, 128), before)


def test_axes_and_gyroscope_can_be_switched_off(board):
    _, q, panel = started(board)
    told(panel, 'accel 1000 1000 1000', 'gyro 8750 8750 8750')
    for master in masters(q):
        master.write(CTRL1_XL, FAST)
        master.write(CTRL2_G, FAST)
        master.write(CTRL9_XL, 0x10)
        master.write(CTRL10_C, 0x28)
        equal(take(master, OUT_XL, ACCELERATION), [0, 16393, 0])
        equal(take(master, OUT_G, ROTATION), [1000, 0, 1000])
        master.write(CTRL4_C, 0x40)
        equal(take(master, OUT_G, ROTATION), [0, 0, 0], 'asleep')


def test_spi_transfer_is_bits_and_ends_with_its_select(board):
    _, q, _ = started(board)
    a, b = FourWire(q, 2, 0), FourWire(q, 2, 1)
    a.choose(1)
    a.word(0x80 | WHO_AM_I)
    a.choose(0)
    equal(a.word(0), 0, 'it answers without being selected')
    a.choose(1)
    equal([a.word(CTRL1_XL), a.word(0x50)], [0, 0])
    a.choose(2)  # from one to the other at once
    equal([b.word(0x80 | CTRL1_XL), b.word(0)], [0, 0], 'the other sensor was written')
    a.choose(0)
    equal(a.read(CTRL1_XL), [0x50])
    q.writel(a.base, 15)  # two bytes are a word
    a.choose(1)
    equal(a.word((0x80 | WHO_AM_I) << 8), 0x69)
    equal(a.word(0), 0x5000)
    a.choose(0)
    q.writel(a.base, 3)  # half a byte is
    a.choose(1)
    equal([a.word(nibble) for nibble in (8, 0xf, 0, 0)], [0, 0, 6, 9])
    a.choose(0)


def test_sensor_of_three_wires_is_not_heard_on_four(board):
    _, q, _ = started(board)
    master = FourWire(q, 0, 0)
    master.write(CTRL3_C, 0x0c)
    equal(master.read(WHO_AM_I), [0])
    master.write(CTRL3_C, 0x04)
    equal(master.read(WHO_AM_I), [0x69])


def test_malformed_motion_answers_error_and_changes_nothing(board):
    _, q, panel = started(board)
    told(panel, 'accel 100 200 300', 'gyro 8750 17500 26250', 'temperature 26000')
    for line in ('accel', 'accel 1 2', 'accel 1 2 3 4', 'accel 16001 0 0', 'accel 0 -16001 0', 'accel 1 2 x', 'accel  1 2 3', 'accel 1 2 3 ',
                 'accel 01 2 3', 'accel -0 2 3', 'accel +1 2 3', 'accel 1.5 2 3', 'accel 99999999 0 0', 'accel 4294967296 0 0', 'accelx 1 2 3',
                 'gyro 2000001 0 0', 'gyro 0 0 -2000001', 'gyro 1 2', 'gyro', 'temperature', 'temperature 85001', 'temperature -40001',
                 'temperature 1 2', 'temperature -', 'loop 5 1', 'loop 0 2', 'loop 0', 'loop -1 0', 'adc 8 0', 'adc 0 2500001', 'adc 0 -1', 'adc 0'):
        panel.send(line.encode() + b'\n')
        answer = panel.line()
        assert answer.startswith('error '), (line, answer)
    master = TwoWire(q, 1)
    master.write(CTRL1_XL, FAST)
    master.write(CTRL2_G, FAST)
    equal(take(master, OUT_XL, ACCELERATION), [round(mg * 1000 / 61) for mg in (100, 200, 300)])
    equal(take(master, OUT_G, ROTATION), [1000, 2000, 3000])
    equal(words(master, OUT_TEMP, 1), [16])
    equal(q.readl(M['MAP_ADC_BASE']), 0)
    equal(q.readl(base(0) + 0x18) & 0x10, 0x10)
