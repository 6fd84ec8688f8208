# SPDX-License-Identifier: GPL-2.0-only
"""A real-time core of a chip under test, driven through rt-agent.c, which runs on it."""
import os
import time

from agents import FAR_S, HERE, Fault, M
from expect import FLASH, equal
from silicon.harness import Flash, build_bare

RTCTL = M['MAP_RTCTL_BASE']
TCM = M['RT_TCM_BASE']
SYSRAM = M['RT_SYSRAM_BASE']
XIP = M['RT_XIP_BASE']
MAILBOX = M['RT_MAILBOX_BASE']
RUNNING, LOCKED_UP, FAULTED = M['RTCTL_RUNNING'], M['RTCTL_LOCKED_UP'], M['RTCTL_FAULTED']
REFUSED, BUSY = M['RTCTL_REFUSED'], M['RTCTL_BUSY']

AGENT_AT = 0xe00000  # in the flash, one page
OPERATIONS = {name: n for n, name in enumerate(
    'set_value read write read_byte write_byte call enable sleep spin multiply reset_itself lock_up lose_vectors '
    'lose_stack nmi_without_stack exclusive'.split(), 1)}
REPORT = {name: 0x2000 + 4 * n for n, name in enumerate(
    'magic starts beat done result faults interrupts last_interrupt'.split())}
MAGIC = 0x47415452


def started(board, *extra, more=(), **machine):
    """A chip whose A-core runs, and whose flash has the agent of the real-time cores. more: (place, bytes)."""
    path = build_bare(board.folder, 'rt-agent', 'vault', os.path.join(HERE, 'rt-agent.ld'),
                      os.path.join(HERE, 'rt-agent.c'))
    with open(path, 'rb') as file:
        agent = file.read()
    assert len(agent) <= 4096, len(agent)
    flash = Flash()
    flash.put(AGENT_AT, agent.ljust(4096, b'\0'))
    for at, data in more:
        flash.put(at, data)
    board.write_flash(flash)
    c = board.start(*extra, **machine)
    c.release()
    return c, Core(c, 0), Core(c, 1)


class Core:
    def __init__(self, c, n):
        self.c, self.n = c, n
        self.registers = RTCTL + n * M['RTCTL_STRIDE']
        self.tcm = M['MAP_RTTCM_BASE'] + n * M['MAP_RTTCM_STRIDE']
        self.mail = M['MAP_RTMAIL_BASE'] + n * M['MAP_RTMAIL_STRIDE']

    # ---- As the monitor

    def get(self, name):
        return self.c.secure_read(self.registers + M['RTCTL_' + name])

    def set(self, name, value):
        self.c.secure_write(self.registers + M['RTCTL_' + name], value)

    def settle(self):
        """Waits until what was ordered is so; the status."""
        end = time.time() + FAR_S
        while self.get('STATUS') & BUSY:
            assert time.time() < end, 'the core does not settle'
        return self.get('STATUS')

    def order(self, name, value):
        """An order that must be obeyed."""
        self.set(name, value)
        status = self.settle()
        equal(status & REFUSED, 0, f'{name} {value:#x} was refused')
        return status

    def refuses(self, name, value):
        before = self.get(name)
        self.set(name, value)
        equal(self.settle() & REFUSED, REFUSED, f'{name} {value:#x} was not refused')
        equal(self.get(name), before, f'{name} changed')

    def window(self, name, first, second):
        """Moves a window: name is XIP or SHARE."""
        start, size = {'XIP': ('XIP_OFFSET', 'XIP_LENGTH'), 'SHARE': ('SHARE_BASE', 'SHARE_SIZE')}[name]
        self.order(size, 0)
        self.order(start, first)
        self.order(size, second)

    def load(self):
        self.c.secure_copy_page(self.tcm, FLASH + AGENT_AT)
        for at in REPORT.values():
            self.c.secure_write(self.tcm + at, 0)

    def start(self):
        self.order('CONTROL', 1)
        self.await_report('magic', lambda word: word == MAGIC)

    def run(self):
        self.load()
        self.start()
        return self

    def hold(self):
        equal(self.order('CONTROL', 0) & RUNNING, 0)

    def await_status(self, mask, value):
        end = time.time() + FAR_S
        while self.get('STATUS') & (mask | BUSY) != value:
            assert time.time() < end, f'status {self.get("STATUS"):#x}, wanted {value:#x} in {mask:#x}'

    # ---- As the program on the core

    def report(self, name):
        return self.c.secure_read(self.tcm + REPORT[name])

    def await_report(self, name, true):
        end = time.time() + FAR_S
        while not true(self.report(name)):
            assert time.time() < end, f'{name} is {self.report(name):#x}, status {self.get("STATUS"):#x}'

    def push(self, command, data):
        self.c.normal_write(self.mail + M['RTMAIL_PUSH_DATA'], data)
        self.c.normal_write(self.mail + M['RTMAIL_PUSH_COMMAND'], command)

    def tell(self, operation, data=0):
        """Without waiting for an end."""
        self.push(OPERATIONS[operation], data)

    def ask(self, operation, data=0, value=None):
        if value is not None:
            self.ask('set_value', value)
        before = self.report('done')
        self.tell(operation, data)
        self.await_report('done', lambda done: done == before + 1)
        if self.report('faults'):
            raise Fault(f'core {self.n}: {operation} {data:#x}')
        return self.report('result')

    def read(self, address):
        return self.ask('read', address)

    def write(self, address, value):
        self.ask('write', address, value)

    def goes_on(self):
        before = self.report('beat')
        self.await_report('beat', lambda beat: beat != before)

    def stands_still(self):
        before = self.report('beat')
        time.sleep(0.2)
        equal(self.report('beat'), before, 'beat')

    def fault_at(self, access, *arguments):
        """The access must fault, be recorded with its address, and no other."""
        self.order('CONTROL', 1)  # forgets what was recorded; it runs on
        equal(self.get('STATUS') & FAULTED, 0)
        try:
            access(*arguments)
        except Fault:
            equal(self.get('STATUS') & (FAULTED | RUNNING), FAULTED | RUNNING, 'status')
            return self.get('FAULT_AT')
        raise AssertionError(f'{access.__name__}{arguments} was not refused')
