# SPDX-License-Identifier: GPL-2.0-only
"""The lab door: QEMU's ways to look inside stand open on blank and lab chips only."""
from agents import M
from expect import burn, says

VIRTUAL, LAB = 1, 2


def doors(board):
    """Each door's options and what the refusal calls it."""
    at = lambda name: f'unix:{board.path(name)},server=on,wait=off'
    listen = f'socket,id=q,path={board.path("q")},server=on,wait=off'
    return ((board.door('qmp'), 'a monitor'),
            (['-monitor', at('hmp')], 'a monitor'),
            (['-serial', 'mon:' + at('mon')], 'a monitor'),
            (['-chardev', listen, '-mon', 'chardev=q'], 'a monitor'),
            (board.door('qtest'), '-qtest'),
            (board.door('gdb'), '-gdb'),
            ([*board.door('gdb'), '-S'], '-gdb'),
            (['-semihosting'], 'semihosting'),
            (['-device', 'loader,addr=0x40000000,data=1,data-len=4'], '-device loader'),
            (['-incoming', 'defer'], '-incoming'))


def made(board, board_class):
    c = board.start()
    burn(c, M['FUSE_CLASS'], board_class)
    burn(c, M['FUSE_FAB_LOCK'], 1)
    burn(c, M['FUSE_LIFECYCLE'], 1)
    c.kill()


def test_closed_chips_refuse_every_door(board):
    made(board, VIRTUAL)
    board.start().kill()
    for options, name in doors(board):
        says(board.refuses(*options), f'this chip is closed: {name}')


def test_closed_chips_stay_closed_in_later_life(board):
    made(board, VIRTUAL)
    c = board.start()
    burn(c, M['FUSE_LIFECYCLE'], 2)
    burn(c, M['FUSE_CLASS'], LAB)
    c.kill()
    says(board.refuses(*board.door('qtest')), 'this chip is closed')


def test_blank_and_lab_chips_open_doors(board):
    closed_by_nature = ('-S', '-incoming')  # they wait, so the agent does not answer
    for _ in range(2):
        for options, _name in doors(board):
            if not set(options) & set(closed_by_nature):
                board.start(*options).kill()
        made(board, VIRTUAL | LAB)


def test_other_ways_to_start_a_core_are_refused(board):
    says(board.refuses('-kernel', board.vrom), 'starts from vault-rom only')
    says(board.refuses('-bios', board.vrom), 'starts from vault-rom only')
