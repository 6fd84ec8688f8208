"""Image packages that no tool of ours would make, signed by the owner, so that only the device's own walls stop them.
cases() gives (name, package, number that the refusal must have, or None): none of them may run, and none may bring the
device down."""
import json
import struct
import uuid

from owner import BLOCK, FILE, PROGRAM, file_system, section, verity

COMPONENT = "0a77ac00-54a7-4c0e-9f53-2c1d6a7e5b0f"
NAME = "forged"
ROOT_INODE = 64
BAD_BODY = (4, 7)
NEVER_RUNS = "never runs"
WRONG_TREE = "a hash tree that does not fit"  # only who reads all of it can tell: the kernel, later


def manifest(**changes):
    made = {"SchemaVersion": 1, "Name": NAME, "ComponentId": COMPONENT, "EntryPoint": "/bin/app", "CmdArgs": [],
            "Capabilities": {}, "ApplicationType": "Default"}
    made.update(changes)
    return json.dumps({key: value for key, value in made.items() if value is not None}).encode()


def tree(program, text=None, **more):
    made = {"app_manifest.json": (FILE, manifest() if text is None else text), "bin": {"app": (PROGRAM, program)}}
    made.update(more)
    return made


def put(at, *words):
    """A change of the image: words at a place, before the checksum is made."""
    def forge(image):
        image[at:at + 4 * len(words)] = struct.pack(f"<{len(words)}I", *words)
    return forge


def rename(old, new):
    def forge(image):
        at = image.index(old)
        image[at:at + len(old)] = new
    return forge


def bodies(program):
    """File systems: what is in them, and how they lie."""
    for name, mode in (("a character device", 0o20666), ("a block device", 0o60666), ("a pipe", 0o10666),
                       ("a socket", 0o140666), ("a nameless kind", 0o666)):
        yield name, file_system(tree(program, x=(mode, b"")))
        yield f"{name} with a number", file_system(tree(program, x=(mode, struct.pack("<I", 0x010b))))
    yield "a link to /etc", file_system(tree(program, x=(0o120777, b"/etc")))
    yield "a link stored in place", file_system(tree(program, x=(0o121777, b"/etc")))
    yield "set-user-id", file_system(tree(program, x=(PROGRAM | 0o4000, program)))
    yield "set-group-id", file_system(tree(program, x=(PROGRAM | 0o2000, program)))
    yield "a program that is set-user-id", file_system({"app_manifest.json": (FILE, manifest()),
                                                         "bin": {"app": (PROGRAM | 0o6000, program)}})
    yield "a compressed file", file_system(tree(program, x=(0o100644, b"x")))
    yield "a name that leaves", file_system(tree(program, **{"..": (FILE, b"x")}))
    yield "a name that stays", file_system(tree(program, **{".": (FILE, b"x")}))
    yield "a name with a slash", file_system(tree(program, **{"a/b": (FILE, b"x")}))
    yield "a name with an escape", file_system(tree(program, **{"a\x1b[2J": (FILE, b"x")}))
    yield "a name of nothing", file_system(tree(program, aaaa=(FILE, b"x")), forge=rename(b"aaaa", b"\0\0\0\0"))
    yield "a name of 64 bytes", file_system(tree(program, **{"n" * 64: (FILE, b"x")}))
    yield "two of one name", file_system(tree(program, aaaa=(FILE, b"x"), bbbb=(FILE, b"y")), forge=rename(b"bbbb", b"aaaa"))
    yield "names out of order", file_system(tree(program, aaaa=(FILE, b"x"), bbbb=(FILE, b"y")), forge=rename(b"aaaa", b"cccc"))
    deep = {"x": (FILE, b"x")}
    for _ in range(40):
        deep = {"d": deep}
    yield "forty folders deep", file_system(tree(program, d=deep))
    yield "three hundred files", file_system(tree(program, **{f"f{n:03}": (FILE, b"") for n in range(300)}))
    for count in (0, 2, 0x7fffffff, 0xffffffff):
        yield f"a count of {count:#x}", file_system(tree(program), count=count)
    yield "a folder inside itself", file_system(tree(program, d={"e": {"x": (FILE, b"x")}}), forge=loop)
    yield "the root is a file", file_system(tree(program), forge=lambda image: put_mode(image, ROOT_INODE, FILE))
    yield "the root is a link", file_system(tree(program), forge=lambda image: put_mode(image, ROOT_INODE, 0o120777))
    yield "a root listing that is far away", file_system(tree(program), forge=put(ROOT_INODE + 8, 0xffffffc0))
    yield "a root listing without end", file_system(tree(program), forge=put(ROOT_INODE + 4, 0x00ffffff))
    yield "a file that is far away", file_system(tree(program), forge=file_word(8, lambda word: word | 0xffffffc0))
    yield "a file without end", file_system(tree(program), forge=file_word(4, lambda word: 0x00ffffff))
    yield "a file that begins in the superblock", file_system(tree(program), forge=file_word(8, lambda word: word & 0x3f))
    yield "a file between the blocks", file_system(tree(program), forge=file_word(8, lambda word: word + (1 << 6)))
    yield "longer than it is", file_system(tree(program), forge=put(4, 0x00fff000))
    yield "shorter than it is", file_system(tree(program), forge=put(4, BLOCK))
    yield "of no length", file_system(tree(program), forge=put(4, 0))
    yield "another magic", file_system(tree(program), forge=put(0, 0x28CD3D46))
    yield "cramfs with holes", file_system(tree(program), forge=put(8, 0x103))
    yield "cramfs of version 0", file_system(tree(program), forge=put(8, 0))
    broken = bytearray(file_system(tree(program)))
    broken[32] ^= 1
    yield "a checksum that does not fit", bytes(broken)
    yield "nothing", bytes(BLOCK)
    yield "a squashfs", b"hsqs" + b"\xff" * (2 * BLOCK - 4)


def put_mode(image, at, mode):
    image[at:at + 2] = struct.pack("<H", mode)


def loop(image):
    """The inode of folder e gets the place of the listing it is in."""
    at = image.index(b"e\0\0\0", 76) - 12
    listing, = struct.unpack_from("<I", image, image.index(b"d\0\0\0", 76) - 4)
    image[at + 8:at + 12] = struct.pack("<I", listing & ~0x3f | 1)


def file_word(offset, change):
    """Changes a word of the manifest's inode."""
    def forge(image):
        at = image.index(b"app_manifest.json") - 12 + offset
        word, = struct.unpack_from("<I", image, at)
        image[at:at + 4] = struct.pack("<I", change(word) & 0xffffffff)
    return forge


def manifests(program):
    texts = {
        "no manifest": (None, (2, 25)),
        "a manifest of nothing": (b"", (2, 1)),
        "a manifest that is no JSON": (b"{" * 100, (2, 1)),
        "a manifest that is a list": (b"[]", None),
        "a manifest of zeros": (b"\0" * 5000, (2, 1)),
        "a manifest of 300 KiB": (b'{"Name":"' + b"x" * 300000 + b'"}', (2, 2)),
        "a deep manifest": (b'{"x":' * 4000 + b"1" + b"}" * 4000, (2, 2)),
        "a manifest with a NUL": (manifest().replace(b'"forged"', b'"for\\u0000ged"'), None),
        "a key twice": (manifest()[:-1] + b', "EntryPoint": "/bin/other"}', (2, 1)),
        "a manifest of another component": (manifest(ComponentId=str(uuid.uuid4())), (16, 5)),
        "schema version 2": (manifest(SchemaVersion=2), (2, 17)),
        "no entry point": (manifest(EntryPoint=None), (2, 3)),
        "an entry point outside": (manifest(EntryPoint="/../../usr/bin/appman"), (2, 16)),
        "an entry point that is the manifest": (manifest(EntryPoint="/app_manifest.json"), (1, 15)),
        "an entry point that is a folder": (manifest(EntryPoint="/bin"), (2, 23)),
        "an entry point that is not there": (manifest(EntryPoint="/bin/none"), (2, 22)),
        "a capability that nobody knows": (manifest(Capabilities={"Root": True}), (1, 24)),
        "a capability of the system": (manifest(Capabilities={"PolicyUpdate": True}), (1, 2)),
        "more storage than there may be": (manifest(Capabilities={"MutableStorage": {"SizeKB": 65}}), (2, 34)),
        "storage below nothing": (manifest(Capabilities={"MutableStorage": {"SizeKB": -1}}), (2, 33)),
        "storage of a huge number": (manifest(Capabilities={"MutableStorage": {"SizeKB": 1 << 62}}), None),
        "no power controls": (manifest(Capabilities={"PowerControls": []}), (2, 49)),
        "a power control twice": (manifest(Capabilities={"PowerControls": ["ForceReboot", "ForceReboot"]}), None),
        "a pin that is not there": (manifest(Capabilities={"Gpio": [4000000000]}), (5, 3)),
        "a pin of the doorbell": (manifest(Capabilities={"Gpio": [12]}), (5, 4)),
        "a port over 65535": (manifest(Capabilities={"AllowedTcpServerPorts": [65536]}), (2, 38)),
        "a host of 4000 letters": (manifest(Capabilities={"AllowedConnections": ["x" * 4000]}), (2, 9)),
        "hosts without end": (manifest(Capabilities={"AllowedConnections": [f"h{n}.example" for n in range(900)]}), (2, 9)),
        "arguments without end": (manifest(CmdArgs=["x" * 50] * 200), (2, 5)),
        "a runtime of tomorrow": (manifest(TargetApplicationRuntimeVersion=99), (3, 22)),
    }
    for name, (text, number) in texts.items():
        made = tree(program, text or b"")
        if text is None:
            del made["app_manifest.json"]
        yield name, file_system(made), number
    folder = {"app_manifest.json": {"x": (FILE, b"x")}, "bin": {"app": (PROGRAM, program)}}
    yield "a manifest that is a folder", file_system(folder), (2, 25)
    yield "a program of another machine", file_system(tree(b"\x7fELF\x02" + program[5:])), (1, 15)
    yield "a program that is text", file_system(tree(b"#!/bin/sh\n")), (1, 15)


def packages(owner, program):
    """What is behind the body: sections, lengths, hash tree."""
    body = file_system(tree(program))
    root, hashes = verity(body)
    head = owner.sections(10, COMPONENT, NAME)
    good = [*head, section("VT", struct.pack("<II", len(body), BLOCK) + root)]

    def verified(length, block, digest=root):
        return [*head, section("VT", struct.pack("<II", length, block) + digest)]
    yield WRONG_TREE, owner.package(body + hashes, verified(len(body), BLOCK, bytes(32)))
    yield "a body that was changed behind its hash tree", owner.package(flip(body, BLOCK + 9) + hashes, good)
    yield "a hash tree beyond the body", owner.package(body, good)
    yield "verified data of no length", owner.package(body + hashes, verified(0, BLOCK))
    yield "verified data beyond the body", owner.package(body + hashes, verified(0xfffff000, BLOCK))
    yield "verified data between blocks", owner.package(body + hashes, verified(len(body) - 1, BLOCK))
    yield "blocks of one byte", owner.package(body + hashes, verified(len(body), 1))
    yield "less verified than there is", owner.package(body + hashes, verified(BLOCK, BLOCK, verity(body[:BLOCK])[0]))
    for kind in (0, 1, 2, 4, 7, 8, 13, 19, 26, 28, 0xffff):
        yield f"an image of type {kind}", owner.package(body + hashes, [*owner.sections(kind, COMPONENT, NAME), good[-1]])
    yield "no component", owner.package(body + hashes, [*owner.sections(10, str(uuid.UUID(int=0)), NAME), good[-1]])
    yield "sixty sections", owner.package(body + hashes, good + [section("ZZ", b"")] * 60)
    yield "a section twice", owner.package(body + hashes, good + [good[0]])
    yield "no identity", owner.package(body + hashes, good[1:])
    yield "a section beyond the end", raw_package(owner, body + hashes, b"".join(good) + b"ZZ\xff\xff", len(good) + 1)
    yield "a count of sections that is huge", raw_package(owner, body + hashes, b"".join(good), 0xffffffff)
    yield "metadata of no length", owner.sign(body + hashes + b"4X4M" + struct.pack("<II", 0, 0))
    yield "metadata without end", owner.sign(body + hashes + b"4X4M" + struct.pack("<II", 0, 0xffffffff))
    yield "a name with escapes", owner.package(body + hashes, replace_name(good, b"\x1b[2J\x07"))
    yield "only a signature", owner.sign(b"")


def flip(body, at):
    return body[:at] + bytes([body[at] ^ 1]) + body[at + 1:]


def raw_package(owner, body, sections, count):
    metadata = b"4X4M" + struct.pack("<I", count) + sections
    return owner.sign(body + metadata + struct.pack("<I", len(metadata) + 4))


def replace_name(sections, name):
    return [section("DB", struct.pack("<Q32s", 1767225600, name)) if part.startswith(b"DB") else part for part in sections]


def cases(owner, program):
    for name, body in bodies(program):
        yield f"image with {name}", owner.application(COMPONENT, NAME, body), BAD_BODY
    for name, body, number in manifests(program):
        yield f"image with {name}", owner.application(COMPONENT, NAME, body), number
    for name, package in packages(owner, program):
        yield f"package with {name}", package, NEVER_RUNS if name == WRONG_TREE else None


def good(owner, program):
    """The same without anything wrong: what the cases are changes of. Without it they could hold for another reason."""
    return owner.application(COMPONENT, NAME, file_system(tree(program)))


__all__ = ["COMPONENT", "NAME", "NEVER_RUNS", "cases", "good"]
