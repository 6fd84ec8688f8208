# SPDX-License-Identifier: GPL-2.0-only
"""The peripheral firewall: a peripheral is its owner's alone, and so are its interrupts."""
import random
import time

from agents import Fault, M, Qtest
from expect import equal, faults, reset_by_vault
from rt import FAULTED, started

PFW = M['MAP_PFW_BASE']
OWNER, LOCK, STATUS = PFW + M['PFW_OWNER'], PFW + M['PFW_LOCK'], PFW + M['PFW_STATUS']
REFUSED, COUNT = M['PFW_REFUSED'], M['PFW_COUNT']
ACORE, RT0, RT1, SECURE = (M['PFW_TO_' + name] for name in ('ACORE', 'RT0', 'RT1', 'SECURE'))
DIRECTION, SENSE, EVENT, MASK, MASKED = 0x400, 0x404, 0x40c, 0x410, 0x418
IDENTITY = 0xfe0


def give(c, n, owner):
    c.secure_write(OWNER + 4 * n, owner)
    equal(c.secure_read(STATUS), 0)


def refuses(c, address, value):
    before = c.secure_read(address)
    c.secure_write(address, value)
    equal(c.secure_read(STATUS), REFUSED, f'{address:#x} = {value:#x} was not refused')
    equal(c.secure_read(address), before)


def acore_block(n):
    return M['MAP_GPIO_BASE'] + n * M['MAP_GPIO_STRIDE']


def rt_block(n):
    return M['RT_GPIO_BASE'] + n * M['RT_GPIO_STRIDE']


def gic_pending(c, block):
    return spi_pending(c, 48 + block)


def spi_pending(c, spi):
    number = 32 + spi
    return c.secure_read(M['MAP_GICD_BASE'] + 0x200 + 4 * (number // 32)) >> (number % 32) & 1


def peripheral(n):
    """Where the A-core and a real-time core see it, and what reads there as nowhere else."""
    for first, count, name, register, value in (
            (M['PFW_GPIO'], M['MAP_GPIO_COUNT'], 'GPIO', IDENTITY, 0x61), (M['PFW_ISU'], M['MAP_ISU_COUNT'], 'ISU', IDENTITY, 0x11),
            (M['PFW_PWM'], M['MAP_PWM_COUNT'], 'PWM', M['PWM_CONTROL'], 0)):
        if first <= n < first + count:
            return (M[f'MAP_{name}_BASE'] + (n - first) * M[f'MAP_{name}_STRIDE'] + register,
                    M[f'RT_{name}_BASE'] + (n - first) * M[f'RT_{name}_STRIDE'] + register, value)
    equal(n, M['PFW_ADC'])
    return M['MAP_ADC_BASE'] + M['ADC_REFERENCE'], M['RT_ADC_BASE'] + M['ADC_REFERENCE'], M['ADC_REFERENCE_MAX_UV']


def who_reaches(c, first, second, n):
    """The owner, told by who gets an answer, of the accesses of everybody."""
    reached = set()
    acore, rt, value = peripheral(n)
    for name, access, address in (('normal', c.normal_read, acore), ('secure', c.secure_read, acore),
                                  ('rt0', first.read, rt), ('rt1', second.read, rt)):
        try:
            equal(access(address), value, f'not peripheral {n}')
            reached.add(name)
        except Fault:
            pass
    return reached


REACH = {ACORE: {'normal', 'secure'}, SECURE: {'secure'}, RT0: {'rt0'}, RT1: {'rt1'}}


def test_block_is_reached_by_its_owner_alone(board):
    c, first, second = started(board)
    first.run()
    second.run()
    last = [first + count - 1 for first, count in ((M['PFW_GPIO'], M['MAP_GPIO_COUNT']), (M['PFW_ISU'], M['MAP_ISU_COUNT']),
                                                   (M['PFW_PWM'], M['MAP_PWM_COUNT']), (M['PFW_ADC'], 1))]
    for n in (0, *last):
        for owner in (RT0, RT1, SECURE, ACORE):
            give(c, n, owner)
            equal(c.secure_read(OWNER + 4 * n), owner)
            equal(who_reaches(c, first, second, n), REACH[owner], f'peripheral {n}, owner {owner}')
    for n in (0, *last):
        give(c, n, RT0)
    equal(who_reaches(c, first, second, 1), REACH[ACORE], 'another one')


def test_refused_access_changes_nothing_and_is_recorded(board):
    c, first, second = started(board)
    first.run()
    second.run()
    give(c, 3, RT0)
    first.write(rt_block(3) + DIRECTION, 0x55)
    for access in (c.normal_write, c.secure_write):
        faults(access, acore_block(3) + DIRECTION, 0xff)
    equal(second.fault_at(second.write, rt_block(3) + DIRECTION, 0xff), rt_block(3) + DIRECTION)
    equal(first.read(rt_block(3) + DIRECTION), 0x55)
    equal(first.settle() & FAULTED, 0)
    give(c, 3, RT1)
    equal(first.fault_at(first.ask, 'write_byte', rt_block(3) + DIRECTION), rt_block(3) + DIRECTION)
    equal(second.read(rt_block(3) + DIRECTION), 0x55, 'the block itself keeps its state')
    give(c, 3, SECURE)
    faults(c.normal_write, acore_block(3) + DIRECTION, 0)
    equal(c.secure_read(acore_block(3) + DIRECTION), 0x55)


def test_owner_drives_and_reads_the_pins(board):
    c, core, _ = started(board)
    core.run()
    panel = c.panel
    give(c, 2, RT0)
    core.write(rt_block(2) + DIRECTION, 1)
    core.write(rt_block(2) + 4, 0)
    core.write(rt_block(2) + 4, 1)
    core.write(rt_block(2) + 4, 0)
    equal([panel.line() for _ in range(3)], ['gpio 8 0', 'gpio 8 1', 'gpio 8 0'])
    give(c, 3, RT0)
    equal(core.read(rt_block(3) + 4), 1)
    panel.send(b'set 12 0\n')
    for _ in range(200):
        if core.read(rt_block(3) + 4) == 0:
            break
        time.sleep(0.01)
    equal(core.read(rt_block(3) + 4), 0)


def watch_button(write, base):
    """Button 12 closes: an interrupt by level, so that it stays."""
    for register, value in ((SENSE, 1), (EVENT, 0), (MASK, 1)):
        write(base + register, value)


def test_interrupt_goes_to_the_owner_alone(board):
    c, first, second = started(board)
    first.run()
    second.run()
    watch_button(c.normal_write, acore_block(3))
    for core in (first, second):
        core.ask('enable', M['RT_GPIO_IRQ'] + 3)
    c.panel.send(b'set 12 0\n')
    for _ in range(200):
        if gic_pending(c, 3):
            break
        time.sleep(0.01)
    equal([gic_pending(c, 3), first.report('interrupts'), second.report('interrupts')], [1, 0, 0])
    give(c, 3, RT0)
    first.await_report('interrupts', lambda n: n == 1)
    equal([gic_pending(c, 3), second.report('interrupts')], [0, 0])
    equal(first.report('last_interrupt'), 16 + 35)
    give(c, 3, RT1)
    second.await_report('interrupts', lambda n: n == 1)
    equal([gic_pending(c, 3), first.report('interrupts')], [0, 1])
    give(c, 3, SECURE)
    equal(gic_pending(c, 3), 1)
    equal([first.report('interrupts'), second.report('interrupts')], [1, 1])


def test_waiting_interrupt_is_seen_by_the_next_program(board):
    c, core, _ = started(board)
    core.run()
    give(c, 3, RT0)
    watch_button(core.write, rt_block(3))
    c.panel.send(b'set 12 0\n')
    for _ in range(200):
        if core.read(rt_block(3) + MASKED):
            break
        time.sleep(0.01)
    core.hold()
    core.start()
    equal(core.report('interrupts'), 0)
    core.ask('enable', M['RT_GPIO_IRQ'] + 3)
    core.await_report('interrupts', lambda n: n == 1)


def test_each_interrupt_of_a_serial_unit_goes_to_the_owner_alone(board):
    """UART and SPI have one each: "I may send" is up as soon as it is asked for."""
    c, first, second = started(board)
    first.run()
    second.run()
    unit = 3
    base, n = M['MAP_ISU_BASE'] + unit * M['MAP_ISU_STRIDE'], M['PFW_ISU'] + unit
    c.normal_write(base + M['ISU_UART'], 0x55)
    for line, mask, bit in ((0, base + M['ISU_UART'] + 0x38, 0x20), (1, base + M['ISU_SPI'] + 0x14, 8)):
        spis, number = (72 + 2 * unit, 73 + 2 * unit), M['RT_ISU_IRQ'] + 2 * unit + line
        c.normal_write(mask, bit)
        equal([spi_pending(c, spi) for spi in spis], [line == 0, line == 1])
        for core in (first, second):
            core.ask('enable', number)
        give(c, n, RT0)
        first.await_report('interrupts', lambda count: count == line + 1)
        equal(first.report('last_interrupt'), 16 + number)
        equal([spi_pending(c, spis[line]), second.report('interrupts')], [0, line])
        give(c, n, RT1)
        second.await_report('interrupts', lambda count: count == line + 1)
        equal(second.report('last_interrupt'), 16 + number)
        equal([spi_pending(c, spis[line]), first.report('interrupts')], [0, line + 1])
        give(c, n, ACORE)
        equal(spi_pending(c, spis[line]), 1)
        c.normal_write(mask, 0)


def test_lock_keeps_the_owner_until_reset(board):
    c, first, second = started(board)
    first.run()
    second.run()
    give(c, 2, RT0)
    c.secure_write(LOCK, 1 << 2 | 1 << 5)
    equal((c.secure_read(LOCK), c.secure_read(STATUS)), (1 << 2 | 1 << 5, 0))
    for owner in (ACORE, RT0, RT1, SECURE):
        refuses(c, OWNER + 4 * 2, owner)
        refuses(c, OWNER + 4 * 5, owner)
    c.secure_write(LOCK, 0)
    equal(c.secure_read(LOCK), 1 << 2 | 1 << 5, 'the lock was taken back')
    give(c, 3, RT1)
    equal(who_reaches(c, first, second, 2), {'rt0'})
    equal(who_reaches(c, first, second, 5), {'normal', 'secure'})
    c.secure_write(LOCK, 0xffffffff)
    equal(c.secure_read(LOCK), (1 << COUNT) - 1)
    for n in range(COUNT):
        refuses(c, OWNER + 4 * n, ACORE)
    first.hold()
    first.start()
    equal(who_reaches(c, first, second, 2), {'rt0'}, 'a restart of the core opened the lock')
    reset_by_vault(c)
    c.release()
    equal((c.secure_read(LOCK), c.secure_read(STATUS)), (0, 0))
    equal([c.secure_read(OWNER + 4 * n) for n in range(32)], [ACORE] * 32)
    equal(c.normal_read(acore_block(2) + IDENTITY), 0x61)


def test_absent_peripherals_and_owners_are_refused(board):
    c, _, _ = started(board)
    equal(COUNT, 30, 'kept for I2S: the last two')
    for n in range(COUNT, 32):
        for owner in (ACORE, RT0, SECURE):
            refuses(c, OWNER + 4 * n, owner)
    for owner in (4, 5, 0x80000000, 0xffffffff):
        refuses(c, OWNER, owner)
    give(c, 0, RT1)


def test_firewall_is_the_secure_world_s(board):
    c, first, _ = started(board)
    first.run()
    for register in (OWNER, OWNER + 4 * 9, LOCK, STATUS):
        faults(c.normal_read, register)
        faults(c.normal_write, register, RT0)
    equal([c.secure_read(OWNER + 4 * n) for n in range(COUNT)], [ACORE] * COUNT)
    equal(c.secure_read(LOCK), 0)
    for address in (PFW + 0x88, PFW + 0xffc):
        faults(c.secure_read, address)
        faults(c.secure_write, address, 0)
    faults(c.secure_write, STATUS, 0)
    faults(c.core_access, 3, OWNER, 0, 0)


def test_bus_masters_do_not_reach_a_block_of_another_owner(board):
    c, core, _ = started(board, *board.door('qtest'))
    core.run()
    q = Qtest(c)
    for owner in (RT0, SECURE):
        give(c, 6, owner)
        q.writel(acore_block(6) + DIRECTION, 0xff)
        give(c, 6, ACORE)
        equal(c.normal_read(acore_block(6) + DIRECTION), 0)
    q.writel(acore_block(6) + DIRECTION, 0xff)
    equal(c.normal_read(acore_block(6) + DIRECTION), 0xff)


def test_owner_can_change_at_any_moment(board):
    dice = random.Random(23)
    c, first, second = started(board)
    first.run()
    second.run()
    for _ in range(25):
        n, owner = dice.randrange(M['MAP_GPIO_COUNT']), dice.randrange(4)
        for core in (first, second):
            core.tell('write', rt_block(n) + DIRECTION)
        give(c, n, owner)
    for core in (first, second):
        core.await_report('magic', lambda magic: magic)
        core.goes_on()
