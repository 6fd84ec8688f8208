#!/usr/bin/python3
"""The vault's firmware in the real chip: fab, boot, refusals, mailbox.

chip_test.py [--qemu FILE] [--build FOLDER] [--keep] [NAME...]

Packs and signs with code of its own, as a second implementation of the formats."""
import argparse
import hashlib
import os
import re
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time
import traceback
import zlib

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.abspath(os.path.join(HERE, "..", "..", ".."))
CC = "arm-linux-gnueabihf-gcc"
FAR_S = 30

ERRORS = {m[2]: int(m[1]) for m in re.finditer(
    r"X\((\d+), (\w+),", open(os.path.join(ROOT, "base/base.h"), encoding="utf-8").read())}
RUNTIME, MONITOR, KERNEL, APPLICATION, KEYSTORE = 2, 4, 7, 10, 19
OF_MONITOR, OF_NORMAL = 1, 2


def constants():
    text = subprocess.run([CC, "-E", "-dM", os.path.join(ROOT, "proto/map.h")], check=True,
                          capture_output=True, text=True).stdout
    return {name: int(value, 16) for name, value in
            re.findall(r"^#define TATU_(\w+) (0x[0-9a-f]+)$", text, re.M)}


M = constants()
SLOTS = {RUNTIME: "VAULT", MONITOR: "MONITOR", KEYSTORE: "KEYSTORE", KERNEL: "KERNEL"}


# ---- keys and packages -------------------------------------------------------------------------

def public(key):
    numbers = key.public_key().public_numbers()
    return numbers.x.to_bytes(32, "big") + numbers.y.to_bytes(32, "big")


def new_key():
    return ec.generate_private_key(ec.SECP256R1())


def sign(key, data):
    r, s = utils.decode_dss_signature(key.sign(data, ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def verify(raw, signature, data, algorithm=hashes.SHA256()):
    key = ec.EllipticCurvePublicNumbers(int.from_bytes(raw[:32], "big"),
                                        int.from_bytes(raw[32:], "big"), ec.SECP256R1())
    der = utils.encode_dss_signature(int.from_bytes(signature[:32], "big"),
                                     int.from_bytes(signature[32:], "big"))
    key.public_key().verify(der, data, ec.ECDSA(algorithm))


def pack(kind, version, body, key):
    sections = [(b"ID", struct.pack("<HH16s16s", kind, 0, b"c" * 16, bytes([version]) * 16)),
                (b"SG", hashlib.sha256(public(key)).digest()[:20] + struct.pack("<I", 1)),
                (b"TV", struct.pack("<II", version, 0))]
    metadata = b"4X4M" + struct.pack("<I", len(sections))
    for name, data in sections:
        metadata += name + struct.pack("<H", len(data)) + data
    package = body + metadata + struct.pack("<I", len(metadata) + 4)
    return package + sign(key, package)


def keystore_body(root, release, time_key, revoked=0):
    host = b"localhost"
    return (b"TKEY" + struct.pack("<I", 1) + public(root) + struct.pack("<I", 1) + public(release) +
            struct.pack("<II", 1, revoked) + public(time_key) * 3 +
            struct.pack("<H", len(host)) + host + struct.pack("<HH", 8443, 8444))


def head(major, n):
    if n < 24:
        return bytes([major << 5 | n])
    if n < 256:
        return bytes([major << 5 | 24, n])
    if n < 65536:
        return bytes([major << 5 | 25]) + n.to_bytes(2, "big")
    return bytes([major << 5 | 26]) + n.to_bytes(4, "big")


def cbor_bytes(data):
    return head(2, len(data)) + data


def sig_structure(aad, payload, protected=b"\xa1\x01\x26"):
    return (b"\x84\x6aSignature1" + cbor_bytes(protected) + cbor_bytes(aad.encode()) +
            cbor_bytes(payload))


def cose_sign1(key, aad, payload):
    return (b"\xd2\x84" + cbor_bytes(b"\xa1\x01\x26") + b"\xa0" + cbor_bytes(payload) +
            cbor_bytes(sign(key, sig_structure(aad, payload))))


def decode_cbor(data, at=0):
    """One item: its value and where the next begins."""
    major, info = data[at] >> 5, data[at] & 31
    at += 1
    n = info
    if 24 <= info <= 27:
        size = 1 << (info - 24)
        n, at = int.from_bytes(data[at:at + size], "big"), at + size
    if major == 0:
        return n, at
    if major == 1:
        return -1 - n, at
    if major in (2, 3):
        return (data[at:at + n] if major == 2 else data[at:at + n].decode()), at + n
    if major == 4:
        out = []
        for _ in range(n):
            value, at = decode_cbor(data, at)
            out.append(value)
        return out, at
    if major == 5:
        out = {}
        for _ in range(n):
            key, at = decode_cbor(data, at)
            out[key], at = decode_cbor(data, at)
        return out, at
    if major == 6:
        return decode_cbor(data, at)
    return {20: False, 21: True, 22: None}[n], at


def open_sign1(raw_key, aad, message):
    (protected, unprotected, payload, signature), end = decode_cbor(message)
    assert end == len(message)
    verify(raw_key, signature, sig_structure(aad, payload, protected))
    assert unprotected[4] == hashlib.sha256(raw_key).digest()[:20]
    return decode_cbor(payload)[0]


# ---- the board ---------------------------------------------------------------------------------

class Link:
    """A Unix socket read exactly."""

    def __init__(self, path, process):
        end = time.time() + FAR_S
        while True:
            self.socket = socket.socket(socket.AF_UNIX)
            try:
                self.socket.connect(path)
                break
            except OSError:
                self.socket.close()
                if process.poll() is not None or time.time() > end:
                    raise
                time.sleep(0.01)
        self.socket.settimeout(FAR_S)

    def take(self, n):
        data = b""
        while len(data) < n:
            more = self.socket.recv(n - len(data))
            if not more:
                raise EOFError
            data += more
        return data


class Run:
    """One power cycle."""

    def __init__(self, board):
        for name in ("acore", "fab", "log"):
            if os.path.exists(board.path(name)):
                os.remove(board.path(name))
        socket_at = "socket,id=%s,path=%s,server=on,wait=on" # nothing is said before we listen
        machine = ",".join(["tatu", "blank=on", "fab=fab", "vault-rom=" + board.rom,
                            "arom=" + board.path("arom"), "fuses=" + board.path("fuses"),
                            "flash=" + board.path("flash")])
        self.log_path = board.path("log")
        self.process = subprocess.Popen(
            [board.qemu, "-nodefaults", "-display", "none", "-machine", machine,
             "-chardev", socket_at % ("fab", board.path("fab")),
             "-chardev", socket_at % ("acore", board.path("acore")), "-serial", "chardev:acore",
             "-serial", "file:" + self.log_path], stderr=subprocess.PIPE)
        self.fab = Link(board.path("fab"), self.process)
        self.acore = Link(board.path("acore"), self.process)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stderr.close()
        self.fab.socket.close()
        self.acore.socket.close()

    def log(self):
        if not os.path.exists(self.log_path): # QEMU makes it after the sockets
            return ""
        with open(self.log_path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def wait(self, line):
        """Waits until the log has the line; the log."""
        end = time.time() + FAR_S
        while time.time() < end:
            text = self.log()
            if (line + "\n") in text:
                return text
            if self.process.poll() is not None:
                raise AssertionError("the chip ended: " + self.process.stderr.read().decode())
            time.sleep(0.02)
        raise AssertionError(f"no line '{line}' in:\n{self.log()}")

    def hello(self):
        assert self.acore.take(6) == b"hello\n"

    def ask(self, caller, command, payload=b"", expect="OK"):
        self.acore.socket.sendall(struct.pack("<HHI", caller, command, len(payload)) + payload)
        status, length = struct.unpack("<II", self.acore.take(8))
        answer = self.acore.take(length)
        name = {number: name for name, number in ERRORS.items()}.get(status, "OK")
        assert name == expect, f"command {command}: {name} instead of {expect}"
        return answer

    def poke(self, address, data):
        self.acore.socket.sendall(struct.pack("<HHII", 0, 0xffff, 4 + len(data), address) + data)
        self.acore.take(8)


class Board:
    """Files of one chip, and the keys of its makers."""

    def __init__(self, qemu, build):
        self.qemu = qemu
        self.folder = tempfile.mkdtemp(prefix="tatu-vault-")
        self.rom = os.path.join(build, "silicon/vault/vault-rom.bin")
        with open(os.path.join(build, "silicon/vault/vault-runtime.bin"), "rb") as file:
            self.runtime = file.read()
        self.root, self.release, self.time_key, self.owner = (new_key() for _ in range(4))
        self.implementation = hashlib.sha256(b"test chip").digest()
        with open(self.path("arom"), "wb") as file:
            file.write(struct.pack("<II", 0xe51ff004, M["MAP_SECRAM_BASE"])) # ldr pc, [pc, #-4]
        self.monitor = self.build_agent()
        self.packages = {}
        for which in (0, 1):
            self.install(which)
        self.write_flash()

    def path(self, name):
        return os.path.join(self.folder, name)

    def build_agent(self):
        elf = self.path("agent.elf")
        subprocess.run([CC, "-mcpu=cortex-a7", "-marm", "-mfloat-abi=soft", "-O2", "-Wall", "-Werror",
                        "-ffreestanding", "-fno-pic", "-nostdlib", "-static", "-no-pie",
                        "-Wl,--build-id=none", "-Wl,--no-warn-rwx-segments", "-I" + ROOT, "-T", os.path.join(HERE, "agent.ld"),
                        os.path.join(HERE, "agent.c"), "-o", elf], check=True)
        subprocess.run(["arm-linux-gnueabihf-objcopy", "-O", "binary", elf, self.path("agent")],
                       check=True)
        with open(self.path("agent"), "rb") as file:
            return file.read()

    def install(self, which, version=1):
        self.packages[which, KEYSTORE] = pack(
            KEYSTORE, version, keystore_body(self.root, self.release, self.time_key), self.root)
        self.packages[which, RUNTIME] = pack(RUNTIME, version, self.runtime, self.release)
        self.packages[which, MONITOR] = pack(MONITOR, version, self.monitor, self.release)

    def write_flash(self, preferred=None):
        flash = bytearray(b"\xff" * M["FLASH_SIZE"])
        for (which, kind), package in self.packages.items():
            at = which * M["FLASH_BANK_SIZE"] + M[f"FLASH_{SLOTS[kind]}_AT"]
            end = at + M[f"FLASH_{SLOTS[kind]}_SIZE"]
            flash[at:at + len(package)] = package
            flash[end - 16:end] = struct.pack("<4sIII", b"TSLT", len(package),
                                              len(package) ^ 0xffffffff, 0)
        if preferred is not None:
            table = struct.pack("<4sIBBHI", b"TTBL", 5, preferred, 0, 0, 0) + bytes(16 * 24)
            table += struct.pack("<I", zlib.crc32(table))
            flash[M["FLASH_TABLE1_AT"]:M["FLASH_TABLE1_AT"] + len(table)] = table
        with open(self.path("flash"), "wb") as file:
            file.write(flash)

    def fab(self):
        payload = (struct.pack("<I", 1) + self.implementation +
                   hashlib.sha256(public(self.root)).digest() + bytes(96))
        frame = b"TFAB" + struct.pack("<I", len(payload)) + payload
        frame += struct.pack("<I", zlib.crc32(payload))
        with Run(self) as run:
            run.wait("[ROM] lifecycle blank, fab port open")
            run.fab.socket.sendall(frame)
            answer = run.fab.take(144)
            run.wait("[ROM] fab done")
        magic, length, status = struct.unpack("<4sII", answer[:12])
        assert (magic, length, status) == (b"TFAB", 132, 0)
        assert struct.unpack("<I", answer[-4:])[0] == zlib.crc32(answer[8:-4])
        self.device_id, self.attestation = answer[12:76], answer[76:140]

    def burn(self, offset, bits):
        """Blows fuses from outside, as a command of a later release would; docs of the fuse file
        are in silicon/soc."""
        with open(self.path("fuses"), "rb") as file:
            data = bytearray(file.read())
        half = len(data) // 2
        newest = max((0, half), key=lambda at: struct.unpack_from("<Q", data, at + 8)[0])
        sequence, length = struct.unpack_from("<QI", data, newest + 8)
        bank = bytearray(data[newest:newest + 32 + length])
        old, = struct.unpack_from("<I", bank, 32 + offset)
        struct.pack_into("<I", bank, 32 + offset, old | bits)
        struct.pack_into("<Q", bank, 8, sequence + 1)
        bank += hashlib.sha256(bank).digest()
        other = half - newest
        data[other:other + len(bank)] = bank
        with open(self.path("fuses"), "wb") as file:
            file.write(data)

    def copy_fuses(self):
        shutil.copy2(self.path("fuses"), self.path("fuses.saved"))

    def restore_fuses(self):
        shutil.copy2(self.path("fuses.saved"), self.path("fuses"))


# ---- refusals: spoil set A; what the log must say ----------------------------------------------

def flip(data, at):
    data = bytearray(data)
    data[at] ^= 1
    return bytes(data)


def spoil(kind, change):
    def act(board, which):
        board.packages[which, kind] = change(board, board.packages[which, kind])
    return act


def runtime_by(kind=RUNTIME, version=1, key=None):
    return spoil(RUNTIME, lambda b, _: pack(kind, version, b.runtime, key or b.release))


def keystore_by(inside, signer, revoked=0):
    return spoil(KEYSTORE, lambda b, _: pack(KEYSTORE, 1, keystore_body(
        inside or b.root, b.release, b.time_key, revoked), signer or b.root))


FOREIGN = new_key()
REFUSALS = [
    ("flipped byte", spoil(RUNTIME, lambda b, p: flip(p, 100)), "ROM", "runtime", "SIGNATURE"),
    ("unsigned", spoil(RUNTIME, lambda b, p: p[:-64] + bytes(64)), "ROM", "runtime", "SIGNATURE"),
    ("truncated", spoil(RUNTIME, lambda b, p: p[:-200]), "ROM", "runtime", None),
    ("wrong type", runtime_by(kind=MONITOR), "ROM", "runtime", "TYPE"),
    ("foreign release", runtime_by(key=FOREIGN), "ROM", "runtime", "KEY_UNKNOWN"),
    ("foreign root", keystore_by(FOREIGN, FOREIGN), "ROM", "keystore", "KEY_UNKNOWN"),
    ("keystore not by its root", keystore_by(None, FOREIGN), "ROM", "keystore", "SIGNATURE"),
    ("revoked release", keystore_by(None, None, 1), "ROM", "runtime", "KEY_REVOKED"),
    ("flipped monitor", spoil(MONITOR, lambda b, p: flip(p, 3)), "VAULT", "monitor", "SIGNATURE"),
    ("runtime as monitor", spoil(MONITOR, lambda b, p: b.packages[1, RUNTIME]), "VAULT", "monitor",
     "TYPE"),
]


def refuse(board, case):
    _, act, stage, what, err = case
    act(board, 0)
    board.write_flash()
    with Run(board) as run:
        run.hello()
        log = run.wait("[VAULT] A-core released")
        assert re.search(rf"^\[{stage}\] set A: {what} refused, {err or '[A-Z]+'}$", log, re.M), log
        assert "set B: monitor verified" in log, log
        boot = run.ask(OF_MONITOR, 5)
        assert boot[:3] == b"\x01\x01\x01" and boot[4] == 0, boot


# ---- the tests ---------------------------------------------------------------------------------

def boots_what_is_good(board):
    with Run(board) as run:
        run.hello()
        log = run.wait("[VAULT] A-core released")
        for line in ("[ROM] vault boot, lifecycle 1, boot 1", "[ROM] set A: keystore verified, version 1",
                     "[ROM] set A: runtime verified, version 1", "[VAULT] set A: runtime started",
                     "[VAULT] set A: monitor verified, version 1"):
            assert line + "\n" in log, f"no '{line}' in {log}"
        assert run.ask(OF_MONITOR, 5) == b"\0\0\0\0"
    with Run(board) as run:
        run.hello()
        run.wait("[ROM] vault boot, lifecycle 1, boot 2")


def boots_the_preferred_set(board):
    board.write_flash(preferred=1)
    with Run(board) as run:
        run.hello()
        assert "[VAULT] set B: runtime started" in run.wait("[VAULT] A-core released")
        assert run.ask(OF_MONITOR, 5) == b"\1\0\0\0"


def refuses_what_is_rolled_back(board):
    board.install(1, version=2)
    board.write_flash()
    board.burn(M["FUSE_FLOOR"], 0b11)
    with Run(board) as run:
        run.hello()
        log = run.wait("[VAULT] A-core released")
        assert "[ROM] set A: runtime refused, ROLLBACK\n" in log, log
        assert "[VAULT] set B: monitor verified, version 2\n" in log, log


def refuses_a_revoked_root(board):
    board.burn(M["FUSE_ROOT_REVOKED"], 1)
    with Run(board) as run:
        log = run.wait("[ROM] halted, NO_BOOT_SET")
        assert log.count("keystore refused, KEY_REVOKED") == 2, log


def does_not_boot_when_both_are_bad(board):
    for which in (0, 1):
        board.packages[which, RUNTIME] = flip(board.packages[which, RUNTIME], 64)
    board.write_flash()
    with Run(board) as run:
        log = run.wait("[ROM] halted, NO_BOOT_SET")
        assert "A-core" not in log
        run.acore.socket.settimeout(0.5)
        try:
            raise AssertionError(f"the A-core runs: {run.acore.take(1)}")
        except socket.timeout:
            pass
    board.install(0)
    board.write_flash()
    with Run(board) as run:
        run.hello()
        run.wait("[ROM] last boot halted, NO_BOOT_SET")


def does_not_boot_without_a_monitor(board):
    for which in (0, 1):
        board.packages[which, MONITOR] = flip(board.packages[which, MONITOR], 64)
    board.write_flash()
    with Run(board) as run:
        log = run.wait("[VAULT] halted, NO_BOOT_SET")
        assert "A-core" not in log


def does_not_boot_an_empty_flash(board):
    board.packages = {}
    board.write_flash()
    with Run(board) as run:
        assert run.wait("[ROM] halted, NO_BOOT_SET").count("keystore refused, NOT_FOUND") == 2


def verifies_and_measures_images(board):
    kernel = pack(KERNEL, 4, os.urandom(300000), board.release)
    board.packages[0, KERNEL] = kernel
    board.write_flash()
    at = M["MAP_FLASH_BASE"] + M["FLASH_KERNEL_AT"]
    ram = M["MAP_RAM_BASE"] + 0x10000

    def request(address, length, kind=KERNEL, flags=0):
        return struct.pack("<IIHH", address, length, kind, flags)

    with Run(board) as run:
        run.hello()
        answer = run.ask(OF_MONITOR, 1, request(at, len(kernel), flags=1))
        assert answer[32:64] == hashlib.sha256(kernel).digest()
        assert struct.unpack_from("<IIIHH", answer, 128) == (300000, 0, 4, KERNEL, 0)
        run.ask(OF_MONITOR, 1, request(at, len(kernel), 8), "TYPE")
        run.ask(OF_MONITOR, 1, request(at, len(kernel) - 1), "LONG")
        run.ask(OF_MONITOR, 1, request(at + 1, len(kernel) - 1), "SIGNATURE")
        small = pack(KERNEL, 1, b"small", board.release)
        run.poke(ram, small)
        run.ask(OF_MONITOR, 1, request(ram, len(small)), "DENIED")
        run.ask(OF_MONITOR, 3, struct.pack("<II", ram, 4096))
        run.ask(OF_MONITOR, 1, request(ram, len(small)))
        run.ask(OF_MONITOR, 1, request(ram + 4096, 512), "DENIED")
        run.ask(OF_MONITOR, 4, b"\0\0")
        run.ask(OF_MONITOR, 1, request(ram, len(small)), "ARGUMENT")
        keystore = board.packages[0, KEYSTORE]
        run.ask(OF_MONITOR, 1, request(M["MAP_FLASH_BASE"] + M["FLASH_KEYSTORE_AT"], len(keystore),
                                       KEYSTORE))


def keeps_callers_apart(board):
    with Run(board) as run:
        run.hello()
        run.ask(OF_NORMAL, 16, b"", "STATE")
        run.ask(OF_MONITOR, 19, bytes(17), "DENIED")
        run.ask(OF_MONITOR, 4, b"\0\0")
        run.wait("[VAULT] set A: boot done")
        run.ask(OF_NORMAL, 1, bytes(12), "DENIED")
        run.ask(OF_NORMAL, 24, b"", "UNKNOWN_COMMAND")
        run.ask(OF_NORMAL, 16, b"x", "LONG")
        info = run.ask(OF_NORMAL, 16)
        assert info[:64] == board.device_id and info[64:128] == board.attestation
        assert info[128:160] == board.implementation
        first, second = run.ask(OF_NORMAL, 23, b"\x40\0"), run.ask(OF_NORMAL, 23, b"\x40\0")
        assert len(first) == 64 and first != second


def proves_itself(board):
    tenant, nonce = b"t" * 16, os.urandom(32)
    with Run(board) as run:
        run.hello()
        run.ask(OF_MONITOR, 4, b"\0\0")
        run.ask(OF_NORMAL, 20, nonce, "STATE")
        update = run.ask(OF_NORMAL, 19, b"\1" + bytes(16))
        run.ask(OF_NORMAL, 19, b"\2" + tenant, "FOREIGN")
        statement = run.ask(OF_NORMAL, 22, nonce + tenant + public(board.owner))
        claim = open_sign1(board.device_id, "tatu-claim-1", statement)
        assert claim == {1: nonce, 2: board.device_id, 3: tenant, 4: public(board.owner)}
        run.ask(OF_NORMAL, 22, nonce + b"u" * 16 + public(board.owner), "OWNED")
        daily = run.ask(OF_NORMAL, 19, b"\2" + tenant)
        evidence = open_sign1(board.attestation, "tatu-evidence-1", run.ask(OF_NORMAL, 20, nonce))
        flat = repr(evidence)
        for what in (nonce, board.device_id, board.implementation, daily, update[:32], update[32:],
                     hashlib.sha256(board.packages[0, RUNTIME]).digest(),
                     hashlib.sha256(board.packages[0, MONITOR]).digest()):
            assert repr(what) in flat, what
        for key, selector in ((update, b"\1" + bytes(16)), (daily, b"\2" + tenant)):
            digest = hashlib.sha256(selector).digest()
            signature = run.ask(OF_NORMAL, 21, selector + digest)
            verify(key, signature, digest, utils.Prehashed(hashes.SHA256()))
        run.ask(OF_NORMAL, 21, b"\2" + bytes(16) + digest, "NOT_FOUND")


def keeps_owner_and_time_over_power(board):
    tenant, nonce = b"t" * 16, os.urandom(32)

    def signed(key, nonce, seconds):
        payload = b"\xa2\x01" + cbor_bytes(nonce) + b"\x02" + head(0, seconds)
        return cose_sign1(key, "tatu-time-1", payload)

    with Run(board) as run:
        run.hello()
        run.ask(OF_MONITOR, 4, b"\0\0")
        run.ask(OF_NORMAL, 22, nonce + tenant + public(board.owner))
        fresh = run.ask(OF_NORMAL, 17)
        run.ask(OF_NORMAL, 18, signed(FOREIGN, fresh, 1_900_000_000), "SIGNATURE")
        run.ask(OF_NORMAL, 18, signed(board.time_key, nonce, 1_900_000_000), "REPLAY")
        answer = run.ask(OF_NORMAL, 18, signed(board.time_key, fresh, 1_900_000_000))
        assert struct.unpack("<Q", answer)[0] == 1_900_000_000
        run.ask(OF_NORMAL, 18, signed(board.time_key, fresh, 1_900_000_001), "REPLAY")
    with Run(board) as run:
        run.hello()
        run.ask(OF_MONITOR, 4, b"\0\0")
        fresh = run.ask(OF_NORMAL, 17)
        run.ask(OF_NORMAL, 18, signed(board.time_key, fresh, 1_899_999_999), "CLOCK")
        info = run.ask(OF_NORMAL, 16)
        assert info[160:176] == tenant and info[176:240] == public(board.owner)
        assert struct.unpack_from("<Q", info, 248)[0] == 1_900_000_000
        application = pack(APPLICATION, 1, b"an application", board.owner)
        run.poke(M["MAP_SECRAM_BASE"] + 0x20000, application)
        run.ask(OF_MONITOR, 1, struct.pack("<IIHH", M["MAP_SECRAM_BASE"] + 0x20000,
                                           len(application), APPLICATION, 0))


def makes_each_device_its_own(board):
    other = Board(board.qemu, os.path.dirname(os.path.dirname(os.path.dirname(board.rom))))
    try:
        other.fab()
        assert other.device_id != board.device_id and other.attestation != board.attestation
    finally:
        shutil.rmtree(other.folder)


TESTS = [boots_what_is_good, boots_the_preferred_set, refuses_what_is_rolled_back,
         refuses_a_revoked_root, does_not_boot_when_both_are_bad, does_not_boot_without_a_monitor,
         does_not_boot_an_empty_flash, verifies_and_measures_images, keeps_callers_apart,
         proves_itself, keeps_owner_and_time_over_power, makes_each_device_its_own]


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--qemu")
    arguments.add_argument("--build")
    arguments.add_argument("--keep", action="store_true", help="keep the board's files")
    arguments.add_argument("names", nargs="*")
    options = arguments.parse_args()
    build = options.build or subprocess.run(
        [os.path.join(ROOT, "tools/build.sh"), "vault"], check=True, stdout=subprocess.PIPE,
        text=True).stdout.strip()
    qemu = options.qemu or subprocess.run(
        [os.path.join(ROOT, "tools/setup/qemu.sh")], check=True, stdout=subprocess.PIPE,
        text=True).stdout.strip()
    board = Board(qemu, os.path.join(ROOT, build))
    board.fab()
    board.copy_fuses()
    cases = [(test.__name__.replace("_", " "), lambda test=test: test(board)) for test in TESTS]
    cases += [("refuses: " + case[0], lambda case=case: refuse(board, case)) for case in REFUSALS]
    passed = failed = 0
    for name, run in cases:
        if options.names and not any(part in name for part in options.names):
            continue
        board.restore_fuses()
        board.packages = {}
        for which in (0, 1):
            board.install(which)
        board.write_flash()
        started = time.time()
        try:
            run()
            passed += 1
            print(f"ok      {name} ({time.time() - started:.1f} s)")
        except Exception: # a test may fail in any way
            failed += 1
            traceback.print_exc()
            print(f"FAILED  {name}\n  repeat: silicon/vault/test/chip_test.py '{name}'")
    if options.keep:
        print("files:", board.folder)
    else:
        shutil.rmtree(board.folder)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
