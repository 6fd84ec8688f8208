#!/usr/bin/python3
"""What it costs to run an application from its image: RAM and time of each way of decision 0031, in one boot of the chip.

xip.py [--qemu FILE] [--keep]   one table; the kernel is built once more, with window.patch (seconds)"""
import os
import re
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.abspath(os.path.join(HERE, "../.."))
sys.path[:0] = [ROOT, os.path.join(ROOT, "kernel/test")]
import asxipfs  # noqa: E402  (the path is what it needs)
from silicon.harness import Chip, M, read_release, run_tool, suite  # noqa: E402

WAYS = ("verity", "plain", "window", "squashfs", "tmpfs")
BLOCK = asxipfs.BLOCK
PATIENCE_S = 300


def header_value(name):
    with open(os.path.join(HERE, "xip.h"), encoding="ascii") as file:
        return int(re.search(rf"#define {name} (\w+)", file.read()).group(1), 0)


def build_kernel(work):
    """A zImage of this tree's kernel with the patch."""
    shutil.copytree(os.path.join(ROOT, "kernel"), os.path.join(work, "kernel"))
    os.symlink(os.path.join(ROOT, "tools"), os.path.join(work, "tools"))
    with open(os.path.join(HERE, "window.patch"), "rb") as patch:
        subprocess.run(["patch", "-s", "-p1", "-d", work], stdin=patch, check=True)
    out = subprocess.run([os.path.join(work, "kernel/build.sh")], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    with open(os.path.join(out, "zImage"), "rb") as file:
        return file.read()


def compile_static(work, name, *flags):
    compiler = run_tool("tools/setup/sysroot.sh") + "/bin/tatu-armhf-gcc"
    path = os.path.join(work, name)
    run_tool(compiler, "-std=gnu17", "-static", "-s", "-Os", "-Wall", "-Wextra", "-Werror", "-D_GNU_SOURCE", "-I", ROOT, *flags,
             "-o", path, os.path.join(HERE, name + ".c"))
    return path


def real_code(work, count):
    """Bytes of libraries of the device, to be compressed as code is."""
    strip, sysroot = (run_tool("tools/setup/sysroot.sh") + place for place in ("/bin/tatu-armhf-strip", "/usr/lib/"))
    code, path = b"", os.path.join(work, "library")
    for name in ("libcurl.so", "libmbedcrypto.so", "libc.so"):
        run_tool(strip, "--strip-all", "-o", path, sysroot + name)
        with open(path, "rb") as file:
            code += file.read()
    assert len(code) >= count
    return code[:count]


def fill_pages(work, program):
    """The program, its pages filled with real code."""
    count, room = header_value("XIP_PAGES"), BLOCK - 4
    code, filling = real_code(work, count * room), bytes([header_value("XIP_FILL")]) * room
    with open(program, "rb") as file:
        parts = file.read().split(filling)
    assert len(parts) == count + 1, len(parts)
    return parts[0] + b"".join(code[n * room:(n + 1) * room] + part for n, part in enumerate(parts[1:]))


def with_tree(work, body):
    """An image with its hash tree behind it: (bytes of the image, both, root hash)."""
    data, path = asxipfs.blocks(body), os.path.join(work, "verity")
    with open(path, "wb") as file:
        file.write(data)
    told = run_tool("veritysetup", "format", "--no-superblock", "--salt=-", "--hash=sha256", f"--data-block-size={BLOCK}",
                    f"--hash-block-size={BLOCK}", f"--data-blocks={len(data) // BLOCK}", f"--hash-offset={len(data)}",
                    path, path)
    with open(path, "rb") as file:
        return len(data), asxipfs.blocks(file.read()), re.search(r"Root hash:\s*([0-9a-f]{64})", told).group(1)


def squashfs(work, program):
    folder, path = os.path.join(work, "squashed"), os.path.join(work, "squashfs")
    os.mkdir(folder)
    with open(os.path.join(folder, "app"), "wb") as file:
        file.write(program)
    os.chmod(file.name, 0o555)
    run_tool("mksquashfs", folder, path, "-noappend", "-all-root", "-no-xattrs", "-no-exports", "-comp", "zstd", "-b", "32K",
             "-reproducible", "-quiet", "-no-progress")
    with open(path, "rb") as file:
        return file.read()


def put_images(board, images):
    """The list of probe.c and the images, in the first window of applications."""
    at, head, body = BLOCK, b"", b""
    for data_len, whole, root in images:
        head += struct.pack("<III64s", at, data_len, len(whole), root.encode())
        body, at = body + whole, at + len(whole)
    assert at <= M["FLASH_APPS0_SIZE"]
    board.image.put(M["FLASH_APPS0_AT"], asxipfs.blocks(head) + body)
    board.write_flash()


def measure(options, work):
    """The log of the probe, and bytes in flash by the image's kind."""
    probe = compile_static(work, "probe")
    program = fill_pages(work, compile_static(work, "paged"))
    images = [with_tree(work, asxipfs.make({b"app": (program, 0o101755)})), with_tree(work, squashfs(work, program))]
    listed = os.path.join(work, "list")
    with open(listed, "w", encoding="ascii") as file:
        file.write(f"/usr/bin/appman 0555 file:{probe}\n")
    bodies = read_release(run_tool("os/rootfs/build.sh", "--out", os.path.join(work, "release"), "--add", listed))
    bodies["KERNEL"] = build_kernel(work)
    with Chip.made(bodies, sets=(0,), qemu=options.qemu, keep=options.keep) as board:
        put_images(board, images)
        with board.on():
            log = board.wait("[XIP] done", timeout_s=PATIENCE_S)
    assert "FAIL" not in log, log[-1000:]
    return log, len(program), [len(whole) for _, whole, _ in images]


def row_of(log, kind, way):
    """Milliseconds to open, of the first and of the second pass, the least of all rounds, since others share the
    machine; KiB taken, the median."""
    rows = re.findall(rf"\[XIP\] {kind} {way} open (\d+) first (\d+) again (\d+) taken (-?\d+)", log)
    *times, taken = [list(map(int, column)) for column in zip(*rows)] or [[]]
    return [min(column) / 1000 for column in times] + [statistics.median(taken)] if rows else None


def show(log, program, lengths):
    print(f"program of {program} bytes, {header_value('XIP_PAGES')} pages of code; in flash with hash tree: as it is "
          f"{lengths[0]}, repacked {lengths[1]} bytes")
    for kind, opened in (("run", "until main()"), ("look", "until open")):
        print(f"\n{kind:5} {'way':9} {opened + ' ms':>15} {'first pass ms':>14} {'second ms':>10} {'KiB taken':>10}")
        for way in WAYS:
            row = row_of(log, kind, way)
            if row:
                print(f"{'':5} {way:9} {row[0]:15.2f} {row[1]:14.2f} {row[2]:10.2f} {row[3]:10.0f}")


def main():
    options = suite.options(__doc__)
    with tempfile.TemporaryDirectory(prefix="tatu-xip-") as work:
        show(*measure(options, work))
    return 0


if __name__ == "__main__":
    sys.exit(main())
