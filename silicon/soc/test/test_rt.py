# SPDX-License-Identifier: GPL-2.0-only
"""The real-time cores: what each sees, who starts and stops it, what the bus refuses it."""
import random
import struct
import time

from agents import M, Qtest
from expect import FLASH, RAM, SECRAM, SYSCTL, VCTL, VSRAM, equal, faults, reset_by_vault, restart
from rt import (BUSY, FAULTED, LOCKED_UP, MAGIC, MAILBOX, REFUSED, RTCTL, RUNNING, SYSRAM, TCM, XIP, started)

CONTENT_AT, CONTENT = 0xd00000, bytes(range(256)) * 32
GPIO = M['RT_GPIO_BASE']
STRIDE = M['RTCTL_STRIDE']
FIRST = struct.unpack('<I', CONTENT[:4])[0]


def test_both_cores_run_beside_vault_and_acore(board):
    c, first, second = started(board)
    first.run()
    second.run()
    first.goes_on()
    second.goes_on()
    for n, core in enumerate((first, second)):
        equal(core.ask('multiply', 1000 + n), (1000 + n) ** 2, 'floating point')
        core.write(SYSRAM, 0x1000 + n)
        core.write(TCM + 0x8000, 0x2000 + n)
    c.write(VSRAM, 5)
    c.normal_write(RAM + 0x9000, 6)
    for n, core in enumerate((first, second)):
        equal(core.read(SYSRAM), 0x1000 + n)
        equal(core.read(TCM + 0x8000), 0x2000 + n)
        equal(c.secure_read(core.tcm + 0x8000), 0x2000 + n)
    equal((c.read(VSRAM), c.secure_read(RAM + 0x9000)), (5, 6))
    first.goes_on()
    second.goes_on()


def test_memories_have_their_documented_sizes(board):
    _, core, other = started(board)
    other.run()
    core.run()
    for base, size in ((TCM, M['RT_TCM_SIZE']), (SYSRAM, M['RT_SYSRAM_SIZE'])):
        core.write(base + size - 4, 0x77)
        equal(core.read(base + size - 4), 0x77)
        core.ask('write_byte', base + size - 8, value=0x12)
        equal(core.ask('read_byte', base + size - 8), 0x12)
        for outside in (base - 4, base + size):
            equal(core.fault_at(core.read, outside), outside)
            equal(core.fault_at(core.write, outside, 0), outside)


def test_cores_are_held_until_the_monitor_starts_them(board):
    c, first, second = started(board)
    for core in (first, second):
        core.load()
        equal((core.get('CONTROL'), core.get('STATUS')), (0, 0))
        core.push(1, 2)
    time.sleep(0.3)
    equal([core.report('magic') for core in (first, second)], [0, 0])
    first.start()
    time.sleep(0.2)
    equal(second.report('magic'), 0, 'the other core started too')
    equal((first.get('CONTROL'), first.settle()), (1, RUNNING))
    equal(second.settle(), 0)


def test_held_core_stands_still_and_starts_again_from_its_vectors(board):
    c, core, other = started(board)
    core.run()
    other.run()
    core.ask('enable', M['RT_MAILBOX_IRQ'])
    for round_ in range(2, 5):
        core.hold()
        core.stands_still()
        other.goes_on()
        core.start()
        core.await_report('starts', lambda starts, wanted=round_: starts == wanted)
        core.goes_on()
    core.order('CONTROL', 1)
    equal(core.report('starts'), 4, 'CONTROL 1 restarted a running core')


def test_core_that_masks_everything_can_be_held(board):
    _, core, _ = started(board)
    core.run()
    core.tell('spin')
    time.sleep(0.1)
    core.stands_still()
    core.hold()
    core.start()
    core.goes_on()


def test_quick_orders_end_in_the_last_one(board):
    _, core, other = started(board)
    core.run()
    other.load()
    for _ in range(8):
        core.set('CONTROL', 0)
        core.set('CONTROL', 1)
        other.set('CONTROL', 1)
        other.set('CONTROL', 0)
    equal(core.settle(), RUNNING)
    equal(other.settle(), 0)
    core.goes_on()
    other.stands_still()
    core.set('CONTROL', 0)
    core.set('CONTROL', 1)
    core.settle()
    core.await_report('starts', lambda starts: starts > 2)


def test_other_words_do_not_start_a_core(board):
    _, core, _ = started(board)
    core.load()
    for word in (2, 3, 0x80000000, 0xffffffff):
        core.refuses('CONTROL', word)
    equal(core.report('magic'), 0)
    core.set('CONTROL', 0)
    equal(core.settle() & REFUSED, 0)


def forbidden(core):
    """Places that are somebody else's, by name."""
    return {
        'A-core RAM': RAM + 0x3000, 'end of the A-core RAM': RAM + M['MAP_RAM_SIZE_DEFAULT'] - 4,
        'secure RAM': SECRAM, 'flash': FLASH, 'A-core ROM': 0x00000000, 'flash controller': M['MAP_FLASHCTL_BASE'],
        'system controller': SYSCTL, 'vault mailbox': M['MAP_MAILBOX_BASE'], 'mailbox memory': M['MAP_MAILRAM_BASE'],
        'firewall': M['MAP_PFW_BASE'], 'real-time control': RTCTL, 'own loader view': core.tcm,
        'A-core side of the mailbox': core.mail, 'recovery port': M['MAP_RECOVERY_BASE'],
        'interrupt controller': M['MAP_GICD_BASE'], 'UART': M['MAP_UART_BASE'], 'clock': M['MAP_RTC_BASE'],
        'GPIO of the A-core': M['MAP_GPIO_BASE'], 'network': M['MAP_VIRTIO_BASE'],
        'vault RAM': VSRAM, 'vault engines': M['MAP_VENGINE_BASE'], 'vault fuses': M['MAP_VFUSE_BASE'],
        'vault control': VCTL, 'on-die memory': M['MAP_VNVM_BASE'], 'flash of the vault': M['MAP_VFLASH_BASE'],
        'GPIO not owned': GPIO, 'last GPIO not owned': GPIO + (M['MAP_GPIO_COUNT'] - 1) * M['RT_GPIO_STRIDE'] + 0x3fc,
        'no such GPIO': GPIO + M['MAP_GPIO_COUNT'] * M['RT_GPIO_STRIDE'], 'serial unit not owned': M['RT_ISU_BASE'],
        'no such serial unit': M['RT_ISU_BASE'] + M['MAP_ISU_COUNT'] * M['RT_ISU_STRIDE'], 'PWM not owned': M['RT_PWM_BASE'],
        'ADC not owned': M['RT_ADC_BASE'], 'serial unit of the A-core': M['MAP_ISU_BASE'], 'closed XIP': XIP, 'hole': 0x30000000, 'end': 0xfffffffc}


def test_every_place_that_is_not_a_core_s_faults_and_is_recorded(board):
    c, first, second = started(board)
    c.write(VSRAM, 0x5ec2e7)
    c.secure_write(SECRAM, 0x5ec2e7)
    c.normal_write(RAM + 0x3000, 0x5ec2e7)
    first.run()
    for name, address in forbidden(first).items():
        equal(first.fault_at(first.read, address), address, name)
        faults(first.write, address, 0)
    second.run()
    for address in (SECRAM, RAM + 0x3000, GPIO):
        faults(second.read, address)
        equal(second.fault_at(second.write, address, 0), address)
    equal(c.secure_read(SECRAM), 0x5ec2e7)
    equal(c.normal_read(RAM + 0x3000), 0x5ec2e7)
    equal(c.read(VSRAM), 0x5ec2e7)


def test_no_core_can_execute_what_is_not_its_own(board):
    c, core, _ = started(board)
    core.run()
    c.normal_write(RAM + 0x3000, 0x47704770)  # bx lr
    for address in (0x30000000, SECRAM, M['MAP_SYSCTL_BASE'], XIP):
        equal(core.fault_at(core.ask, 'call', address | 1), address)
    core.window('SHARE', RAM + 0x3000, 0x1000)
    equal(core.read(RAM + 0x3000), 0x47704770)
    core.order('CONTROL', 1)
    faults(core.ask, 'call', RAM + 0x3001)  # execute never, in the core's own rules
    core.write(SYSRAM, 0x47704770)
    core.ask('call', SYSRAM | 1)


def test_first_fault_is_the_one_that_is_kept(board):
    _, core, _ = started(board)
    core.run()
    for address in (0x30000000, 0x31000000, SECRAM):
        faults(core.read, address)
    equal((core.settle(), core.get('FAULT_AT')), (RUNNING | FAULTED, 0x30000000))
    core.hold()
    equal((core.settle(), core.get('FAULT_AT')), (FAULTED, 0x30000000))
    core.start()
    equal((core.settle(), core.get('FAULT_AT')), (RUNNING, 0))


def test_one_core_s_memory_is_not_the_other_s(board):
    c, first, second = started(board)
    first.run()
    second.run()
    for address in (TCM + 0x9000, SYSRAM + 0x100):
        first.write(address, 0x11111111)
        second.write(address, 0x22222222)
        equal((first.read(address), second.read(address)), (0x11111111, 0x22222222))
    equal(second.fault_at(second.read, first.tcm + 0x9000), first.tcm + 0x9000)
    equal(first.fault_at(first.write, second.tcm + 0x9000, 0), second.tcm + 0x9000)


def test_tcm_is_loaded_through_the_secure_view_only(board):
    c, first, second = started(board)
    size = M['RT_TCM_SIZE']
    for core in (first, second):
        for at in (0, size - 4):
            c.secure_write(core.tcm + at, 0x33)
            equal(c.secure_read(core.tcm + at), 0x33)
            faults(c.normal_read, core.tcm + at)
            faults(c.normal_write, core.tcm + at, 0)
        faults(c.normal_execute, core.tcm)
        for outside in (core.tcm + size, core.tcm + M['MAP_RTTCM_STRIDE'] - 4):
            faults(c.secure_read, outside)
    faults(c.secure_read, M['MAP_RTTCM_BASE'] + 2 * M['MAP_RTTCM_STRIDE'])
    for address in (SYSRAM, TCM, MAILBOX, GPIO):
        faults(c.secure_read, address)


def test_normal_world_cannot_control_the_cores(board):
    c, first, second = started(board)
    first.run()
    second.load()
    for core in (first, second):
        for register in range(0, 0x20, 4):
            faults(c.normal_read, core.registers + register)
            faults(c.normal_write, core.registers + register, 1)
    equal((first.settle(), second.settle()), (RUNNING, 0))
    first.goes_on()


def test_bus_masters_see_nothing_of_the_cores(board):
    c, core, _ = started(board, *board.door('qtest'))
    core.load()
    q = Qtest(c)
    c.secure_write(core.tcm + 0x9000, 0x12345678)
    for address in (core.tcm + 0x9000, TCM + 0x9000):
        assert q.readl(address) != 0x12345678
        q.writel(address, 0)
    q.writel(core.registers, 1)
    equal(c.secure_read(core.tcm + 0x9000), 0x12345678)
    equal((core.settle(), core.report('magic')), (0, 0))


def test_flash_window_shows_what_the_monitor_placed_and_no_more(board):
    c, core, other = started(board, more=((CONTENT_AT, CONTENT),))
    core.window('XIP', CONTENT_AT, 0x1000)
    core.run()
    other.run()
    for at in (0, 4, 0xffc):
        equal(core.read(XIP + at), struct.unpack_from('<I', CONTENT, at)[0])
    equal(core.fault_at(core.read, XIP + 0x1000), XIP + 0x1000)
    equal(core.fault_at(core.write, XIP, 0), XIP)
    equal(core.fault_at(core.ask, 'write_byte', XIP + 5), XIP + 5)
    equal(other.fault_at(other.read, XIP), XIP)
    equal(core.read(XIP), FIRST)
    equal(c.secure_read(FLASH + CONTENT_AT), FIRST)


def test_flash_window_can_be_a_mebibyte_and_end_with_the_flash(board):
    _, core, _ = started(board, more=((0xfff000, b'end of the flash' * 256),))
    core.window('XIP', 0xf00000, 0x100000)
    core.run()
    equal(core.read(XIP + 0xffffc), struct.unpack('<I', b'lash')[0])


def test_program_can_execute_from_flash(board):
    code = struct.pack('<HHHH', 0x4801, 0x4770, 0xbf00, 0xbf00) + struct.pack('<I', 0x600dc0de)  # ldr r0; bx lr
    _, core, _ = started(board, more=((CONTENT_AT, code),))
    core.window('XIP', CONTENT_AT, 0x2000)
    core.run()
    core.ask('call', XIP | 1)
    equal(core.settle() & FAULTED, 0)


def test_flash_window_moves_only_while_the_core_is_held(board):
    _, core, _ = started(board, more=((CONTENT_AT, CONTENT), (CONTENT_AT + 0x2000, b'two!')))
    for name, value in (('XIP_OFFSET', 1), ('XIP_OFFSET', 0x800), ('XIP_OFFSET', 0xfffff004), ('XIP_LENGTH', 0x10),
                        ('XIP_LENGTH', 0x101000), ('XIP_LENGTH', 0xfffff000)):
        core.refuses(name, value)
    core.order('XIP_OFFSET', M['FLASH_SIZE'] - 0x1000)
    core.refuses('XIP_LENGTH', 0x2000)
    core.order('XIP_OFFSET', M['FLASH_SIZE'])
    core.refuses('XIP_LENGTH', 0x1000)
    core.window('XIP', CONTENT_AT, 0x1000)
    core.refuses('XIP_OFFSET', M['FLASH_SIZE'])
    core.run()
    core.refuses('XIP_OFFSET', CONTENT_AT + 0x2000)
    core.refuses('XIP_LENGTH', 0)
    equal(core.read(XIP), FIRST)
    core.hold()
    core.order('XIP_OFFSET', CONTENT_AT + 0x2000)
    core.start()
    equal(core.read(XIP), struct.unpack('<I', b'two!')[0])
    core.hold()
    core.order('XIP_LENGTH', 0)
    core.start()
    equal(core.fault_at(core.read, XIP), XIP)


def test_share_shows_exactly_its_range_at_the_same_address(board):
    c, first, second = started(board)
    base = RAM + 0x200000
    first.run()
    second.run()
    first.window('SHARE', base, 0x2000)
    for at in (0, 0x1ffc):
        c.normal_write(base + at, 0xa0 + at)
        equal(first.read(base + at), 0xa0 + at)
        first.write(base + at, 0xb0 + at)
        equal(c.normal_read(base + at), 0xb0 + at)
        equal(second.fault_at(second.read, base + at), base + at)
    for outside in (base - 4, base + 0x2000):
        equal(first.fault_at(first.read, outside), outside)
        equal(first.fault_at(first.write, outside, 0), outside)
    c.normal_write(base, 40)
    equal(first.ask('exclusive', base, value=2), 42)
    equal(c.normal_read(base), 42)
    first.order('SHARE_BASE', base + 0x1000)
    equal(first.fault_at(first.read, base), base)
    equal(first.read(base + 0x1ffc), 0xb0 + 0x1ffc)
    first.order('SHARE_SIZE', 0)
    equal(first.fault_at(first.read, base + 0x1000), base + 0x1000)
    first.window('SHARE', RAM + M['MAP_RAM_SIZE_DEFAULT'] - 0x10000, 0x10000)
    first.write(RAM + M['MAP_RAM_SIZE_DEFAULT'] - 4, 7)
    equal(c.normal_read(RAM + M['MAP_RAM_SIZE_DEFAULT'] - 4), 7)


def test_two_cores_can_share_one_range(board):
    c, first, second = started(board)
    base = RAM + 0x300000
    for core in (first, second):
        core.window('SHARE', base, 0x1000)
        core.run()
    for n in range(1, 5):
        first.ask('exclusive', base, value=n)
        second.ask('exclusive', base, value=n)
    equal(c.normal_read(base), 20)


def test_only_normal_ram_can_be_shared(board):
    _, core, _ = started(board)
    end = RAM + M['MAP_RAM_SIZE_DEFAULT']
    for base in (0, SECRAM, FLASH, 0x0c000000, RAM - 0x1000, RAM - 0x10000, end, end - 0x1000, 0x3ffff000,
                 0xfffff000, TCM, SYSRAM):
        core.order('SHARE_SIZE', 0)
        core.order('SHARE_BASE', base)
        core.refuses('SHARE_SIZE', 0x2000)
    core.order('SHARE_BASE', RAM)
    for size in (1, 0x800, 0x1004, 0x11000, 0x100000, 0xfffff000):
        core.refuses('SHARE_SIZE', size)
    core.order('SHARE_SIZE', 0x1000)
    for base in (RAM + 4, RAM + 0x800, SECRAM, 0, end):
        core.refuses('SHARE_BASE', base)


def test_share_moves_while_the_core_uses_it(board):
    """No access falls between the old and the new range, and the chip survives any number of moves."""
    c, core, other = started(board)
    core.run()
    other.run()
    for n in range(12):
        base = RAM + 0x400000 + 0x1000 * (n % 7)
        core.window('SHARE', base, 0x1000 * (1 + n % 3))
        core.tell('write', base)
        other.ask('write', SYSRAM + 4 * n, value=n)
        core.order('SHARE_SIZE', 0)
    equal(core.settle() & ~FAULTED, RUNNING)
    core.goes_on()
    other.goes_on()


def test_lock_holds_the_core_and_freezes_its_registers(board):
    c, core, other = started(board)
    core.window('XIP', 0, 0x1000)
    core.window('SHARE', RAM, 0x1000)
    core.run()
    core.order('LOCK', 2)
    equal(core.get('LOCK'), 0)
    equal(core.order('LOCK', 1), 0)
    core.stands_still()
    for name, value in (('CONTROL', 1), ('CONTROL', 0), ('LOCK', 0), ('LOCK', 1), ('XIP_OFFSET', 0x1000),
                        ('XIP_LENGTH', 0), ('SHARE_BASE', RAM + 0x1000), ('SHARE_SIZE', 0)):
        core.refuses(name, value)
    equal((core.get('LOCK'), core.get('CONTROL')), (1, 0))
    core.stands_still()
    other.run()
    other.goes_on()
    reset_by_vault(c)
    c.release()
    equal([core.get(name) for name in ('LOCK', 'XIP_LENGTH', 'SHARE_SIZE')], [0, 0, 0])
    core.run()


def test_reset_holds_both_cores_and_keeps_their_memory(board):
    c, first, second = started(board)
    for core in (first, second):
        core.window('XIP', CONTENT_AT, 0x1000)
        core.window('SHARE', RAM, 0x1000)
        core.run()
        core.write(SYSRAM + 0x40, 0x77)
        core.write(TCM + 0x9000, 0x88)
        faults(core.read, 0x30000000)
    reset_by_vault(c)
    c.release()
    for core in (first, second):
        equal([core.get(name) for name in ('CONTROL', 'STATUS', 'FAULT_AT', 'XIP_OFFSET', 'XIP_LENGTH', 'SHARE_BASE',
                                           'SHARE_SIZE', 'LOCK')], [0] * 8)
        core.stands_still()
        equal(core.report('magic'), MAGIC, 'the TCM lost its content')
        core.start()
        equal((core.read(TCM + 0x9000), core.read(SYSRAM + 0x40)), (0x88, 0x77))
        equal(core.fault_at(core.read, XIP), XIP)
        equal(core.fault_at(core.read, RAM), RAM)


def test_reset_can_come_at_any_moment(board):
    """Orders that are under way when the chip resets have no effect after it."""
    c, first, second = started(board)
    for core in (first, second):
        core.load()
    for _ in range(4):
        for core in (first, second):
            core.set('SHARE_SIZE', 0)
            core.set('SHARE_BASE', RAM)
            core.set('SHARE_SIZE', 0x1000)
            core.set('CONTROL', 1)
        restart(c, M['RESET_SOFTWARE'], c.last_write, SYSCTL, M['SYSCTL_POWER_RESET'])
        c.write(M['MAP_VMAILRAM_BASE'], 0)  # the order that was the last one is not given again
        c.release()
        for core in (first, second):
            equal((core.settle(), core.get('CONTROL'), core.get('SHARE_SIZE')), (0, 0, 0))
            core.stands_still()


def test_power_off_empties_the_memories(board):
    c, core, _ = started(board)
    core.run()
    core.write(SYSRAM, 0x77)
    c.kill()
    c.start()
    c.release()
    equal([core.report('magic'), core.report('starts')], [0, 0])
    core.run()
    equal(core.read(SYSRAM), 0)


LOCK_UPS = (('lock_up', 0x50000000), ('lock_up', SECRAM), ('lose_vectors', 0x50000000), ('lose_vectors', RAM),
            ('lose_stack', 0x50000000), ('lose_stack', XIP + 0x1000), ('nmi_without_stack', 0x50000000))


def test_core_that_locks_up_ends_itself_alone(board):
    c, core, other = started(board)
    other.run()
    for operation, data in LOCK_UPS:
        core.run()
        core.tell(operation, data)
        core.await_status(LOCKED_UP | RUNNING, LOCKED_UP)
        equal((core.get('CONTROL'), core.get('STATUS') & FAULTED), (0, FAULTED), operation)
        core.stands_still()
        other.goes_on()
        equal(c.read(VCTL + M['VCTL_REASON']), M['RESET_POWER_ON'])
        core.start()
        equal(core.settle(), RUNNING, operation)
        core.hold()


def test_empty_tcm_locks_up(board):
    _, core, _ = started(board)
    core.order('CONTROL', 1)
    core.await_status(LOCKED_UP | RUNNING, LOCKED_UP)
    core.run()
    core.goes_on()


def test_core_that_resets_itself_restarts_alone(board):
    c, core, other = started(board)
    core.run()
    other.run()
    starts = c.starts()
    core.tell('reset_itself')
    core.await_report('starts', lambda n: n == 2)
    equal((c.starts(), other.report('starts')), (starts, 1), 'somebody else was reset')
    equal(core.ask('multiply', 3), 9)


def test_core_has_its_own_tick(board):
    _, core, other = started(board)
    core.run()
    other.run()
    core.goes_on()
    core.tell('spin')  # with its interrupts masked
    time.sleep(0.1)
    core.stands_still()
    other.goes_on()


def test_control_of_the_cores_takes_words_only(board):
    c, core, _ = started(board)
    for address in (RTCTL + 0x20, RTCTL + STRIDE + 0x20, RTCTL + 2 * STRIDE, RTCTL + 0xffc):
        faults(c.secure_read, address)
        faults(c.secure_write, address, 0)
    for register in ('STATUS', 'FAULT_AT'):
        faults(core.set, register, 0)
    faults(c.core_access, 3, RTCTL, 0, 0)


def test_programs_of_random_bytes_harm_nobody(board):
    dice = random.Random(21)
    c, core, other = started(board, more=tuple(
        (0xa00000 + 0x1000 * n, dice.randbytes(4096)) for n in range(16)))
    other.run()
    c.secure_write(SECRAM, 0x5ec2e7)
    stopped = 0
    for n in range(16):
        c.secure_copy_page(core.tcm, FLASH + 0xa00000 + 0x1000 * n)
        c.secure_write(core.tcm, TCM + 0x8000)
        c.secure_write(core.tcm + 4, TCM + 0x200 + 2 * dice.randrange(0x700) | 1)
        core.order('CONTROL', 1)
        time.sleep(0.03)
        stopped += core.get('STATUS') & RUNNING == 0
        core.hold()
    other.goes_on()
    core.run()
    equal((c.secure_read(SECRAM), c.read(VCTL + M['VCTL_REASON'])), (0x5ec2e7, M['RESET_POWER_ON']))
    assert stopped, 'no program locked up: these were not random'


def test_random_orders_do_not_stop_the_chip(board):
    dice = random.Random(22)
    c, first, second = started(board)
    for core in (first, second):
        core.load()
    for _ in range(150):
        core = dice.choice((first, second))
        name = dice.choice(('CONTROL', 'CONTROL', 'XIP_OFFSET', 'XIP_LENGTH', 'SHARE_BASE', 'SHARE_SIZE'))
        core.set(name, dice.choice((0, 1, RAM, RAM + 0x1000, 0x1000, 0x10000, dice.getrandbits(32))))
    for core in (first, second):
        core.settle()
        core.hold()
        core.run()
        core.goes_on()
        equal(core.get('STATUS') & BUSY, 0)
