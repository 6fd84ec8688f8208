#!/usr/bin/python3
"""The monitor in the real chip, under the real vault: a kernel that attacks, and spoiled boot sets.

chip_test.py [--qemu FILE] [--vault BUILD] [--monitor BUILD] [--keep] [NAME...]

Packs and signs with code of its own, as one more implementation of the formats."""
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
ROOT = os.path.abspath(os.path.join(HERE, "..", ".."))
CC = "arm-linux-gnueabihf-gcc"
FAR_S = 60
TYPES = {"VAULT": 2, "MONITOR": 4, "DTB": 6, "KERNEL": 7, "ROOT": 8, "KEYSTORE": 19}
APPLICATION = 10
MODE_FULL, MODE_FALLBACK, MODE_PANIC = 0, 1, 2


def constants():
    text = subprocess.run([CC, "-E", "-dM", os.path.join(ROOT, "proto/map.h")], check=True,
                          capture_output=True, text=True).stdout
    return {name: int(value, 16) for name, value in
            re.findall(r"^#define TATU_(\w+) (0x[0-9a-f]+)$", text, re.M)}


M = constants()


def errors():
    with open(os.path.join(ROOT, "base/base.h"), encoding="utf-8") as file:
        return {name: int(number) for number, name in re.findall(r"X\((\d+), (\w+),", file.read())}


ERRORS = errors()


def public(key):
    numbers = key.public_key().public_numbers()
    return numbers.x.to_bytes(32, "big") + numbers.y.to_bytes(32, "big")


def new_key():
    return ec.generate_private_key(ec.SECP256R1())


def sign(key, data):
    r, s = utils.decode_dss_signature(key.sign(data, ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def pack(kind, version, body, key, component=b"c" * 16, image=b"i" * 16):
    sections = [(b"ID", struct.pack("<HH16s16s", kind, 0, component, image)),
                (b"SG", hashlib.sha256(public(key)).digest()[:20] + struct.pack("<I", 1)),
                (b"TV", struct.pack("<II", version, 0))]
    metadata = b"4X4M" + struct.pack("<I", len(sections))
    for name, data in sections:
        metadata += name + struct.pack("<H", len(data)) + data
    package = body + metadata + struct.pack("<I", len(metadata) + 4)
    return package + sign(key, package)


def keystore_body(root, release):
    other = public(new_key())
    host = b"localhost"
    return (b"TKEY" + struct.pack("<I", 1) + public(root) + struct.pack("<I", 1) + public(release) +
            struct.pack("<II", 1, 0) + other * 3 + struct.pack("<H", len(host)) + host +
            struct.pack("<HH", 8443, 8444))


def read(*path):
    with open(os.path.join(*path), "rb") as file:
        return file.read()


class Board:
    """Files of one chip, and the keys of its makers."""

    def __init__(self, options):
        self.options = options
        self.folder = tempfile.mkdtemp(prefix="tatu-monitor-")
        self.root, self.release, self.owner = new_key(), new_key(), new_key()
        self.kernel = self.build_payload()
        self.rootfs = b"a file system of no format" * 500
        self.app_image = b"A" * 16
        self.app = pack(APPLICATION, 1, bytes(range(256)) * 21 + b"xyz", self.owner, b"C" * 16,
                        self.app_image)
        self.mode = MODE_FULL
        self.packages = {}
        for which in (0, 1):
            self.install(which)
        self.write_flash()

    def path(self, name):
        return os.path.join(self.folder, name)

    def build_payload(self):
        elf, binary = self.path("payload.elf"), self.path("payload")
        subprocess.run([CC, "-mcpu=cortex-a7", "-marm", "-mfloat-abi=soft", "-mno-unaligned-access",
                        "-O1", "-Wall", "-Werror", "-Wno-array-bounds", "-ffreestanding", "-fno-pic",
                        "-nostdlib", "-static", "-no-pie", "-Wl,--build-id=none",
                        "-Wl,--no-warn-rwx-segments", "-I" + ROOT, "-T",
                        os.path.join(HERE, "payload.ld"), os.path.join(HERE, "payload_start.S"),
                        os.path.join(HERE, "payload.c"), "-o", elf], check=True)
        subprocess.run(["arm-linux-gnueabihf-objcopy", "-O", "binary", elf, binary], check=True)
        return read(binary)

    def parameters(self):
        return (b"TTST" + struct.pack("<I", self.mode) + public(self.owner) + b"T" * 16 +
                self.app_image + self.rootfs[:4] + struct.pack("<I", len(self.app)) + self.app +
                self.bad_apps())

    def bad_apps(self):
        """Applications that must be refused, each with the error the vault names."""
        body, flipped = bytes(500), bytearray(self.app)
        flipped[0] ^= 1
        good = self.pack_app(body, self.owner)
        rows = [("a flipped byte is refused", "SIGNATURE", bytes(flipped)),
                ("an unsigned image is refused", "SIGNATURE", good[:-64] + bytes(64)),
                ("another owner's is refused", "SIGNATURE", self.pack_app(body, new_key())),
                ("one of the release is refused", "SIGNATURE", self.pack_app(body, self.release)),
                ("a truncated image is refused", "LONG", good[:-1]),
                ("a stump of an image is refused", "SHORT", good[:40]),
                ("a kernel as app is refused", "TYPE",
                 self.pack_app(body, self.owner, TYPES["KERNEL"]))]
        packed = b""
        for name, err, package in rows:
            assert len(name) < 32, name
            packed += struct.pack("<II32s", len(package), ERRORS[err], name.encode()) + package
        return packed + bytes(struct.calcsize("<II32s"))

    def pack_app(self, body, key, kind=APPLICATION):
        return pack(kind, 1, body, key, b"C" * 16, self.app_image)

    def install(self, which):
        bodies = {"VAULT": read(self.options.vault, "silicon/vault/vault-runtime.bin"),
                  "MONITOR": read(self.options.monitor, "monitor/monitor.bin"),
                  "DTB": self.parameters(), "KERNEL": self.kernel, "ROOT": self.rootfs}
        for slot, body in bodies.items():
            self.packages[which, slot] = pack(TYPES[slot], 1, body, self.release)
        self.packages[which, "KEYSTORE"] = pack(
            TYPES["KEYSTORE"], 1, keystore_body(self.root, self.release), self.root)

    def write_flash(self):
        flash = bytearray(b"\xff" * M["FLASH_SIZE"])
        for (which, slot), package in self.packages.items():
            at = which * M["FLASH_BANK_SIZE"] + M[f"FLASH_{slot}_AT"]
            end = at + M[f"FLASH_{slot}_SIZE"]
            assert len(package) <= end - at - 16, slot
            flash[at:at + len(package)] = package
            flash[end - 16:end] = struct.pack("<4sIII", b"TSLT", len(package),
                                              len(package) ^ 0xffffffff, 0)
        endorsement = b"\xe7" * 300
        at = M["FLASH_FACTORY_AT"]
        flash[at:at + 304] = struct.pack("<I", 300) + endorsement
        with open(self.path("flash"), "wb") as file:
            file.write(flash)

    def spoil(self, which, slot, at=100):
        package = bytearray(self.packages[which, slot])
        package[at] ^= 1
        self.packages[which, slot] = bytes(package)

    def start(self, *more):
        machine = ",".join([
            "tatu", "blank=on", "fab=fab",
            "vault-rom=" + os.path.join(self.options.vault, "silicon/vault/vault-rom.bin"),
            "arom=" + os.path.join(self.options.monitor, "monitor/arom.bin"),
            "fuses=" + self.path("fuses"), "flash=" + self.path("flash")])
        return subprocess.Popen(
            [self.options.qemu, "-nodefaults", "-display", "none", "-machine", machine,
             "-chardev", f"socket,id=fab,path={self.path('fab')},server=on,wait=off",
             "-serial", "file:" + self.path("log"), "-serial", "file:" + self.path("vault.log"),
             "-d", "guest_errors", "-D", self.path("qemu.log"), *more], stderr=subprocess.PIPE)

    def log(self, name="log"):
        return read(self.path(name)).decode(errors="replace") if os.path.exists(self.path(name)) \
            else ""

    def fab(self):
        payload = (struct.pack("<I", 1) + hashlib.sha256(b"test chip").digest() +
                   hashlib.sha256(public(self.root)).digest() + bytes(96))
        process = self.start()
        try:
            self.wait(process, "[ROM] lifecycle blank, fab port open", "vault.log")
            with socket.socket(socket.AF_UNIX) as link:
                link.connect(self.path("fab"))
                link.sendall(b"TFAB" + struct.pack("<I", len(payload)) + payload +
                             struct.pack("<I", zlib.crc32(payload)))
                self.wait(process, "[ROM] fab done", "vault.log")
        finally:
            process.kill()
            process.wait()

    def wait(self, process, line, name="log"):
        end = time.time() + FAR_S
        while time.time() < end:
            if line in self.log(name):
                return
            if process.poll() is not None and line not in self.log(name):
                raise AssertionError("the chip ended: " + process.stderr.read().decode())
            time.sleep(0.02)
        raise AssertionError(f"no '{line}'")

    def run(self, until=None):
        """Runs until the chip switches itself off, or says `until`."""
        process = self.start()
        try:
            if until is not None:
                self.wait(process, until)
            else:
                process.wait(FAR_S)
        finally:
            process.kill()
            process.wait()
        return self.log()

    def explain(self):
        return "\n".join(f"--- {name}\n{self.log(name)}" for name in ("vault.log", "log", "qemu.log"))


def summary(log):
    """What the attacking kernel counted in all its runs of this log."""
    lines = re.findall(r"\[NS\] (pass|FAIL) ([^\r\n]*)", log)
    return [n for p, n in lines if p == "pass"], [n for p, n in lines if p == "FAIL"]


def a_hostile_kernel_gets_only_errors(board):
    log = board.run()
    passed, failed = summary(log)
    for line in ("[MON] security monitor", "[MON] set A: device tree verified",
                 "[MON] set A: kernel verified", "[MON] set A: root file system verified",
                 "[MON] set A: measured", "[MON] set A: starting the normal world"):
        assert log.count(line) == 3, f"'{line}' {log.count(line)} times"
    assert not failed, failed
    assert passed[-1] == "the watchdog restarted the chip", passed[-1:]
    assert "panic" not in log
    return len(passed)


def falls_back(slot, what):
    def test(board):
        board.spoil(0, slot)
        board.mode = MODE_FALLBACK
        board.install(1)
        board.write_flash()
        log = board.run()
        passed, failed = summary(log)
        assert f"[MON] set A: {what} refused, SIGNATURE" in log
        assert "[MON] set B: starting the normal world, fallback" in log
        assert not failed and "the refusal is a record" in passed, (passed, failed)
        return len(passed)
    test.__name__ = f"a_spoiled_{slot.lower()}_brings_the_backup_set"
    return test


def no_good_set_starts_nothing(board):
    board.spoil(0, "KERNEL")
    board.spoil(1, "ROOT")
    board.write_flash()
    log = board.run(until="stopped, NO_BOOT_SET")
    assert "[NS]" not in log
    assert "[MON] set A: kernel refused, SIGNATURE" in log
    assert "[MON] set B: root file system refused, SIGNATURE" in log
    return 1


def a_spoiled_monitor_is_replaced_and_reported(board):
    board.spoil(0, "MONITOR")
    board.mode = MODE_FALLBACK
    board.install(1)
    board.write_flash()
    log = board.run()
    passed, failed = summary(log)
    assert "[MON] set B: starting the normal world, fallback" in log
    # Each set's keystore has keys of its own: evidence must name the one that the vault trusts.
    assert "[MON] set B: keystore refused, DIGEST" in log
    assert "[MON] set A: keystore refused" not in log
    assert not failed and "the refusal is a record" in passed, (passed, failed)
    return len(passed)


# Thumb code put where the monitor would switch the chip off; the fault it must end in.
FAULTS = {
    "undefined instruction": "00de",          # udf
    "data": "7b461b60",                       # mov r3, pc; str r3, [r3]: code is not writable
    "code": "40f20003c4f280031847",           # movw r3, 0; movt r3, 0x4080; bx r3: RAM is not code
}


def symbol(elf, name):
    text = subprocess.run(["arm-linux-gnueabihf-nm", elf], check=True, capture_output=True,
                          text=True).stdout
    return int(re.search(rf"^([0-9a-f]+) T {name}$", text, re.M)[1], 16)


def faults(kind):
    def test(board):
        at = symbol(os.path.join(board.options.monitor, "monitor/monitor.elf"),
                    "tatu_monitor_power_off") - M["MAP_SECRAM_BASE"]
        body = bytearray(read(board.options.monitor, "monitor/monitor.bin"))
        patch = bytes.fromhex(FAULTS[kind])
        body[at:at + len(patch)] = patch
        board.mode = MODE_PANIC
        board.install(0)
        board.packages[0, "MONITOR"] = pack(TYPES["MONITOR"], 1, bytes(body), board.release)
        board.write_flash()
        log = board.run(until="[NS] done")
        passed, failed = summary(log)
        assert f"[MON] panic, {kind} fault near" in log
        assert "last run of the monitor refused" in log
        assert not failed, failed
        return len(passed)
    test.__name__ = f"a_monitor_with_a_{kind.replace(' ', '_')}_fault_restarts_and_says_so"
    return test


TESTS = [a_hostile_kernel_gets_only_errors, falls_back("DTB", "device tree"),
         falls_back("KERNEL", "kernel"), falls_back("ROOT", "root file system"),
         no_good_set_starts_nothing, a_spoiled_monitor_is_replaced_and_reported,
         *map(faults, FAULTS)]


def run_test(test, options):
    board = Board(options)
    try:
        board.fab()
        print(f"ok   {test.__name__} ({test(board)} checks)", flush=True)
        return True
    except Exception:
        print(f"FAIL {test.__name__}\n{traceback.format_exc()}{board.explain()}\n"
              f"repeat: monitor/test/chip_test.py --keep {test.__name__}", flush=True)
        return False
    finally:
        if options.keep:
            print("kept", board.folder)
        else:
            shutil.rmtree(board.folder)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--qemu")
    parser.add_argument("--vault", default=os.path.join(ROOT, "build/vault"))
    parser.add_argument("--monitor", default=os.path.join(ROOT, "build/monitor"))
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    if options.qemu is None:
        options.qemu = subprocess.run([os.path.join(ROOT, "tools/setup/qemu.sh")], check=True,
                                      capture_output=True, text=True).stdout.strip()
    chosen = [t for t in TESTS if not options.names or t.__name__ in options.names]
    if not chosen:
        sys.exit("chip_test.py: no such test; there are " + ", ".join(t.__name__ for t in TESTS))
    results = [run_test(test, options) for test in chosen]
    print(f"{results.count(True)} passed, {results.count(False)} failed")
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
