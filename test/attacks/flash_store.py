"""The store in the flash of a board that is off, as who holds a flash programmer sees it: whole copies, and changes of
single files of its JFFS2, with checksums that fit. Layout of nodes: Linux' include/uapi/linux/jffs2.h."""
import os
import re
import struct
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
MAGIC, DIRENT, INODE, ACCURATE = 0x1985, 0xE001, 0xE002, 0x2000
NODE_HEADER, DIRENT_SIZE, INODE_SIZE = 12, 40, 68
ROOT_INODE = 1
REGULAR, LINK, CHARACTER = 0o100600, 0o120777, 0o020666
DT_CHARACTER, DT_FOLDER, DT_REGULAR, DT_LINK = 2, 4, 8, 10
UNUSED = 0xFF


def crc(data):
    """The kernel's crc32(0, …): no inversion at either end."""
    return zlib.crc32(data, 0xFFFFFFFF) ^ 0xFFFFFFFF


def region():
    with open(os.path.join(HERE, "../../proto/map.h"), encoding="utf-8") as file:
        text = file.read()
    value = lambda name: int(re.search(rf"^#define TATU_FLASH_STORE_{name} (0x\w+)", text, re.M).group(1), 16)  # noqa: E731
    return value("AT"), value("SIZE"), value("BLOCK")


class FlashStore:
    """The store of one board's flash file; changes are written back by save()."""

    def __init__(self, flash):
        self.flash = flash
        self.at, self.size, self.block = region()
        with open(flash, "rb") as file:
            file.seek(self.at)
            self.bytes = bytearray(file.read(self.size))

    def save(self, data=None):
        with open(self.flash, "r+b") as file:
            file.seek(self.at)
            file.write(self.bytes if data is None else data)

    # ---- reading ----

    def nodes(self):
        at = 0
        while at + NODE_HEADER <= self.size:
            magic, kind, length, header = struct.unpack_from("<HHII", self.bytes, at)
            if magic == MAGIC and header == crc(bytes(self.bytes[at:at + 8])) and NODE_HEADER <= length <= self.size - at:
                yield at, kind, length
                at += (length + 3) // 4 * 4
            else:
                at += 4

    def entries(self):
        """{(parent, name): (version, inode, kind)}, the newest of each."""
        found = {}
        for at, kind, length in self.nodes():
            if kind == DIRENT:
                parent, version, inode, _, size, what = struct.unpack_from("<IIIIBB", self.bytes, at + NODE_HEADER)
                name = bytes(self.bytes[at + DIRENT_SIZE:at + DIRENT_SIZE + size]).decode("latin-1")
                if version > found.get((parent, name), (0,))[0]:
                    found[parent, name] = (version, inode, what)
        return {key: value for key, value in found.items() if value[1] != 0}

    def find(self, path):
        """Parent, name and inode of a path."""
        parent, entries = ROOT_INODE, self.entries()
        parts = path.split("/")
        for part in parts[:-1]:
            parent = entries[parent, part][1]
        return parent, parts[-1], entries[parent, parts[-1]][1]

    def names(self):
        return sorted(name for _, name in self.entries())

    def pieces(self, inode):
        return [(at, length) for at, kind, length in self.nodes()
                if kind == INODE and struct.unpack_from("<I", self.bytes, at + NODE_HEADER)[0] == inode]

    # ---- changing ----

    def free_place(self, length):
        """A place for a node behind the last one of a block that has room."""
        length = (length + 3) // 4 * 4
        last = {}
        for at, _, size in self.nodes():
            last[at // self.block] = at + (size + 3) // 4 * 4
        for block, at in sorted(last.items()):
            end = (block + 1) * self.block
            if end - at >= length and all(byte == UNUSED for byte in self.bytes[at:end]):
                return at
        raise ValueError("the store has no room for a node")

    def append(self, node):
        at = self.free_place(len(node))
        self.bytes[at:at + len(node)] = node

    def header(self, kind, length):
        head = struct.pack("<HHI", MAGIC, kind, length)
        return head + struct.pack("<I", crc(head))

    def add_entry(self, parent, name, inode, kind):
        """The name now means this inode (0: nothing)."""
        versions = [struct.unpack_from("<I", self.bytes, at + 16)[0] for at, k, _ in self.nodes()
                    if k == DIRENT and struct.unpack_from("<I", self.bytes, at + 12)[0] == parent]
        name = name.encode("latin-1")
        body = self.header(DIRENT, DIRENT_SIZE + len(name)) + struct.pack(
            "<IIIIBB2x", parent, max(versions) + 1, inode, 0, len(name), kind)
        self.append(body + struct.pack("<II", crc(body), crc(name)) + name)

    def newest(self, inode):
        at, _ = max(self.pieces(inode), key=lambda piece: struct.unpack_from("<I", self.bytes, piece[0] + 16)[0])
        return struct.unpack_from("<IIIHHIIIIIIIBBH", self.bytes, at + NODE_HEADER)

    def add_inode(self, inode, version, mode, uid, data, size=None):
        fields = struct.pack("<IIIHHIIIIIIIBBH", inode, version, mode, uid, uid, len(data) if size is None else size, 0, 0, 0, 0,
                             len(data), len(data), 0, 0, 0)
        body = self.header(INODE, INODE_SIZE + len(data)) + fields
        self.append(body + struct.pack("<II", crc(data), crc(body)) + data)

    def rewrite(self, path, change):
        """Replaces the bytes of a file that lies in one piece."""
        _, _, inode = self.find(path)
        _, version, mode, uid, _, _, *_ = self.newest(inode)
        self.add_inode(inode, version + 1, mode, uid, change(self.read(path)))

    def read(self, path):
        """The bytes of a file; all pieces in their order, uncompressed."""
        _, _, inode = self.find(path)
        pieces = []
        for at, _ in self.pieces(inode):
            fields = struct.unpack_from("<IIIHHIIIIIIIBBH", self.bytes, at + NODE_HEADER)
            pieces.append((fields[1], fields[5], fields[9], fields[10], fields[12], at))
        content = bytearray()
        for _, size, offset, stored, compression, at in sorted(pieces):
            if compression not in (0, 1):
                raise ValueError("the store is compressed")
            data = bytes(self.bytes[at + INODE_SIZE:at + INODE_SIZE + stored])
            content = content[:size].ljust(max(size, 0), b"\0")
            content[offset:offset + len(data)] = data
        return bytes(content)

    def make_link(self, path, target):
        parent, name, inode = self.find(path)
        fresh = max(number for _, number, _ in self.entries().values()) + 50
        self.add_inode(fresh, 1, LINK, 0, target.encode())
        self.add_entry(parent, name, fresh, DT_LINK)
        return inode

    def make_device(self, path, major, minor):
        parent, name, _ = self.find(path)
        fresh = max(number for _, number, _ in self.entries().values()) + 60
        self.add_inode(fresh, 1, CHARACTER, 0, struct.pack("<H", major << 8 | minor))
        self.add_entry(parent, name, fresh, DT_CHARACTER)

    def point(self, path, other):
        """The path now means the inode of another file."""
        parent, name, _ = self.find(path)
        self.add_entry(parent, name, self.find(other)[2], DT_REGULAR)

    def give(self, path, uid, mode=None):
        """Another owner for a file: its newest piece again, with another user."""
        _, _, inode = self.find(path)
        content = self.read(path)
        _, version, old, _, _, _, *_ = self.newest(inode)
        self.add_inode(inode, version + 1, mode or old, uid, content)
