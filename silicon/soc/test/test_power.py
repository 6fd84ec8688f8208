# SPDX-License-Identifier: GPL-2.0-only
"""Power down and what ends it, the clock and its battery, the renewal count-down."""
import os
import socket
import struct
import time

from agents import M
from expect import (RAM, SECRAM, SYSCTL, VCTL, VNVM, VSRAM, burn, equal, fuse, reset_by_vault,
                    restart)

RTC = M['MAP_RTC_BASE']
RTC_DR, RTC_MR, RTC_LR, RTC_IMSC, RTC_RIS, RTC_MIS, RTC_ICR = 0, 4, 8, 0x10, 0x14, 0x18, 0x1c
WAKE, RENEWAL = SYSCTL + M['SYSCTL_WAKE'], SYSCTL + M['SYSCTL_RENEWAL_S']
ALARM, PIN = M['SYSCTL_WAKE_ALARM'], M['SYSCTL_WAKE_PIN']
BOX = M['MAP_VMAILRAM_BASE']


def started(board, **machine):
    c = board.start(**machine)
    c.release()
    return c


def go_down(c, wake):
    """The last thing the A-core does; nobody answers any more."""
    c.secure_write(WAKE, wake)
    c.last_write(SYSCTL, M['SYSCTL_POWER_DOWN'])
    asleep(c)


def asleep(c, seconds=0.4):
    starts = c.starts()
    time.sleep(seconds)
    equal(c.starts(), starts, 'something woke the chip')


def told(c, line):
    c.panel.send(line.encode() + b'\n')


def set_alarm(c, seconds):
    """0: it rings at once."""
    c.normal_write(RTC + RTC_ICR, 1)
    c.normal_write(RTC + RTC_IMSC, 1)
    if seconds:
        c.normal_write(RTC + RTC_MR, (c.normal_read(RTC + RTC_DR) + seconds) & 0xffffffff)
        return
    while not c.normal_read(RTC + RTC_RIS):  # the clock may tick between reading and writing
        c.normal_write(RTC + RTC_MR, c.normal_read(RTC + RTC_DR))


def awake(c):
    c.release()
    return c


def test_power_down_stops_all_cores_until_the_pin_falls(board):
    c = started(board)
    go_down(c, PIN)
    equal(c.process.poll(), None, 'the process ended')
    told(c, 'wakeup 1')
    c.fab.send(struct.pack('<cII', b'r', M['MAP_VROM_BASE'], 0))
    try:
        c.fab.take(1, 0.5)
        raise AssertionError('the vault core runs')
    except (socket.timeout, TimeoutError):
        pass
    starts = c.starts()
    told(c, 'wakeup 0')
    equal(c.fab.take(1), b'k')  # the question of before, which waited in the UART
    c.fab.take(4)
    equal(c.starts(), starts + 1)
    equal(c.read(VCTL + M['VCTL_REASON']), M['RESET_WAKEUP'])
    awake(c)
    equal(c.secure_read(SYSCTL + M['SYSCTL_REASON']), M['RESET_WAKEUP'])
    equal(c.secure_read(WAKE), 0)


def test_alarm_of_the_clock_ends_power_down(board):
    c = started(board)
    set_alarm(c, 3)
    before = time.time()
    c.secure_write(WAKE, ALARM)
    restart(c, M['RESET_ALARM'], c.last_write, SYSCTL, M['SYSCTL_POWER_DOWN'])
    assert 1.5 < time.time() - before < 30, time.time() - before
    awake(c)
    equal(c.normal_read(RTC + RTC_MIS), 1, 'who woke the chip cannot be seen')
    c.normal_write(RTC + RTC_ICR, 1)
    equal(c.normal_read(RTC + RTC_MIS), 0)


def test_alarm_that_came_before_the_chip_was_down_wakes_it(board):
    c = started(board)
    set_alarm(c, 0)
    equal(c.normal_read(RTC + RTC_MIS), 1)
    c.secure_write(WAKE, ALARM)
    restart(c, M['RESET_ALARM'], c.last_write, SYSCTL, M['SYSCTL_POWER_DOWN'])


def test_pin_that_fell_after_wake_was_written_wakes_the_chip(board):
    c = started(board)
    told(c, 'wakeup 0')
    told(c, 'wakeup 1')
    told(c, 'end')
    c.panel.line()  # the panel was heard
    c.secure_write(WAKE, PIN)
    c.last_write(SYSCTL, M['SYSCTL_POWER_DOWN'])
    asleep(c)  # a fall of before
    restart(c, M['RESET_WAKEUP'], told, c, 'wakeup 0')
    c.write(BOX + 0x1c, 0)
    awake(c)
    c.secure_write(WAKE, PIN)
    for line in ('wakeup 1', 'wakeup 0', 'end'):
        told(c, line)
    c.panel.line()
    restart(c, M['RESET_WAKEUP'], c.last_write, SYSCTL, M['SYSCTL_POWER_DOWN'])


def test_only_the_chosen_source_wakes(board):
    c = started(board)
    set_alarm(c, 1)
    go_down(c, PIN)
    asleep(c, 2)
    told(c, 'wakeup 1')
    restart(c, M['RESET_WAKEUP'], told, c, 'wakeup 0')
    awake(c)
    c.normal_write(RTC + RTC_ICR, 1)
    go_down(c, ALARM)
    told(c, 'wakeup 1')
    told(c, 'wakeup 0')
    asleep(c)


def test_masked_alarm_does_not_wake(board):
    c = started(board)
    set_alarm(c, 1)
    c.normal_write(RTC + RTC_IMSC, 0)
    go_down(c, ALARM)
    asleep(c, 2)


def test_nothing_but_the_panel_ends_power_down_without_a_source(board):
    c = started(board)
    c.secure_write(SYSCTL + M['SYSCTL_WATCHDOG_MS'], 1000)
    c.secure_write(RENEWAL, 1)
    set_alarm(c, 1)
    go_down(c, 0xfffffffc)  # no such sources
    for line in ('wakeup 0', 'tamper 1', 'recovery 1', 'set 12 0', 'set 13 0'):
        told(c, line)
    asleep(c, 3)
    restart(c, M['RESET_PIN'], told, c, 'reset')
    awake(c)
    equal(c.secure_read(WAKE), 0)
    equal(c.secure_read(RENEWAL), 0)


def test_power_off_ends_power_down(board):
    c = started(board)
    go_down(c, 0)
    told(c, 'power-off')
    equal(c.wait_off(), 0)


def test_power_down_empties_the_memories(board):
    c = started(board)
    memories = [(c.normal_write, c.normal_read, RAM + 0x100000),
                (c.normal_write, c.normal_read, RAM + M['MAP_RAM_SIZE_DEFAULT'] - 4),
                (c.secure_write, c.secure_read, SECRAM + 0x2000),
                (c.secure_write, c.secure_read, SECRAM + M['MAP_SECRAM_SIZE'] - 4),
                (c.secure_write, c.secure_read, M['MAP_MAILRAM_BASE'] + 0x3000),
                (c.write, c.read, VSRAM + 0x1000)]
    for write, _, address in memories:
        write(address, 0x5ec2e7)
    c.put_words(VNVM, b'k' * 64)
    burn(c, M['FUSE_FLOOR'], 3)
    c.secure_write(SYSCTL + M['SYSCTL_SCRATCH'], 0xb007)
    reset_by_vault(c)
    c.write(BOX + 0x1c, 0)
    awake(c)
    for _, read, address in memories:
        equal(read(address), 0x5ec2e7, f'a reset emptied {address:#x}: the test shows nothing')
    go_down(c, PIN)
    restart(c, M['RESET_WAKEUP'], told, c, 'wakeup 0')
    equal(c.read(BOX + 0x1c), 0)
    awake(c)
    for _, read, address in memories:
        equal(read(address), 0, f'content of {address:#x}')
    equal(c.get(VNVM, 64), b'k' * 64)
    equal(fuse(c, M['FUSE_FLOOR']), 3)
    equal(c.secure_read(SYSCTL + M['SYSCTL_SCRATCH']), 0xb007)


def test_power_down_empties_the_real_time_cores_memory(board):
    c = started(board)
    places = [M['MAP_RTTCM_BASE'] + n * M['MAP_RTTCM_STRIDE'] for n in range(M['RT_COUNT'])]
    for at in places:
        c.secure_write(at, 0x5ec2e7)
        equal(c.secure_read(at), 0x5ec2e7)
    go_down(c, PIN)
    restart(c, M['RESET_WAKEUP'], told, c, 'wakeup 0')
    awake(c)
    for at in places:
        equal(c.secure_read(at), 0)


def test_the_vault_cannot_be_put_down_by_its_own_reset_word(board):
    c = started(board)
    c.write(VCTL + M['VCTL_RESET'], M['SYSCTL_POWER_DOWN'])
    time.sleep(0.2)
    equal(c.read(VCTL + M['VCTL_REASON']), M['RESET_POWER_ON'])


# ---- Renewal


def test_renewal_ends_in_a_reset(board):
    c = started(board)
    equal(c.secure_read(RENEWAL), 0)
    before = time.time()
    restart(c, M['RESET_RENEWAL'], c.secure_write, RENEWAL, 2)
    assert time.time() - before > 1.5, 'too early'
    c.write(BOX + 0x1c, 0)
    awake(c)
    equal(c.secure_read(RENEWAL), 0, 'it still counts after its reset')


def test_renewal_cannot_be_stopped_only_restarted(board):
    c = started(board)
    c.secure_write(RENEWAL, 4)
    left = c.secure_read(RENEWAL)
    assert 1 <= left <= 4, left
    c.secure_write(RENEWAL, 0xffffffff)
    left = c.secure_read(RENEWAL)
    assert 0xffffffff - 5 < left <= 0xffffffff, left
    c.secure_write(RENEWAL, 2)
    restart(c, M['RESET_RENEWAL'], c.secure_write, RENEWAL, 0)


def test_reset_stops_the_renewal(board):
    c = started(board)
    c.secure_write(RENEWAL, 2)
    reset_by_vault(c)
    starts = c.starts()
    time.sleep(3)
    equal(c.starts(), starts, 'it ended after a reset')


# ---- The clock


def test_clock_is_a_pl031(board):
    c = started(board)
    number = [c.normal_read(RTC + 0xfe0 + 4 * i) & 0xff for i in range(8)]
    equal(number, [0x31, 0x10, 0x14, 0, 0x0d, 0xf0, 0x05, 0xb1])
    equal(c.normal_read(RTC + 0x0c), 1)
    assert abs(c.normal_read(RTC + RTC_DR) - int(time.time())) < 60, 'not the host\'s time'


def test_alarm_raises_the_interrupt_of_the_clock(board):
    c = started(board)
    pending = M['MAP_GICD_BASE'] + 0x200 + 4 * ((32 + 2) // 32)
    equal(c.secure_read(pending) & 1 << (32 + 2) % 32, 0)
    set_alarm(c, 0)
    equal(c.secure_read(pending) & 1 << (32 + 2) % 32, 4)
    c.normal_write(RTC + RTC_ICR, 1)
    equal(c.normal_read(RTC + RTC_RIS), 0)


def ahead(c):
    """Seconds that the clock is before the host's."""
    return c.normal_read(RTC + RTC_DR) - int(time.time())


def near(got, wanted):
    assert abs(got - wanted) < 60, f'{got} s ahead, wanted {wanted}'


def test_set_time_outlives_reset_power_down_and_process(board):
    c = started(board, rtc=board.path('rtc'))
    near(ahead(c), 0)
    c.normal_write(RTC + RTC_LR, int(time.time()) + 100000)
    near(ahead(c), 100000)
    reset_by_vault(c)
    c.write(BOX + 0x1c, 0)
    awake(c)
    near(ahead(c), 100000)
    go_down(c, PIN)
    restart(c, M['RESET_WAKEUP'], told, c, 'wakeup 0')
    awake(c)
    near(ahead(c), 100000)
    c.kill()
    c = started(board, rtc=board.path('rtc'))
    near(ahead(c), 100000)
    equal(os.stat(board.path('rtc')).st_mode & 0o777, 0o600)


def test_without_a_battery_the_clock_starts_with_the_hosts_time(board):
    c = started(board)
    c.normal_write(RTC + RTC_LR, int(time.time()) + 100000)
    near(ahead(c), 100000)
    c.kill()
    near(ahead(started(board)), 0)


def test_damaged_battery_gives_the_hosts_time(board):
    for content in (b'x', b'\0' * 16, b'\xff' * 16, b'TRTC' + bytes(12),
                    b'TRTC\1\0\0\0\0\1\0\0\xff\xff\xff\xff'):
        with open(board.path('rtc'), 'wb') as file:
            file.write(content)
        c = started(board, rtc=board.path('rtc'))
        near(ahead(c), 0)
        c.kill()
    with open(board.path('rtc'), 'wb') as file:
        file.write(b'TRTC\1\0\0\0\0\1\1\0\xff\xfe\xfe\xff')
    near(ahead(started(board, rtc=board.path('rtc'))), 0x10100)
