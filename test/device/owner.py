"""What the owner of a device can make: the service's image key of his catalog signs it. Packages, file systems and
capability files are put together here byte by byte, so that a test can also make what our own tools never would.
Source: docs/protocol/image.md, docs/protocol/mailbox.md §4."""
import glob
import hashlib
import os
import sqlite3
import struct
import uuid
import zlib

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature

BLOCK = 4096
SIGNATURE = 64
DIRECTORY, FILE, PROGRAM = 0o40755, 0o101644, 0o101755


class Owner:
    def __init__(self, service_folder, catalog="home"):
        for path in glob.glob(os.path.join(service_folder, "*")):
            with open(path, "rb") if os.path.isfile(path) else open(os.devnull, "rb") as file:
                if file.read(15) == b"SQLite format 3":
                    rows = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
                    der, = rows.execute("SELECT image_key FROM catalog WHERE name=?", (catalog,)).fetchone()
                    rows.close()
        self.key = serialization.load_der_private_key(der, None)

    def thumbprint(self):
        point = self.key.public_key().public_bytes(serialization.Encoding.X962,
                                                   serialization.PublicFormat.UncompressedPoint)
        return hashlib.sha256(point[1:]).digest()[:20]

    def sign(self, signed, key=None):
        signature = (key or self.key).sign(hashlib.sha256(signed).digest(), ec.ECDSA(Prehashed(hashes.SHA256())))
        return signed + b"".join(n.to_bytes(32, "big") for n in decode_dss_signature(signature))

    def sign_package(self, package):
        """The same image by the owner's key: thumbprint and signature anew."""
        signed = bytearray(package[:-SIGNATURE])
        metadata = len(signed) - struct.unpack("<I", signed[-4:])[0]
        at = signed.index(b"SG\x18\0", metadata)
        signed[at + 4:at + 24] = self.thumbprint()
        return self.sign(bytes(signed))

    def package(self, body, sections, key=None):
        metadata = b"4X4M" + struct.pack("<I", len(sections)) + b"".join(sections)
        return self.sign(body + metadata + struct.pack("<I", len(metadata) + 4), key)

    def application(self, component, name, file_system, root=None):
        """A package of type 10 with a file system of any bytes, covered by a hash tree that fits."""
        file_system += b"\0" * (-len(file_system) % BLOCK)
        digest, tree = verity(file_system)
        verified = section("VT", struct.pack("<II", len(file_system), BLOCK) + (root or digest))
        return self.package(file_system + tree, self.sections(10, component, name) + [verified])

    def sections(self, kind, component, name):
        image = uuid.uuid4()
        return [section("ID", struct.pack("<HH", kind, 0) + uuid.UUID(component).bytes_le + image.bytes_le),
                section("SG", self.thumbprint() + struct.pack("<I", 1)),
                section("DB", struct.pack("<Q32s", 1767225600, name.encode())),
                section("TP", struct.pack("<I", 0)), section("ND", struct.pack("<III", 1, 12, 3))]

    def capability(self, numbers, device, key=None):
        """Opens these on the one device."""
        places = b"".join(struct.pack("<H", number) for number in numbers).ljust(140, b"\0")
        body = struct.pack("<III", 0x5CFD5CFD, 1, 204) + bytes.fromhex(device) + places
        component = "9b2f9e6e-5d1f-4c36-8a52-5d0f2f1f7c10"
        return self.package(body, self.sections(13, component, "capability"), key)


def section(name, data):
    return name.encode() + struct.pack("<H", len(data)) + data


def verity(data):
    levels, level = [], data
    while len(level) > BLOCK:
        digests = b"".join(hashlib.sha256(level[at:at + BLOCK]).digest() for at in range(0, len(level), BLOCK))
        level = digests + b"\0" * (-len(digests) % BLOCK)
        levels.insert(0, level)
    return hashlib.sha256(level).digest(), b"".join(levels)


def inode(mode, size, name, offset):
    padded = name + b"\0" * (-len(name) % 4)
    return struct.pack("<HHII", mode, 0, size, len(padded) // 4 | offset // 4 << 6) + padded


def file_system(tree, count=None, forge=None):
    """ASXipFS of {name: (mode, bytes)} or {name: {...}} for a directory. forge(bytearray) changes the bytes before the
    checksum is put in, so that the checksum is right whatever they are."""
    directories, at = [((), tree)], 76
    places = {}

    def size_of(node):
        return sum(12 + (len(name) + 3) // 4 * 4 for name in node)

    for path, node in directories:  # grows as it runs
        places[path] = at
        at += size_of(node)
        directories += [(path + (name,), node[name]) for name in sorted(node) if isinstance(node[name], dict)]
    data_at, nodes = (at + BLOCK - 1) // BLOCK * BLOCK, 1
    listings, data = [], []
    for path, node in directories:
        for name in sorted(node):
            nodes += 1
            if isinstance(node[name], dict):
                place = places[path + (name,)] if node[name] else 0
                listings.append(inode(DIRECTORY, size_of(node[name]), name.encode(), place))
            else:
                mode, content = node[name]
                listings.append(inode(mode, len(content), name.encode(), data_at if content else 0))
                data.append(content + b"\0" * (-len(content) % BLOCK))
                data_at += len(data[-1])
    head = inode(DIRECTORY, size_of(tree), b"", 76 if tree else 0) + b"".join(listings)
    head += b"\0" * (-(64 + len(head)) % BLOCK)
    content = b"".join(data)
    image = bytearray(struct.pack("<IIII16sIIII16s", 0x28CD3D45, 64 + len(head) + len(content), 3, 0, b"Compressed ROMFS",
                                  0, 0, len(content) // BLOCK, nodes if count is None else count, b"Compressed"))
    image += head + content
    if forge is not None:
        forge(image)
    image[32:36] = struct.pack("<I", 0)
    image[32:36] = struct.pack("<I", zlib.crc32(bytes(image)))
    return bytes(image)
