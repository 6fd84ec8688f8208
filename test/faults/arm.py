"""What a fault needs to know of an instruction: how long it is, what it decides, and what skipping it means."""
import re
from collections import namedtuple

from silicon.harness import run_tool

OBJDUMP = "arm-linux-gnueabihf-objdump"
CONDITIONS = "eq|ne|cs|cc|hs|lo|mi|pl|vs|vc|hi|ls|ge|lt|gt|le"
LINE = re.compile(r"^ *([0-9a-f]+):\t([0-9a-f ]+?) *\t(\S+)(?:\t([^@;<\n]*))?", re.M)
REGISTERS = {**{f"r{n}": n for n in range(13)}, "sl": 10, "fp": 11, "ip": 12}

Instruction = namedtuple("Instruction", "size name operands")


def disassemble(elf):
    """All instructions of a program by address; its constants are left out."""
    found = {}
    for at, code, name, operands in LINE.findall(run_tool(OBJDUMP, "-d", elf)):
        if not name.startswith("."):
            found[int(at, 16)] = Instruction(len(code.replace(" ", "")) // 2, name, operands.strip())
    return found


def is_call(code):
    return re.fullmatch(r"blx?", code.name) is not None


def asks_flags(code):
    """A conditional branch, or the head of a block of conditional instructions."""
    return re.fullmatch(rf"b({CONDITIONS})(\.[nw])?|it[te]*", code.name) is not None


def asked_register(code):
    """The register that a compare-and-branch looks at; None if it is none."""
    if code.name not in ("cbz", "cbnz"):
        return None
    return REGISTERS[code.operands.split(",")[0]]


def is_answer_read(program, at):
    """Whether what a call left in r0 may be used behind it, at `at`; if that is not plain, yes."""
    while (code := program.get(at)) is not None:
        if re.search(r"\br0\b", code.operands) or re.match("b|cb|it|push|pop|ldm|stm|t[bs]b", code.name):
            overwritten = re.fullmatch(r"(mov|ldr|add|sub)[a-z]*(\.[nw])?", code.name)
            return not (overwritten and re.fullmatch(r"r0,(?!.*\br0\b).*", code.operands))
        at += code.size
    return True


def after_skipped(flags):
    """The flags register behind an instruction of a conditional block that did not run."""
    state = flags >> 25 & 3 | flags >> 8 & 0xfc
    state = 0 if state & 7 == 0 else state & 0xe0 | state << 1 & 0x1f
    return flags & ~(3 << 25 | 0x3f << 10) | (state & 3) << 25 | (state >> 2) << 10
