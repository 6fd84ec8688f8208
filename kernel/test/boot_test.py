#!/usr/bin/python3
"""The kernel in the real chip: boot, refusal of what is wrong, and hostile application images.

boot_test.py [--qemu FILE] [--images N] [--seed N] [NAME...]
Last line: N passed, M failed."""
import argparse
import os
import random
import re
import struct
import subprocess
import sys
import tempfile
import time
import traceback

import asxipfs
import chip
from chip import M, ROOT

TROUBLE = re.compile(r"Oops|BUG:|WARNING:|Kernel panic|Unable to handle|stack-protector|\[FS\] FAIL[^\n]*")
IMAGE_MAX = 8 * asxipfs.BLOCK
SAMPLES = [
    {b"app_manifest.json": (b'{"SchemaVersion":1}', 0o100644), b"bin": {b"app": bytes(range(256)) * 20}},
    {b"a": {b"b": {b"c": {b"d": {b"deep": b"x" * 4096}}}}, b"empty": {}, b"none": b""},
    {b"name%02d" % n: b"%d" % n for n in range(3)} | {b"n" * 252: b"the longest name there is"},
]


def run_tool(*arguments):
    return subprocess.run(arguments, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


class World:
    def __init__(self, options):
        self.options = options
        self.work = tempfile.mkdtemp(prefix="tatu-kernel-")
        self.release = run_tool(os.path.join(ROOT, "os/rootfs/build.sh"), "--out",
                                os.path.join(self.work, "release"))

    def probe_release(self, name):
        """A release whose process 1 is a test program."""
        compiler = run_tool(os.path.join(ROOT, "tools/setup/sysroot.sh")) + "/bin/tatu-armhf-gcc"
        program = os.path.join(self.work, name)
        run_tool(compiler, "-Os", "-Wall", "-Wextra", "-Werror", "-static", "-I", ROOT, "-o", program,
                 os.path.join(ROOT, "kernel/test", name + ".c"))
        with open(os.path.join(self.work, "list"), "w", encoding="ascii") as file:
            file.write(f"/usr/bin/appman 0555 file:{program}\n")
        return run_tool(os.path.join(ROOT, "os/rootfs/build.sh"), "--out",
                        os.path.join(self.work, name + "-release"), "--add", os.path.join(self.work, "list"))


def booted(board, until, *more, count=1):
    process = board.start(*more)
    started = time.time()
    try:
        board.wait(process, until, count=count)
        return board.log(), time.time() - started
    finally:
        process.kill()
        process.wait()


def new_board(world, release=None, **more):
    return chip.Board(world.options.qemu, release or world.release, **more)


def the_chip_boots_to_appman(world):
    board = new_board(world)
    board.write_flash()
    board.fab()
    log, seconds = booted(board, "appman: reached")
    assert not TROUBLE.search(log), TROUBLE.search(log).group(0)
    assert "crng init done" in log, "the vault's random source did not seed the kernel"
    reached = re.search(r"appman: reached, (.*)", log).group(1)
    print(f"     {seconds:.2f} s from power on; {reached}")
    board.remove()


def a_changed_root_block_restarts_into_the_backup_set(world):
    """The byte changes in flash after the monitor looked: dm-verity must notice when it is read."""
    board = new_board(world)
    board.write_flash()
    board.fab()
    process = board.start()
    try:
        board.wait(process, "starting the normal world")
        with open(board.path("flash"), "r+b") as flash:  # the chip maps this file
            for block in range(0, os.path.getsize(os.path.join(world.release, "root.bin")), 4096):
                flash.seek(M["FLASH_ROOT_AT"] + block + 1000)
                byte = flash.read(1)[0]
                flash.seek(-1, 1)
                flash.write(bytes([byte ^ 1]))
        board.wait(process, "set B: starting the normal world, fallback")
        board.wait(process, "appman: reached")
    finally:
        process.kill()
        process.wait()
    log = board.log()
    assert "set A: root file system refused" in log
    assert "appman: set B (fallback)" in log
    board.remove()


def run_probe(world, name, tag, count):
    """Boots a program that tells "[TAG] pass ..." or "[TAG] FAIL ..." a known number of times."""
    board = new_board(world, world.probe_release(name), sets=(0,))
    board.write_flash()
    board.fab()
    log, _ = booted(board, f"[{tag}] done")
    passed, failed = (re.findall(rf"\[{tag}\] {word} (.*)", log) for word in ("pass", "FAIL"))
    assert not TROUBLE.search(log), TROUBLE.search(log).group(0)
    assert not failed and len(passed) == count, (len(passed), failed)
    board.remove()


def the_monitors_device_refuses_what_is_wrong(world):
    run_probe(world, "smprobe", "SM", 29)


def the_c_library_has_what_it_needs(world):
    run_probe(world, "clibprobe", "LIBC", 30)


def put_images(board, images):
    """The list and the images, from the start of the first applications' window."""
    at, places = asxipfs.BLOCK, b""
    start = M["FLASH_APPS0_AT"]
    for image in images:
        assert at + len(image) <= M["FLASH_APPS0_SIZE"]
        places += struct.pack("<II", at, len(image))
        board.flash[start + at:start + at + len(image)] = image
        at += len(image)
    head = b"FSPT" + struct.pack("<I", len(images)) + places
    assert len(head) <= asxipfs.BLOCK
    board.flash[start:start + len(head)] = head
    board.write_flash()


def probe(board, images):
    put_images(board, images)
    log, _ = booted(board, f"[FS] done {len(images)}")
    assert not TROUBLE.search(log), TROUBLE.search(log).group(0) + "\n" + log[-2000:]
    return re.findall(r"\[FS\] \d+ (?:mounted (\d+) (\d+) (\d+) (\w+)|refused (\d+))", log)


def good_images_read_as_they_were_written(world, board):
    rows = probe(board, [asxipfs.make(tree) for tree in SAMPLES])
    for tree, row in zip(SAMPLES, rows):
        entries, files, state = asxipfs.digest(tree)
        assert row[:4] == (str(entries), str(files), "0", f"{state:016x}"), (tree.keys(), row)


def nodes_end(image):
    """Bytes of superblock and listings: up to the first file, at most one block."""
    return min(len(image.rstrip(b"\0")), 400) if len(image) > 400 else len(image)


def broken_supers_are_refused(world, board):
    good = asxipfs.make(SAMPLES[0])
    rows = []
    for at, value in ((0, 0x28cd3d44), (4, 75), (4, len(good) + 4096), (4, 0xffffffff), (8, 2), (8, 7),
                      (8, 0x103), (16, 0), (64, 0o100755), (64, 0o20755), (72, 64 // 4 << 6),
                      (72, 0xffffffff), (68, 0xffffff)):
        image = bytearray(good)
        struct.pack_into("<I", image, at, value)
        rows.append((at, value, bytes(image)))
    for (at, value, _), row in zip(rows, probe(board, [image for _, _, image in rows])):
        assert row[4] == "22", f"word {value:#x} at {at}: {row}"


def what_an_image_may_not_hold_is_not_there(world, board):
    """Devices, links, FIFOs; set-id bits; folders in a ring; names that are paths."""
    odd = [0o20666, 0o60666, 0o120777, 0o10666, 0o140666]
    images = [asxipfs.make({b"bad": (b"1234", mode), b"good": b"x"}) for mode in odd]
    images.append(asxipfs.make({b"set": (b"1234", 0o107777)}))
    ring = bytearray(asxipfs.make({b"ring": {b"file": b"x"}}))
    offset = struct.unpack_from("<I", ring, asxipfs.NODES_AT + 8)[0]
    struct.pack_into("<I", ring, asxipfs.NODES_AT + 8, (offset & 0x3f) | asxipfs.NODES_AT // 4 << 6)
    images.append(bytes(ring))
    for name in (b"..", b".", b"a/b", b"a\0b"):
        images.append(asxipfs.make({name: b"x"}))
    rows = probe(board, images)
    for mode, row in zip(odd, rows):
        assert int(row[1] or 0) == 0 and row[2] == "0", (oct(mode), row)
    assert rows[5][:3] == ("1", "1", "0"), rows[5]
    for row in rows[6:]:
        assert int(row[1] or 0) == 0, row


def no_spoiled_image_hurts_the_kernel(world, board):
    rng = random.Random(world.options.seed)
    goods = [asxipfs.make(tree) for tree in SAMPLES]
    left, mounted, refused = world.options.images, 0, 0
    while left > 0:
        images, room = [], M["FLASH_APPS0_SIZE"] - asxipfs.BLOCK
        while left > 0 and len(images) < 500 and room >= IMAGE_MAX:
            good = rng.choice(goods)
            image = asxipfs.spoil(good, rng, nodes_end(good))
            images.append(image)
            room -= len(image)
            left -= 1
        rows = probe(board, images)
        assert len(rows) == len(images), f"{len(rows)} of {len(images)} told; seed {world.options.seed}"
        for row in rows:
            mounted += row[4] == ""
            refused += row[4] != ""
            assert row[4] or row[2] == "0", f"wrong content; seed {world.options.seed}: {row}"
    print(f"     {mounted} spoiled images mounted and walked, {refused} refused")


BOOTS = [the_chip_boots_to_appman, a_changed_root_block_restarts_into_the_backup_set,
         the_monitors_device_refuses_what_is_wrong, the_c_library_has_what_it_needs]
FILE_SYSTEM = [good_images_read_as_they_were_written, broken_supers_are_refused,
               what_an_image_may_not_hold_is_not_there, no_spoiled_image_hurts_the_kernel]


def attempt(test, *arguments):
    try:
        test(*arguments)
        print(f"ok   {test.__name__}", flush=True)
        return True
    except Exception:  # pylint: disable=broad-except
        traceback.print_exc(file=sys.stdout)
        print(f"FAIL {test.__name__}: repeat with kernel/test/boot_test.py {test.__name__}", flush=True)
        return False


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--qemu")
    parser.add_argument("--images", type=int, default=600)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    options.qemu = options.qemu or run_tool(os.path.join(ROOT, "tools/setup/qemu.sh"))
    world = World(options)
    results = [attempt(test, world) for test in BOOTS if not options.names or test.__name__ in options.names]
    wanted = [test for test in FILE_SYSTEM if not options.names or test.__name__ in options.names]
    if wanted:
        board = new_board(world, world.probe_release("fsprobe"), sets=(0,))
        board.write_flash()
        board.fab()
        results += [attempt(test, world, board) for test in wanted]
        board.remove()
    subprocess.run(["rm", "-rf", world.work], check=True)
    print(f"{sum(results)} passed, {len(results) - sum(results)} failed")
    return not all(results)


if __name__ == "__main__":
    sys.exit(main())
