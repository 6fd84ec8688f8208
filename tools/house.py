#!/usr/bin/python3
"""Checks the house rules of STYLE.md that a machine can check. Last line: N passed, N failed."""
import glob
import os
import re
import subprocess
import sys

FUNCTION_LINES_MAX = 60
README_LINES_MAX = 40
FRONT_README_LINES_MAX = 120


def tracked(*patterns):
    """Files git tracks or would track, so that a new file is checked before it is committed."""
    out = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", *patterns],
                         capture_output=True, text=True, check=True).stdout.split("\n")
    return [name for name in out if name and os.path.isfile(name)]


def read(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


def rooms():
    with open("tools/doors.txt", encoding="utf-8") as rules:
        names = [line.split(":")[0].strip() for line in rules if line.strip() and line[0] != "#"]
    return [name for name in names if os.path.isdir(name) and glob.glob(name + "/**/*.c", recursive=True)]


def room_readmes():
    for room in rooms() + ["kernel", "silicon/soc", "tools/setup"]:
        path = os.path.join(room, "README.md")
        if not os.path.exists(path):
            yield f"{room}: no README.md"
        elif len(read(path).splitlines()) > README_LINES_MAX:
            yield f"{path}: over {README_LINES_MAX} lines"


def front_documents():
    for name in ["README.md", "ARCHITECTURE.md", "THREAT-MODEL.md", "HACKING.md", "STYLE.md",
                 "SECURITY.md", "CHANGES.md", "LICENSE"]:
        if not os.path.exists(name):
            yield f"{name} is missing"
    if os.path.exists("README.md") and len(read("README.md").splitlines()) > FRONT_README_LINES_MAX:
        yield f"README.md: over {FRONT_README_LINES_MAX} lines"


def document_links():
    for path in tracked("*.md"):
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", read(path)):
            if "://" in target or target.startswith("mailto:"):
                continue
            if not os.path.exists(os.path.normpath(os.path.join(os.path.dirname(path), target))):
                yield f"{path}: link to {target}, which does not exist"


def function_lengths():
    for path in tracked("*.c"):
        start = None
        lines = read(path).splitlines()
        for number, line in enumerate(lines, 1):
            if line == "{":
                start = number
            elif line == "}" and start is not None:
                if number - start - 1 > FUNCTION_LINES_MAX:
                    name = lines[start - 2].strip()
                    yield f"{path}:{start}: {number - start - 1} lines in a function ({name})"
                start = None


def include_style():
    for path in tracked("*.c", "*.h"):
        for number, line in enumerate(read(path).splitlines(), 1):
            included = re.match(r'\s*#\s*include\s+"([^"]+)"', line)
            if included and (".." in included.group(1) or re.search(r"/src/", included.group(1))):
                yield f"{path}:{number}: includes {included.group(1)}"


def forbidden_words():
    words = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b|\bdebian\.org\b|registry\.npmjs|/work/(main|shared)")
    for path in tracked():
        if path == "tools/house.py" or path.endswith((".png", ".bin", ".cbor")):
            continue
        if os.path.getsize(path) > 1 << 20:
            continue
        for number, line in enumerate(read(path).splitlines(), 1):
            found = words.search(line)
            if found:
                yield f"{path}:{number}: '{found.group(0)}' has no place in the tree"


def no_goto():
    for path in tracked("*.c"):
        if path.startswith(("silicon/soc/", "kernel/")):
            continue  # the style of the projects they are compiled into
        for number, line in enumerate(read(path).splitlines(), 1):
            if re.match(r"\s*goto\s+\w+;", line):
                yield f"{path}:{number}: goto; cleanup belongs to the scope"


def clang_format():
    names = [p for p in tracked("*.c", "*.h") if not p.startswith(("kernel/", "silicon/soc/"))]
    ran = subprocess.run(["clang-format", "--dry-run", *names], capture_output=True, text=True)
    places = sorted({m for m in re.findall(r"^([^:\n]+):\d+:\d+: warning", ran.stderr, re.M)})
    for path in places:
        yield f"{path}: not as clang-format has it"


def fuzz_corpora():
    for path in tracked("*_fuzz.c"):
        room = os.path.dirname(os.path.dirname(path))
        target = os.path.basename(path)[:-len("_fuzz.c")]
        folder = os.path.join(room, "corpus", target)
        if not os.path.isdir(folder) or not os.listdir(folder):
            yield f"{path}: no corpus in {folder}"


def external_names():
    """Every external symbol of our host libraries carries the project's prefix."""
    free = re.compile(r"^(main|LLVMFuzzerTestOneInput|_|z__|fake_|sim_|world_)")  # the last three: test doubles
    for library in glob.glob("build/host/**/*.a", recursive=True):
        if "/sdk/" in library:
            continue  # the application library's names are Azure Sphere's own
        symbols = subprocess.run(["nm", "-g", "--defined-only", library], capture_output=True, text=True).stdout
        for line in symbols.splitlines():
            parts = line.split()
            if len(parts) == 3 and not parts[2].startswith("tatu_") and not free.match(parts[2]):
                yield f"{library}: external symbol {parts[2]} without the prefix"


def shell_scripts():
    for path in tracked("*.sh", "run", "check", ".ci/run"):
        if not re.search(r"set -|exec |lib\.sh", read(path)):
            yield f"{path}: no 'set -eu'"
        ran = subprocess.run(["bash", "-n", path], capture_output=True, text=True)
        if ran.returncode != 0:
            yield f"{path}: {ran.stderr.strip()}"


CHECKS = [room_readmes, front_documents, document_links, function_lengths, include_style,
          forbidden_words, no_goto, clang_format, fuzz_corpora, external_names, shell_scripts]


def main():
    failed = 0
    for check in CHECKS:
        findings = list(check())
        failed += bool(findings)
        for finding in findings:
            print(f"{check.__name__}: {finding}")
    print(f"{len(CHECKS) - failed} passed, {failed} failed")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
