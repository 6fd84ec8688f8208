# SPDX-License-Identifier: GPL-2.0-only
"""The chip's files: absent, damaged, foreign, shared."""
import os
import random
import resource
import stat
import subprocess

from agents import FuseFile, M
from expect import burn, count, counter, equal, fuse, says

BANK = FuseFile.BANK


def damage(path, at, length=1):
    with open(path, 'r+b') as f:
        f.seek(at)
        old = f.read(length)
        f.seek(at)
        f.write(bytes(b ^ 0xff for b in old))


def test_an_absent_fuse_file_is_an_error(board):
    says(board.refuses(blank='off'), 'there is no fuse file')
    says(board.refuses(blank=None), 'there is no fuse file')
    assert not os.path.exists(board.fuses), 'the refusal made the file'


def test_a_new_fuse_file_is_private(board):
    old = os.umask(0)
    try:
        board.start()
    finally:
        os.umask(old)
    equal(stat.S_IMODE(os.stat(board.fuses).st_mode), 0o600)
    equal([n for n in os.listdir(board.folder) if n.startswith('fuses')], ['fuses'])


def test_a_fuse_file_others_may_open_is_refused(board):
    board.start().kill()
    os.chmod(board.fuses, 0o644)
    says(board.refuses(), 'chmod 600')


def test_blank_keeps_an_existing_fuse_file(board):
    c = board.start()
    burn(c, M['FUSE_FLOOR'], 7)
    c.kill()
    equal(fuse(board.start(blank='on'), M['FUSE_FLOOR']), 7)


def test_one_damaged_bank_gives_the_other(board):
    c = board.start()
    for _ in range(5):
        count(c, 0)
    c.kill()
    newest = FuseFile(board.fuses).newest
    damage(board.fuses, newest * BANK + 100)
    c = board.start()
    equal(counter(c, 0), 4)
    count(c, 0)
    c.kill()
    damage(board.fuses, (1 - newest) * BANK + 100)
    equal(counter(board.start(), 0), 5, 'the bank written after the damage is not good')


def test_every_byte_of_a_bank_counts(board):
    c = board.start()
    count(c, 0)
    c.kill()
    newest = FuseFile(board.fuses).newest
    for at in (0, 4, 8, 15, 16, 20, 32, 32 + 0x180, 32 + 0x11ff, 32 + 0x1200, 32 + 0x121f):
        damage(board.fuses, newest * BANK + at)
        c = board.start()
        equal(counter(c, 0), 0, f'damage at {at} was not noticed')
        c.kill()
        damage(board.fuses, newest * BANK + at)
    equal(counter(board.start(), 0), 1)


def test_two_damaged_banks_are_an_error(board):
    board.start().kill()
    damage(board.fuses, 50)
    damage(board.fuses, BANK + 50)
    says(board.refuses(), 'is damaged: neither of its two copies is valid')


def test_files_of_wrong_length_are_refused(board):
    board.start().kill()
    for path, word in ((board.fuses, 'is not a fuse file'), (board.flash, 'must have exactly')):
        size = os.path.getsize(path)
        for length in (0, size - 1, size + 1):
            os.truncate(path, length)
            says(board.refuses(), word)
        os.truncate(path, size)
    os.unlink(board.flash)
    says(board.refuses(), 'cannot open flash file')


def test_swapped_banks_are_refused(board):
    c = board.start()
    count(c, 0)
    c.kill()
    with open(board.fuses, 'r+b') as f:
        data = f.read()
        f.seek(0)
        f.write(data[BANK:] + data[:BANK])
    says(board.refuses(), 'is damaged')


def test_a_second_chip_on_the_same_files_is_refused(board):
    c = board.start()
    command = board.arguments()
    other = board.path('other')
    os.mkdir(other)
    command = [a.replace(board.path('fab'), other + '/fab').replace(board.path('panel'),
                                                                     other + '/panel')
               for a in command]
    done = subprocess.run(command, capture_output=True, timeout=20, text=True)
    assert done.returncode != 0
    says(done.stderr, 'is in use by another chip')
    count(c, 0)
    equal(counter(c, 0), 1)


def test_roms_must_be_there_and_fit(board):
    says(board.refuses(**{'vault-rom': None}), 'needs vault-rom=FILE')
    says(board.refuses(arom=None), 'needs arom=FILE')
    says(board.refuses(fuses=None), 'needs fuses=FILE')
    says(board.refuses(flash=None), 'needs flash=FILE')
    says(board.refuses(arom=board.path('nothing')), 'arom:')
    for size in (0, M['MAP_AROM_SIZE'] + 1):
        with open(board.path('rom'), 'wb') as f:
            f.write(bytes(size))
        says(board.refuses(arom=board.path('rom')), 'the ROM holds')
    says(board.refuses(panel='nobody'), "no -chardev with id 'nobody'")


def test_a_full_disk_stops_the_chip_before_the_write_is_acknowledged(board):
    c = board.start()
    for _ in range(3):
        count(c, 0)
    resource.prlimit(c.process.pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
    try:
        count(c, 0)
    except (EOFError, ConnectionError):
        pass
    else:
        raise AssertionError('the write was acknowledged')
    equal(c.wait_off(), 1)
    says(c.errors(), 'cannot be written')
    equal(counter(board.start(), 0), 3)


def test_a_torn_write_leaves_the_old_or_the_new_state(board):
    dice = random.Random(3)
    c = board.start()
    for n in range(8):
        count(c, n)
    with open(board.fuses, 'rb') as f:
        old = f.read()
    count(c, 0)
    c.kill()
    with open(board.fuses, 'rb') as f:
        new = f.read()
    changed = [i for i in range(len(new)) if new[i] != old[i]]
    assert changed, 'the test compares nothing'
    cuts = [changed[0], changed[-1], changed[-1] + 1] + dice.sample(changed, 20)
    torn = [new[:cut] + old[cut:] for cut in cuts]
    torn += [old[:cut] + new[cut:] for cut in cuts]
    sectors = lambda: b''.join(dice.choice((old, new))[i:i + 512] for i in range(0, len(new), 512))
    torn += [sectors() for _ in range(20)]
    seen = set()
    for content in torn:
        with open(board.fuses, 'r+b') as f:
            f.write(content)
        c = board.start()
        value = counter(c, 0)
        assert value in (1, 2), value
        assert content != new or value == 2
        equal([counter(c, n) for n in range(1, 8)], [1] * 7)
        c.kill()
        seen.add(value)
    equal(seen, {1, 2})
