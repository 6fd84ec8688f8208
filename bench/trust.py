"""What the secure firmware costs, measured in the chip, and what openssl does on this host."""
import os
import re
import statistics
import struct
import subprocess
import sys
import time
from types import SimpleNamespace

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), ".."))
sys.path += [ROOT, os.path.join(ROOT, "silicon/vault/test")]
from board import OF_MONITOR, Board  # noqa: E402  (the path is what they need)
from silicon.harness import Chip, Firmware, M, Refused, TYPES, build_kernel, read_release  # noqa: E402

PROBLEMS = (AssertionError, EOFError, Refused)
VERIFY_IMAGE, MEASURE = 1, 1
BODY = M["FLASH_KERNEL_SIZE"] - (64 << 10)  # what comes behind it has room
PASSES = 3  # of the vault over a body: for either signature, and the digest of the whole
VERIFIED, CALLS, TOKENS = 15, 20000, 500  # per run
HASH = ("-bytes", str(1 << 20), "-evp", "sha256")
SIGN = ("ecdsap256",)
ENTERED = b"starting the normal world"


def openssl(what):
    """What `openssl speed` reaches: bytes hashed or signatures made in a second, by the clock on the wall."""
    told = subprocess.run(["openssl", "speed", "-elapsed", "-mr", "-seconds", "1", *what], check=True,
                          capture_output=True, text=True).stdout
    return float(re.findall(r"^\+F\d*:(.*)$", told, re.M)[-1].split(":")[2])


def in_turns(chip, measure, peer, runs):
    """measure(), with the chip on and as it is now each time, and openssl while it is off: all rows, and its median."""
    rows, peers, state = [], [], chip.state()
    for _ in range(runs):
        chip.set_state(state)  # nobody says HEALTHY: it would go on in the other set
        with chip.on():
            rows += measure()
        peers.append(openssl(peer))
    return rows, statistics.median(peers)


def time_verify(board, packages):
    """Seconds of the vault's command for each of the packages, in the kernel's slot of set A, then of set B."""
    board.hello()
    for _ in range(VERIFIED):
        row = []
        for which, package in enumerate(packages):
            at = M["MAP_FLASH_BASE"] + M["FLASH_KERNEL_AT"] + which * M["FLASH_SET_STRIDE"]
            began = time.monotonic()
            board.ask(OF_MONITOR, VERIFY_IMAGE, struct.pack("<IIHH", at, len(package), TYPES["KERNEL"], MEASURE))
            row.append(time.monotonic() - began)
        yield row


def verify_times(runs):
    """Medians of the seconds to verify and measure a kernel of BODY and one of a byte, and openssl's bytes hashed in one."""
    with Board(SimpleNamespace(build="build/vault", qemu=None, keep=False)) as board:
        packages = [board.keys.package("KERNEL", body) for body in (os.urandom(BODY), b"x")]
        for which, package in enumerate(packages):
            board.image.packages[which, "KERNEL"] = package
        board.write_flash()
        rows, peer = in_turns(board, lambda: time_verify(board, packages), HASH, runs)
    return *(statistics.median(column) for column in zip(*rows)), peer


def time_calls(chip):
    chip.wait("passed,")
    log = chip.log()
    assert "0 failed" in log, log
    times = {}
    for name, *numbers in re.findall(r"took (\w+) (\d+) (\d+) (\d+) (\d+) (\d+)", log):
        count, good, high, low, hertz = map(int, numbers)
        assert count == good, f"{name}: {good} of {count} calls did what they should"
        times[name] = (high << 32 | low) / hertz / count
    return [times]


def call_times(runs):
    """Medians of the seconds of each call of calls.c, made by a kernel, and openssl's signatures made in one."""
    with Chip() as chip:
        with open(build_kernel(chip.folder, os.path.join(ROOT, "bench/calls.c")), "rb") as file:
            kernel = file.read()
        chip.image.install(0, chip.keys.boot_set({**Firmware().bodies(), "KERNEL": kernel, "ROOT": bytes(4096),
                                                  "DTB": struct.pack("<II", CALLS, TOKENS)}))
        chip.write_flash()
        chip.make()
        rows, peer = in_turns(chip, lambda: time_calls(chip), SIGN, runs)
    return {name: statistics.median(row[name] for row in rows) for name in rows[0]}, peer


def time_reset(chip):
    """The firmware at a reset; the kernel alone at power-on, because after a reset it takes longer in QEMU until its own
    clock starts."""
    wire = chip.wire["acore"]
    wire.until(ENTERED)
    began = time.monotonic()
    wire.until(b"bare: init")
    kernel = time.monotonic() - began
    chip.press_reset()
    began = time.monotonic()
    wire.until(ENTERED)
    return time.monotonic() - began, kernel


def reset_times(release, runs):
    """A release whose process 1 is init.c: medians of the seconds from reset to the kernel's entry, and from there."""
    with Chip.made(read_release(release), wires=["acore"]) as chip:
        made, rows = chip.state(), []
        for _ in range(runs):
            chip.set_state(made)
            with chip.on():
                rows.append(time_reset(chip))
    return [statistics.median(column) for column in zip(*rows)]
