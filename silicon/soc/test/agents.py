# SPDX-License-Identifier: GPL-2.0-only
"""A chip with agents in its ROMs: its memory as each of its cores sees it."""
import os
import struct
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.abspath(os.path.join(HERE, '..', '..', '..')))
from silicon.harness import (FAR_S, Chip, FuseFile, M, Qtest,  # noqa: E402,F401 (tests take them from here)
                             build_bare)


class Fault(Exception):
    """The bus refused the access."""


def build_roms(folder):
    """The two agents as ROM images; their paths."""
    return [build_bare(folder, name, core, os.path.join(HERE, name + '.ld'), os.path.join(HERE, source),
                       sections=['.text'])
            for name, core, source in (('vault-agent', 'vault', 'vault-agent.c'),
                                       ('acore-agent', 'acore', 'acore-agent.S'))]


class Board(Chip):
    """The chip of one test. start() gives the chip itself, so that a test may start several, one after the other."""

    def __init__(self, qemu, roms):
        super().__init__(*roms, qemu=qemu, one_log=True)
        self.vrom, self.arom = roms

    def start(self, *extra, **machine):
        self.power_on(*extra, **machine)
        self.ask('r', M['MAP_VROM_BASE'], 0, 4)
        return self

    @property
    def fab(self):
        return self.link('fab')

    def kill(self):
        self.power_off()

    def starts(self):
        return self.log_bytes().count(b'vault agent\n')

    # ---- As the vault core sees it

    def ask(self, operation, address, value, answer, data=b''):
        self.fab.send(struct.pack('<cII', operation.encode(), address, value) + data)
        return self.answer(f'{operation} {address:#x}', answer)

    def answer(self, what, length):
        status = self.fab.take(1)
        body = self.fab.take(length)
        if status != b'k':
            raise Fault(what)
        return body

    def words_at_once(self, writes, reads):
        """Writes (address, word), then reads, sent together; the words read."""
        self.fab.send(b''.join(struct.pack('<cII', b'w', address, word) for address, word in writes) +
                      b''.join(struct.pack('<cII', b'r', address, 0) for address in reads))
        for address, _ in writes:
            self.answer(f'w {address:#x}', 0)
        return [struct.unpack('<I', self.answer(f'r {address:#x}', 4))[0] for address in reads]

    def send_unanswered(self, operation, address, value):
        """For what ends the agent; drops the answer if one comes all the same."""
        self.fab.send(struct.pack('<cII', operation.encode(), address, value))
        self.fab.drop(0.1)

    def read(self, address):
        return struct.unpack('<I', self.ask('r', address, 0, 4))[0]

    def read_byte(self, address):
        return struct.unpack('<I', self.ask('b', address, 0, 4))[0]

    def write(self, address, value):
        self.ask('w', address, value, 0)

    def write_byte(self, address, value):
        self.ask('B', address, value, 0)

    def get(self, address, n):
        return self.ask('G', address, n, n)

    def put(self, address, data):
        self.ask('P', address, len(data), 0, data)

    def get_words(self, address, n):
        words = self.words_at_once([], range(address, address + n, 4))
        return struct.pack(f'<{len(words)}I', *words)

    def put_words(self, address, data):
        words = struct.unpack(f'<{len(data) // 4}I', data)
        self.words_at_once([(address + 4 * i, word) for i, word in enumerate(words)], [])

    # ---- As the A-core sees it

    def release(self):
        self.write(M['MAP_VCTL_BASE'] + M['VCTL_ACORE'], 1)
        end = time.time() + FAR_S
        while self.read(M['MAP_VMAILRAM_BASE'] + 0x1c) != 0x41474e54:
            assert time.time() < end, 'the A-core does not run'

    def access_words(self, operation, address, value, normal):
        words = (0x04, operation), (0x08, address), (0x0c, value), (0x10, normal)
        return [(M['MAP_VMAILRAM_BASE'] + at, word) for at, word in words]

    def prepare_access(self, operation, address, value, normal):
        self.words_at_once(self.access_words(operation, address, value, normal), [])
        return M['MAP_VMAILRAM_BASE']

    def last_write(self, address, value):
        """A secure write that ends the chip's run."""
        self.send_unanswered('w', self.prepare_access(1, address, value, 0), 1)

    def core_access(self, operation, address, value, normal):
        box = M['MAP_VMAILRAM_BASE']
        reads = [box, box + 0x18, box + 0x14]
        go, outcome, result = self.words_at_once(
            [*self.access_words(operation, address, value, normal), (box, 1)], reads)
        end = time.time() + FAR_S
        while go != 0:
            assert time.time() < end, 'the A-core does not answer'
            go, outcome, result = self.words_at_once([], reads)
        if outcome != 0:
            raise Fault(f'A-core operation {operation} at {address:#x}: outcome {outcome}')
        return result

    def secure_read(self, address):
        return self.core_access(0, address, 0, 0)

    def secure_copy_page(self, to, source):
        self.core_access(4, to, source, 0)

    def secure_write(self, address, value):
        self.core_access(1, address, value, 0)

    def normal_read(self, address):
        return self.core_access(0, address, 0, 1)

    def normal_write(self, address, value):
        self.core_access(1, address, value, 1)

    def normal_execute(self, address):
        return self.core_access(2, address, 0, 1)

    def secure_execute(self, address):
        return self.core_access(2, address, 0, 0)
