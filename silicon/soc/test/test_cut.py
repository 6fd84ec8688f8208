# SPDX-License-Identifier: GPL-2.0-only
"""Power that goes in the middle of a flash operation."""
import struct

from agents import M
from expect import FLASH, FLASHCTL, SYSCTL, VCTL, equal, says
from test_flash import command, erase, fill_buffer, program, set_address

CUT = 75
SECTOR, PAGE = M['FLASH_SECTOR_SIZE'], M['FLASH_PAGE_SIZE']
AT = 0x5000
OLD, NEW = b'\xf5' * PAGE, b'\x3c' * PAGE


def content(board, at, n):
    with open(board.flash, 'rb') as file:
        file.seek(at)
        return file.read(n)


def put(board, at, data):
    with open(board.flash, 'r+b') as file:
        file.seek(at)
        file.write(data)


def operations(c):
    c.panel.send(b'flash-operations\n')
    word, number = c.panel.line().split()
    equal(word, 'flash-operations')
    return int(number)


def started(board, **machine):
    c = board.start(**machine)
    c.release()
    return c


def cut_command(board, word, seed):
    """The second operation of this power-on is `word` at AT, and power goes in it. By the debug port: it is faster."""
    if 'debug' not in board.sockets:
        board.sockets += ('debug',)
    c = board.start(flash_cut=2, flash_cut_seed=seed)
    c.write(VCTL + M['VCTL_DEBUG'], M['DEBUG_ACORE'])
    orders = [('ADDRESS', 0, 0x9000), ('DATA', 0, 0x1111), ('ADDRESS', 0, AT)]
    orders += [('BUFFER', i, struct.unpack_from('<I', NEW, i)[0]) for i in range(0, PAGE, 4)]
    for register, i, value in orders:
        c.link('debug').send(b'write acore %x %x\n' % (FLASHCTL + M['FLASHCTL_' + register] + i, value))
        equal(c.link('debug').line(), 'ok')
    c.link('debug').send(b'write acore %x %x\n' % (FLASHCTL + M['FLASHCTL_COMMAND'], word))
    equal(c.wait_off(), CUT, 'exit status')
    equal(content(board, 0x9000, 4), struct.pack('<I', 0x1111), 'the operation before')


def bits(data):
    return int.from_bytes(data, 'little')


def test_operations_are_counted(board):
    c = started(board)
    equal(operations(c), 0)
    equal(program(c, 0x1000, 5), 0)
    equal(erase(c, 0x1000), 0)
    fill_buffer(c, NEW)
    equal(command(c, 0x1000, M['FLASHCTL_COMMAND_PAGE']), 0)
    equal(operations(c), 3)
    program(c, 2, 0)
    command(c, 0, 7)
    erase(c, M['FLASH_SIZE'])
    equal(operations(c), 3, 'a refused one counts')
    c.panel.send(b'reset\n')
    c.fab.drop(0.3)
    equal(operations(c), 3, 'the count is of the process')


def test_cut_program_clears_some_of_its_bits_and_nothing_else(board):
    seen = set()
    for seed in range(24):
        put(board, AT - PAGE, OLD * 3)
        cut_command(board, M['FLASHCTL_COMMAND_PAGE'], seed)
        got = content(board, AT, PAGE)
        whole = bits(OLD) & bits(NEW)
        equal(bits(got) | bits(OLD), bits(OLD), 'a bit rose')
        equal(bits(got) & whole, whole, 'a bit fell that was not to')
        equal(content(board, AT - PAGE, PAGE) + content(board, AT + PAGE, PAGE), OLD * 2, 'a neighbour')
        seen.add('nothing' if got == OLD else 'all' if bits(got) == whole else 'part')
    assert seen >= {'nothing', 'part'}, seen


def test_cut_erase_leaves_half_erased_bytes(board):
    half = 0
    for seed in range(24):
        put(board, AT - PAGE, bytes(SECTOR + 2 * PAGE))
        cut_command(board, M['FLASHCTL_COMMAND_ERASE'], seed)
        got = content(board, AT, SECTOR)
        half += any(byte not in (0, 0xff) for byte in got)
        equal(content(board, AT - PAGE, PAGE) + content(board, AT + SECTOR, PAGE), bytes(2 * PAGE), 'a neighbour')
    assert half > 4, half


def test_the_same_seed_cuts_alike_another_does_not(board):
    results = []
    for seed in (3, 3, *range(4, 12)):
        put(board, AT, OLD)
        cut_command(board, M['FLASHCTL_COMMAND_PAGE'], seed)
        results.append(content(board, AT, PAGE))
    equal(results[0], results[1])
    assert len(set(results)) > 4, len(set(results))


def test_cut_of_a_word_and_of_the_first_operation(board):
    c = started(board, flash_cut=1, flash_cut_seed=7)
    set_address(c, 0x2000)
    c.last_write(FLASHCTL + M['FLASHCTL_DATA'], 0)
    equal(c.wait_off(), CUT)
    says(c.errors(), 'power cut in flash operation 1')
    c = started(board)
    equal(content(board, 0x2004, 12), b'\xff' * 12)
    equal(program(c, 0x2000, 0), 0)
    equal(c.secure_read(FLASH + 0x2000), 0)


def test_no_cut_beyond_the_last_operation(board):
    c = started(board, flash_cut=5)
    for n in range(4):
        equal(program(c, 0x1000 + 4 * n, n), 0)
    equal(content(board, 0x1000, 16), struct.pack('<4I', 0, 1, 2, 3))
    c.last_write(SYSCTL, M['SYSCTL_POWER_OFF'])
    equal(c.wait_off(), 0)


def test_what_is_no_number_is_refused(board):
    for text in ('x', '1x', '18446744073709551616'):
        says(board.refuses(flash_cut=text), 'cut')
        says(board.refuses(flash_cut_seed=text), 'cut-seed')
