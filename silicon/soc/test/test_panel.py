# SPDX-License-Identifier: GPL-2.0-only
"""Buttons and LEDs of the board, as the line protocol of the panel shows them."""
import random
import re
import socket
import time

from agents import M, Qtest
from expect import VCTL, equal, restart

BUTTON, LED = 12, 8
LINES = M['MAP_GPIO_COUNT'] * M['MAP_GPIO_LINES']


def gpio(n, register):
    return M['MAP_GPIO_BASE'] + (n // 4) * M['MAP_GPIO_STRIDE'] + register


def mask(n):
    return 1 << (n % 4)


def data(n):
    return gpio(n, mask(n) << 2)


def started(board):
    c = board.start(*board.door('qtest'))
    return c, Qtest(c), c.link('panel')


def quiet(panel):
    try:
        line = panel.line(0.3)
    except (socket.timeout, TimeoutError):
        return
    raise AssertionError(f'unasked: {line}')


def await_level(q, n, level):
    for _ in range(200):
        if (q.readl(data(n)) != 0) == level:
            return
        time.sleep(0.01)
    raise AssertionError(f'line {n} is not {level}')


def test_buttons_idle_high_and_follow_the_panel(board):
    c, q, panel = started(board)
    for n in range(LINES):
        equal(q.readl(data(n)), mask(n), f'line {n}')
    for n in (BUTTON, 0, 83):
        panel.send(b'set %d 0\n' % n)
        await_level(q, n, False)
        panel.send(b'set %d 1\n' % n)
        await_level(q, n, True)
    quiet(panel)


def test_lines_without_a_pin_are_nobody_s(board):
    """A PL061 has eight lines, four of which end inside the chip."""
    c, q, panel = started(board)
    for block in range(M['MAP_GPIO_COUNT']):
        base = M['MAP_GPIO_BASE'] + block * M['MAP_GPIO_STRIDE']
        equal(q.readl(base + (0xf0 << 2)), 0)
        q.writel(base + 0x400, 0xf0)
        q.writel(base + (0xff << 2), 0xff)
        q.writel(base + (0xff << 2), 0)
        equal(q.readl(base + (0x0f << 2)), 0x0f, 'its inputs')
    quiet(panel)


def test_press_raises_the_interrupt_of_its_block(board):
    c, q, panel = started(board)
    q.writel(gpio(BUTTON, 0x404), 0)
    q.writel(gpio(BUTTON, 0x40c), 0)
    q.writel(gpio(BUTTON, 0x41c), 0xff)
    q.writel(gpio(BUTTON, 0x410), mask(BUTTON))
    equal(q.readl(gpio(BUTTON, 0x418)), 0)
    panel.send(b'set %d 0\n' % BUTTON)
    await_level(q, BUTTON, False)
    equal(q.readl(gpio(BUTTON, 0x418)), mask(BUTTON))
    spi = 32 + 48 + BUTTON // 4
    c.release()
    equal(c.secure_read(M['MAP_GICD_BASE'] + 0x200 + 4 * (spi // 32)) >> (spi % 32) & 1, 1)


def test_outputs_are_reported_as_they_change(board):
    c, q, panel = started(board)
    q.writel(gpio(LED, 0x400), 7)
    q.writel(data(LED), 0)
    q.writel(data(LED), 0xff)
    q.writel(data(LED), 0)
    lines = [panel.line() for _ in range(3)]
    equal(lines, ['gpio 8 0', 'gpio 8 1', 'gpio 8 0'])
    quiet(panel)


def test_state_of_driven_outputs_comes_on_connect(board):
    c, q, panel = started(board)
    quiet(panel)
    q.writel(gpio(LED, 0x400), 7)
    for n, level in ((8, 0), (9, 0xff), (10, 0)):
        q.writel(data(n), level)
    panel.close()
    time.sleep(0.1)
    panel = c.link('panel')
    equal([panel.line() for _ in range(3)], ['gpio 8 0', 'gpio 9 1', 'gpio 10 0'])
    quiet(panel)


def test_malformed_lines_answer_error_and_change_nothing(board):
    c, q, panel = started(board)
    for line in (b'', b'set', b'set ', b'set 12', b'set 12 ', b'set 12 2', b'set 84 0', b'set -1 0',
                 b'set 12 0 ', b'set  12 0', b'set 12  0', b' set 12 0', b'SET 12 0', b'set x 0',
                 b'set 1x 0', b'set 0012 0', b'set 4294967308 0', b'set 12 00', b'set 12 0\r',
                 b'reset ', b'Reset', b'reset\0', b'power off', b'poweroff', b'\xff\xfe', b'gpio 8 0',
                 b'set 12 0\0junk', b'set 12 -0', b'set 12 0 1', b'set 012 0', b'x' * 62, b'x' * 63, b'set 12 0' + b' ' * 200, b'y' * 5000):
        panel.send(line + b'\n')
        answer = panel.line()
        assert answer.startswith('error '), (line, answer)
    for n in range(LINES):
        equal(q.readl(data(n)), mask(n), f'line {n}')
    equal(c.read(VCTL + M['VCTL_REASON']), M['RESET_POWER_ON'])
    panel.send(b'set 12')
    panel.send(b' 0')
    panel.send(b'\n')
    await_level(q, 12, False)


def test_random_lines_are_orders_or_errors(board):
    dice = random.Random(9)
    c, q, panel = started(board)
    level = {}
    for _ in range(3000):
        line = dice.choice((b'set %d %d' % (dice.randrange(100), dice.randrange(3)),
                            bytes(dice.choice(b'set 019 \0') for _ in range(dice.randrange(40)))))
        order = re.fullmatch(rb'set (0|[1-9]\d{0,2}) ([01])', line)
        if order and int(order[1]) < LINES:
            level[int(order[1])] = int(order[2])
            panel.send(line + b'\n')
        else:
            panel.send(line + b'\n')
            assert panel.line().startswith('error '), line
    panel.send(b'end\n')
    assert panel.line().startswith('error ')
    for n in range(LINES):
        equal(q.readl(data(n)) >> (n % 4), level.get(n, 1), f'line {n}')


def test_half_a_line_ends_with_its_connection(board):
    c, q, panel = started(board)
    panel.send(b'set 12 ')
    panel.close()
    time.sleep(0.1)
    panel = c.link('panel')
    panel.send(b'0\n')
    assert panel.line().startswith('error ')
    equal(q.readl(data(12)), mask(12))


def test_reset_button_resets_and_keeps_pressed_buttons(board):
    c, q, panel = started(board)
    q.writel(gpio(LED, 0x400), 7)
    q.writel(data(LED), 0)
    equal(panel.line(), 'gpio 8 0')
    panel.send(b'set 12 0\n')
    await_level(q, 12, False)
    restart(c, M['RESET_PIN'], panel.send, b'reset\n')
    equal(panel.line(), 'gpio 8 1', 'the LED stayed on')
    equal(q.readl(data(12)), 0, 'the button was released by the reset')
    equal(q.readl(data(13)), mask(13))


def test_power_off_ends_the_process(board):
    c = board.start()
    c.link('panel').send(b'power-off\n')
    equal(c.wait_off(), 0)


def test_a_reader_that_sleeps_does_not_stop_the_chip(board):
    c, q, panel = started(board)
    q.writel(gpio(LED, 0x400), 7)
    for i in range(40000):
        q.writel(data(LED), 0xff if i % 2 else 0)
    q.writel(data(LED), 0)
    lines = [panel.line()]
    while True:
        try:
            lines.append(panel.line(1))
        except (socket.timeout, TimeoutError):
            break
    assert all(line.startswith('gpio ') and len(line.split()) == 3 for line in lines)
    equal([line for line in lines if line.startswith('gpio 8 ')][-1], 'gpio 8 0')
