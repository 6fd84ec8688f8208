# SPDX-License-Identifier: GPL-2.0-only
"""Serial units: their UARTs, their window, their reset state."""
import random
import socket
import time

from agents import M
from expect import equal, faults, reset_by_vault
from serial_unit import I2C, SPI, UART, FourWire, TwoWire, base, started, told

UNITS = range(M['MAP_ISU_COUNT'])
DATA, FLAGS, BAUD, LINE, CONTROL, LEVELS, MASK, RAW = 0x00, 0x18, 0x24, 0x2c, 0x30, 0x34, 0x38, 0x3c
RX_EMPTY, FIFO = 0x10, 0x10
PORTS = tuple(f'uart{n}' for n in UNITS)


def with_ports(board):
    board.sockets += PORTS
    return started(board)


def send(q, unit, data):
    for byte in data:
        q.writel(base(unit) + UART + DATA, byte)


def receive(q, unit, count):
    """So many bytes, and then no more."""
    got, end = bytearray(), time.time() + 60
    while len(got) < count:
        if q.readl(base(unit) + UART + FLAGS) & RX_EMPTY:
            assert time.time() < end, f'{len(got)} bytes of {count}'
            time.sleep(0.005)
        else:
            got.append(q.readl(base(unit) + UART + DATA))
    return bytes(got)


def is_empty(q, unit):
    return q.readl(base(unit) + UART + FLAGS) & RX_EMPTY != 0


def test_uart_of_each_unit_reaches_its_own_socket(board):
    c, q, _ = with_ports(board)
    links = [c.link(name) for name in PORTS]
    for unit, link in enumerate(links):
        q.writel(base(unit) + UART + LINE, FIFO)
        send(q, unit, b'from %d' % unit)
        equal(link.take(6), b'from %d' % unit)
        link.send(b'to %d' % unit)
        equal(receive(q, unit, 4), b'to %d' % unit)
    for unit, link in enumerate(links):
        assert is_empty(q, unit), unit
        equal(link.rest, b'')


def test_uart_loses_nothing_that_its_reader_is_slow_for(board):
    """64 KiB wait in the line; more makes the sender wait."""
    c, q, _ = with_ports(board)
    data = random.Random(5).randbytes(5000)
    q.writel(base(2) + UART + LINE, FIFO)
    c.link('uart2').send(data)
    equal(receive(q, 2, len(data)), data)
    assert is_empty(q, 2)


def test_uart_without_a_listener_does_not_stop_the_chip(board):
    c, q, _ = with_ports(board)
    send(q, 0, bytes(3000))
    link = c.link('uart0')
    started_at = time.time()
    for _ in range(100):
        q.ask(f'write {base(0) + UART:#x} 4 0x58000000')
    link.socket.settimeout(1)
    try:
        got = link.socket.recv(65536)
    except (TimeoutError, socket.timeout):
        got = b''
    assert set(got) <= {0x58}, 'bytes from before it was connected'
    assert time.time() - started_at < 50


def test_loop_leads_back_and_to_nobody_else(board):
    c, q, panel = with_ports(board)
    link = c.link('uart3')
    q.writel(base(3) + UART + LINE, FIFO)
    told(panel, 'loop 3 1')
    data = bytes(range(256)) * 4
    send(q, 3, data)
    link.send(b'from outside')
    equal(receive(q, 3, len(data)), data)
    time.sleep(0.1)
    assert is_empty(q, 3), 'the outside came in'
    told(panel, 'loop 3 0')
    time.sleep(0.1)
    assert is_empty(q, 3), 'what was sent while it was looped came later'
    send(q, 3, b'out')
    equal(link.take(3), b'out')
    link.send(b'in')
    equal(receive(q, 3, 2), b'in')
    for other in (0, 1, 2, 4):
        assert is_empty(q, other)


def test_loop_stays_over_a_reset_and_its_bytes_do_not(board):
    c, q, panel = with_ports(board)
    q.writel(base(1) + UART + LINE, FIFO)
    told(panel, 'loop 1 1')
    send(q, 1, bytes(100))
    reset_by_vault(c)
    assert is_empty(q, 1)
    q.writel(base(1) + UART + LINE, FIFO)
    send(q, 1, b'again')
    equal(receive(q, 1, 5), b'again')
    assert is_empty(q, 1), 'a byte of before the reset'


def test_reset_brings_back_each_register(board):
    c, q, _ = started(board)
    for unit in (0, 4):
        at = base(unit)
        before = {at + page + register: q.readl(at + page + register)
                  for page, registers in ((UART, (0x04, FLAGS, 0x20, BAUD, 0x28, LINE, CONTROL, LEVELS, MASK, RAW, 0x40)),
                                          (I2C, (0,)), (SPI, (0x00, 0x04, 0x0c, 0x10, 0x14, 0x18, 0x1c, 0x30)))
                  for register in registers}
        equal((before[at + UART + CONTROL], before[at + UART + MASK], before[at + UART + FLAGS]), (0x300, 0, 0x90))
        equal((before[at + I2C], before[at + SPI + 0x30]), (3, 0))
        for register, value in ((UART + LINE, 0x70), (UART + BAUD, 13), (UART + 0x28, 3), (UART + 0x20, 1), (UART + CONTROL, 0x301),
                                (UART + LEVELS, 0), (UART + MASK, 0x7f0), (UART + DATA, 1), (I2C + 4, 2), (I2C + 4, 1),
                                (SPI + 0x00, 7), (SPI + 0x04, 2), (SPI + 0x10, 254), (SPI + 0x14, 8), (SPI + 0x08, 9), (SPI + 0x30, 3)):
            q.writel(at + register, value)
        assert before != {address: q.readl(address) for address in before}
        reset_by_vault(c)
        equal({address: q.readl(address) for address in before}, before)


def test_window_ends_behind_its_three_masters(board):
    c, _, _ = started(board)
    c.release()
    for unit in (0, 4):
        c.normal_read(base(unit) + SPI + 0xffc)
        for offset in (M['ISU_SIZE'], M['MAP_ISU_STRIDE'] - 4):
            faults(c.normal_read, base(unit) + offset)
            faults(c.normal_write, base(unit) + offset, 0)


def test_selects_are_two(board):
    _, q, _ = started(board)
    register = base(1) + M['ISU_SPI_SELECT']
    q.writel(register, 0xffffffff)
    equal(q.readl(register), 3)
    q.writel(register, 2)
    equal(q.readl(register), 2)
    q.writel(register, 0)
    equal(q.readl(base(0) + M['ISU_SPI_SELECT']), 0)


def test_unit_without_a_sensor_hears_nobody(board):
    _, q, _ = started(board)
    wire = TwoWire(q, 4)
    for address in range(128):
        wire.start()
        try:
            wire.send(address << 1)
        except Exception:  # pylint: disable=broad-except  nobody answered
            continue
        raise AssertionError(f'{address:#x} answered')
    for select in (0, 1):
        equal(FourWire(q, 4, select).read(0x0f, 4), [0] * 4)


def test_random_register_writes_leave_a_unit_that_resets(board):
    """Nothing that a program writes may end the chip, or stay."""
    dice = random.Random(11)
    c, q, _ = started(board)
    for _ in range(3000):
        page = dice.choice((UART, I2C, SPI))
        register = dice.choice((dice.randrange(0, 0x50, 4), dice.randrange(0, 0x1000, 4)))
        q.writel(base(0) + page + register, dice.choice((0, 1, 2, 3, 6, 0xff, 0xffffffff, dice.randrange(1 << 32))))
        q.readl(base(0) + page + register)
    reset_by_vault(c)
    for master in (TwoWire(q, 0), FourWire(q, 0, 0), FourWire(q, 0, 1)):
        equal(master.read(0x0f), [0x69])
