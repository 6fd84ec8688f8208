"""The fab station: makes a blank chip a device. docs/protocol/fab.md."""
import hashlib
import struct
import zlib
from collections import namedtuple

from silicon.harness.images import root_hash
from silicon.harness.numbers import M

CLASS_VIRTUAL, CLASS_LAB = 1, 2
IMPLEMENTATION = hashlib.sha256(b"test chip").digest()
ANSWER_LEN = 132

Device = namedtuple("Device", "device_id attestation implementation")


def frame(payload):
    return b"TFAB" + struct.pack("<I", len(payload)) + payload + struct.pack("<I", zlib.crc32(payload))


def request(roots, board_class):
    """The frame that asks for a device which trusts these root keys."""
    digests = b"".join(root_hash(root) for root in roots)
    return frame(struct.pack("<I", board_class) + IMPLEMENTATION +
                 digests.ljust(32 * M["FUSE_ROOT_COUNT"], b"\0"))


def make(chip, roots, board_class=CLASS_VIRTUAL):
    """One power cycle at the fab; who the chip is now."""
    chip.power_on()
    try:
        chip.wait("fab port open", "vault")
        with chip.link("fab") as port:
            port.send(request(roots, board_class))
            answer = port.take(8 + ANSWER_LEN + 4)
        chip.wait("fab done", "vault")
    finally:
        chip.power_off()
    magic, length, status = struct.unpack("<4sII", answer[:12])
    assert (magic, length, status) == (b"TFAB", ANSWER_LEN, 0), answer[:12]
    assert struct.unpack("<I", answer[-4:])[0] == zlib.crc32(answer[8:-4])
    return Device(answer[12:76], answer[76:140], IMPLEMENTATION)
