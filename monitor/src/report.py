#!/usr/bin/python3
"""Prints what the monitor adds to the trusted base: code lines by file, bytes, the worst stack frame.
Usage: report.py OUT monitor.elf arom.elf (run in the build folder)."""
import glob
import os
import re
import struct
import sys

SOURCE = os.path.dirname(os.path.abspath(__file__))
STACK_SIZE = 8192  # monitor.ld


def code_lines(path):
    text = open(path, encoding="utf-8").read()
    text = re.sub(r"/\*.*?\*/", lambda m: "\n" * m.group().count("\n"), text, flags=re.S)
    return sum(1 for line in text.splitlines() if line.strip())


def trusted_files():
    names = glob.glob(os.path.join(SOURCE, "*.[chS]")) + glob.glob(os.path.join(SOURCE, "*.ld"))
    names.append(os.path.join(os.path.dirname(SOURCE), "monitor.h"))
    return sorted(n for n in names if not re.search(r"_test\.c|_fuzz\.c|_sim\.|/sim_", n))


def load_bytes(elf):
    data = open(elf, "rb").read()
    offset, = struct.unpack_from("<I", data, 28)
    size, count = struct.unpack_from("<HH", data, 42)
    headers = [struct.unpack_from("<8I", data, offset + i * size) for i in range(count)]
    return sum(h[4] for h in headers if h[0] == 1), sum(h[5] for h in headers if h[0] == 1)


def symbols(elf):
    data = open(elf, "rb").read()
    offset, = struct.unpack_from("<I", data, 32)
    size, count = struct.unpack_from("<HH", data, 46)
    heads = [struct.unpack_from("<10I", data, offset + i * size) for i in range(count)]
    found = set()
    for head in heads:
        if head[1] == 2:  # SHT_SYMTAB
            names = heads[head[6]][4]
            for at in range(head[4], head[4] + head[5], 16):
                start = names + struct.unpack_from("<I", data, at)[0]
                found.add(data[start:data.index(b"\0", start)].decode())
    return found


def frames(linked):
    found = []
    for path in glob.glob("**/*.su", recursive=True):
        if "/chip_sim" in path:
            continue
        for line in open(path, encoding="utf-8"):
            place, size, kind = line.rstrip("\n").split("\t")
            if place.rsplit(":", 1)[-1] in linked:
                found.append((int(size), place.rsplit(":", 1)[-1], kind))
    return sorted(found, reverse=True)


def main():
    out, *elfs = sys.argv[1:]
    lines = {os.path.basename(p): code_lines(p) for p in trusted_files()}
    code = {name: count for name, count in lines.items() if name.endswith((".c", ".S"))}
    text = ["monitor: %d lines of code (%s), %d of headers and linker scripts" %
            (sum(code.values()), ", ".join("%s %d" % item for item in code.items()),
             sum(lines.values()) - sum(code.values()))]
    for elf in elfs:
        stored, memory = load_bytes(elf)
        text.append("%s: %d bytes stored, %d bytes of memory" %
                    (os.path.basename(elf), stored, memory))
    worst = frames(set().union(*map(symbols, elfs)))
    if any(kind != "static" for _, _, kind in worst):
        sys.exit("report.py: a stack frame without a bound: %s" %
                 [f for f in worst if f[2] != "static"])
    text.append("worst stack frames: %s (stack %d)" %
                (", ".join("%s %d" % (name, size) for size, name, _ in worst[:4]), STACK_SIZE))
    with open(out, "w", encoding="utf-8") as report:
        report.write("\n".join(text) + "\n")
    print("\n".join(text))


if __name__ == "__main__":
    main()
