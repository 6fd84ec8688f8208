# SPDX-License-Identifier: GPL-2.0-only
"""PWM and ADC: what a program sets is what the board sees, and the other way round."""
import random
import socket

from agents import M
from expect import equal, faults, reset_by_vault
from serial_unit import started, told

PERIOD, DUTY, CONTROL, STATUS = (M['PWM_' + name] for name in ('PERIOD', 'DUTY', 'CONTROL', 'STATUS'))
ENABLE, INVERSED, REFUSED = M['PWM_ENABLE'], M['PWM_INVERSED'], M['PWM_REFUSED']
ADC = M['MAP_ADC_BASE']
SAMPLE, REFERENCE, ADC_STATUS = (ADC + M['ADC_' + name] for name in ('SAMPLE', 'REFERENCE', 'STATUS'))
CONTROLLERS, CHANNELS = range(M['MAP_PWM_COUNT']), range(M['PWM_CHANNEL_COUNT'])


def at(controller, channel, register=0):
    return M['MAP_PWM_BASE'] + controller * M['MAP_PWM_STRIDE'] + channel * M['PWM_STRIDE'] + register


def apply(q, controller, channel, period, duty, control):
    for register, value in ((PERIOD, period), (DUTY, duty), (CONTROL, control)):
        q.writel(at(controller, channel, register), value)
    return q.readl(at(controller, channel, STATUS))


def quiet(panel):
    try:
        line = panel.line(0.3)
    except (socket.timeout, TimeoutError):
        return
    raise AssertionError(f'unasked: {line}')


def test_panel_sees_each_pwm_channel(board):
    _, q, panel = started(board)
    for controller in CONTROLLERS:
        for channel in CHANNELS:
            period, duty = 1000000 + controller, 1000 * channel
            equal(apply(q, controller, channel, period, duty, ENABLE), 0)
            equal(panel.line(), f'pwm {controller} {channel} {period} {duty} 0 1')
    quiet(panel)


def test_pwm_counts_from_control_on_and_whole(board):
    _, q, panel = started(board)
    equal(apply(q, 1, 2, 2000000, 500000, ENABLE | INVERSED), 0)
    equal(panel.line(), 'pwm 1 2 2000000 500000 1 1')
    q.writel(at(1, 2, PERIOD), 5000)
    q.writel(at(1, 2, DUTY), 1000)
    quiet(panel)
    q.writel(at(1, 2, CONTROL), ENABLE)
    equal(panel.line(), 'pwm 1 2 5000 1000 0 1')
    q.writel(at(1, 2, CONTROL), ENABLE)
    quiet(panel)
    q.writel(at(1, 2, CONTROL), 0)
    equal(panel.line(), 'pwm 1 2 5000 1000 0 0')


def test_pwm_refuses_what_does_not_fit_together(board):
    _, q, panel = started(board)
    equal(apply(q, 0, 1, 20000, 10000, ENABLE), 0)
    equal(panel.line(), 'pwm 0 1 20000 10000 0 1')
    for period, duty, control in ((20000, 20001, ENABLE), (0, 0, ENABLE), (M['PWM_PERIOD_MIN_NS'] - 1, 0, ENABLE), (20000, 0xffffffff, ENABLE),
                                  (20000, 10, 4), (20000, 10, 0x80000001), (20000, 10, 0xffffffff)):
        equal(apply(q, 0, 1, period, duty, control), REFUSED, (period, duty, control))
        equal(q.readl(at(0, 1, CONTROL)), ENABLE)
    quiet(panel)
    for period, duty in ((M['PWM_PERIOD_MIN_NS'], 0), (20000, 20000), (0xffffffff, 0xffffffff)):
        equal(apply(q, 0, 1, period, duty, ENABLE), 0)
        equal(panel.line(), f'pwm 0 1 {period} {duty} 0 1')
    equal(apply(q, 0, 1, 0, 7, 0), 0, 'what is off may be anything')


def test_state_of_used_pwm_channels_comes_on_connect(board):
    c, q, panel = started(board)
    apply(q, 2, 0, 4000, 1000, ENABLE)
    apply(q, 0, 3, 4000, 2000, ENABLE)
    apply(q, 0, 3, 4000, 2000, 0)
    panel.close()
    panel = c.link('panel')
    equal([panel.line(), panel.line()], ['pwm 0 3 4000 2000 0 0', 'pwm 2 0 4000 1000 0 1'])
    quiet(panel)


def test_reset_ends_every_pulse(board):
    c, q, panel = started(board)
    apply(q, 2, 3, 4000, 1000, ENABLE | INVERSED)
    equal(panel.line(), 'pwm 2 3 4000 1000 1 1')
    apply(q, 2, 3, 4000, 5000, ENABLE)
    reset_by_vault(c)
    equal(panel.line(), 'pwm 2 3 0 0 0 0')
    equal([q.readl(at(2, 3, register)) for register in (PERIOD, DUTY, CONTROL, STATUS)], [0] * 4)
    quiet(panel)


def test_absent_pwm_registers_and_widths_are_bus_errors(board):
    c, _, _ = started(board)
    c.release()
    for address in (at(0, 0, 0x10), at(0, 3, 0x1c), at(0, 4), at(1, 0) + 0xffc):
        faults(c.normal_read, address)
        faults(c.normal_write, address, 0)
    faults(c.normal_write, at(0, 0, STATUS), 0)
    faults(c.core_access, 3, at(0, 0), 0, 1)


def test_each_channel_converts_what_the_panel_puts_on_it(board):
    _, q, panel = started(board)
    equal([q.readl(SAMPLE + 4 * n) for n in range(8)], [0] * 8)
    told(panel, *[f'adc {n} {n * 300000}' for n in range(8)])
    equal([q.readl(SAMPLE + 4 * n) for n in range(8)], [n * 300000 * 4096 // 2500000 for n in range(8)])
    for microvolts, sample in ((0, 0), (610, 0), (611, 1), (1250000, 2048), (2499389, 4094), (2499390, 4095), (2500000, 4095)):
        told(panel, f'adc 0 {microvolts}')
        equal(q.readl(SAMPLE), sample, f'{microvolts} uV')


def test_reference_is_full_scale_of_its_channel_alone(board):
    _, q, panel = started(board)
    told(panel, 'adc 2 600000', 'adc 3 600000')
    q.writel(REFERENCE + 8, 1200000)
    equal((q.readl(SAMPLE + 8), q.readl(SAMPLE + 12)), (2048, 600000 * 4096 // 2500000))
    q.writel(REFERENCE + 8, 500000)
    equal(q.readl(SAMPLE + 8), 4095, 'above full scale')
    for value in (0, 2500001, 0x80000000, 0xffffffff):
        q.writel(REFERENCE + 8, value)
        equal((q.readl(ADC_STATUS), q.readl(REFERENCE + 8)), (M['ADC_REFUSED'], 500000), value)
    q.writel(REFERENCE + 8, 1)
    equal((q.readl(ADC_STATUS), q.readl(SAMPLE + 8)), (0, 4095))


def test_voltages_stay_over_a_reset_and_references_do_not(board):
    c, q, panel = started(board)
    told(panel, 'adc 5 1250000')
    q.writel(REFERENCE + 20, 1250000)
    q.writel(REFERENCE, 0)
    reset_by_vault(c)
    equal((q.readl(REFERENCE + 20), q.readl(SAMPLE + 20), q.readl(ADC_STATUS)), (2500000, 2048, 0))


def test_absent_adc_registers_and_widths_are_bus_errors(board):
    c, _, _ = started(board)
    c.release()
    for address in (ADC + 0x44, ADC + 0xffc):
        faults(c.normal_read, address)
        faults(c.normal_write, address, 0)
    for address in (SAMPLE, SAMPLE + 28, ADC_STATUS):
        faults(c.normal_write, address, 0)
    faults(c.core_access, 3, SAMPLE, 0, 1)


def test_reader_that_sleeps_gets_the_last_state_of_each_channel(board):
    dice = random.Random(3)
    _, q, panel = started(board)
    last = {}
    for _ in range(4000):
        place = dice.choice(CONTROLLERS), dice.choice(CHANNELS)
        last[place] = (dice.randrange(1000, 1 << 32), dice.randrange(1000), dice.randrange(2), dice.randrange(2))
        apply(q, *place, *last[place][:2], last[place][2] * INVERSED | last[place][3] * ENABLE)
    seen = {}
    while True:
        try:
            line = panel.line(1)
        except (socket.timeout, TimeoutError):
            break
        numbers = [int(word) for word in line.split()[1:]]
        assert line.startswith('pwm ') and len(numbers) == 6, line
        seen[numbers[0], numbers[1]] = tuple(numbers[2:])
    equal(seen, last)
