#!/usr/bin/python3
"""Boards on the desk, with the real chip, vault ROM, runtime and monitor.

board_test.py TATU CHIP VAULT_DIR MONITOR_DIR    (no arguments: what tools/build.sh made)
Prints one line per failed promise and, last, "N passed, N failed". Device tree, kernel and root
file system are random bytes: the chain up to the jump into Linux is real.
"""
import hashlib
import json
import os
import re
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
import time

import cbor2
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils

DEFAULTS = ["build/host/cli/tatu", "build/chip", "build/vault/silicon/vault", "build/monitor/monitor"]
TATU, CHIP, VAULT, MONITOR = map(os.path.abspath, sys.argv[1:5] or DEFAULTS)
KERNEL_AT = 0x30000
PROMISES = []


def promise(function):
    PROMISES.append(function)
    return function


class Desk:
    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="tatu-board-test.")
        self.env = {"PATH": os.environ["PATH"], "TATU_CONFIG": self.path("config"), "TATU_QEMU": CHIP,
                    **{n: os.environ[n] for n in ("ASAN_OPTIONS", "UBSAN_OPTIONS") if n in os.environ}}
        self.boards = []

    def prepare(self):
        os.makedirs(self.path("bodies"))
        for name, folder in (("vault-rom.bin", VAULT), ("vault-runtime.bin", VAULT), ("monitor.bin", MONITOR)):
            shutil.copy(os.path.join(folder, name), self.path("bodies", name))
        for name, size in (("device-tree.bin", 3000), ("kernel.bin", 500001), ("root.bin", 700000),
                           ("recovery.bin", 9000)):
            with open(self.path("bodies", name), "wb") as file:
                file.write(os.urandom(size))
        keys = {name: {"publicKey": ec.generate_private_key(ec.SECP256R1()).public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)[1:].hex()}
            for name in ("serviceRoot", "time", "director")}
        with open(self.path("keys.json"), "w", encoding="utf-8") as file:
            json.dump(keys, file)
        self.good("maker", "init", "--dir", self.path("maker"))
        self.release("release", "platform")

    def path(self, *names):
        return os.path.join(self.dir, *names)

    def run(self, *args):
        return subprocess.run([TATU, *map(str, args)], env=self.env, capture_output=True, text=True,
                              timeout=120, stdin=subprocess.DEVNULL)

    def good(self, *args):
        ran = self.run(*args, "-o", "json")
        assert ran.returncode == 0, f"tatu {args}: {ran.stderr}"
        return json.loads(ran.stdout) if ran.stdout.strip() else None

    def bad(self, name, *args):
        ran = self.run(*args)
        assert ran.returncode != 0 and ran.stderr.startswith(f"error: {name}: "), (args, ran.stderr)
        assert ran.stderr.count("\n") == 1, ran.stderr
        return ran.stderr

    def release(self, out, platform, security_version=1):
        if not os.path.exists(self.path(platform)):
            self.good("platform", "init", "--dir", self.path(platform))
        return self.good("release", "sign", "--platform", self.path(platform), "--bodies", self.path("bodies"),
                         "--service-keys", self.path("keys.json"), "--host", "10.0.2.2", "--front", 1,
                         "--update", 2, "--version", "26.11", "--security-version", security_version,
                         "--out", self.path(out))

    def create(self, name, *options):
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        made = self.good("board", "create", path, "--release", self.path("release"), "--maker",
                         self.path("maker"), "--rom", self.path("bodies/vault-rom.bin"), "--arom",
                         os.path.join(MONITOR, "arom.bin"), *options)
        self.boards.append(path)
        return path, made

    def log(self, board):
        return self.run("board", "log", board).stdout

    def wait(self, board, text, start=0):
        ran = self.run("board", "wait", board, text, "--ms", 20000, "--from", start, "-o", "json")
        assert ran.returncode == 0, f"{ran.stderr}{self.log(board)[start:]}"
        return json.loads(ran.stdout)["end"]

    def close(self):
        for board in self.boards:
            self.run("board", "stop", board, "--now")
        shutil.rmtree(self.dir, ignore_errors=True)


def read(path):
    with open(path, "rb") as file:
        return file.read()


def endorsement_of(board):
    area = read(os.path.join(board, "flash.bin"))[0x7f0000:0x800000]
    length = int.from_bytes(area[:4], "little")
    sealed = cbor2.loads(area[4:4 + length])
    assert sealed.tag == 18
    return sealed.value


@promise
def the_fab_gives_a_device_whose_endorsement_the_maker_signed(desk):
    board, made = desk.create("board")
    protected, unprotected, payload, signature = endorsement_of(board)
    maker = serialization.load_pem_private_key(read(desk.path("maker/maker.pem")), None).public_key()
    raw = maker.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)[1:]
    der = utils.encode_dss_signature(int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big"))
    maker.verify(der, cbor2.dumps(["Signature1", protected, b"tatu-endorsement-1", payload]),
                 ec.ECDSA(hashes.SHA256()))
    assert unprotected == {4: hashlib.sha256(raw).digest()[:20]}
    claims = cbor2.loads(payload)
    assert claims[1].hex() == made["deviceId"]
    assert claims[2] != claims[1] and len(claims[2]) == 64
    for key in (claims[1], claims[2]):  # both are points of the curve
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), b"\x04" + key)
    assert claims[3] == hashlib.sha256(read(desk.path("bodies/vault-rom.bin")) + b"tatu-1").digest()
    assert claims[4] == 1 and abs(claims[5] - time.time()) < 300
    _, other = desk.create("other")
    assert other["deviceId"] != made["deviceId"]


@promise
def the_folder_belongs_to_its_owner_alone_also_while_the_board_runs(desk):
    board, _ = desk.create("board")
    desk.good("board", "start", board)
    assert stat.S_IMODE(os.stat(board).st_mode) == 0o700
    for name in os.listdir(board):
        assert stat.S_IMODE(os.lstat(os.path.join(board, name)).st_mode) & 0o077 == 0, name


@promise
def a_good_board_boots_set_a_up_to_linux(desk):
    board, _ = desk.create("board")
    started = desk.good("board", "start", board)
    assert started["state"] == "on" and started["address"].startswith("127.0.35.")
    desk.wait(board, "starting the normal world")
    log = desk.log(board)
    assert "[ROM] set A: runtime verified" in log and "kernel verified" in log
    assert "refused" not in log
    assert desk.good("board", "stop", board)["state"] == "off"


@promise
def power_commands_say_what_is_wrong(desk):
    board, _ = desk.create("board")
    desk.bad("STATE", "board", "stop", board)
    desk.bad("STATE", "board", "reset", board)
    desk.bad("STATE", "board", "press", board, 12)
    desk.good("board", "start", board)
    desk.bad("STATE", "board", "start", board)
    desk.bad("STATE", "board", "flip", board, 0)
    desk.bad("STATE", "board", "remove", board)
    desk.bad("STATE", "board", "install", board, "--release", desk.path("release"))
    desk.bad("TIMEOUT", "board", "wait", board, "never said", "--ms", 100)
    desk.good("board", "stop", board)
    with socket.socket() as taken:
        taken.bind(("127.0.35.200", 443))
        taken.listen()
        desk.bad("BUSY", "board", "start", board, "--address", "127.0.35.200")
    desk.bad("ARGUMENT", "board", "start", board, "--address", "10.0.0.1")
    desk.bad("EXISTS", "board", "create", board, "--release", desk.path("release"), "--maker",
             desk.path("maker"), "--rom", desk.path("bodies/vault-rom.bin"), "--arom",
             os.path.join(MONITOR, "arom.bin"))
    assert desk.good("board", "status", board)["state"] == "off"
    desk.good("board", "remove", board)
    assert not os.path.exists(board)


@promise
def damaged_folders_are_told_by_the_file(desk):
    board, _ = desk.create("board")
    flash = read(os.path.join(board, "flash.bin"))
    with open(os.path.join(board, "flash.bin"), "wb") as file:
        file.write(flash[:-1])
    assert "flash.bin" in desk.bad("FORMAT", "board", "start", board)
    with open(os.path.join(board, "flash.bin"), "wb") as file:
        file.write(flash)
    fuses = read(os.path.join(board, "fuses.bin"))
    with open(os.path.join(board, "fuses.bin"), "wb") as file:
        file.write(bytes(len(fuses)))
    assert "fuses.bin" in desk.bad("IO", "board", "start", board)
    os.unlink(os.path.join(board, "fuses.bin"))
    assert "fuses.bin" in desk.bad("FORMAT", "board", "start", board)
    os.unlink(os.path.join(board, "board.json"))
    desk.bad("NOT_FOUND", "board", "start", board)


@promise
def one_flipped_byte_in_the_kernel_boots_the_backup_set(desk):
    board, _ = desk.create("board")
    desk.good("board", "flip", board, hex(KERNEL_AT + 1000))
    desk.good("board", "start", board)
    desk.wait(board, "starting the normal world")
    log = desk.log(board)
    assert re.search(r"set A: kernel refused", log) and re.search(r"set B: kernel verified", log), log
    desk.good("board", "stop", board)
    desk.good("board", "flip", board, hex(KERNEL_AT + 1000))
    desk.good("board", "start", board)
    desk.wait(board, "starting the normal world")
    assert "refused" not in desk.log(board)


@promise
def a_release_of_another_platform_does_not_boot(desk):
    board, made = desk.create("board")
    desk.release("foreign", "other-platform")
    desk.good("board", "install", board, "--release", desk.path("foreign"))
    desk.good("board", "start", board)
    desk.wait(board, "recovery, NO_BOOT_SET")
    log = desk.log(board)
    assert log.count("keystore refused") == 2 and "[MON]" not in log, log
    with socket.socket(socket.AF_UNIX) as port:
        port.settimeout(10)
        port.connect(os.path.join(board, "recovery.sock"))
        assert port.recv(1), "it does not ask on its recovery port"
    desk.good("board", "stop", board, "--now")
    desk.good("board", "install", board, "--release", desk.path("release"))
    assert cbor2.loads(endorsement_of(board)[2])[1].hex() == made["deviceId"]
    desk.good("board", "start", board)
    desk.wait(board, "starting the normal world")


@promise
def fuses_outlive_reset_and_pulled_plug(desk):
    board, _ = desk.create("board")
    desk.good("board", "start", board)
    end = desk.wait(board, "starting the normal world")
    first = int(re.findall(r"boot (\d+)\r?\n", desk.log(board))[-1])
    desk.good("board", "reset", board)
    end = desk.wait(board, "starting the normal world", end)
    desk.good("board", "stop", board, "--now")
    desk.good("board", "start", board)
    desk.wait(board, "starting the normal world")
    assert int(re.findall(r"boot (\d+)\r?\n", desk.log(board))[-1]) == first + 2
    assert "fab port open" not in desk.log(board)


@promise
def debug_doors_are_on_lab_boards_only_and_the_endorsement_says_so(desk):
    lab, made = desk.create("lab", "--lab")
    plain, _ = desk.create("plain")
    assert made["class"] == "lab" and cbor2.loads(endorsement_of(lab)[2])[4] == 2
    for board in (lab, plain):
        desk.good("board", "start", board)
        desk.wait(board, "starting the normal world")
    for name in ("gdb.sock", "qmp.sock", "qtest.sock", "debug.sock"):
        assert os.path.exists(os.path.join(lab, name)), name
        assert not os.path.exists(os.path.join(plain, name)), name
    with socket.socket(socket.AF_UNIX) as debug:
        debug.connect(os.path.join(lab, "debug.sock"))
        debug.sendall(b"read acore e000000 1\n")
        assert debug.recv(100) == b"error locked\n", "a lab board's debug port is open"
    with socket.socket(socket.AF_UNIX) as monitor:
        monitor.connect(os.path.join(lab, "qmp.sock"))
        assert b"QMP" in monitor.recv(1000)
    # a record that lies about the class opens nothing: the chip asks its fuses
    desk.good("board", "stop", plain)
    record = json.loads(read(os.path.join(plain, "board.json")))
    record["class"] = "lab"
    with open(os.path.join(plain, "board.json"), "w", encoding="utf-8") as file:
        json.dump(record, file)
    desk.bad("IO", "board", "start", plain)


@promise
def one_panel_at_a_time_and_power_off_works_beside_it(desk):
    board, _ = desk.create("board")
    desk.good("board", "start", board)
    watch = subprocess.Popen([TATU, "board", "watch", board, "-o", "json"], env=desk.env,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
    try:
        end = time.monotonic() + 10
        while not desk.run("board", "press", board, 12, "--ms", 1).stderr.startswith("error: BUSY"):
            assert time.monotonic() < end, "two panels at once"
        desk.good("board", "stop", board)
        assert watch.wait(10) == 0
    finally:
        watch.kill()
        watch.communicate()
    desk.good("board", "start", board)
    assert desk.good("board", "press", board, 12, "--ms", 10, "--watch-ms", 10)["pressed"] == 12


@promise
def long_paths_and_commas_are_fine(desk):
    board, _ = desk.create("a, b=c/" + "d" * 120 + "/board")
    desk.good("board", "start", board)
    desk.wait(board, "starting the normal world")
    desk.good("board", "press", board, 12, "--ms", 1)


def main():
    failed = 0
    for function in PROMISES:
        desk = Desk()
        try:
            desk.prepare()
            function(desk)
        except (AssertionError, InvalidSignature, KeyError, ValueError, TypeError, IndexError, OSError,
                subprocess.SubprocessError) as problem:
            failed += 1
            print(f"{function.__name__}: {type(problem).__name__}: {problem}")
        finally:
            desk.close()
    print(f"{len(PROMISES) - failed} passed, {failed} failed")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
