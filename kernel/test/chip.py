"""A whole chip that boots a release folder: its keys, packages, flash and fab, with code of its own."""
import hashlib
import os
import re
import shutil
import socket
import struct
import subprocess
import tempfile
import time
import zlib

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
CC = "arm-linux-gnueabihf-gcc"
FAR_S = 60  # a chip that has not said its line until then has failed

# Slot in the flash: image type, file in the release folder.
BODIES = {
    "VAULT": (2, "vault-runtime.bin"),
    "MONITOR": (4, "monitor.bin"),
    "DTB": (6, "device-tree.bin"),
    "KERNEL": (7, "kernel.bin"),
    "ROOT": (8, "root.bin"),
}
KEYSTORE = 19


def constants():
    text = subprocess.run([CC, "-E", "-dM", os.path.join(ROOT, "proto/map.h")], check=True,
                          capture_output=True, text=True).stdout
    return {name: int(value, 16) for name, value in
            re.findall(r"^#define TATU_(\w+) (0x[0-9a-f]+)$", text, re.M)}


M = constants()


def read(*path):
    with open(os.path.join(*path), "rb") as file:
        return file.read()


def public(key):
    numbers = key.public_key().public_numbers()
    return numbers.x.to_bytes(32, "big") + numbers.y.to_bytes(32, "big")


def sign(key, data):
    r, s = utils.decode_dss_signature(key.sign(data, ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def verity_section(release):
    facts = dict(line.split("=") for line in read(release, "verity.txt").decode().split())
    return struct.pack("<II", int(facts["data_len"]), 4096) + bytes.fromhex(facts["root_hash"])


def pack(kind, body, key, verity=None):
    sections = [(b"ID", struct.pack("<HH16s16s", kind, 0, b"c" * 16, b"i" * 16)),
                (b"SG", hashlib.sha256(public(key)).digest()[:20] + struct.pack("<I", 1)),
                (b"TV", struct.pack("<II", 1, 0))]
    if verity is not None:
        sections.append((b"VT", verity))
    metadata = b"4X4M" + struct.pack("<I", len(sections))
    for name, data in sections:
        metadata += name + struct.pack("<H", len(data)) + data
    package = body + metadata + struct.pack("<I", len(metadata) + 4)
    return package + sign(key, package)


class Board:
    """Files of one chip. spoil(slot, at) changes a byte of set A after signing."""

    def __init__(self, qemu, release, sets=(0, 1)):
        self.qemu = qemu
        self.folder = tempfile.mkdtemp(prefix="tatu-kernel-")
        self.root_key, release_key, other = (ec.generate_private_key(ec.SECP256R1())
                                             for _ in range(3))
        keystore = (b"TKEY" + struct.pack("<I", 1) + public(self.root_key) + struct.pack("<I", 1) +
                    public(release_key) + struct.pack("<II", 1, 0) + public(other) * 3 +
                    struct.pack("<H", 9) + b"localhost" + struct.pack("<HH", 8443, 8444))
        self.flash = bytearray(b"\xff" * M["FLASH_SIZE"])
        for which in sets:
            for slot, (kind, name) in BODIES.items():
                verity = verity_section(release) if slot == "ROOT" else None
                self.put(which, slot, pack(kind, read(release, name), release_key, verity))
            self.put(which, "KEYSTORE", pack(KEYSTORE, keystore, self.root_key))

    def path(self, name):
        return os.path.join(self.folder, name)

    def put(self, which, slot, package):
        at = which * M["FLASH_BANK_SIZE"] + M[f"FLASH_{slot}_AT"]
        end = at + M[f"FLASH_{slot}_SIZE"]
        assert len(package) <= end - at - 16, f"{slot} does not fit"
        self.flash[at:at + len(package)] = package
        self.flash[end - 16:end] = struct.pack("<4sIII", b"TSLT", len(package),
                                               len(package) ^ 0xffffffff, 0)

    def write_flash(self):
        with open(self.path("flash"), "wb") as file:
            file.write(self.flash)

    def start(self, *more):
        machine = ",".join([
            "tatu", "blank=on", "fab=fab",
            "vault-rom=" + os.path.join(ROOT, "build/vault/silicon/vault/vault-rom.bin"),
            "arom=" + os.path.join(ROOT, "build/monitor/monitor/arom.bin"),
            "fuses=" + self.path("fuses"), "flash=" + self.path("flash")])
        for name in ("log", "vault.log", "fab"):
            if os.path.exists(self.path(name)):
                os.unlink(self.path(name))
        return subprocess.Popen(
            [self.qemu, "-nodefaults", "-display", "none", "-machine", machine,
             "-chardev", f"socket,id=fab,path={self.path('fab')},server=on,wait=off",
             "-serial", "file:" + self.path("log"), "-serial", "file:" + self.path("vault.log"),
             *more], stderr=subprocess.PIPE)

    def log(self, name="log"):
        if not os.path.exists(self.path(name)):
            return ""
        return read(self.path(name)).decode(errors="replace").replace("\r", "")

    def wait(self, process, line, name="log", count=1):
        end = time.time() + FAR_S
        while time.time() < end:
            if self.log(name).count(line) >= count:
                return
            if process.poll() is not None and self.log(name).count(line) < count:
                raise AssertionError(f"no '{line}', the chip ended: " +
                                     process.stderr.read().decode())
            time.sleep(0.01)
        raise AssertionError(f"no '{line}' in {FAR_S} s")

    def fab(self):
        payload = (struct.pack("<I", 1) + hashlib.sha256(b"test chip").digest() +
                   hashlib.sha256(public(self.root_key)).digest() + bytes(96))
        process = self.start()
        try:
            self.wait(process, "fab port open", "vault.log")
            with socket.socket(socket.AF_UNIX) as link:
                link.connect(self.path("fab"))
                link.sendall(b"TFAB" + struct.pack("<I", len(payload)) + payload +
                             struct.pack("<I", zlib.crc32(payload)))
                self.wait(process, "fab done", "vault.log")
        finally:
            process.kill()
            process.wait()

    def remove(self):
        shutil.rmtree(self.folder)
