"""A made device under the real vault and monitor, whose kernel is payload.c, and what that kernel is told."""
import os
import re
import struct

from silicon.harness import ERRORS, Chip, Firmware, Keys, M, build_kernel, flip, new_key, package, public, sign

HERE = os.path.dirname(os.path.abspath(__file__))
(MODE_FULL, MODE_FALLBACK, MODE_PANIC, MODE_UPDATE, MODE_ROLLBACK, MODE_SAFE, MODE_RENEW,
 MODE_SLEEP, MODE_LATE, MODE_WAKE) = range(10)  # as in payload.c
APP_COMPONENT, APP_IMAGE, TENANT = b"C" * 16, b"A" * 16, b"T" * 16
ENDORSEMENT = b"\xe7" * 300
BAD_APP = "<II32s"  # struct bad_app of payload.c
TCM = M["RT_TCM_BASE"]
# Cortex-M4 programs of 64 bytes, to run from the start of a core's memory: one that stays, one that reads RAM.
STAYS = struct.pack("<IIH", TCM + M["RT_TCM_SIZE"], TCM + 9, 0xe7fe).ljust(64, b"\0")
READS_RAM = struct.pack("<IIHHHHI", TCM + M["RT_TCM_SIZE"], TCM + 9,
                        0x4801, 0x6801, 0xe7fe, 0xbf00, M["MAP_RAM_BASE"]).ljust(64, b"\0")


def cbor_bytes(data):
    if len(data) < 24:
        return bytes([0x40 | len(data)]) + data
    return (b"\x58" + bytes([len(data)]) if len(data) < 256 else b"\x59" + struct.pack(">H", len(data))) + data


class Board(Chip):
    def __init__(self, options, lab=False):
        self.options = options
        self.firmware = Firmware(options.vault, options.monitor)
        super().__init__(self.firmware.vault_rom, self.firmware.arom, qemu=options.qemu, keep=options.keep)
        self.more = ("-d", "guest_errors", "-D", self.path("qemu.log"))
        self.kernel = self.build_payload()
        self.rootfs = b"a file system of no format" * 500
        self.app = self.pack_app(STAYS + READS_RAM + bytes(range(256)) * 21 + b"xyz")
        self.mode = MODE_FULL
        self.image.put_endorsement(ENDORSEMENT)
        self.set_keys = {}
        for which in (0, 1):
            self.install(which)
        self.write_flash()
        self.make(lab=lab)

    def build_payload(self):
        path = build_kernel(self.folder, os.path.join(HERE, "payload.c"))
        with open(path, "rb") as file:
            return file.read()

    def install(self, which, **bodies):
        """A boot set whose kernel runs in the present mode. The keystore's time key differs from set to set."""
        own = self.set_keys[which] = Keys()
        own.root, own.release = self.keys.root, self.keys.release
        self.image.install(which, own.boot_set({**self.firmware.bodies(), "DTB": self.parameters(),
                                                "KERNEL": self.kernel, "ROOT": self.rootfs, **bodies}))

    def parameters(self):
        return (b"TTST" + struct.pack("<I", self.mode) + public(self.keys.owner) + TENANT + APP_IMAGE +
                self.rootfs[:4] + struct.pack("<I", len(self.app)) + self.app + self.bad_apps())

    def pack_app(self, body, key=None, kind="APPLICATION"):
        return package(kind, body, key or self.keys.owner, component=APP_COMPONENT, image=APP_IMAGE)

    def bad_apps(self):
        """Applications that must be refused, each with the error the vault names."""
        body = bytes(500)
        good = self.pack_app(body)
        rows = [("a flipped byte is refused", "SIGNATURE", flip(self.app, 0)),
                ("an unsigned image is refused", "SIGNATURE", good[:-64] + bytes(64)),
                ("another owner's is refused", "SIGNATURE", self.pack_app(body, new_key())),
                ("one of the release is refused", "SIGNATURE", self.pack_app(body, self.keys.release)),
                ("a truncated image is refused", "LONG", good[:-1]),
                ("a stump of an image is refused", "SHORT", good[:40]),
                ("a kernel as app is refused", "TYPE", self.pack_app(body, kind="KERNEL"))]
        packed = b""
        for name, err, whole in rows:
            assert len(name) < 32, name
            packed += struct.pack(BAD_APP, len(whole), ERRORS[err], name.encode()) + whole
        return packed + bytes(struct.calcsize(BAD_APP))

    def ticket(self, nonce, grace_s):
        """A COSE_Sign1 for this device by the director of set A."""
        payload = (b"\xa3\x01" + cbor_bytes(self.device.device_id) + b"\x02" + cbor_bytes(nonce) +
                   b"\x03" + (struct.pack(">BH", 0x19, grace_s) if grace_s < 1 << 16 else struct.pack(">BI", 0x1a, grace_s)))
        protected = b"\xa1\x01\x26"
        signed = (b"\x84\x6aSignature1" + cbor_bytes(protected) + cbor_bytes(b"tatu-ticket-1") +
                  cbor_bytes(payload))
        return (b"\xd2\x84" + cbor_bytes(protected) + b"\xa0" + cbor_bytes(payload) +
                cbor_bytes(sign(self.set_keys[0].director, signed)))

    def run(self, until=None):
        """Runs until the chip switches itself off, or says `until`; the log."""
        with self.on():
            if until is not None:
                return self.wait(until)
            self.wait_off()
        return self.log()


def summary(log):
    """What the attacking kernel counted in all its runs of this log: passed, failed."""
    lines = re.findall(r"\[NS\] (pass|FAIL) ([^\n]*)", log)
    return [n for p, n in lines if p == "pass"], [n for p, n in lines if p == "FAIL"]
