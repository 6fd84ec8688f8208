"""Images of the application file system, written by code of its own, and ways to spoil them."""
import struct

BLOCK = 4096
NODES_AT = 76
FNV = 0x100000001b3


def blocks(data):
    return data + bytes(-len(data) % BLOCK)


def inode(mode, size, name, offset, uid=0, gid=0):
    padded = name + bytes(-len(name) % 4)
    return struct.pack("<III", mode | uid << 16, size | gid << 24,
                       len(padded) // 4 | (offset // 4) << 6) + padded


def listing_size(entries):
    return sum(12 + (len(name) + 3) // 4 * 4 for name, _ in entries)


def make(tree):
    """tree: {name: bytes | (bytes, mode) | tree}. Listings of folders first, each after the one that names it."""
    folders, at = [(tree, None)], NODES_AT
    order, places = [], {}
    while folders:
        folder, _ = folders.pop(0)
        entries = sorted(folder.items())
        places[id(folder)] = (at, listing_size(entries))
        order.append(entries)
        at += listing_size(entries)
        folders += [(value, None) for _, value in entries if isinstance(value, dict)]
    data_at, nodes, data = -(-at // BLOCK) * BLOCK, b"", b""
    for entries in order:
        for name, value in entries:
            if isinstance(value, dict):
                offset, size = places[id(value)]
                nodes += inode(0o40755, size, name, offset)
                continue
            content, mode = value if isinstance(value, tuple) else (value, 0o101755)
            nodes += inode(mode, len(content), name, data_at + len(data) if content else 0)
            data += blocks(content)
    size = data_at + len(data)
    root_at, root_size = places[id(tree)]
    head = struct.pack("<IIII16sIIII16s", 0x28cd3d45, size, 3, 0, b"Compressed ROMFS", 0, 0,
                       len(data) // BLOCK, 1 + sum(map(len, order)), b"Compressed")
    return blocks(head + inode(0o40755, root_size, b"", root_at) + nodes) + data


def digest(tree):
    """What the probe computes: names, modes and contents in the order of the listing, folders in place."""
    state, entries, files = 0xcbf29ce484222325, 0, 0

    def add(data):
        nonlocal state
        for byte in data:
            state = (state ^ byte) * FNV & 0xffffffffffffffff

    def walk(folder):
        nonlocal entries, files
        for name, value in sorted(folder.items()):
            entries += 1
            add(name)
            if isinstance(value, dict):
                add(struct.pack("<I", 0o40555))
                walk(value)
            else:
                content, mode = value if isinstance(value, tuple) else (value, 0o101755)
                files += 1
                add(struct.pack("<I", 0o100444 | mode & 0o111))
                add(content)

    walk(tree)
    return entries, files, state


def words(image, nodes_end):
    return range(0, nodes_end, 4)


def spoil(image, rng, nodes_end):
    """One image with one to four faults, most of them where the structure is."""
    image = bytearray(image)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(0, nodes_end) if rng.random() < 0.95 else rng.randrange(0, len(image))
        kind = rng.randrange(5)
        if kind == 0:
            image[at] ^= 1 << rng.randrange(8)
        elif kind == 1:
            image[at] = rng.randrange(256)
        elif kind == 2:
            at &= ~3
            struct.pack_into("<I", image, at, rng.choice(
                [0, 1, 0xffffffff, 0x7fffffff, 0x80000000, rng.getrandbits(32), len(image), len(image) - 1]))
        elif kind == 3:  # a word from elsewhere: entries that name each other
            struct.pack_into("<I", image, at & ~3,
                             struct.unpack_from("<I", image, rng.randrange(0, nodes_end) & ~3)[0])
        else:
            len_ = rng.randrange(1, 32)
            image[at:at + len_] = rng.randbytes(min(len_, len(image) - at))
    return bytes(image)
