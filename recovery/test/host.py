"""The host of a recovery by code of its own: a second implementation of docs/protocol/recovery.md."""
import struct
import zlib
from collections import namedtuple

HELLO, READ, PROGRESS, DONE, DATA, REFUSE = 1, 2, 3, 4, 0x82, 0x83
PIECE = 1024
LAYOUT = {HELLO: "<III", READ: "<HHI", PROGRESS: "<III", DONE: "<I"}
FIELDS = {HELLO: "version stage err", READ: "type max offset", PROGRESS: "type done total", DONE: "err"}
MESSAGES = {kind: namedtuple(f"Message{kind}", "kind " + fields) for kind, fields in FIELDS.items()}


def stuff(raw):
    """COBS."""
    out, block = bytearray(), bytearray()
    for i, byte in enumerate(raw):
        if byte:
            block.append(byte)
        if byte == 0 or (len(block) == 254 and i + 1 < len(raw)):
            out += bytes([len(block) + 1]) + block
            block = bytearray()
    return bytes(out) + bytes([len(block) + 1]) + bytes(block)


def unstuff(data):
    out, at = bytearray(), 0
    while at < len(data):
        code = data[at]
        out += data[at + 1:at + code]
        at += code
        if code < 255 and at < len(data):
            out.append(0)
    return bytes(out)


def frame(kind, payload):
    raw = struct.pack("<HH", kind, len(payload)) + payload
    return b"\0" + stuff(raw + struct.pack("<I", zlib.crc32(raw))) + b"\0"


class Refused(Exception):
    """The device did not take what it got: the number of the error, and the stage that said it."""

    def __init__(self, err, stage):
        super().__init__(f"error {err} in stage {stage}")
        self.err, self.stage = err, stage


class Host:
    """Answers a device. images: packages by type. seen: every message, as it came."""

    def __init__(self, wire, images):
        self.wire, self.images, self.seen, self.sent = wire, images, [], 0
        self.whole, self.stage, self.err = set(), 0, 0
        self.garble = lambda data: data  # what becomes of bytes on the line
        self.joined = False  # the first frame may have begun before this host was on the line

    def next(self, timeout_s=30):
        """The next good frame of the device."""
        while True:
            raw = unstuff(self.wire.until(b"\0", timeout_s))
            if len(raw) < 8 or zlib.crc32(raw[:-4]) != struct.unpack("<I", raw[-4:])[0]:
                assert not raw or not self.joined, f"the device sent a bad frame {raw.hex()}"
                self.joined = True
                continue
            self.joined = True
            kind, length = struct.unpack("<HH", raw[:4])
            assert length == len(raw) - 8 and kind in LAYOUT, raw.hex()
            message = MESSAGES[kind](kind, *struct.unpack(LAYOUT[kind], raw[4:-4]))
            self.seen.append(message)
            return message

    def answer(self, read):
        package = self.images.get(read.type)
        if package is None or read.offset >= len(package):
            self.wire.send(frame(REFUSE, struct.pack("<II", read.type, 11)))
            return
        piece = package[read.offset:read.offset + read.max]
        assert 0 < len(piece) <= PIECE
        self.wire.send(self.garble(frame(DATA, struct.pack("<III", read.type, len(package), read.offset) + piece)))
        self.sent += len(piece)
        if read.offset + len(piece) == len(package):
            self.whole.add(read.type)

    def step(self, timeout_s=30):
        """Takes one message and does what it asks. Errors: Refused. The message."""
        message = self.next(timeout_s)
        if message.kind == HELLO:
            assert message.version == 1 and message.stage >> 8 == 0, message
            if message.stage != self.stage:  # another asker, who has nothing yet
                self.whole.clear()
            self.stage, self.err = message.stage, message.err
        elif message.kind == READ:
            if message.offset == 0 and message.type in self.whole:
                raise Refused(self.err, self.stage)
            self.answer(message)
        elif message.kind == DONE and message.err != 0:
            raise Refused(message.err, self.stage)
        return message

    def serve(self, until=None, timeout_s=60):
        """Until DONE, or until a message for which `until` holds. That message."""
        while True:
            message = self.step(timeout_s)
            if message.kind == DONE or (until is not None and until(message)):
                return message
