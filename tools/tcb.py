#!/usr/bin/python3
"""Lines and bytes of the trusted base. tcb.py [--json]"""
import glob
import json
import os
import re
import subprocess
import sys

PROGRAMS = [("vault ROM", "build/vault/silicon/vault/vault-rom.elf", "build/vault/silicon/vault/vault-rom.bin"),
            ("vault runtime", "build/vault/silicon/vault/vault-runtime.elf", "build/vault/silicon/vault/vault-runtime.bin"),
            ("monitor", "build/monitor/monitor/monitor.elf", "build/monitor/monitor/monitor.bin")]
LINES_BUDGET = 7000
BYTES_BUDGET = 64 * 1024


def code_lines(path):
    """Lines that are neither blank nor comment."""
    with open(path, encoding="utf-8") as file:
        text = re.sub(r"/\*.*?\*/", lambda m: "\n" * m.group(0).count("\n"), file.read(), flags=re.S)
    text = re.sub(r"//[^\n]*", "", text)
    if path.endswith(".S"):
        text = re.sub(r"@[^\n]*", "", text)
    return sum(1 for line in text.splitlines() if line.strip())


def linked_sources(elf):
    """Source files of the compile units in an ELF, and the headers of ours that they include."""
    out = subprocess.run(["arm-linux-gnueabihf-readelf", "--debug-dump=info", elf],
                         capture_output=True, text=True).stdout
    units = re.findall(r"DW_TAG_compile_unit.*?DW_AT_name\s*:[^\n]*?([^\s:]+\.[cS])\n", out, re.S)
    return {os.path.relpath(os.path.realpath(find(unit))) for unit in units if find(unit)}


def find(unit):
    for base in ("", "build/vault", "build/monitor"):
        path = os.path.normpath(os.path.join(base, unit))
        if os.path.exists(path):
            return path
    return None


def headers_of(sources):
    seen, todo = set(), list(sources)
    while todo:
        path = todo.pop()
        with open(path, encoding="utf-8") as file:
            for name in re.findall(r'#\s*include\s+"([^"]+)"', file.read()):
                for candidate in (name, os.path.join(os.path.dirname(path), name)):
                    if os.path.exists(candidate) and candidate not in seen:
                        seen.add(os.path.normpath(candidate))
                        todo.append(candidate)
                        break
    return seen


def main():
    all_sources, rows, total_bytes = set(), [], 0
    for name, elf, binary in PROGRAMS:
        sources = linked_sources(elf)
        lines = sum(code_lines(path) for path in sources)
        size = os.path.getsize(binary)
        rows.append({"name": name, "lines": lines, "bytes": size})
        all_sources |= sources
        total_bytes += size
    headers = headers_of(all_sources)
    total = sum(code_lines(path) for path in all_sources)
    header_lines = sum(code_lines(path) for path in headers)
    model = sum(code_lines(path) for path in glob.glob("silicon/soc/*.c"))
    report = {"programs": rows, "lines": total, "header_lines": header_lines, "bytes": total_bytes,
              "model_lines": model}
    if "--json" in sys.argv:
        print(json.dumps(report))
        return 0
    for row in rows:
        print(f"trusted base: {row['name']:14} {row['lines']:6} lines {row['bytes']:7} bytes")
    print(f"trusted base: {'together':14} {total:6} lines {total_bytes:7} bytes "
          f"(shared files once; headers {header_lines} lines; engine models beside: {model} lines)")
    if not all_sources or total > LINES_BUDGET or total_bytes > BYTES_BUDGET:
        print(f"trusted base: over its budget of {LINES_BUDGET} lines, {BYTES_BUDGET} bytes")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
