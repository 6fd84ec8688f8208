"""The fuse file from outside, as nobody can see it inside the chip. docs/chip/fuses.md."""
import hashlib
import struct

HEADER, DIGEST = 32, 32
SECRETS_AT, COUNTERS_AT = 0x110, 0x180  # in the payload


class FuseFile:
    """The newest bank of a file; a change writes the other bank, as the chip does."""

    BANK = 8192

    def __init__(self, path):
        self.path = path
        with open(path, "rb") as file:
            banks = [file.read(self.BANK), file.read(self.BANK)]
        self.newest = max((0, 1), key=lambda i: struct.unpack_from("<Q", banks[i], 8))
        self.bank = bytearray(banks[self.newest])

    def word(self, offset):
        return struct.unpack_from("<I", self.bank, HEADER + offset)[0]

    def secret(self, n):
        at = HEADER + SECRETS_AT + 32 * n
        return bytes(self.bank[at:at + 32])

    def burn(self, offset, bits):
        self._write("<I", offset, self.word(offset) | bits)

    def set_counter(self, n, value):
        self._write("<Q", COUNTERS_AT + 8 * n, value)

    def _write(self, form, offset, value):
        struct.pack_into(form, self.bank, HEADER + offset, value)
        sequence, length = struct.unpack_from("<QI", self.bank, 8)
        struct.pack_into("<Q", self.bank, 8, sequence + 1)
        end = HEADER + length
        self.bank[end:end + DIGEST] = hashlib.sha256(self.bank[:end]).digest()
        self.newest = 1 - self.newest
        with open(self.path, "r+b") as file:
            file.seek(self.newest * self.BANK)
            file.write(self.bank)
