# SPDX-License-Identifier: GPL-2.0-only
"""Fuses only rise, and what was written is there after a power cut."""
import random
import struct

from agents import Fault, FuseFile, M
from expect import (VCTL, VFUSE, VNVM, burn, count, counter, equal, faults, fuse,
                    reset_by_vault)

FAB_WORDS = ([M['FUSE_CLASS']] + list(range(M['FUSE_IMPLEMENTATION'], M['FUSE_FLOOR'], 4)))
MASKS = {M['FUSE_LIFECYCLE']: 3, M['FUSE_CLASS']: 7, M['FUSE_ROOT_REVOKED']: 15}


def test_fuses_only_rise(board):
    c = board.start()
    dice = random.Random(7)
    offsets = [M['FUSE_LIFECYCLE'], M['FUSE_ROOT_REVOKED'], *FAB_WORDS,
               *range(M['FUSE_FLOOR'], M['FUSE_FLOOR'] + 32, 4)]
    for offset in offsets:
        equal(fuse(c, offset), 0, 'not blank from the fab')
        value = 0
        for _ in range(3):
            bits = dice.getrandbits(32)
            burn(c, offset, bits)
            value |= bits & MASKS.get(offset, 0xffffffff)
            equal(fuse(c, offset), value, hex(offset))
        burn(c, offset, 0)
        equal(fuse(c, offset), value, 'zero changed it')


def test_fab_lock_is_final(board):
    c = board.start()
    for offset in FAB_WORDS:
        burn(c, offset, 1)
    burn(c, M['FUSE_FAB_LOCK'], 1)
    for again in (False, True):
        for offset in FAB_WORDS:
            burn(c, offset, 0xffffffff)
            equal(fuse(c, offset), 1, hex(offset))
        c.write(VFUSE + M['FUSE_SECRET_COMMAND'], 0)
        equal(c.read(VFUSE + M['FUSE_SECRET_STATUS']), 0, 'a secret was filled')
        if not again:
            c.kill()
            c = board.start()
    burn(c, M['FUSE_LIFECYCLE'], 1)
    burn(c, M['FUSE_ROOT_REVOKED'], 2)
    burn(c, M['FUSE_FLOOR'] + 4, 0x80)
    equal(fuse(c, M['FUSE_LIFECYCLE']), 1)
    equal(fuse(c, M['FUSE_ROOT_REVOKED']), 2)
    equal(fuse(c, M['FUSE_FLOOR'] + 4), 0x80)


def test_vault_lock_holds_until_reset(board):
    c = board.start()
    c.write(VCTL + M['VCTL_LOCK'], 1)
    equal(c.read(VCTL + M['VCTL_LOCK']), 1)
    c.write(VCTL + M['VCTL_LOCK'], 0)
    equal(c.read(VCTL + M['VCTL_LOCK']), 1, 'the lock opened')
    burn(c, M['FUSE_ROOT_HASH'], 1)
    equal(fuse(c, M['FUSE_ROOT_HASH']), 0)
    c.write(VFUSE + M['FUSE_SECRET_COMMAND'], 0)
    equal(c.read(VFUSE + M['FUSE_SECRET_STATUS']), 0)
    c.kill()
    c = board.start()
    burn(c, M['FUSE_ROOT_HASH'], 1)
    equal(fuse(c, M['FUSE_ROOT_HASH']), 1)


def test_secrets_fill_once_and_only_while_blank(board):
    c = board.start()
    status = VFUSE + M['FUSE_SECRET_STATUS']
    c.write(VFUSE + M['FUSE_SECRET_COMMAND'], 0)
    equal(c.read(status), 1)
    with open(board.fuses, 'rb') as f:
        before = f.read()
    c.write(VFUSE + M['FUSE_SECRET_COMMAND'], 0)
    c.write(VFUSE + M['FUSE_SECRET_COMMAND'], 3)
    c.write(VFUSE + M['FUSE_SECRET_COMMAND'], 32)
    equal(c.read(status), 1)
    with open(board.fuses, 'rb') as f:
        equal(f.read(), before, 'a refused command wrote the file')
    burn(c, M['FUSE_LIFECYCLE'], 1)
    c.write(VFUSE + M['FUSE_SECRET_COMMAND'], 1)
    equal(c.read(status), 1, 'filled while not blank')


def test_secrets_have_no_address(board):
    c = board.start()
    for n in range(3):
        c.write(VFUSE + M['FUSE_SECRET_COMMAND'], n)
    seen = []
    for offset in range(0, 0x1000, 4):
        try:
            seen.append(c.read(VFUSE + offset))
        except Fault:
            seen.append(None)
    words = {struct.pack('<I', w) for w in seen if w not in (None, 0, 7)}
    secrets = [FuseFile(board.fuses).secret(n) for n in range(3)]
    assert len(set(secrets)) == 3 and bytes(32) not in secrets, 'the test looks at the wrong bytes'
    for secret in secrets:
        for i in range(0, 32, 4):
            assert secret[i:i + 4] not in words, 'a secret can be read'


def test_counters_rise_by_one_and_survive_kill(board):
    c = board.start()
    for n in range(M['FUSE_COUNTER_COUNT']):
        equal(counter(c, n), 0)
        for _ in range(n + 1):
            count(c, n)
    c.kill()
    c = board.start()
    for n in range(M['FUSE_COUNTER_COUNT']):
        equal(counter(c, n), n + 1)
    faults(c.write, VFUSE + M['FUSE_COUNTER'] + 4, 0)
    equal(counter(c, 0), 1)


def test_counters_carry_into_the_high_word(board):
    c = board.start()
    c.kill()
    FuseFile(board.fuses).set_counter(5, 0xffffffff)
    c = board.start()
    equal(counter(c, 5), 0xffffffff)
    count(c, 5)
    equal(counter(c, 5), 0x100000000)


def test_acknowledged_writes_survive_kill_at_any_moment(board):
    dice = random.Random(11)
    acknowledged = floor = 0
    for _ in range(12):
        c = board.start()
        value = counter(c, 0)
        assert acknowledged <= value <= acknowledged + 1, f'{value} after {acknowledged}'
        equal(bin(fuse(c, M['FUSE_FLOOR'])).count('1') >= floor, True, 'the floor fell')
        acknowledged = value
        record = c.get(VNVM, 64)
        equal(record, record[:1] * 64, 'half a record')
        for i in range(dice.randrange(1, 6)):
            count(c, 0)
            acknowledged += 1
        floor = min(floor + 1, 32)
        burn(c, M['FUSE_FLOOR'], (1 << floor) - 1)
        # The last writes are under way, unacknowledged, when the power goes.
        c.fab.send(record_writes(0, bytes([dice.randrange(256)]) * 64))
        c.fab.send(struct.pack('<cII', b'w', VFUSE + M['FUSE_COUNTER'], 0))
        if dice.random() < 0.5:
            c.fab.take(dice.randrange(1, 17))
        c.kill()


def record_writes(record, data):
    return b''.join(struct.pack('<cI', b'w', VNVM + 64 * record + i) + data[i:i + 4]
                    for i in range(0, 64, 4))


def test_nvm_commits_whole_records(board):
    c = board.start()
    equal(c.get(VNVM, M['MAP_VNVM_SIZE']), bytes(M['MAP_VNVM_SIZE']))
    c.put_words(VNVM + 64, bytes(range(64)))
    equal(c.get(VNVM + 64, 64), bytes(range(64)))
    c.put_words(VNVM + 64, b'\xee' * 60)
    equal(c.get(VNVM + 64, 64), bytes(range(64)), 'half a record shows')
    c.kill()
    c = board.start()
    equal(c.get(VNVM + 64, 64), bytes(range(64)), 'half a record was kept')
    c.put_words(VNVM + 128, b'\x11' * 60)
    c.put_words(VNVM + 192, b'\x22' * 64)
    c.write(VNVM + 128 + 60, 0x33333333)
    equal(c.get(VNVM + 128, 64), bytes(60) + b'\x33' * 4, 'an abandoned record came back')
    faults(c.write_byte, VNVM, 1)
    equal(c.get(VNVM + 192, 64), b'\x22' * 64)
    last = VNVM + M['MAP_VNVM_SIZE'] - 64
    c.put_words(last, b'\x44' * 64)
    c.kill()
    equal(board.start().get(last, 64), b'\x44' * 64)


def test_reset_keeps_fuses_and_drops_the_latch(board):
    c = board.start()
    burn(c, M['FUSE_FLOOR'], 3)
    c.write(VNVM, 0x55555555)
    reset_by_vault(c)
    equal(fuse(c, M['FUSE_FLOOR']), 3)
    c.write(VNVM + 60, 0x66666666)
    equal(c.get(VNVM, 64), bytes(60) + b'\x66' * 4)

