# SPDX-License-Identifier: GPL-2.0-only
"""One chip under test: its process, its files, and its memory as each of its cores sees it."""
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.abspath(os.path.join(HERE, '..', '..', '..'))
CC = 'arm-linux-gnueabihf-gcc'
OBJCOPY = 'arm-linux-gnueabihf-objcopy'
BARE = ['-mfloat-abi=soft', '-O2', '-Wall', '-Wextra', '-Werror', '-ffreestanding', '-fno-pic',
        '-nostdlib', '-static', '-Wl,--build-id=none', '-I' + ROOT]
FAR = 20  # seconds after which a chip that does not answer has failed


def read_map():
    """The constants of proto/map.h, without their prefix."""
    out = subprocess.run([CC, '-E', '-dM', os.path.join(ROOT, 'proto/map.h')], check=True,
                         capture_output=True, text=True).stdout
    known = {}
    for name, value in re.findall(r'^#define TATU_(\w+) (\S+)$', out, re.M):
        if name == 'PROTO_MAP_H':
            continue
        try:
            known[name] = int(value, 0)
        except ValueError:
            pass  # an expression; none of these is needed here
    return known


M = read_map()


class Fault(Exception):
    """The bus refused the access."""


class Refused(Exception):
    """The chip did not start; carries what it said."""


def build_roms(folder):
    """The two agents as ROM images; their paths."""
    images = []
    for name, source, flags in (('vault-agent', 'vault-agent.c', ['-mcpu=cortex-m4', '-mthumb']),
                                ('acore-agent', 'acore-agent.S', ['-mcpu=cortex-a7', '-marm'])):
        elf, image = os.path.join(folder, name + '.elf'), os.path.join(folder, name + '.bin')
        subprocess.run([CC, *flags, *BARE, '-T', os.path.join(HERE, name + '.ld'),
                        os.path.join(HERE, source), '-o', elf], check=True)
        subprocess.run([OBJCOPY, '-O', 'binary', '-j', '.text', elf, image], check=True)
        images.append(image)
    return images


class Board:
    """The files of one chip; outlives the chip's processes."""

    def __init__(self, qemu, roms):
        self.qemu, (self.vrom, self.arom) = qemu, roms
        self.folder = tempfile.mkdtemp(prefix='tatu-soc-')
        self.fuses = self.path('fuses')
        self.flash = self.path('flash')
        with open(self.flash, 'wb') as f:
            f.write(b'\xff' * M['FLASH_SIZE'])

    def path(self, name):
        return os.path.join(self.folder, name)

    def arguments(self, **machine):
        settings = {'vault-rom': self.vrom, 'arom': self.arom, 'fuses': self.fuses,
                    'flash': self.flash, 'panel': 'panel', 'fab': 'fab', 'blank': 'on', **machine}
        text = ''.join(f',{k}={v}' for k, v in settings.items() if v is not None)
        socket_at = 'socket,id=%s,path=%s,server=on,wait=off'
        return [self.qemu, '-nodefaults', '-display', 'none', '-machine', 'tatu' + text,
                '-chardev', socket_at % ('fab', self.path('fab')),
                '-chardev', socket_at % ('panel', self.path('panel')),
                '-chardev', f'file,id=log,path={self.path("log")},mux=on',
                '-serial', 'chardev:log', '-serial', 'chardev:log']

    def start(self, *extra, **machine):
        return Chip(self, self.arguments(**machine) + list(extra))

    def refuse(self, *extra, **machine):
        """Starts a chip that must not start; what it said."""
        try:
            chip = self.start(*extra, **machine)
        except Refused as refused:
            return str(refused)
        chip.kill()
        raise AssertionError('the chip started')

    def remove(self):
        shutil.rmtree(self.folder)


class Link:
    """A stream socket that is read exactly or by lines."""

    def __init__(self, path, process):
        end = time.time() + FAR
        while True:
            self.socket = socket.socket(socket.AF_UNIX)
            try:
                self.socket.connect(path)
                break
            except OSError:
                self.socket.close()
                if process.poll() is not None:
                    raise Refused(process.stderr.read().decode())
                if time.time() > end:
                    raise
                time.sleep(0.01)
        self.socket.settimeout(FAR)
        self.rest = b''

    def send(self, data):
        self.socket.sendall(data)

    def take(self, n):
        while len(self.rest) < n:
            more = self.socket.recv(65536)
            if not more:
                raise EOFError
            self.rest += more
        out, self.rest = self.rest[:n], self.rest[n:]
        return out

    def drop(self, seconds):
        self.socket.settimeout(seconds)
        try:
            while self.socket.recv(65536):
                pass
        except (TimeoutError, socket.timeout, ConnectionError):
            pass
        self.socket.settimeout(FAR)

    def line(self, timeout=FAR):
        self.socket.settimeout(timeout)
        while b'\n' not in self.rest:
            more = self.socket.recv(65536)
            if not more:
                raise EOFError
            self.rest += more
        text, self.rest = self.rest.split(b'\n', 1)
        return text.decode()

    def close(self):
        self.socket.close()


class Chip:
    def __init__(self, board, command):
        self.board = board
        for name in ('fab', 'panel', 'qtest'):
            if os.path.exists(board.path(name)):
                os.unlink(board.path(name))
        # With Python's own signals: a file limit then is an error, not a signal.
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, restore_signals=False,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self.fab = Link(board.path('fab'), self.process)
        try:
            self.ask('r', M['MAP_VROM_BASE'], 0, 4)
        except (EOFError, ConnectionError):
            self.process.wait()
            raise Refused(self.process.stderr.read().decode())

    def link(self, name):
        return Link(self.board.path(name), self.process)

    def log(self):
        with open(self.board.path('log'), 'rb') as f:
            return f.read()

    def starts(self):
        return self.log().count(b'vault agent\n')

    def wait_end(self):
        code = self.process.wait(FAR)
        self.fab.close()
        self.process.stderr.close()
        return code

    def kill(self):
        """As a power cut does: without warning."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        return self.wait_end()

    # ---- As the vault core sees it

    def ask(self, operation, address, value, answer, data=b''):
        self.fab.send(struct.pack('<cII', operation.encode(), address, value) + data)
        status = self.fab.take(1)
        body = self.fab.take(answer)
        if status != b'k':
            raise Fault(f'{operation} {address:#x}')
        return body

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
        return b''.join(struct.pack('<I', self.read(address + i)) for i in range(0, n, 4))

    def put_words(self, address, data):
        for i in range(0, len(data), 4):
            self.write(address + i, struct.unpack_from('<I', data, i)[0])

    # ---- As the A-core sees it

    def release(self):
        self.write(M['MAP_VCTL_BASE'] + M['VCTL_ACORE'], 1)
        end = time.time() + FAR
        while self.read(M['MAP_VMAILRAM_BASE'] + 0x1c) != 0x41474e54:
            assert time.time() < end, 'the A-core does not run'

    def prepare_access(self, operation, address, value, normal):
        box = M['MAP_VMAILRAM_BASE']
        for at, word in ((0x04, operation), (0x08, address), (0x0c, value), (0x10, normal)):
            self.write(box + at, word)
        return box

    def last_write(self, address, value):
        """A secure write that ends the chip's run."""
        self.send_unanswered('w', self.prepare_access(1, address, value, 0), 1)

    def core_access(self, operation, address, value, normal):
        box = self.prepare_access(operation, address, value, normal)
        self.write(box, 1)
        end = time.time() + FAR
        while self.read(box) != 0:
            assert time.time() < end, 'the A-core does not answer'
        outcome = self.read(box + 0x18)
        if outcome != 0:
            raise Fault(f'A-core operation {operation} at {address:#x}: outcome {outcome}')
        return self.read(box + 0x14)

    def secure_read(self, address):
        return self.core_access(0, address, 0, 0)

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


class Qtest:
    """QEMU's test door: the normal view of memory, without a core."""

    def __init__(self, chip):
        self.link = chip.link('qtest')

    def ask(self, line):
        self.link.send(line.encode() + b'\n')
        answer = self.link.line()
        assert answer.startswith('OK'), answer
        return answer

    def readl(self, address):
        return int(self.ask(f'readl {address:#x}').split()[1], 0)

    def writel(self, address, value):
        self.ask(f'writel {address:#x} {value:#x}')
