#!/usr/bin/python3
"""The kernel in the real chip: boot, refusal of what is wrong, and hostile application images.

boot_test.py [--qemu FILE] [--keep] [--images N] [--seed N] [NAME...]"""
import os
import random
import re
import struct
import sys
import tempfile
import time

import asxipfs

sys.path.append(os.path.abspath(os.path.join(os.path.dirname(__file__), "../..")))
from silicon.harness import ROOT, Chip, M, read_release, run_tool, suite  # noqa: E402  (the path is what it needs)

TROUBLE = re.compile(r"Oops|BUG:|WARNING:|Kernel panic|Unable to handle|stack-protector|\[FS\] FAIL[^\n]*")
IMAGE_MAX = 8 * asxipfs.BLOCK
CREDPROBE_COUNT = 109
SAMPLES = [
    {b"app_manifest.json": (b'{"SchemaVersion":1}', 0o100644), b"bin": {b"app": bytes(range(256)) * 20}},
    {b"a": {b"b": {b"c": {b"d": {b"deep": b"x" * 4096}}}}, b"empty": {}, b"none": b""},
    {b"name%02d" % n: b"%d" % n for n in range(3)} | {b"n" * 252: b"the longest name there is"},
]


class World:
    """The releases under test."""

    def __init__(self, options, work):
        self.options, self.work, self.built = options, work, {}
        self.fs_board = None

    def build(self, name, *more):
        """Bodies of the release, built once."""
        if name not in self.built:
            folder = os.path.join(self.work, name)
            self.built[name] = read_release(run_tool("os/rootfs/build.sh", "--out", folder, *more))
        return self.built[name]

    def release(self):
        return self.build("release")

    def compile(self, name, source, *flags):
        compiler = run_tool("tools/setup/sysroot.sh") + "/bin/tatu-armhf-gcc"
        program = os.path.join(self.work, name + ".elf")
        run_tool(compiler, "-Os", "-Wall", "-Wextra", "-Werror", "-I", ROOT, "-o", program, *flags,
                 os.path.join(ROOT, "kernel/test", source))
        return program

    def probe_release(self, name, more=lambda world, program: {}):
        """One whose process 1 is a test program; more: other files of its root file system."""
        program, listed = self.compile(name, name + ".c", "-static"), os.path.join(self.work, name + ".list")
        with open(listed, "w", encoding="ascii") as file:
            for path, source in {"/usr/bin/appman": program, **more(self, program)}.items():
                file.write(f"{path} 0555 file:{source}\n")
        return self.build(name, "--add", listed)

    def board(self, bodies, **options):
        return Chip.made(bodies, qemu=self.options.qemu, keep=self.options.keep, **options)


def booted(board, until):
    with board.on():
        started = time.time()
        return board.wait(until), time.time() - started


def the_chip_boots_to_appman(world):
    with world.board(world.release()) as board:
        log, seconds = booted(board, "appman: reached")
        assert not TROUBLE.search(log), TROUBLE.search(log).group(0)
        assert "crng init done" in log, "the vault's random source did not seed the kernel"
        reached = re.search(r"appman: reached, (.*)", log).group(1)
        return f"{seconds:.2f} s from power on; {reached}"


def a_changed_root_block_restarts_into_the_backup_set(world):
    """The byte changes in flash after the monitor looked: dm-verity must notice when it is read."""
    bodies = world.release()
    with world.board(bodies) as board, board.on():
        board.wait("starting the normal world")
        with open(board.flash, "r+b") as flash:  # the chip maps this file
            for block in range(0, len(bodies["ROOT"][0]), 4096):
                flash.seek(M["FLASH_ROOT_AT"] + block + 1000)
                byte = flash.read(1)[0]
                flash.seek(-1, 1)
                flash.write(bytes([byte ^ 1]))
        board.wait("set B: starting the normal world, fallback")
        log = board.wait("appman: reached")
        assert "set A: root file system refused" in log
        assert "appman: set B (fallback)" in log


def tell(log, tag, count):
    passed, failed = (re.findall(rf"\[{tag}\] {word} (.*)", log) for word in ("pass", "FAIL"))
    assert not TROUBLE.search(log), TROUBLE.search(log).group(0)
    assert not failed and len(passed) == count, (len(passed), failed)


def run_probe(world, name, tag, count, more=lambda world, program: {}):
    """Boots a program that tells "[TAG] pass ..." or "[TAG] FAIL ..." a known number of times."""
    with world.board(world.probe_release(name, more), sets=(0,)) as board:
        log, _ = booted(board, f"[{tag}] done")
        tell(log, tag, count)


def the_monitors_device_refuses_what_is_wrong(world):
    run_probe(world, "smprobe", "SM", 46)


def the_c_library_has_what_it_needs(world):
    run_probe(world, "clibprobe", "LIBC", 34)


PANEL = ["adc 0 1250000", "adc 7 2500000", "accel 1000 -500 0", "set 82 0", "loop 4 1"]
SHOWN = ["pwm 0 1 2000000 0 0 0", "pwm 0 1 2000000 500000 0 0", "pwm 0 1 2000000 500000 0 1", "pwm 0 2 999 0 0 0",
         "pwm 0 1 2000000 500000 0 0", "pwm 0 1 2000000 500000 1 0", "pwm 0 1 2000000 500000 1 1",
         "gpio 83 0", "gpio 83 1", "gpio 83 0", "gpio 83 1"]


def peripherals_of_applications_work(world):
    with world.board(world.probe_release("periprobe"), sets=(0,), wires=("uart0",), sockets=("fab", "panel", "uart4")) as board:
        with board.on():
            for line in PANEL:
                board.panel.send(line.encode() + b"\n")
            assert board.wire["uart0"].until(b"\n") == b"hello from ISU0"
            board.wire["uart0"].send(b"hello to ISU0")
            log = board.wait("[PERI] done")
            tell(log, "PERI", 53)
            shown = [board.panel.line() for _ in SHOWN]
            assert shown == SHOWN, shown
            return ", ".join(re.findall(r"\[PERI\] (Mem\w+: +\d+ kB)", log))


PT_NULL, PT_LOAD, PT_GNU_STACK = 0, 1, 0x6474e551
PF_X, PF_W = 1, 2


def spoiled(world, program, name, kind, change):
    """A copy of a program whose first header of a kind (of code, if it is to be loaded) is changed."""
    with open(program, "rb") as file:
        image = bytearray(file.read())
    at, size, count = struct.unpack_from("<I", image, 28)[0], *struct.unpack_from("<HH", image, 42)
    for head in range(at, at + size * count, size):
        fields = list(struct.unpack_from("<8I", image, head))  # type, offset, vaddr, paddr, filesz, memsz, flags, align
        if fields[0] == kind and (kind != PT_LOAD or fields[6] & PF_X):
            change(fields)
            struct.pack_into("<8I", image, head, *fields)
            break
    else:
        raise AssertionError("there is no such header")
    path = os.path.join(world.work, name)
    with open(path, "wb") as file:
        file.write(image)
    return path


def credprobe_files(world, program):
    """The program that takes crashes, and programs that ask for memory to write and run."""
    def set_field(number, value):
        return lambda fields: fields.__setitem__(number, value(fields[number]))

    script = os.path.join(world.work, "zeroed.ld")
    with open(script, "w", encoding="ascii") as file:
        file.write("PHDRS { code PT_LOAD FILEHDR PHDRS FLAGS(5); stack PT_GNU_STACK FLAGS(6); }\n"
                   "SECTIONS { . = 0x10000 + SIZEOF_HEADERS; .text : { *(.text*) } :code .bss : { *(.bss*) } :code\n"
                   "/DISCARD/ : { *(.ARM*) *(.note*) *(.comment) } }\n")
    return {"/usr/bin/crashd": program,
            "/t/stack": spoiled(world, program, "stack", PT_GNU_STACK, set_field(6, lambda flags: flags | PF_X)),
            "/t/silent": spoiled(world, program, "silent", PT_GNU_STACK, set_field(0, lambda _: PT_NULL)),
            "/t/written": spoiled(world, program, "written", PT_LOAD, set_field(6, lambda flags: flags | PF_W)),
            "/t/zeroed": world.compile("zeroed", "loadedprobe.c", "-nostdlib", "-static", "-Wl,--build-id=none", "-Wl,-T," + script),
            "/t/loaded": world.compile("loaded", "loadedprobe.c", "-nostdlib", "-pie", "-Wl,-dynamic-linker,/t/zeroed")}


def credentials_and_code_are_as_promised(world):
    run_probe(world, "credprobe", "CRED", CREDPROBE_COUNT, credprobe_files)


def the_store_keeps_what_was_written(world):
    """Over a reset, and over power cuts in the middle of writes: what was acknowledged is there, whole."""
    rng, told, mounted, wrote = random.Random(world.options.seed), 0, 0, 0
    with world.board(world.probe_release("storeprobe"), sets=(0,)) as board:
        with board.on():
            log = board.wait("[STORE] done", count=2)
            first, second = log.split("[STORE] done")[:2]
            tell(first, "STORE", 27)
            tell(second, "STORE", 4)
            room = re.search(r"room for (\d+) KiB", first).group(1)
        for _ in range(world.options.cuts):
            with board.on():
                log = board.wait("[STORE] done")
                tell(log, "STORE", 4)
                count = int(re.search(r"\[STORE\] count (-?\d+)", log).group(1))
                assert count in (told, told + 1) if wrote else count >= told, f"{told} was told, {count} is there; seed {world.options.seed}"
                mounted = max(mounted, int(re.search(r"mounted in (\d+) us", log).group(1)))
                board.wait("[STORE] written", count=rng.randint(1, 40))
                time.sleep(rng.random() / 50)
            numbers = re.findall(r"\[STORE\] written (\d+)\n", board.log())
            assert "FAIL" not in board.log(), board.log()[-500:]
            told, wrote = int(numbers[-1]), wrote + len(numbers)
    assert wrote > 0
    return f"{room} KiB; {world.options.cuts} cuts in {wrote} writes; mounted in {mounted / 1000:.0f} ms at most"


def put_images(board, images):
    """The list and the images, from the start of the first applications' window."""
    at, places = asxipfs.BLOCK, b""
    for image in images:
        places += struct.pack("<II", at, len(image))
        at += len(image)
    head = b"FSPT" + struct.pack("<I", len(images)) + places
    assert len(head) <= asxipfs.BLOCK and at <= M["FLASH_APPS0_SIZE"]
    board.image.put(M["FLASH_APPS0_AT"], asxipfs.blocks(head) + b"".join(images))
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
    return f"{mounted} spoiled images mounted and walked, {refused} refused"


BOOTS = [the_chip_boots_to_appman, a_changed_root_block_restarts_into_the_backup_set,
         the_monitors_device_refuses_what_is_wrong, the_c_library_has_what_it_needs, peripherals_of_applications_work,
         credentials_and_code_are_as_promised, the_store_keeps_what_was_written]
FILE_SYSTEM = [good_images_read_as_they_were_written, broken_supers_are_refused,
               what_an_image_may_not_hold_is_not_there, no_spoiled_image_hurts_the_kernel]


def on_the_file_systems_board(world, test):
    """These tests share one chip, made by the first of them."""
    if world.fs_board is None:
        world.fs_board = world.board(world.probe_release("fsprobe"), sets=(0,))
    return test(world, world.fs_board)


def main():
    options = suite.options(__doc__, images=600, seed=1, cuts=6)
    with tempfile.TemporaryDirectory(prefix="tatu-kernel-") as work:
        world = World(options, work)
        cases = [(test.__name__, lambda test=test: test(world)) for test in BOOTS]
        cases += [(test.__name__, lambda test=test: on_the_file_systems_board(world, test)) for test in FILE_SYSTEM]
        try:
            return suite.run(cases, options.names)
        finally:
            if world.fs_board is not None:
                world.fs_board.remove()


if __name__ == "__main__":
    sys.exit(main())
