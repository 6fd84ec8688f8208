#!/usr/bin/python3
"""Prints bytes, lines of code and the worst stack frame of the vault's programs.
Usage: report.py SIZE_TOOL OUT ELF..."""
import glob
import re
import subprocess
import sys


def code_lines(path):
    """Lines that are neither blank nor comment."""
    with open(path, encoding="utf-8") as file:
        text = re.sub(r"/\*.*?\*/", lambda m: "\n" * m.group(0).count("\n"), file.read(), flags=re.S)
    return sum(1 for line in text.splitlines() if line.strip())


def linked(elf):
    """Source files whose objects were linked."""
    readelf = re.sub(r"size$", "readelf", sys.argv[1])
    text = subprocess.run([readelf, "--debug-dump=info", elf], capture_output=True, text=True,
                          check=True).stdout
    return set(re.findall(r"DW_TAG_compile_unit.*?DW_AT_name\s*:[^\n]*?([^\s:]+\.c)\n", text, re.S))


def functions(elf):
    """Names of the functions that were linked."""
    readelf = re.sub(r"size$", "readelf", sys.argv[1])
    text = subprocess.run([readelf, "-sW", elf], capture_output=True, text=True, check=True).stdout
    return set(re.findall(r"FUNC .* (\w+)(?:\.[\w.]+)?$", text, re.M))


def main():
    size, out, elfs = sys.argv[1], sys.argv[2], sys.argv[3:]
    lines = []
    for elf in elfs:
        sizes = subprocess.run([size, elf], capture_output=True, text=True, check=True).stdout
        text, data, bss = map(int, sizes.splitlines()[1].split()[:3])
        sources = linked(elf)
        count = sum(code_lines(path) for path in sources)
        lines.append(f"{elf.split('/')[-1]}: {count} lines in {len(sources)} files linked, "
                     f"text {text}, data {data}, bss {bss} bytes")
    frames, names = [], set()
    for elf in elfs:
        names |= functions(elf)
    for path in glob.glob("**/*.su", recursive=True):
        with open(path, encoding="utf-8") as file:
            for line in file:
                where, frame, kind = line.rstrip("\n").split("\t")
                if where.split(":")[-1] in names:
                    frames.append((int(frame), where.split("/")[-1], kind))
    for frame, where, kind in sorted(set(frames), reverse=True)[:4]:
        lines.append(f"stack frame {frame} bytes, {kind}: {where}")
    if any("dynamic" in kind and "bounded" not in kind for _, _, kind in frames):
        sys.exit("a stack frame has no bound")
    with open(out, "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
