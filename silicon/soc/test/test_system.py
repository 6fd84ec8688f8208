# SPDX-License-Identifier: GPL-2.0-only
"""Reset, power, watchdog, straps, log, bus masters."""
import random
import struct
import time

from agents import Fault, M, Qtest
from expect import RAM, SECRAM, SYSCTL, VCTL, VSRAM, equal, faults, reset_by_vault, restart


def released(board, *extra, **machine):
    c = board.start(*extra, **machine)
    c.release()
    return c


def test_first_start_is_a_power_on(board):
    c = released(board)
    equal(c.read(VCTL + M['VCTL_REASON']), M['RESET_POWER_ON'])
    equal(c.secure_read(SYSCTL + M['SYSCTL_REASON']), M['RESET_POWER_ON'])
    equal(c.secure_read(SYSCTL + M['SYSCTL_SCRATCH']), 0)


def test_software_reset_turns_the_acore_off_and_keeps_scratch(board):
    c = released(board)
    c.secure_write(SYSCTL + M['SYSCTL_SCRATCH'], 0xb007)
    restart(c, M['RESET_SOFTWARE'], c.last_write, SYSCTL, M['SYSCTL_POWER_RESET'])
    box = M['MAP_VMAILRAM_BASE']
    equal(c.read(VCTL + M['VCTL_ACORE']), 0)
    c.write(box + 0x1c, 0)
    time.sleep(0.3)
    equal(c.read(box + 0x1c), 0, 'the A-core runs without release')
    c.write(box, 0)
    c.release()
    equal(c.secure_read(SYSCTL + M['SYSCTL_SCRATCH']), 0xb007)


def test_other_words_do_not_reset(board):
    c = released(board)
    for word in (0, 1, M['SYSCTL_POWER_RESET'] ^ 1, 0xffffffff):
        c.secure_write(SYSCTL + M['SYSCTL_POWER'], word)
        c.write(VCTL + M['VCTL_RESET'], word)
    time.sleep(0.2)
    equal(c.read(VCTL + M['VCTL_REASON']), M['RESET_POWER_ON'])


def test_power_off_ends_the_process_from_both_sides(board):
    c = board.start()
    c.send_unanswered('w', VCTL + M['VCTL_RESET'], M['SYSCTL_POWER_OFF'])
    equal(c.wait_off(), 0)
    c = released(board)
    c.last_write(SYSCTL, M['SYSCTL_POWER_OFF'])
    equal(c.wait_off(), 0)


def test_watchdog_bites_when_it_is_not_fed(board):
    c = released(board)
    watchdog, starts = SYSCTL + M['SYSCTL_WATCHDOG_MS'], c.starts()
    for _ in range(6):
        c.secure_write(watchdog, 2000)
        time.sleep(0.4)
    equal(c.starts(), starts, 'it bit although it was fed')
    restart(c, M['RESET_WATCHDOG'], c.last_write, watchdog, 300)


def test_reset_stops_the_watchdog(board):
    c = released(board)
    c.secure_write(SYSCTL + M['SYSCTL_WATCHDOG_MS'], 1500)
    reset_by_vault(c)
    starts = c.starts()
    time.sleep(2)
    equal(c.starts(), starts, 'it bit after a reset')


def test_watchdog_can_be_stopped(board):
    c = released(board)
    c.secure_write(SYSCTL + M['SYSCTL_WATCHDOG_MS'], 1500)
    c.secure_write(SYSCTL + M['SYSCTL_WATCHDOG_MS'], 0)
    time.sleep(2)
    equal(c.read(VCTL + M['VCTL_REASON']), M['RESET_POWER_ON'])


def test_uptime_counts_from_reset(board):
    c = board.start()
    time.sleep(0.3)
    first = c.read(VCTL + M['VCTL_UPTIME_MS'])
    assert 250 < first < 20000, first
    reset_by_vault(c)
    assert c.read(VCTL + M['VCTL_UPTIME_MS']) < first
    equal(c.read(VCTL + M['VCTL_UPTIME_HI']), 0)


def test_straps_show_the_board(board):
    for recovery, tamper in ((0, 0), (1, 0), (0, 1), (1, 1)):
        c = board.start(recovery='on' if recovery else 'off', tamper='on' if tamper else 'off')
        equal(c.read(VCTL + M['VCTL_STRAPS']), recovery | tamper << 1)
        c.kill()


def test_both_cores_write_one_log_in_order(board):
    c = released(board)
    for n in range(40):
        c.write(M['MAP_VUART_BASE'], ord('v'))
        c.secure_write(M['MAP_UART_BASE'], ord('s'))
        c.normal_write(M['MAP_UART_BASE'], ord('n'))
    c.write(M['MAP_VUART_BASE'], ord('\n'))
    for _ in range(100):
        if c.log_bytes().endswith(b'\n') and len(c.log_bytes()) > 100:
            break
        time.sleep(0.02)
    equal(c.log_bytes(), b'vault agent\n' + b'vsn' * 40 + b'\n')


def test_first_device_is_at_the_first_virtio_slot(board):
    c = released(board, '-device', 'virtio-rng-device', '-netdev', 'user,id=n,restrict=on',
                 '-device', 'virtio-net-device,netdev=n')
    base, step = M['MAP_VIRTIO_BASE'], M['MAP_VIRTIO_STRIDE']
    found = [c.normal_read(base + i * step + 8) for i in range(8)]
    equal(found, [4, 1, 0, 0, 0, 0, 0, 0])
    equal(c.normal_read(base + 4), 2, 'virtio version')


def give_queue(c, base, desc_target, length):
    """A virtio-rng queue with one buffer at desc_target, made by the normal world."""
    desc, avail, used = RAM + 0x10000, RAM + 0x11000, RAM + 0x12000
    for at, word in ((desc, desc_target), (desc + 4, 0), (desc + 8, length), (desc + 12, 2),
                     (avail, 1 << 16), (avail + 4, 0), (used, 0)):
        c.normal_write(at, word)
    for register, value in ((0x70, 0), (0x70, 1), (0x70, 3), (0x24, 1), (0x20, 1), (0x24, 0),
                            (0x20, 0), (0x70, 11), (0x30, 0), (0x38, 1), (0x80, desc), (0x84, 0),
                            (0x90, avail), (0x94, 0), (0xa0, used), (0xa4, 0), (0x44, 1),
                            (0x70, 15), (0x50, 0)):
        c.normal_write(base + register, value)
    return used


def test_bus_masters_see_only_the_normal_world(board):
    c = released(board, '-device', 'virtio-rng-device')
    marker = 0x600dc0de
    c.secure_write(SECRAM + 0x1000, marker)
    c.normal_write(RAM + 0x20000, marker)
    used = give_queue(c, M['MAP_VIRTIO_BASE'], RAM + 0x20000, 4)
    for _ in range(100):
        if c.normal_read(used) >> 16:
            break
        time.sleep(0.02)
    assert c.normal_read(RAM + 0x20000) != marker, 'the test\'s queue does not work'
    give_queue(c, M['MAP_VIRTIO_BASE'], SECRAM + 0x1000, 4)
    time.sleep(0.3)
    equal(c.secure_read(SECRAM + 0x1000), marker)


def test_normal_view_of_the_test_door_has_no_secure_memory(board):
    c = released(board, *board.door('qtest'))
    q = Qtest(c)
    c.secure_write(SECRAM, 0x12345678)
    c.normal_write(RAM + 0x400, 0x12345678)
    equal(q.readl(RAM + 0x400), 0x12345678)
    assert q.readl(SECRAM) != 0x12345678
    q.writel(SECRAM, 0)
    equal(c.secure_read(SECRAM), 0x12345678)


def test_ram_follows_the_option(board):
    c = released(board, '-m', '32M')
    c.normal_write(RAM + (32 << 20) - 4, 5)
    equal(c.secure_read(RAM + (32 << 20) - 4), 5)
    faults(c.normal_read, RAM + (32 << 20))
    c.put(VSRAM, b'x')


def test_random_register_accesses_do_not_stop_the_chip(board):
    dice = random.Random(5)
    c = board.start()
    pages = [M[f'MAP_{n}_BASE'] for n in ('VUART', 'VENGINE', 'VFUSE', 'VCTL', 'VMAILBOX', 'VNVM')]
    reset = VCTL + M['VCTL_RESET']
    for _ in range(60):
        asked = []
        for _ in range(50):
            operation = dice.choice('rwbB')
            address = dice.choice(pages) + dice.choice((dice.randrange(0, 0x220, 4),
                                                        dice.randrange(0x1000)))
            value = dice.choice((dice.randrange(16), dice.getrandbits(32)))
            if operation in 'wB' and address // 4 == reset // 4:
                continue
            asked.append(operation)
            c.fab.send(struct.pack('<cII', operation.encode(), address, value))
        for operation in asked:
            assert c.fab.take(1) in b'kf'
            c.fab.take(4 if operation in 'rb' else 0)
    equal(c.read(VCTL + M['VCTL_REASON']), M['RESET_POWER_ON'])


def test_random_secure_accesses_do_not_stop_the_chip(board):
    dice = random.Random(6)
    c = released(board)
    pages = [M[f'MAP_{n}_BASE'] for n in ('FLASHCTL', 'SYSCTL', 'MAILBOX')]
    for _ in range(600):
        address = dice.choice(pages) + dice.randrange(0, 0x220, 4)
        value = dice.choice((dice.randrange(16), dice.getrandbits(32)))
        if address in (SYSCTL + M['SYSCTL_WATCHDOG_MS'], SYSCTL + M['SYSCTL_RENEWAL_S']):
            continue
        try:
            c.core_access(dice.choice((0, 1, 3)), address, value, 0)
        except Fault:
            pass
    equal(c.read(VCTL + M['VCTL_REASON']), M['RESET_POWER_ON'])
    equal(c.secure_read(SYSCTL + M['SYSCTL_REASON']), M['RESET_POWER_ON'])
