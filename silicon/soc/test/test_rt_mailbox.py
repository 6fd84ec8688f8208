# SPDX-License-Identifier: GPL-2.0-only
"""The mailbox between the A-core and a real-time core, by the registers that programs know."""
from agents import M
from expect import equal, faults
from rt import MAGIC, MAILBOX, OPERATIONS, started

RING, ENABLE, BELLS = M['RTMAIL_RING'], M['RTMAIL_ENABLE'], M['RTMAIL_BELLS']
COUNT, COMMAND, DATA = M['RTMAIL_PUSH_COUNT'], M['RTMAIL_PUSH_COMMAND'], M['RTMAIL_PUSH_DATA']
POP_COMMAND, POP_DATA, POP_COUNT = M['RTMAIL_POP_COMMAND'], M['RTMAIL_POP_DATA'], M['RTMAIL_POP_COUNT']
SPI = 42


def gic_pending(c, n):
    number = 32 + SPI + n
    return c.secure_read(M['MAP_GICD_BASE'] + 0x200 + 4 * (number // 32)) >> (number % 32) & 1


def test_registers_are_where_existing_programs_expect_them(_):
    equal([MAILBOX, RING, ENABLE, BELLS, POP_COMMAND, POP_DATA, POP_COUNT, M['RT_MAILBOX_IRQ']],
          [0x21050000, 0x14, 0x18, 0x1c, 0x50, 0x54, 0x58, 11])


def test_fifo_keeps_order_and_holds_sixteen(board):
    c, core, _ = started(board)
    equal(c.normal_read(core.mail + COUNT), 0)
    for n in range(20):
        core.push(OPERATIONS['set_value'], 0x200 + n)
        equal(c.normal_read(core.mail + COUNT), min(n + 1, 16))
        equal(c.normal_read(core.mail + DATA), 0, 'data is left for the next push')
    core.load()
    core.start()
    core.await_report('done', lambda done: done == 16)
    equal(core.report('result'), 0x20f, 'the last of those that found room')
    equal(c.normal_read(core.mail + COUNT), 0)


def seen_behind(core, register, command, data):
    """What the program reads in the register while that entry is the oldest one."""
    core.hold()
    core.tell('read', MAILBOX + register)
    core.push(command, data)
    core.start()
    core.await_report('done', lambda done: done == 1)
    return core.report('result')


def test_data_can_be_looked_at_and_the_command_takes_the_entry(board):
    c, core, _ = started(board)
    core.load()
    spin = OPERATIONS['spin']  # taken only by who goes on to it
    equal(seen_behind(core, POP_COUNT, spin, 0x1234), 1)
    core.stands_still()
    equal(seen_behind(core, POP_DATA, spin, 0x40123454), 0x40123454)
    core.stands_still()
    equal(seen_behind(core, POP_COMMAND, 0xba5e0001, 0x40123454), 0xba5e0001)
    core.goes_on()
    equal(core.report('done'), 1, 'the entry was served, too')
    equal([core.read(MAILBOX + register) for register in (POP_COUNT, POP_COMMAND, POP_DATA)], [0, 0, 0])
    core.push(OPERATIONS['set_value'], 5)
    c.normal_write(core.mail + COMMAND, OPERATIONS['set_value'])
    core.await_report('done', lambda done: done == 6)
    equal(core.report('result'), 0, 'data of the push before')


def test_doorbells_ring_each_way_and_are_cleared_by_who_was_rung(board):
    c, core, other = started(board)
    core.run()
    other.run()
    c.normal_write(core.mail + RING, 0x3)
    equal((core.read(MAILBOX + BELLS), c.normal_read(core.mail + BELLS)), (3, 0))
    equal(other.read(MAILBOX + BELLS), 0)
    core.write(MAILBOX + BELLS, 1)
    equal(core.read(MAILBOX + BELLS), 2)
    core.write(MAILBOX + RING, 0xfff)
    equal((c.normal_read(core.mail + BELLS), core.read(MAILBOX + BELLS)), (0xff, 2))
    equal(c.normal_read(other.mail + BELLS), 0)
    c.normal_write(core.mail + BELLS, 0xf0)
    equal(c.normal_read(core.mail + BELLS), 0x0f)


def test_interrupt_11_tells_the_core(board):
    c, core, other = started(board)
    core.run()
    other.run()
    core.ask('enable', 11)
    c.normal_write(core.mail + RING, 2)
    equal(core.report('interrupts'), 0, 'a bell that is not enabled')
    core.write(MAILBOX + ENABLE, 2)
    core.await_report('interrupts', lambda n: n == 1)
    equal(core.report('last_interrupt'), 16 + 11)
    core.write(MAILBOX + BELLS, 2)
    core.ask('enable', 11)
    c.normal_write(core.mail + RING, 1)
    equal(core.ask('multiply', 2), 4)
    equal(core.report('interrupts'), 1)
    c.normal_write(core.mail + RING, 2)
    core.await_report('interrupts', lambda n: n == 2)
    equal(other.report('interrupts'), 0)


def test_sleeping_core_wakes_by_its_doorbell(board):
    c, core, _ = started(board)
    core.run()
    core.write(MAILBOX + ENABLE, 1)
    core.ask('enable', 11)
    done = core.report('done')
    core.tell('sleep')
    core.stands_still()
    equal(core.report('done'), done)
    c.normal_write(core.mail + RING, 1)
    core.await_report('done', lambda n: n == done + 1)
    core.goes_on()


def test_each_core_has_its_own_line_to_the_acore(board):
    c, first, second = started(board)
    for n, core in enumerate((first, second)):
        core.run()
        equal(gic_pending(c, n), 0)
        core.write(MAILBOX + RING, 1)
        equal(gic_pending(c, n), 0, 'a bell that is not enabled')
        c.normal_write(core.mail + ENABLE, 1)
        equal([gic_pending(c, i) for i in range(2)], [n == 0, n == 1])
        c.normal_write(core.mail + BELLS, 1)
        equal([gic_pending(c, i) for i in range(2)], [0, 0])


def test_held_core_forgets_and_takes_what_comes_then(board):
    c, core, _ = started(board)
    core.run()
    core.write(MAILBOX + ENABLE, 0xff)
    core.write(MAILBOX + RING, 4)
    core.tell('spin')
    core.await_report('magic', lambda magic: magic == MAGIC)
    for n in range(3):
        core.push(0x55, n)
    c.normal_write(core.mail + RING, 1)
    core.hold()
    equal((c.normal_read(core.mail + COUNT), c.normal_read(core.mail + BELLS)), (0, 4))
    core.tell('set_value', 0x99)
    c.normal_write(core.mail + RING, 8)
    core.start()
    core.await_report('done', lambda done: done == 1)
    equal(core.report('result'), 0x99)
    equal((core.read(MAILBOX + BELLS), core.read(MAILBOX + ENABLE)), (8, 0))


def test_each_side_has_its_own_registers_in_words(board):
    c, core, _ = started(board)
    core.run()
    for offset in (0, 0x10, 0x20, POP_COMMAND, POP_DATA, POP_COUNT, 0xffc):
        faults(c.normal_read, core.mail + offset)
    for offset in (RING, COMMAND):
        faults(c.normal_read, core.mail + offset)
    for offset in (COUNT, POP_COMMAND):
        faults(c.normal_write, core.mail + offset, 0)
    faults(c.core_access, 3, core.mail + BELLS, 0, 1)
    for offset in (0, RING, COMMAND, DATA, COUNT, 0xffc):
        equal(core.fault_at(core.read, MAILBOX + offset), MAILBOX + offset)
    for offset in (COMMAND, DATA, POP_COUNT, POP_DATA):
        equal(core.fault_at(core.write, MAILBOX + offset, 0), MAILBOX + offset)
    equal(core.fault_at(core.ask, 'read_byte', MAILBOX + BELLS), MAILBOX + BELLS)
