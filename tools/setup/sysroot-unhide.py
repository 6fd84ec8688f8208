#!/usr/bin/env python3
"""sysroot-unhide.py FROM.a TO.a: copies a 32-bit little-endian ELF archive, its hidden symbols made visible.

The compiler's libgcc.a is meant to be linked into programs, so everything in it is hidden. libgcc_s.so.1 is the
same code with its symbols exported; this makes the one from the other without building a compiler.
"""
import struct
import sys

SHT_SYMTAB, STB_LOCAL, STV_HIDDEN, SYMBOL_SIZE = 2, 0, 2, 16


def unhide(elf):
    """Clears the visibility of each non-local symbol, in place."""
    table, = struct.unpack_from("<I", elf, 32)
    entry_size, count = struct.unpack_from("<HH", elf, 46)
    for section in range(count):
        kind, _, _, offset, size = struct.unpack_from("<5I", elf, table + section * entry_size + 4)
        if kind != SHT_SYMTAB:
            continue
        for symbol in range(offset, offset + size, SYMBOL_SIZE):
            if elf[symbol + 12] >> 4 != STB_LOCAL and elf[symbol + 13] & 3 == STV_HIDDEN:
                elf[symbol + 13] &= ~3


def main(source, target):
    with open(source, "rb") as file:
        archive = bytearray(file.read())
    if archive[:8] != b"!<arch>\n":
        sys.exit(f"{source} is not an archive")
    position = 8
    while position < len(archive):
        size = int(archive[position + 48:position + 58])
        start = position + 60
        if archive[start:start + 6] == b"\x7fELF\x01\x01":
            member = archive[start:start + size]
            unhide(member)
            archive[start:start + size] = member
        position = start + size + size % 2
    with open(target, "wb") as file:
        file.write(archive)


main(*sys.argv[1:3])
