"""Keys, signed packages and the flash, by code of its own: a second implementation of the formats.

docs/protocol/image.md, keys.md, memory-map.md."""
import functools
import hashlib
import os
import struct
import zlib

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

from silicon.harness.lms import SIGNATURE_SIZE, LmsKey
from silicon.harness.numbers import M, TYPES

USAGE_FIRMWARE = 1
SIGNED_ONCE = (TYPES["APPLICATION"], TYPES["CAPABILITY"])  # the rest is firmware
TABLE_APPS, TABLE_APP_SIZE, TABLE_MAC_SIZE = 16, 24, 32
RELEASE_FILES = {"VAULT": "vault-runtime.bin", "MONITOR": "monitor.bin", "DTB": "device-tree.bin",
                 "KERNEL": "kernel.bin", "ROOT": "root.bin"}


def new_key():
    return ec.generate_private_key(ec.SECP256R1())


def public(key):
    numbers = key.public_key().public_numbers()
    return numbers.x.to_bytes(32, "big") + numbers.y.to_bytes(32, "big")


def sign(key, data):
    r, s = utils.decode_dss_signature(key.sign(data, ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


@functools.lru_cache(maxsize=None)
def second(key):
    """The LMS key that belongs to a key: who signs firmware has both."""
    return LmsKey()


def root_hash(key):
    """What the fuses hold of a root."""
    return hashlib.sha256(public(key) + second(key).public).digest()


def flip(data, at=100):
    """The bytes with one bit changed."""
    data = bytearray(data)
    data[at] ^= 1
    return bytes(data)


def package(kind, body, key, version=1, component=b"c" * 16, image=b"i" * 16, verity=None, sections=(), by=None):
    """A signed package. kind: name or number. verity: content of VT. sections: more of them, (id, content). by: who
    makes the second signature; None: the same, where the type has one; False: there is none."""
    number = TYPES.get(kind, kind)
    if by is None:
        by = key if number not in SIGNED_ONCE else False
    every = [(b"ID", struct.pack("<HH16s16s", number, 0, component, image)),
             (b"SG", hashlib.sha256(public(key)).digest()[:20] + struct.pack("<I", 1)),
             (b"TV", struct.pack("<II", version, 0)), *sections]
    if verity is not None:
        every.append((b"VT", verity))
    if by:
        every.append((b"S2", struct.pack("<HH", 1, 0) + bytes(SIGNATURE_SIZE)))
    metadata = b"4X4M" + struct.pack("<I", len(every))
    for name, content in every:
        metadata += name + struct.pack("<H", len(content)) + content
    whole, length = body + metadata, struct.pack("<I", len(metadata) + 4)
    if by:
        plain = whole[:-SIGNATURE_SIZE]
        whole = plain + second(by).sign(hashlib.sha256(plain + length).digest())
    return whole + length + sign(key, whole + length)


def read_release(folder):
    """Bodies of a release folder by slot, ROOT as (body, verity): what Keys.boot_set takes."""
    bodies = {}
    for slot, name in RELEASE_FILES.items():
        with open(os.path.join(folder, name), "rb") as file:
            bodies[slot] = file.read()
    with open(os.path.join(folder, "verity.txt"), encoding="ascii") as file:
        facts = dict(line.split("=") for line in file.read().split())
    verity = struct.pack("<II", int(facts["data_len"]), 4096) + bytes.fromhex(facts["root_hash"])
    bodies["ROOT"] = (bodies["ROOT"], verity)
    return bodies


class Keys:
    """Everybody who signs for one chip."""

    def __init__(self):
        self.root, self.release, self.owner = new_key(), new_key(), new_key()
        self.service_root, self.time, self.director = new_key(), new_key(), new_key()

    def signer(self, kind):
        return {"KEYSTORE": self.root, "APPLICATION": self.owner}.get(kind, self.release)

    def package(self, kind, body, key=None, **options):
        """Signed by whom it belongs to, unless `key` says another."""
        return package(kind, body, key or self.signer(kind), **options)

    def keystore(self, root=None, revoked=(), key=None, more=(), host=b"localhost", ports=(8443, 8444), **options):
        """A keystore package. root: whose it says it is. more: release keys beside the own one. revoked: numbers of
        the revoked ones. key: who signs it."""
        release = [self.release, *more]
        body = b"TKEY" + struct.pack("<I", 2) + public(root or self.root) + second(root or self.root).public
        body += struct.pack("<I", len(release))
        for n, each in enumerate(release):
            body += public(each) + second(each).public + struct.pack("<II", USAGE_FIRMWARE, n in revoked)
        body += public(self.service_root) + public(self.time) + public(self.director)
        body += struct.pack("<H", len(host)) + host + struct.pack("<HH", *ports)
        return package("KEYSTORE", body, key or root or self.root, **options)

    def boot_set(self, bodies, **options):
        """Packages by slot: the bodies (bytes, or bytes with verity) and a keystore."""
        packages = {"KEYSTORE": self.keystore(**options)}
        for slot, body in bodies.items():
            body, verity = body if isinstance(body, tuple) else (body, None)
            packages[slot] = self.package(slot, body, verity=verity, **options)
        return packages


class Flash:
    """A whole flash of parts: packages by (set, slot), which a test may change, and bytes at places."""

    def __init__(self, *sets):
        self.packages, self.places = {}, {}
        for which, packages in enumerate(sets):
            self.install(which, packages)

    def install(self, which, packages):
        for slot, whole in packages.items():
            self.packages[which, slot] = whole

    def spoil(self, which, slot, at=100):
        self.packages[which, slot] = flip(self.packages[which, slot], at)

    def put(self, at, data):
        self.places[at] = bytes(data)

    def put_table(self, preferred=0, apps=(), sequence=5, copy=1):
        """An image table: a hint for the ROM, without the MAC that only the chip makes. apps: (image id, place in
        flash, bytes of the package)."""
        table = struct.pack("<4sBBHQ", b"TTB2", preferred, len(apps), 0, sequence)
        for image, at, length in apps:
            table += struct.pack("<16sII", image, at, length)
        table += bytes(TABLE_APP_SIZE * (TABLE_APPS - len(apps)) + TABLE_MAC_SIZE)
        self.put(M[f"FLASH_TABLE{copy}_AT"], table + struct.pack("<I", zlib.crc32(table)))

    def put_endorsement(self, endorsement):
        self.put(M["FLASH_FACTORY_AT"], struct.pack("<I", len(endorsement)) + endorsement)

    def bytes(self):
        flash = bytearray(b"\xff" * M["FLASH_SIZE"])
        for (which, slot), whole in self.packages.items():
            start, footer = which * M["FLASH_SET_STRIDE"] + M[f"FLASH_{slot}_AT"], M["FLASH_FOOTER_SIZE"]
            end = start + M[f"FLASH_{slot}_SIZE"]
            assert len(whole) <= end - start - footer, f"{slot} does not fit"
            flash[start:start + len(whole)] = whole
            flash[end - footer:end] = struct.pack("<IIII", M["FLASH_FOOTER_MAGIC"], len(whole),
                                                  len(whole) ^ 0xffffffff, 0)
        for at, data in self.places.items():
            assert at + len(data) <= len(flash), f"{at:#x} does not fit"
            flash[at:at + len(data)] = data
        return bytes(flash)
