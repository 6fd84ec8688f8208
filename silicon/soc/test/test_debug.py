# SPDX-License-Identifier: GPL-2.0-only
"""The debug port: closed until the vault opens it, core by core, on every chip; and the recovery port."""
import random
import time

from agents import M
from expect import (FLASH, RAM, SECRAM, VCTL, VFLASH, VFUSE, VSRAM, burn, equal, faults, reset_by_vault)
from test_engine import EMPTY, LOCKED, OK, do, fill_secrets

DEBUG = VCTL + M['VCTL_DEBUG']
CORES = {'vault': M['DEBUG_VAULT'], 'acore': M['DEBUG_ACORE']}
REAL_TIME = {'rt0': M['DEBUG_RT0'], 'rt1': M['DEBUG_RT1']}
REQUESTS = ('read {} 0 1', 'write {} 20001000 5', 'halt {}', 'resume {}', 'registers {}')
VIRTUAL, LAB = 1, 2


def started(board):
    board.sockets += ('debug',)
    c = board.start()
    c.release()
    return c


def say(c, line):
    c.link('debug').send(line.encode() + b'\n')
    return c.link('debug').line()


def words(c, line):
    answer = say(c, line)
    assert answer.startswith('ok '), (line, answer)
    return [int(word, 16) for word in answer.split()[1:]]


def all_locked(c, cores):
    for core in cores:
        for request in REQUESTS:
            equal(say(c, request.format(core)), 'error locked', request.format(core))


def test_debug_is_locked_on_every_class_and_in_every_lifecycle(board):
    c = started(board)
    for board_class, lifecycle in ((0, 0), (LAB, 0), (VIRTUAL | LAB, 1), (VIRTUAL, 1), (VIRTUAL, 3)):
        burn(c, M['FUSE_CLASS'], board_class)
        burn(c, M['FUSE_LIFECYCLE'], lifecycle)
        equal(say(c, 'id'), 'ok tatu-debug 1')
        all_locked(c, (*CORES, *REAL_TIME))


def test_each_bit_opens_its_own_core_only(board):
    c = started(board)
    every = {**CORES, **REAL_TIME}
    for core, bit in every.items():
        c.write(DEBUG, bit)
        equal(c.read(DEBUG), bit)
        equal(say(c, 'id'), 'ok tatu-debug 1 ' + core)
        all_locked(c, [other for other in every if other != core])
        assert not say(c, f'resume {core}').startswith('error'), core
    c.write(DEBUG, 0)
    all_locked(c, every)
    c.write(DEBUG, 0xffffffff)
    equal(c.read(DEBUG), 15)


def test_open_vault_core_has_no_key_of_the_device(board):
    c = started(board)
    fill_secrets(c)
    loads = (('LOAD_FUSE', 0, 0), ('LOAD_FUSE', 1, 1))
    for load in loads:
        equal(do(c, *load), OK)
    equal(do(c, 'GENERATE', 4), OK)
    c.write(VCTL + M['VCTL_LOCK'], 1)
    c.write(DEBUG, M['DEBUG_ACORE'] | M['DEBUG_RT0'] | M['DEBUG_RT1'])
    for slot in (0, 1, 4):
        equal(do(c, 'SIGN', slot), OK, 'another core is open')
    c.write(DEBUG, M['DEBUG_VAULT'])
    for opened in (True, False):
        for slot in (0, 1, 4):
            equal(do(c, 'SIGN', slot), EMPTY, f'slot {slot}')
        for name, slot, secret in loads:
            equal(do(c, name, slot, secret), LOCKED)
            equal(do(c, name, slot + 5, secret), LOCKED, 'a slot that is not locked')
        c.write(DEBUG, 0)  # closed again, but what came in may still be there
    reset_by_vault(c)
    for load in loads:
        equal(do(c, *load), OK)


def test_debug_sees_each_core_s_own_memory(board):
    c = started(board)
    c.write(DEBUG, M['DEBUG_VAULT'] | M['DEBUG_ACORE'])
    c.write(VSRAM + 0x1000, 0x12345678)
    equal(words(c, f'read vault {VSRAM + 0x1000:x} 1'), [0x12345678])
    equal(say(c, f'write vault 0x{VSRAM + 0x1004:08X} deadbeef'), 'ok')
    equal(c.read(VSRAM + 0x1004), 0xdeadbeef)
    equal(words(c, f'read vault {VSRAM + 0x1000:x} 2'), [0x12345678, 0xdeadbeef])
    c.secure_write(SECRAM + 0x2000, 77)
    equal(words(c, f'read acore {SECRAM + 0x2000:x} 1'), [77])
    equal(say(c, f'write acore {RAM + 0x3000:x} 88'), 'ok')
    equal(c.normal_read(RAM + 0x3000), 0x88)
    equal(len(words(c, f'read acore {FLASH:x} 40')), 64)


def test_debug_gets_no_further_than_the_core(board):
    c = started(board)
    c.write(DEBUG, 3)
    for core, address in (('vault', SECRAM), ('vault', RAM + 0x100000), ('acore', VFLASH),
                          ('acore', 0x18000000), ('vault', 0x61000000), ('vault', VFUSE + 0x300)):
        equal(say(c, f'read {core} {address:x} 1'), 'error fault')
        equal(say(c, f'write {core} {address:x} 1'), 'error fault')
    for core, address in (('vault', M['MAP_VROM_BASE']), ('vault', VFLASH), ('acore', FLASH),
                          ('acore', M['MAP_AROM_BASE'])):
        equal(say(c, f'write {core} {address:x} 0'), 'error fault', 'a ROM was written')
    equal(say(c, f'read vault {VSRAM + M["MAP_VSRAM_SIZE"] - 4:x} 2'), 'error fault')


def test_reset_closes_the_debug_port(board):
    c = started(board)
    c.write(DEBUG, 15)
    assert say(c, 'read vault 0 1').startswith('ok ')
    reset_by_vault(c)
    equal(c.read(DEBUG), 0)
    all_locked(c, (*CORES, *REAL_TIME))


def test_halted_core_stands_still_until_it_is_resumed(board):
    c = started(board)
    c.write(DEBUG, M['DEBUG_ACORE'])
    equal(say(c, 'registers acore'), 'error running')
    equal(say(c, 'halt acore'), 'ok')
    box = c.prepare_access(0, SECRAM, 0, 0)
    c.write(box, 1)
    time.sleep(0.3)
    equal(c.read(box), 1, 'a halted core did something')
    registers = words(c, 'registers acore')
    equal(len(registers), 17)
    equal(registers, words(c, 'registers acore'), 'it moves')
    assert registers[15] < M['MAP_AROM_SIZE'], f'pc {registers[15]:#x} is not in the ROM'
    equal(say(c, 'resume acore'), 'ok')
    for _ in range(200):
        if c.read(box) == 0:
            break
        time.sleep(0.01)
    equal(c.read(box), 0, 'it does not go on')


def test_reset_ends_a_halt(board):
    c = started(board)
    c.write(DEBUG, M['DEBUG_VAULT'])
    equal(say(c, 'halt vault'), 'ok')
    before = c.starts()
    c.press_reset()
    for _ in range(500):
        if c.starts() > before:
            break
        time.sleep(0.01)
    equal(c.read(VCTL + M['VCTL_REASON']), M['RESET_PIN'])


def test_nobody_is_at_the_debug_port_in_power_down(board):
    c = started(board)
    c.write(DEBUG, 15)
    c.last_write(M['MAP_SYSCTL_BASE'], M['SYSCTL_POWER_DOWN'])
    time.sleep(0.3)
    all_locked(c, CORES)


def test_malformed_requests_are_refused(board):
    c = started(board)
    c.write(DEBUG, 15)
    c.write(VSRAM + 0x1000, 9)
    for line in ('', ' ', 'id ', ' id', 'ID', 'read', 'read vault', 'read vault 0', 'read vault 0 0', 'read vault 0 41',
                 'read vault 1 1', 'read vault 0 1 1', 'read vault  0 1', 'read vault 0 -1', 'read nobody 0 1',
                 'read vault 100000000 1', 'read vault 0x 1', 'read vault 0x0x0 1', 'read vault 0 1 ',
                 'write vault 20001002 5', 'write vault 20001000 5 5', 'write vault 20001000 g', 'write vault 20001000',
                 'halt', 'halt vault now', 'x' * 63, 'x' * 64, 'read vault 0 1' + ' ' * 200, 'write vault 20001000 5\0'):
        equal(say(c, line), 'error syntax', line)
    equal(c.read(VSRAM + 0x1000), 9)


def test_random_requests_do_not_stop_the_chip(board):
    dice = random.Random(12)
    c = started(board)
    c.write(DEBUG, 15)
    for _ in range(2000):
        line = dice.choice(('read vault %x %x' % (dice.getrandbits(32), dice.randrange(70)),
                            'read acore %x %x' % (dice.getrandbits(28) & ~3, dice.randrange(70)),
                            ''.join(dice.choice('read vault 0x1f') for _ in range(dice.randrange(70)))))
        answer = say(c, line)
        assert answer.startswith(('ok', 'error ')), (line, answer)
    equal(c.read(VCTL + M['VCTL_REASON']), M['RESET_POWER_ON'])


# ---- The recovery port

DATA, FLAGS, CONTROL, LINE = 0, 0x18, 0x30, 0x2c
RX_EMPTY = 0x10


def test_recovery_port_is_one_port_for_vault_and_secure_world(board):
    board.sockets += ('recovery-port',)
    c = board.start()
    c.release()
    vault, core, outside = M['MAP_VRECOVERY_BASE'], M['MAP_RECOVERY_BASE'], c.link('recovery-port')
    c.write(vault + CONTROL, 0x301)
    equal(c.secure_read(core + CONTROL), 0x301)
    c.write(vault + DATA, ord('v'))
    c.secure_write(core + DATA, ord('s'))
    equal(outside.take(2), b'vs')
    c.write(vault + LINE, 0x70)  # its buffer of 16 bytes
    outside.send(b'abcd')
    got = b''
    for n in range(4):
        read = c.read if n % 2 else c.secure_read
        base = vault if n % 2 else core
        for _ in range(200):
            if not read(base + FLAGS) & RX_EMPTY:
                break
            time.sleep(0.01)
        got += bytes([read(base + DATA) & 0xff])
    equal(got, b'abcd')
    for register in (DATA, FLAGS, CONTROL):
        faults(c.normal_read, core + register)
        faults(c.normal_write, core + register, 0x41)
    outside.drop(0.2)


def test_recovery_port_keeps_whole_frames_and_waits_for_no_reader(board):
    board.sockets += ('recovery-port',)
    c = board.start()
    port, outside = M['MAP_VRECOVERY_BASE'], c.link('recovery-port')
    frame = bytes(n * 7 & 0xff for n in range(1055))
    outside.send(frame)
    time.sleep(0.5)
    equal(bytes(c.read(port + DATA) for _ in frame), frame)
    equal(c.read(port + FLAGS) & RX_EMPTY, RX_EMPTY)
    for n in range(600):  # more than the socket holds
        c.write(port + DATA, n & 0xff)
    assert outside.take(100) == bytes(range(100))
    for register in (4, 0x1c, 0x38, 0xffc):
        faults(c.read, port + register)


def test_recovery_port_without_a_wire_is_silent(board):
    c = board.start()
    c.write(M['MAP_VRECOVERY_BASE'] + CONTROL, 0x301)
    c.write(M['MAP_VRECOVERY_BASE'] + DATA, 0x41)
    equal(c.read(M['MAP_VRECOVERY_BASE'] + FLAGS) & RX_EMPTY, RX_EMPTY)
