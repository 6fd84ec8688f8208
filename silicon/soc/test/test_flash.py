# SPDX-License-Identifier: GPL-2.0-only
"""NOR semantics, windows, and that nothing but the controller writes."""
import os
import struct

from agents import M
from expect import FLASH, FLASHCTL, STEP, VFLASH, WINDOW, equal, faults, reset_by_vault

REFUSED = 2


def set_address(c, at):
    c.secure_write(FLASHCTL + M['FLASHCTL_ADDRESS'], at)


def status(c):
    return c.secure_read(FLASHCTL + M['FLASHCTL_STATUS'])


def program(c, at, word):
    set_address(c, at)
    c.secure_write(FLASHCTL + M['FLASHCTL_DATA'], word)
    return status(c)


def command(c, at, word):
    set_address(c, at)
    c.secure_write(FLASHCTL + M['FLASHCTL_COMMAND'], word)
    return status(c)


def erase(c, at):
    return command(c, at, M['FLASHCTL_COMMAND_ERASE'])


def fill_buffer(c, data):
    for i in range(0, len(data), 4):
        c.secure_write(FLASHCTL + M['FLASHCTL_BUFFER'] + i, struct.unpack_from('<I', data, i)[0])


def window(c, n, part, value):
    c.secure_write(FLASHCTL + M['FLASHCTL_WINDOW'] + n * M['FLASHCTL_WINDOW_STRIDE'] +
                   M['FLASHCTL_WINDOW_' + part], value)
    return status(c)


def open_window(c, n, offset, length):
    equal(window(c, n, 'OFFSET', offset), 0)
    equal(window(c, n, 'LENGTH', length), 0)


def started(board):
    c = board.start()
    c.release()
    return c


def test_programming_only_clears_bits(board):
    c = started(board)
    equal(program(c, 0x1000, 0xff00ff0f), 0)
    equal(c.secure_read(FLASH + 0x1000), 0xff00ff0f)
    equal(program(c, 0x1000, 0x0ff0fff0), 0)
    equal(c.secure_read(FLASH + 0x1000), 0xff00ff0f & 0x0ff0fff0)
    equal(program(c, 0x1000, 0xffffffff), 0)
    equal(c.secure_read(FLASH + 0x1000), 0xff00ff0f & 0x0ff0fff0)
    equal(c.read(VFLASH + 0x1000), 0xff00ff0f & 0x0ff0fff0, 'the vault sees something else')


def test_words_advance_the_address(board):
    c = started(board)
    set_address(c, 0x2000)
    for i in range(8):
        c.secure_write(FLASHCTL + M['FLASHCTL_DATA'], i)
    equal(c.get(VFLASH + 0x2000, 32), struct.pack('<8I', *range(8)))
    equal(c.secure_read(FLASHCTL + M['FLASHCTL_ADDRESS']), 0x2020)


def test_pages_program_at_once_and_clear_the_buffer(board):
    c = started(board)
    page = os.urandom(256)
    fill_buffer(c, page)
    equal(c.get(VFLASH + 0x3000, 256), b'\xff' * 256, 'filling the buffer programmed')
    equal(command(c, 0x3000, M['FLASHCTL_COMMAND_PAGE']), 0)
    equal(c.get(VFLASH + 0x3000, 256), page)
    equal(c.secure_read(FLASHCTL + M['FLASHCTL_ADDRESS']), 0x3100)
    equal(command(c, 0x3100, M['FLASHCTL_COMMAND_PAGE']), 0)
    equal(c.get(VFLASH + 0x3100, 256), b'\xff' * 256, 'the buffer was not cleared')
    over = os.urandom(256)
    fill_buffer(c, over)
    equal(command(c, 0x3000, M['FLASHCTL_COMMAND_PAGE']), 0)
    equal(c.get(VFLASH + 0x3000, 256), bytes(a & b for a, b in zip(page, over)))


def test_erase_sets_exactly_one_sector(board):
    with open(board.flash, 'wb') as f:
        f.write(bytes(M['FLASH_SIZE']))
    c = started(board)
    for at in (0x5000, 0x5ffc, 0x5004):
        equal(erase(c, at), 0)
        equal(c.get(VFLASH + 0x4ffc, 0x1008), bytes(4) + b'\xff' * 0x1000 + bytes(4))
    equal(erase(c, M['FLASH_SIZE'] - 1), 0)
    equal(c.get(VFLASH + M['FLASH_SIZE'] - 0x1004, 0x1004), bytes(4) + b'\xff' * 0x1000)


def test_controller_refuses_bad_addresses_and_commands(board):
    c = started(board)
    end = M['FLASH_SIZE']
    for at in (1, 2, 0x1003, end, end + 4, 0xfffffffc):
        equal(program(c, at, 0), REFUSED, hex(at))
    for at in (0x80, 0x104, end, 0xffffff00):
        equal(command(c, at, M['FLASHCTL_COMMAND_PAGE']), REFUSED, hex(at))
    for at in (end, 0xffffffff):
        equal(erase(c, at), REFUSED, hex(at))
    for word in (0, 1, M['FLASHCTL_COMMAND_ERASE'] ^ 1):
        equal(command(c, 0, word), REFUSED)
    with open(board.flash, 'rb') as f:
        equal(f.read(), b'\xff' * end, 'a refused operation changed the flash')
    equal(program(c, end - 4, 0), 0, 'a good one after the bad ones')


def test_views_refuse_writes(board):
    c = started(board)
    open_window(c, 0, 0, 0x1000)
    for access, address in ((c.write, VFLASH), (c.write_byte, VFLASH + 1),
                            (c.secure_write, FLASH), (c.secure_write, WINDOW),
                            (c.normal_write, WINDOW)):
        faults(access, address, 0)
    equal(c.secure_read(FLASH), 0xffffffff)


def test_windows_show_their_part_to_both_worlds(board):
    data = os.urandom(0x4000)
    with open(board.flash, 'r+b') as f:
        f.seek(0x10000)
        f.write(data)
    c = started(board)
    word = lambda at: struct.unpack_from('<I', data, at)[0]
    for n in range(M['MAP_WINDOW_COUNT']):
        base = WINDOW + n * STEP
        faults(c.normal_read, base)
        open_window(c, n, 0x11000, 0x2000)
        equal(c.normal_read(base), word(0x1000))
        equal(c.secure_read(base + 0x1ffc), word(0x2ffc))
        faults(c.normal_read, base + 0x2000)
        equal(window(c, n, 'LENGTH', 0), 0)
        faults(c.normal_read, base)
        faults(c.secure_read, base)


def test_windows_show_later_changes(board):
    c = started(board)
    open_window(c, 1, 0x20000, 0x1000)
    equal(c.normal_read(WINDOW + STEP), 0xffffffff)
    equal(program(c, 0x20000, 0x1234), 0)
    equal(c.normal_read(WINDOW + STEP), 0x1234)
    equal(erase(c, 0x20000), 0)
    equal(c.normal_read(WINDOW + STEP), 0xffffffff)


def test_window_moves_while_open(board):
    c = started(board)
    equal(program(c, 0x30000, 3), 0)
    equal(program(c, 0x40000, 4), 0)
    open_window(c, 0, 0x30000, 0x1000)
    equal(c.normal_read(WINDOW), 3)
    equal(window(c, 0, 'OFFSET', 0x40000), 0)
    equal(c.normal_read(WINDOW), 4)


def test_locked_windows_stay_until_reset(board):
    c = started(board)
    open_window(c, 2, 0x1000, 0x1000)
    equal(window(c, 2, 'LOCK', 1), 0)
    equal(window(c, 3, 'LOCK', 1), 0)
    equal(window(c, 2, 'LOCK', 0), 0)
    for n in (2, 3):
        for part, value in (('OFFSET', 0), ('LENGTH', 0x2000), ('LENGTH', 0)):
            equal(window(c, n, part, value), REFUSED)
    c.normal_read(WINDOW + 2 * STEP)
    faults(c.normal_read, WINDOW + 2 * STEP + 0x1000)
    faults(c.normal_read, WINDOW + 3 * STEP)
    reset_by_vault(c)
    c.write(M['MAP_VMAILRAM_BASE'] + 0x1c, 0)
    c.release()
    faults(c.normal_read, WINDOW + 2 * STEP)
    open_window(c, 2, 0, 0x1000)
    c.normal_read(WINDOW + 2 * STEP)


def test_windows_refuse_what_is_not_whole_sectors_of_the_flash(board):
    c = started(board)
    size = M['FLASH_SIZE']
    for part, value in (('OFFSET', 1), ('OFFSET', 0x800), ('LENGTH', 0x1001), ('LENGTH', 4),
                        ('OFFSET', size + 0x1000), ('LENGTH', size + 0x1000),
                        ('LENGTH', 0xfffff000), ('OFFSET', 0xfffff000)):
        equal(window(c, 0, part, value), REFUSED, (part, hex(value)))
    open_window(c, 0, size - 0x1000, 0x1000)
    equal(window(c, 0, 'LENGTH', 0x2000), REFUSED)
    equal(window(c, 0, 'OFFSET', size), REFUSED)
    c.normal_read(WINDOW + 0xffc)


def test_flash_survives_kill(board):
    c = started(board)
    page = os.urandom(256)
    fill_buffer(c, page)
    equal(command(c, 0x7f0000, M['FLASHCTL_COMMAND_PAGE']), 0)
    c.kill()
    with open(board.flash, 'rb') as f:
        f.seek(0x7f0000)
        equal(f.read(256), page)
    equal(board.start().get(VFLASH + 0x7f0000, 256), page)
