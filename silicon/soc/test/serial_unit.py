# SPDX-License-Identifier: GPL-2.0-only
"""A serial unit of a chip under test, driven register by register through the test door."""
from agents import M, Qtest

UART, I2C, SPI = M['ISU_UART'], M['ISU_I2C'], M['ISU_SPI']
SENSOR = 0x6a
SCL, SDA = 1, 2


def started(board, *extra):
    """A chip, its test door and its panel."""
    c = board.start(*board.door('qtest'), *extra)
    return c, Qtest(c), c.link('panel')


def told(panel, *lines):
    """Says it to the panel, and waits until the panel has heard it."""
    for line in (*lines, 'end'):
        panel.send(line.encode() + b'\n')
    answer = panel.line()
    assert answer.startswith('error '), answer


def base(unit):
    return M['MAP_ISU_BASE'] + unit * M['MAP_ISU_STRIDE']


class Nack(Exception):
    """Nobody pulled the line down."""


class TwoWire:
    """The I2C master: two lines, pulled and released."""

    def __init__(self, q, unit):
        self.q, self.base = q, base(unit) + I2C

    def put(self, line, level):
        self.q.writel(self.base + (0 if level else 4), line)

    def sda(self):
        return self.q.readl(self.base) >> 1 & 1

    def start(self):
        self.put(SDA, 1)
        self.put(SCL, 1)
        self.put(SDA, 0)
        self.put(SCL, 0)

    def stop(self):
        self.put(SDA, 0)
        self.put(SCL, 1)
        self.put(SDA, 1)

    def bit(self, level):
        self.put(SDA, level)
        self.put(SCL, 1)
        got = self.sda()
        self.put(SCL, 0)
        return got

    def send(self, byte):
        for n in range(7, -1, -1):
            self.bit(byte >> n & 1)
        if self.bit(1):
            self.stop()
            raise Nack(hex(byte))

    def receive(self, more):
        byte = 0
        for _ in range(8):
            byte = byte << 1 | self.bit(1)
        self.bit(0 if more else 1)
        return byte

    # ---- As the driver of a sensor uses it

    def write(self, register, *data, address=SENSOR):
        self.start()
        for byte in (address << 1, register, *data):
            self.send(byte)
        self.stop()

    def read(self, register, count=1, address=SENSOR):
        self.start()
        self.send(address << 1)
        self.send(register)
        self.start()
        self.send(address << 1 | 1)
        data = [self.receive(n < count - 1) for n in range(count)]
        self.stop()
        return data


class FourWire:
    """The SPI master, with one of its selects."""

    def __init__(self, q, unit, select):
        self.q, self.base, self.select = q, base(unit) + SPI, select
        for register, value in ((0x00, 7), (0x10, 2), (0x04, 2)):  # eight bits, clock, on
            q.writel(self.base + register, value)

    def choose(self, selects):
        self.q.writel(self.base - SPI + M['ISU_SPI_SELECT'], selects)

    def word(self, word):
        self.q.writel(self.base + 0x08, word)
        return self.q.readl(self.base + 0x08)

    def transfer(self, words):
        self.choose(1 << self.select)
        got = [self.word(word) for word in words]
        self.choose(0)
        return got

    def write(self, register, *data):
        self.transfer((register, *data))

    def read(self, register, count=1):
        return self.transfer((register | 0x80, *[0] * count))[1:]
