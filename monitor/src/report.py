#!/usr/bin/python3
"""Prints what a program of the A-core's secure world is: code lines by file, bytes, the deepest stack. Fails when a
stack could overflow. Usage: report.py OUT monitor|recovery FIRST.elf [MORE.elf...] (run in the build folder)."""
import glob
import os
import re
import struct
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
OBJDUMP = "arm-linux-gnueabihf-objdump"
PAGE = 4096  # not mapped, below each stack


def code_lines(path):
    text = open(path, encoding="utf-8").read()
    text = re.sub(r"/\*.*?\*/", lambda m: "\n" * m.group().count("\n"), text, flags=re.S)
    return sum(1 for line in text.splitlines() if line.strip())


def own_files(room):
    names = glob.glob(os.path.join(ROOT, room, "src/*.[chS]")) + glob.glob(os.path.join(ROOT, room, "src/*.ld"))
    names.append(os.path.join(ROOT, room, room + ".h"))
    return sorted(n for n in names if not re.search(r"_test\.c|_fuzz\.c|_sim\.|/sim_|/fake_", n))


def load_bytes(elf):
    data = open(elf, "rb").read()
    offset, = struct.unpack_from("<I", data, 28)
    size, count = struct.unpack_from("<HH", data, 42)
    headers = [struct.unpack_from("<8I", data, offset + i * size) for i in range(count)]
    return sum(h[4] for h in headers if h[0] == 1), sum(h[5] for h in headers if h[0] == 1)


def symbols(elf):
    """Name: address, of everything in the symbol table."""
    data = open(elf, "rb").read()
    offset, = struct.unpack_from("<I", data, 32)
    size, count = struct.unpack_from("<HH", data, 46)
    heads = [struct.unpack_from("<10I", data, offset + i * size) for i in range(count)]
    found = {}
    for head in heads:
        if head[1] == 2:  # SHT_SYMTAB
            names = heads[head[6]][4]
            for at in range(head[4], head[4] + head[5], 16):
                name, address = struct.unpack_from("<II", data, at)
                start = names + name
                found[data[start:data.index(b"\0", start)].decode()] = address
    return found


def frames(linked):
    """Bytes of each linked function's frame, as the compiler counted them; the largest of one name."""
    plain, found = {re.sub(r"\.\d+$", "", name) for name in linked}, {}
    for path in glob.glob("**/*.su", recursive=True):
        if "/chip_sim" in path:
            continue
        for line in open(path, encoding="utf-8"):
            place, size, kind = line.rstrip("\n").split("\t")
            name = place.rsplit(":", 1)[-1]
            if name not in plain:
                continue
            if kind != "static":
                sys.exit(f"report.py: the stack frame of {name} has no bound: {kind}")
            found[name] = max(int(size), found.get(name, 0))
    return found


def calls(elf, table):
    """Function: functions it may call. One that is called by its address may be any whose address is
    stored somewhere."""
    text = subprocess.run([OBJDUMP, "-d", "--no-show-raw-insn", elf], check=True, capture_output=True,
                          text=True).stdout
    words = subprocess.run([OBJDUMP, "-s", "-j", ".rodata", "-j", ".data", elf], check=False,
                           capture_output=True, text=True).stdout
    stored = {int.from_bytes(bytes.fromhex(word), "little") & ~1 for line in words.splitlines()
              if (row := re.match(r" [0-9a-f]+ ((?:[0-9a-f]{8} ){1,4})", line))
              for word in row[1].split()}
    graph, name = {}, None
    for line in text.splitlines():
        if head := re.match(r"[0-9a-f]+ <([^>]+)>:$", line):
            name = head[1]
            graph[name] = set()
        elif jump := re.search(r"\t(?:b|bl|blx)(?:\.[nw])?\t[0-9a-f]+ <([^>+]+)>", line):
            graph[name].add(jump[1])
        elif re.search(r"\tblx?\tr\d|\tblx\t(ip|lr)|\tbx\tr\d", line):
            graph[name] |= {n for n, address in table.items() if address & ~1 in stored}
    return {n: {c for c in to if c != n} for n, to in graph.items()}


def deepest(start, graph, frame, above=()):
    """The path from `start` that takes most stack, and its bytes."""
    if start in above:
        sys.exit("report.py: recursion: " + " > ".join([*above, start]))
    name = re.sub(r"\.\d+$", "", start)
    if name not in frame:
        sys.exit(f"report.py: {start} has no known stack frame")
    below = [deepest(to, graph, frame, (*above, start)) for to in graph[start]]
    size, path = max(below, default=(0, []))
    return size + frame[name], [start, *path]


def check_stacks(elf):
    """The worst depth of each entry, as text; ends the build when a stack is too small for it."""
    table = symbols(elf)
    functions = {n: a for n, a in table.items() if table["tatu_monitor_text"] <= a < table["tatu_monitor_rodata"]}
    frame = frames(table)
    graph = calls(elf, {n: a for n, a in functions.items() if re.sub(r"\.\d+$", "", n) in frame})
    stack = table["tatu_monitor_stack_top"] - table["tatu_monitor_guard"] - PAGE
    panic = table["tatu_monitor_end"] - table["tatu_monitor_stack_top"] - PAGE
    lines = []
    for entry, pushed, room in (("tatu_monitor_main", 8, stack), ("tatu_monitor_serve", 64, stack),
                                ("tatu_monitor_fill_tables", 0, stack), ("tatu_monitor_panic", 0, panic)):
        size, path = deepest(entry, graph, frame)
        lines.append(f"stack of {entry}: {size + pushed} of {room} bytes ({' > '.join(path)})")
        if size + pushed > room:
            sys.exit("report.py: " + lines[-1])
    return lines


def main():
    out, room, *elfs = sys.argv[1:]
    lines = {os.path.basename(p): code_lines(p) for p in own_files(room)}
    code = {name: count for name, count in lines.items() if name.endswith((".c", ".S"))}
    text = ["%s: %d lines of code (%s), %d of headers and linker scripts" %
            (room, sum(code.values()), ", ".join("%s %d" % item for item in code.items()),
             sum(lines.values()) - sum(code.values()))]
    for elf in elfs:
        stored, memory = load_bytes(elf)
        text.append("%s: %d bytes stored, %d bytes of memory" %
                    (os.path.basename(elf), stored, memory))
    text += check_stacks(elfs[0])
    with open(out, "w", encoding="utf-8") as report:
        report.write("\n".join(text) + "\n")
    print("\n".join(text))


if __name__ == "__main__":
    main()
