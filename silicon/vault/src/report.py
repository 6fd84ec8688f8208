#!/usr/bin/python3
"""Prints bytes, lines of code, the worst stack frames and the deepest stack of the vault's programs. Fails when a frame
has no bound, when functions call each other in a circle, or when the deepest stack does not fit.
Usage: report.py SIZE_TOOL OUT ELF..."""
import glob
import os
import re
import struct
import subprocess
import sys

STACK_SIZE = 0x2001f000 - 0x2001c000  # layout.h: TATU_VAULT_STACK_TOP down to the end of the data
EXCEPTION_FRAME = 8 * 4 + 4           # what the core pushes, and its alignment
ENTRY = "reset"
INTERRUPT = ("opened", "fault")       # one of them may come on top of whatever runs


def tool(name, *arguments):
    command = re.sub(r"size$", name, sys.argv[1])
    return subprocess.run([command, *arguments], capture_output=True, text=True, check=True).stdout


def code_lines(path):
    """Lines that are neither blank nor comment."""
    with open(path, encoding="utf-8") as file:
        text = re.sub(r"/\*.*?\*/", lambda m: "\n" * m.group(0).count("\n"), file.read(), flags=re.S)
    return sum(1 for line in text.splitlines() if line.strip())


def linked(elf):
    """Source files whose objects were linked."""
    text = tool("readelf", "--debug-dump=info", elf)
    return set(re.findall(r"DW_TAG_compile_unit.*?DW_AT_name\s*:[^\n]*?([^\s:]+\.c)\n", text, re.S))


def plain(name):
    """Without what the compiler puts behind the name of a part or a copy of a function."""
    return re.sub(r"\.[\w.]+$", "", name)


def symbols(elf):
    """(address, size, kind, name, source file of a local one) of functions and objects."""
    found, source = [], None
    for line in tool("readelf", "-sW", elf).splitlines():
        row = re.match(r"\s*\d+: ([0-9a-f]+)\s+(\d+) (FUNC|OBJECT|FILE)\s+(LOCAL|GLOBAL|WEAK)\s+\S+\s+\S+ (\S+)$", line)
        if row and row[3] == "FILE":
            source = row[5]
        elif row:
            found.append((int(row[1], 16), int(row[2]), row[3], row[5], source if row[4] == "LOCAL" else None))
    return found


def frames(names):
    """{function: (bytes, source file, how the compiler knows)}; the largest of one name."""
    found = {}
    for path in glob.glob("**/*.su", recursive=True):
        with open(path, encoding="utf-8") as file:
            for line in file:
                where, size, kind = line.rstrip("\n").split("\t")
                name = plain(where.split(":")[-1])
                if name in names and int(size) >= found.get(name, (0,))[0]:
                    found[name] = (int(size), os.path.basename(where.split(":")[0]), kind, where.split("/")[-1])
    return found


def tables(elf, found):
    """{source file: functions whose addresses are in its tables}; a call by address goes to one of them."""
    with open(elf, "rb") as file:
        data = file.read()
    offset, = struct.unpack_from("<I", data, 28)
    size, count = struct.unpack_from("<HH", data, 42)
    segments = [struct.unpack_from("<8I", data, offset + i * size) for i in range(count)]
    functions = {address & ~1: plain(name) for address, _, kind, name, _ in found if kind == "FUNC"}
    out = {}
    for address, size, kind, name, source in found:
        for segment in segments:
            if kind != "OBJECT" or name == "vectors" or not 0 <= address - segment[2] < segment[4]:
                continue
            at = segment[1] + address - segment[2]
            for word in struct.unpack_from(f"<{size // 4}I", data, at):
                if word & 1 and word & ~1 in functions:
                    out.setdefault(source, set()).add(functions[word & ~1])
    return out


def calls(elf, by_table, frame):
    """{function: functions it calls}."""
    graph, name = {}, None
    for line in tool("objdump", "-d", "--no-show-raw-insn", elf).splitlines():
        head = re.match(r"[0-9a-f]+ <(\S+)>:$", line)
        if head:
            name = plain(head[1])
            graph.setdefault(name, set())
        target = re.search(r"\tb\S*\s+[0-9a-f]+ <([^>+]+)>$", line)
        if target and plain(target[1]) != name:
            graph[name].add(plain(target[1]))
        elif re.search(r"\tblx\s+r\d", line):
            source = frame[name][1] if name in frame else None
            if source not in by_table:
                sys.exit(f"report.py: {name} calls by an address from nowhere")
            graph[name] |= by_table[source]
    return graph


def deepest(graph, frame, name, above=()):
    """(bytes, path) of the deepest stack that begins with this function."""
    if name in above:
        sys.exit("report.py: a circle of calls: " + " ".join([*above, name]))
    below = [deepest(graph, frame, other, (*above, name)) for other in sorted(graph.get(name, ()))]
    depth, path = max(below, default=(0, []))
    return depth + frame.get(name, (0,))[0], [name, *path]


def describe(elf):
    found = symbols(elf)
    names = {plain(name) for _, _, kind, name, _ in found if kind == "FUNC"}
    frame = frames(names)
    graph = calls(elf, tables(elf, found), frame)
    depth, path = deepest(graph, frame, ENTRY)
    on_top = max(deepest(graph, frame, name)[0] for name in INTERRUPT if name in graph)
    sizes = tool("size", elf)
    text, data, bss = map(int, sizes.splitlines()[1].split()[:3])
    sources = linked(elf)
    count = sum(code_lines(source) for source in sources)
    base = os.path.basename(elf)
    lines = [f"{base}: {count} lines in {len(sources)} files linked, text {text}, data {data}, bss {bss} bytes",
             f"{base}: deepest stack {depth + EXCEPTION_FRAME + on_top} of {STACK_SIZE} bytes: {depth} by "
             f"{' > '.join(path)}, {EXCEPTION_FRAME + on_top} by a fault on top"]
    if depth + EXCEPTION_FRAME + on_top > STACK_SIZE:
        sys.exit("report.py: the stack may overflow\n" + "\n".join(lines))
    return lines, frame


def main():
    out, elfs = sys.argv[2], sys.argv[3:]
    lines, all_frames = [], set()
    for elf in elfs:
        more, frame = describe(elf)
        lines += more
        all_frames |= {(size, where, kind) for size, _, kind, where in frame.values()}
    for size, where, kind in sorted(all_frames, reverse=True)[:4]:
        lines.append(f"stack frame {size} bytes, {kind}: {where}")
    if any("dynamic" in kind and "bounded" not in kind for _, _, kind in all_frames):
        sys.exit("report.py: a stack frame has no bound")
    with open(out, "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
