#!/usr/bin/python3
"""Good and bad objects of proto, made by a second implementation (cbor2, cryptography, struct).

    make.py             writes the vectors beside this script, and index.txt that lists them
    make.py --verify    says whether the checked-in vectors are what it would write
    make.py --check P   reads what the program P (proto_vectors) encodes: P NAME prints an object;
                        P sig-input NAME the bytes to sign; P assemble NAME R||S-HEX the COSE_Sign1
    make.py --corpus D  puts the vectors into the fuzz corpora under D

A line of index.txt: what reads it, file, the error it must give (OK for none).
"""
import hashlib
import hmac
import os
import struct
import subprocess
import sys
import uuid
import zlib

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

HERE = os.path.dirname(os.path.abspath(__file__))
PROFILE = "tag:tatu-project,2026:evidence/2"
PRIVATE = int.from_bytes(hashlib.sha256(b"vectors of proto: no secret").digest(), "big")
KEY = ec.derive_private_key(PRIVATE, ec.SECP256R1())
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
AADS = {"evidence": "tatu-evidence-1", "endorsement": "tatu-endorsement-1", "claim": "tatu-claim-1",
        "time": "tatu-time-1", "deployment": "tatu-deployment-1", "reference": "tatu-reference-1",
        "confirmation": "tatu-confirm-1", "ticket": "tatu-ticket-1"}


# ---- signatures --------------------------------------------------------------------------------
def public_bytes():
    numbers = KEY.public_key().public_numbers()
    return numbers.x.to_bytes(32, "big") + numbers.y.to_bytes(32, "big")


def rfc6979(digest):
    """The nonce of RFC 6979, so that the vectors are the same each time they are made."""
    secret = PRIVATE.to_bytes(32, "big")
    reduced = (int.from_bytes(digest, "big") % ORDER).to_bytes(32, "big")
    k, v = b"\0" * 32, b"\1" * 32
    for round_byte in (b"\0", b"\1"):
        k = hmac.digest(k, v + round_byte + secret + reduced, "sha256")
        v = hmac.digest(k, v, "sha256")
    while True:
        v = hmac.digest(k, v, "sha256")
        candidate = int.from_bytes(v, "big")
        if 0 < candidate < ORDER:
            return candidate
        k = hmac.digest(k, v + b"\0", "sha256")
        v = hmac.digest(k, v, "sha256")


def sign(message):
    digest = hashlib.sha256(message).digest()
    nonce = rfc6979(digest)
    # the point nonce*G is the public key of the nonce taken as a private key
    r = ec.derive_private_key(nonce, ec.SECP256R1()).public_key().public_numbers().x % ORDER
    s = pow(nonce, -1, ORDER) * (int.from_bytes(digest, "big") + r * PRIVATE) % ORDER
    signature = r.to_bytes(32, "big") + s.to_bytes(32, "big")
    verify(message, signature)
    return signature


def verify(message, signature):
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    KEY.public_key().verify(utils.encode_dss_signature(r, s), message, ec.ECDSA(hashes.SHA256()))


# ---- CBOR: maps are written in the order of their encoded keys ---------------------------------------
def ordered(value):
    if isinstance(value, dict):
        pairs = sorted(value.items(), key=lambda pair: cbor2.dumps(pair[0]))
        return {key: ordered(item) for key, item in pairs}
    if isinstance(value, list):
        return [ordered(item) for item in value]
    return value


def enc(value):
    return cbor2.dumps(ordered(value))


def sig_structure(name, payload, protected=b"\xa1\x01\x26"):
    return enc(["Signature1", protected, AADS[name].encode(), payload])


def sign1(name, payload, protected=b"\xa1\x01\x26", unprotected=None, signature=None):
    if unprotected is None:
        unprotected = {4: hashlib.sha256(public_bytes()).digest()[:20]}
    if signature is None:
        signature = sign(sig_structure(name, payload, protected))
    return enc(cbor2.CBORTag(18, [protected, unprotected, payload, signature]))


# ---- the samples, the same as proto/src/samples.c ------------------------------------------------
DEVICE_ID = b"\x11" * 64
UEID = b"\x01" + hashlib.sha256(DEVICE_ID).digest()
NAMES = ["vault-runtime", "monitor", "device-tree", "kernel", "root"]
EVIDENCE = {
    8: {1: {1: 2, -1: 1, -2: b"\x44" * 32, -3: b"\x45" * 32}},
    10: b"\x22" * 32,
    256: UEID,
    263: 1,
    265: PROFILE,
    2395: 0x3003,
    2396: b"\x33" * 32,
    2399: [{1: name, 2: bytes([0x50 + i]) * 32, 4: str(0 if i == 0 else 4294967295 // i)}
           for i, name in enumerate(NAMES)],
    -75001: DEVICE_ID,
    -75002: 1,
    -75003: 300,
    -75004: 5000000000,
    -75005: [[bytes([0x60 + i]) * 16, bytes([0x70 + i]) * 16, bytes([0x80 + i]) * 32]
             for i in range(2)],
    -75006: [1, True],
    -75007: [[b"\x90" * 16, b"\x60" * 16, b"\x91" * 64]],
    -75008: 1 << 11 | 1 << 13,
    -75009: 2,
}
ENDORSEMENT = {1: DEVICE_ID, 2: b"\x12" * 64, 3: b"\x33" * 32, 4: 2, 5: 1767225600}
CLAIM = {1: b"\x22" * 32, 2: DEVICE_ID, 3: b"\x90" * 16, 4: b"\x92" * 64}
TIME = {1: b"\x22" * 32, 2: 1767225600}
DEPLOYMENT = {1: DEVICE_ID, 2: b"\xd0" * 16, 3: 1767225600, 4: 7,
              5: [[bytes([0x70 + i]) * 16, bytes([0x60 + i]) * 16, 20480, bytes([0x80 + i]) * 32]
                  for i in range(2)]}
REFERENCE = {1: "26.11", 2: b"\x33" * 32, 3: [[2, 0, b"\x50" * 32], [4, 70000, b"\x51" * 32]], 4: True}
CONFIRMATION = {1: b"\x33" * 32, 2: [1, 24, 64, 0]}
TICKET = {1: DEVICE_ID, 2: b"\x22" * 32, 3: 86400}
CRASH = {1: b"\x60" * 16, 2: b"\x70" * 16, 3: 11, 4: 1, 5: 0xDEADBEEF, 6: 1767225600,
         7: [[0x10000, 0x4000, b"\xb1" * 20, "/app/bin/app"], [0xB6F00000, 0x90000, b"", "/lib/libc.so.1"]],
         8: [[struct.pack("<17I", *range(0x1000, 0x1011)), 0xBEFF0000, b"\x5c" * 256]], 9: 42}
BOOT_FAILURE = [1, 7, 17, 70000]
EVENT = {1: 2, 2: b"\x60" * 16, 3: b"\x70" * 16, 4: 11, 5: 1767225600}
STATEMENTS = {"evidence": EVIDENCE, "endorsement": ENDORSEMENT, "claim": CLAIM, "time": TIME,
              "deployment": DEPLOYMENT, "reference": REFERENCE, "confirmation": CONFIRMATION, "ticket": TICKET}
REPORTS = {"crash": CRASH, "boot_failure": BOOT_FAILURE, "event": EVENT}


def changed(sample, **changes):
    """A copy in which claims are replaced; None takes one out. Names are k8, n75001 and so on."""
    copy = dict(sample)
    for name, value in changes.items():
        key = int(name[1:]) if name[0] == "k" else -int(name[1:])
        copy.pop(key, None)
        if value is not None:
            copy[key] = value
    return copy


# ---- objects of fixed layout --------------------------------------------------------------------
def section(name, data):
    return name.encode() + struct.pack("<H", len(data)) + data


def image(body, sections):
    metadata = b"4X4M" + struct.pack("<I", len(sections)) + b"".join(sections)
    signed = body + metadata + struct.pack("<I", len(metadata) + 4)
    return signed + sign(signed)


COMPONENT = uuid.UUID("61ae5c57-98cd-4a0a-8b60-9509505c7617").bytes_le
IMAGE_ID = uuid.UUID("f79c8d39-21ab-44f9-802d-25f478eea1ba").bytes_le
THUMBPRINT = hashlib.sha256(public_bytes()).digest()[:20]
S_ID = section("ID", struct.pack("<HH", 10, 0) + COMPONENT + IMAGE_ID)
S_SG = section("SG", THUMBPRINT + struct.pack("<I", 1))
S_DB = section("DB", struct.pack("<Q32s", 1767225600, b"doorbell"))
S_TP = section("TP", struct.pack("<I", 0))
S_ND = section("ND", struct.pack("<III", 1, 12, 3))
S_TV = section("TV", struct.pack("<II", 7, 0))
S_S2 = section("S2", struct.pack("<HH", 1, 0) + b"\x22" * 1452)
PLAIN = [S_ID, S_SG, S_DB, S_TP, S_ND]


def verity(data):
    """Root and tree of dm-verity, hash format 1, no salt, SHA-256, blocks of 4096."""
    levels = []
    level = data
    while len(level) > 4096:
        digests = b"".join(hashlib.sha256(level[at:at + 4096]).digest() for at in range(0, len(level), 4096))
        level = digests + b"\0" * (-len(digests) % 4096)
        levels.insert(0, level)
    return hashlib.sha256(level).digest(), b"".join(levels)


def keystore(keys, host=b"localhost", version=2, ports=(8443, 8444)):
    return (b"TKEY" + struct.pack("<I", version) + b"\1" * 64 + b"\x11" * 56 + struct.pack("<I", len(keys)) +
            b"".join(key + struct.pack("<II", usage, revoked) for key, usage, revoked in keys) +
            b"\4" * 64 + b"\5" * 64 + b"\6" * 64 + struct.pack("<H", len(host)) + host +
            struct.pack("<HH", *ports))


def key_pair(n):
    return bytes([n]) * 64 + bytes([0x10 + n]) * 56


KEYS = [(key_pair(2), 1, 0), (key_pair(3), 1, 1)]


def table(apps, sequence=9, preferred=1, count=None):
    content = b"TTB2" + struct.pack("<BBHQ", preferred, len(apps) if count is None else count, 0, sequence)
    content += b"".join(name + struct.pack("<II", offset, size) for name, offset, size in apps)
    content = content.ljust(400, b"\0") + b"\x6d" * 32
    return content + struct.pack("<I", zlib.crc32(content))


def capability(numbers, device_id=DEVICE_ID, version=1, inner=204):
    places = b"".join(struct.pack("<H", number) for number in numbers)
    return struct.pack("<III", 0x5CFD5CFD, version, inner) + device_id + places.ljust(140, b"\0")


def recovery_manifest(parts, version=1, count=None):
    return struct.pack("<II", version, len(parts) if count is None else count) + b"".join(
        struct.pack("<HHI", kind, reserved, size) + digest for kind, reserved, size, digest in parts)


def with_part(at, **changes):
    parts = list(PARTS)
    parts[at] = tuple({**dict(zip(("kind", "reserved", "size", "digest"), parts[at])), **changes}.values())
    return parts


PARTS = [(kind, 0, 1000 * kind, bytes([kind]) * 32) for kind in (2, 4, 6, 7, 8, 19)]
APPS = [(b"\1" * 16, 0x600000, 5000), (b"\2" * 16, 0x602000, 100)]


def frame(payload):
    return b"TFAB" + struct.pack("<I", len(payload)) + payload + struct.pack("<I", zlib.crc32(payload))


FAB_REQUEST = struct.pack("<I", 3) + b"\7" * 32 + b"\x08" * 32 + b"\0" * 96
FAB_ANSWER = struct.pack("<I", 0) + b"\x11" * 64 + b"\x12" * 64


def asxipfs(tree, crc=None, files=None):
    """tree: {name: (mode, bytes)} or {name: {..}} for a directory; returns the file system image."""
    listings, data = [], []

    def size_of(node):
        return sum(12 + (len(name) + 3) // 4 * 4 for name in node)

    directories, at = [((), tree)], 76
    places = {}
    for path, node in directories:  # grows as it runs: directories in the order they are met
        places[path] = at
        at += size_of(node)
        directories += [(path + (name,), node[name]) for name in sorted(node) if isinstance(node[name], dict)]
    data_at = (at + 4095) // 4096 * 4096
    nodes = 1

    def inode(mode, size, name, offset):
        padded = name + b"\0" * (-len(name) % 4)
        return struct.pack("<HHII", mode, 0, size, len(padded) // 4 | offset // 4 << 6) + padded

    for path, node in directories:
        for name in sorted(node):
            nodes += 1
            entry = node[name]
            if isinstance(entry, dict):
                place = places[path + (name,)] if entry else 0
                listings.append(inode(0o40755, size_of(entry), name.encode(), place))
            else:
                mode, content = entry
                listings.append(inode(mode, len(content), name.encode(), data_at if content else 0))
                padded = content + b"\0" * (-len(content) % 4096)
                data.append(padded)
                data_at += len(padded)
    root = inode(0o40755, size_of(tree), b"", 76 if tree else 0)
    head = b"".join([root] + listings)
    head += b"\0" * (-(64 + len(head)) % 4096)
    content = b"".join(data)
    image_len = 64 + len(head) + len(content)
    superblock = struct.pack("<IIII16sIIII16s", 0x28CD3D45, image_len, 3, 0, b"Compressed ROMFS", 0, 0,
                             len(content) // 4096, nodes if files is None else files, b"Compressed")
    checksum = zlib.crc32(superblock + head + content) if crc is None else crc
    return superblock[:32] + struct.pack("<I", checksum) + superblock[36:] + head + content


TREE = {"app_manifest.json": (0o101644, b"{}"), "bin": {"app": (0o101755, b"\x7fELF" + b"\0" * 60)}, "empty": {}}


# ---- the vectors: reader, name, bytes, expected error ------------------------------------------------
def bad_statements():
    good = {name: enc(sample) for name, sample in {**STATEMENTS, **REPORTS}.items()}
    evidence = good["evidence"]
    yield "evidence", "other-profile", enc(changed(EVIDENCE, k265="tag:other,2026:1")), "VERSION"
    yield "evidence", "no-profile", enc(changed(EVIDENCE, k265=None)), "FORMAT"
    yield "evidence", "no-cnf", enc(changed(EVIDENCE, k8=None)), "FORMAT"
    yield "evidence", "unknown-claim", enc(changed(EVIDENCE, n75010=1)), "FORMAT"
    yield "evidence", "capability-14", enc(changed(EVIDENCE, n75008=1 << 14)), "FORMAT"
    yield "evidence", "mode-4", enc(changed(EVIDENCE, n75009=4)), "FORMAT"
    yield "evidence", "no-mode", enc(changed(EVIDENCE, n75009=None)), "FORMAT"
    yield "evidence", "tenant-without-component", enc(changed(EVIDENCE, n75007=[[b"\x90" * 16, b"\x91" * 64]])), "FORMAT"
    yield "evidence", "tenant-twice", enc(changed(EVIDENCE, n75007=EVIDENCE[-75007] * 2)), "FORMAT"
    yield "evidence", "nine-tenants", enc(changed(EVIDENCE, n75007=[
        [b"\x90" * 16, bytes([i]) * 16, b"\x91" * 64] for i in range(9)])), "LONG"
    yield "evidence", "nonce-31", enc(changed(EVIDENCE, k10=b"\x22" * 31)), "FORMAT"
    yield "evidence", "other-ueid", enc(changed(EVIDENCE, k256=b"\x01" + b"\0" * 32)), "FORMAT"
    yield "evidence", "debug-permanently-off", enc(changed(EVIDENCE, k263=3)), "FORMAT"
    yield "evidence", "lifecycle-decommissioned", enc(changed(EVIDENCE, k2395=0x6003)), "FORMAT"
    yield "evidence", "no-measurement", enc(changed(EVIDENCE, k2399=[])), "FORMAT"
    yield "evidence", "nine-measurements", enc(changed(EVIDENCE, k2399=EVIDENCE[2399][:1] * 9)), "LONG"
    yield "evidence", "monitor-twice", enc(changed(EVIDENCE, k2399=EVIDENCE[2399][1:2] * 2)), "FORMAT"
    yield "evidence", "seventeen-apps", enc(changed(EVIDENCE, n75005=[
        [bytes([i]) * 16, b"\0" * 16, b"\0" * 32] for i in range(17)])), "LONG"
    yield "evidence", "component-twice", enc(changed(EVIDENCE, n75005=EVIDENCE[-75005][:1] * 2)), "FORMAT"
    yield "evidence", "class-4", enc(changed(EVIDENCE, n75002=4)), "FORMAT"
    yield "evidence", "boot-count-negative", enc(changed(EVIDENCE, n75003=-1)), "FORMAT"
    yield "evidence", "uptime-float", enc(changed(EVIDENCE, n75004=1.5)), "FORMAT"
    pairs = [cbor2.dumps(key) + enc(value) for key, value in ordered(EVIDENCE).items()]
    yield "evidence", "unsorted", b"\xb1" + b"".join([pairs[1], pairs[0]] + pairs[2:]), "FORMAT"
    yield "evidence", "claim-twice", b"\xb1" + b"".join(pairs[:2] + pairs[1:2] + pairs[3:]), "FORMAT"
    yield "evidence", "indefinite-map", b"\xbf" + b"".join(pairs) + b"\xff", "FORMAT"
    yield "evidence", "long-head", b"\xb8\x11" + b"".join(pairs), "FORMAT"
    yield "evidence", "cut-off", evidence[:-1], "SHORT"
    yield "evidence", "left-over", evidence + b"\0", "FORMAT"
    yield "evidence", "over-4096", evidence + b"\0" * (4097 - len(evidence)), "LONG"
    yield "endorsement", "class-0", enc(changed(ENDORSEMENT, k4=0)), "FORMAT"
    yield "endorsement", "no-attestation", enc(changed(ENDORSEMENT, k2=None)), "FORMAT"
    yield "endorsement", "short-key", enc(changed(ENDORSEMENT, k2=b"\x12" * 63)), "FORMAT"
    yield "endorsement", "tagged-time", enc(changed(ENDORSEMENT, k5=cbor2.CBORTag(1, 1767225600))), "FORMAT"
    yield "claim", "extra", enc(changed(CLAIM, k5=0)), "FORMAT"
    yield "claim", "tenant-as-text", enc(changed(CLAIM, k3="9" * 16)), "FORMAT"
    yield "time", "before-1970", enc(changed(TIME, k2=-1)), "FORMAT"
    yield "time", "bignum", enc(changed(TIME, k2=2 ** 64)), "FORMAT"
    yield "time", "cut-off", good["time"][:-1], "SHORT"
    yield "confirmation", "three-floors", enc(changed(CONFIRMATION, k2=[1, 24, 64])), "FORMAT"
    yield "confirmation", "floor-65", enc(changed(CONFIRMATION, k2=[1, 24, 65, 0])), "FORMAT"
    yield "confirmation", "floor-negative", enc(changed(CONFIRMATION, k2=[1, -1, 64, 0])), "FORMAT"
    yield "ticket", "grace-599", enc(changed(TICKET, k3=599)), "FORMAT"
    yield "ticket", "grace-over-a-year", enc(changed(TICKET, k3=31536001)), "FORMAT"
    yield "ticket", "disarmed", enc(changed(TICKET, k3=0)), "OK"
    yield "ticket", "no-nonce", enc(changed(TICKET, k2=None)), "FORMAT"
    yield "deployment", "seventeen-images", enc(changed(DEPLOYMENT, k5=[
        [b"\0" * 16, bytes([i]) * 16, 4096, b"\0" * 32] for i in range(17)])), "LONG"
    yield "deployment", "component-twice", enc(changed(DEPLOYMENT, k5=DEPLOYMENT[5][:1] * 2)), "FORMAT"
    yield "deployment", "size-0", enc(changed(DEPLOYMENT, k5=[[b"\0" * 16, b"\1" * 16, 0, b"\0" * 32]])), "FORMAT"
    yield "deployment", "size-5g", enc(changed(DEPLOYMENT, k5=[
        [b"\0" * 16, b"\1" * 16, 5 << 30, b"\0" * 32]])), "FORMAT"
    yield "deployment", "none-with-images", enc(changed(DEPLOYMENT, k2=b"\0" * 16)), "FORMAT"
    yield "reference", "type-3", enc(changed(REFERENCE, k3=[[3, 0, b"\0" * 32]])), "FORMAT"
    yield "reference", "release-33", enc(changed(REFERENCE, k1="r" * 33)), "LONG"
    yield "reference", "no-measurement", enc(changed(REFERENCE, k3=[])), "FORMAT"
    yield "crash", "no-thread", enc(changed(CRASH, k8=[])), "FORMAT"
    yield "crash", "stack-2049", enc(changed(CRASH, k8=[[b"\0" * 68, 0, b"\0" * 2049]])), "LONG"
    yield "crash", "name-newline", enc(changed(CRASH, k7=[[0, 0, b"", "a\nb"]])), "FORMAT"
    yield "crash", "registers-64", enc(changed(CRASH, k8=[[b"\0" * 64, 0, b""]])), "FORMAT"
    yield "boot_failure", "set-256", enc([256, 7, 17, 1]), "FORMAT"
    yield "boot_failure", "three", enc([1, 7, 17]), "FORMAT"
    yield "event", "kind-0", enc(changed(EVENT, k1=0)), "FORMAT"
    yield "event", "code-negative", enc(changed(EVENT, k4=-11)), "FORMAT"


def bad_sign1():
    payload = enc(TIME)
    body = [b"\xa1\x01\x26", {}, payload, b"\0" * 64]
    yield "untagged", enc(body), "FORMAT"
    yield "tag-98", enc(cbor2.CBORTag(98, body)), "FORMAT"
    yield "cwt-tag-outside", enc(cbor2.CBORTag(61, cbor2.CBORTag(18, body))), "FORMAT"
    yield "es384", sign1("time", payload, protected=enc({1: -35}), signature=b"\0" * 64), "FORMAT"
    yield "crit", sign1("time", payload, protected=enc({1: -7, 2: [3], 3: "x"})), "FORMAT"
    yield "alg-unprotected", sign1("time", payload, protected=b"", unprotected={1: -7}), "FORMAT"
    yield "detached", enc(cbor2.CBORTag(18, [b"\xa1\x01\x26", {}, None, b"\0" * 64])), "FORMAT"
    yield "der-signature", sign1("time", payload, signature=b"\x30" + b"\0" * 69), "FORMAT"
    yield "kid-33", sign1("time", payload, unprotected={4: b"k" * 33}), "LONG"
    yield "kid-empty", sign1("time", payload, unprotected={4: b""}), "FORMAT"
    yield "payload-4097", sign1("time", b"\0" * 4097), "LONG"
    yield "left-over", sign1("time", payload) + b"\0", "FORMAT"
    yield "cut-off", sign1("time", payload)[:-1], "SHORT"


def images():
    data = b"\x5a" * 8192
    root, tree = verity(data)
    vt = section("VT", struct.pack("<II", len(data), 4096) + root)
    body = b"\x5a" * 64
    yield "plain-application", image(body, PLAIN), "OK"
    yield "with-version-and-verity", image(data + tree, PLAIN + [S_TV, vt]), "OK"
    yield "with-unknown-section", image(body, PLAIN + [section("RV", struct.pack("<I", 3))]), "OK"
    yield "other-order", image(body, [S_SG, S_ID]), "OK"
    yield "empty", b"", "SHORT"
    yield "signature-alone", b"\0" * 64, "SHORT"
    yield "no-identity", image(body, [S_SG, S_DB, S_TP]), "FORMAT"
    yield "no-signature-section", image(body, [S_ID, S_DB]), "FORMAT"
    yield "identity-twice", image(body, PLAIN + [S_ID]), "FORMAT"
    yield "rsa", image(body, [S_ID, section("SG", THUMBPRINT + struct.pack("<I", 2))]), "VERSION"
    yield "short-identity", image(body, [section("ID", S_ID[4:-1]), S_SG, S_DB]), "FORMAT"
    yield "long-identity", image(body, [section("ID", S_ID[4:] + b"\0"), S_SG]), "FORMAT"
    yield "abi-empty", image(body, [S_ID, S_SG, section("ND", b"")]), "FORMAT"
    yield "abi-none", image(body, [S_ID, S_SG, section("ND", struct.pack("<I", 0))]), "FORMAT"
    yield "abi-two", image(body, [S_ID, S_SG, section("ND", struct.pack("<IIIII", 2, 12, 3, 5, 2))]), "OK"
    yield "abi-part", image(body, [S_ID, S_SG, section("ND", struct.pack("<IIII", 1, 12, 3, 5))]), "FORMAT"
    yield "seventeen-sections", image(body, [S_ID, S_SG] + [section("A" + chr(65 + i), b"") for i in range(15)]), "LONG"
    yield "metadata-of-2560", image(body, [S_ID, S_SG, section("XX", b"\0" * 2476)]), "OK"
    yield "metadata-over-2560", image(body, [S_ID, S_SG, section("XX", b"\0" * 2477)]), "LONG"
    yield "second-signature", image(body, [S_ID, S_SG, S_TV, S_S2]), "OK"
    yield "second-signature-not-last", image(body, [S_ID, S_SG, S_S2, S_TV]), "FORMAT"
    yield "second-signature-twice", image(body, [S_ID, S_SG, section("S2", b"\1\0\0\0"), S_S2]), "FORMAT"
    yield "second-signature-short", image(body, [S_ID, S_SG, section("S2", S_S2[4:-1])]), "FORMAT"
    yield "second-signature-long", image(body, [S_ID, S_SG, section("S2", S_S2[4:] + b"\0")]), "FORMAT"
    yield "second-signature-other", image(body, [S_ID, S_SG, section("S2", b"\2" + S_S2[5:])]), "VERSION"
    yield "second-signature-reserved", image(body, [S_ID, S_SG, section("S2", b"\1\0\1" + S_S2[7:])]), "FORMAT"
    yield "verity-outside-body", image(data, PLAIN + [vt]), "FORMAT"
    yield "verity-block-1024", image(data + tree, PLAIN + [
        section("VT", struct.pack("<II", len(data), 1024) + root)]), "FORMAT"
    yield "truncated", image(body, PLAIN)[:-1], "LONG"  # the length word is read one byte off
    yield "byte-appended", image(body, PLAIN) + b"\0", "LONG"  # the same


def fixed_layouts():
    yield "keystore", "good", keystore(KEYS), "OK"
    yield "keystore", "ipv4-host", keystore(KEYS, host=b"10.0.2.2"), "OK"
    yield "keystore", "version-1", keystore(KEYS, version=1), "VERSION"
    yield "keystore", "version-3", keystore(KEYS, version=3), "VERSION"
    yield "keystore", "key-twice", keystore(KEYS[:1] + [(key_pair(2)[:64] + key_pair(4)[64:], 1, 1)]), "FORMAT"
    yield "keystore", "lms-key-twice", keystore(KEYS[:1] + [(key_pair(4)[:64] + key_pair(2)[64:], 1, 1)]), "FORMAT"
    yield "keystore", "no-key", keystore([]), "FORMAT"
    yield "keystore", "nine-keys", keystore([(key_pair(i), 1, 0) for i in range(9)]), "LONG"
    yield "keystore", "usage-2", keystore([(key_pair(2), 2, 0)]), "FORMAT"
    yield "keystore", "host-url", keystore(KEYS, host=b"https://host"), "FORMAT"
    yield "keystore", "host-empty", keystore(KEYS, host=b""), "FORMAT"
    yield "keystore", "port-0", keystore(KEYS, ports=(0, 1)), "FORMAT"
    yield "keystore", "left-over", keystore(KEYS) + b"\0", "LONG"
    yield "keystore", "cut-off", keystore(KEYS)[:-1], "SHORT"
    yield "table", "good", table(APPS), "OK"
    yield "table", "empty", table([]), "OK"
    yield "table", "crc", table(APPS)[:-1] + b"\0", "FORMAT"
    yield "table", "set-2", table(APPS, preferred=2), "FORMAT"
    yield "table", "overlap", table([(b"\1" * 16, 0x600000, 5000), (b"\2" * 16, 0x601000, 1)]), "FORMAT"
    yield "table", "in-factory", table([(b"\1" * 16, 0x7F0000, 1)]), "FORMAT"
    yield "table", "uncounted", table(APPS, count=1), "FORMAT"
    yield "table", "cut-off", table(APPS)[:-1], "SHORT"
    yield "capability", "good", capability([11, 13]), "OK"
    yield "capability", "all", capability(range(1, 14)), "OK"
    yield "capability", "none", capability([]), "FORMAT"
    yield "capability", "number-14", capability([14]), "CAPABILITY"
    yield "capability", "twice", capability([11, 11]), "FORMAT"
    yield "capability", "unsorted", capability([13, 11]), "FORMAT"
    yield "capability", "gap", capability([11, 0, 13]), "FORMAT"
    yield "capability", "foreign", capability([11], device_id=b"\x12" * 64), "FOREIGN"
    yield "capability", "version-2", capability([11], version=2), "VERSION"
    yield "capability", "inner-203", capability([11], inner=203), "FORMAT"
    yield "capability", "cut-off", capability([11])[:-1], "SHORT"
    yield "capability", "left-over", capability([11]) + b"\0", "LONG"
    manifest = recovery_manifest(PARTS)
    yield "recovery_manifest", "good", manifest, "OK"
    yield "recovery_manifest", "limits", recovery_manifest(with_part(0, size=1)[:1] + with_part(5, size=0x300000)[1:]), "OK"
    yield "recovery_manifest", "empty", recovery_manifest(with_part(3, size=0)), "FORMAT"
    yield "recovery_manifest", "over-3-mib", recovery_manifest(with_part(3, size=0x300001)), "FORMAT"
    yield "recovery_manifest", "unsorted", recovery_manifest(PARTS[::-1]), "FORMAT"
    yield "recovery_manifest", "twice", recovery_manifest(with_part(1, kind=2)), "FORMAT"
    yield "recovery_manifest", "application", recovery_manifest(with_part(5, kind=10)), "FORMAT"
    yield "recovery_manifest", "reserved", recovery_manifest(with_part(2, reserved=1)), "FORMAT"
    yield "recovery_manifest", "uncounted", recovery_manifest(PARTS, count=5), "FORMAT"
    yield "recovery_manifest", "version-2", recovery_manifest(PARTS, version=2), "VERSION"
    yield "recovery_manifest", "cut-off", manifest[:-1], "SHORT"
    yield "recovery_manifest", "part-missing", recovery_manifest(PARTS[:-1]), "SHORT"
    yield "recovery_manifest", "left-over", manifest + b"\0", "LONG"
    yield "fab_request", "good", frame(FAB_REQUEST), "OK"
    yield "fab_request", "damaged", frame(FAB_REQUEST)[:20] + b"\xff" + frame(FAB_REQUEST)[21:], "DIGEST"
    yield "fab_request", "answer", frame(FAB_ANSWER), "SHORT"
    yield "fab_answer", "good", frame(FAB_ANSWER), "OK"
    yield "fab_answer", "magic", b"X" + frame(FAB_ANSWER)[1:], "FORMAT"
    yield "fab_answer", "left-over", frame(FAB_ANSWER) + b"\0", "LONG"
    yield "asxipfs", "good", asxipfs(TREE), "OK"
    yield "asxipfs", "empty", asxipfs({}), "OK"
    yield "asxipfs", "symlink", asxipfs({"a": (0o121777, b"/etc")}), "FORMAT"
    yield "asxipfs", "device", asxipfs({"a": (0o20666, b"")}), "FORMAT"
    yield "asxipfs", "setuid", asxipfs({"a": (0o105755, b"x")}), "FORMAT"
    yield "asxipfs", "compressed", asxipfs({"a": (0o100644, b"x")}), "FORMAT"
    yield "asxipfs", "dotdot", asxipfs({"..": (0o101644, b"")}), "FORMAT"
    yield "asxipfs", "slash", asxipfs({"a/b": (0o101644, b"")}), "FORMAT"
    yield "asxipfs", "name-64", asxipfs({"n" * 64: (0o101644, b"")}), "LONG"
    yield "asxipfs", "nine-deep", asxipfs({"1": {"2": {"3": {"4": {"5": {"6": {"7": {"8": {"9": {}}}}}}}}}}), "LONG"
    yield "asxipfs", "count", asxipfs(TREE, files=9), "FORMAT"
    yield "asxipfs", "crc", asxipfs(TREE, crc=0), "DIGEST"


def vectors():
    """All of them: reader, file name, bytes, expected error."""
    for name, sample in {**STATEMENTS, **REPORTS}.items():
        yield name, f"{name}/good.cbor", enc(sample), "OK"
    for name, sample in STATEMENTS.items():
        yield "sign1", f"sign1/{name}.cbor", sign1(name, enc(sample)), "OK"
        yield "sig_structure", f"sign1/{name}.tbs", sig_structure(name, enc(sample)), "OK"
    yield "sign1", "sign1/no-kid.cbor", sign1("time", enc(TIME), unprotected={}), "OK"
    yield "sign1", "sign1/content-type.cbor", sign1("time", enc(TIME), protected=enc({1: -7, 3: "x/y"})), "OK"
    for reader, name, content, err in bad_statements():
        yield reader, f"{reader}/{name}.cbor", content, err
    for name, content, err in bad_sign1():
        yield "sign1", f"sign1/{name}.cbor", content, err
    for name, content, err in images():
        yield "image", f"image/{name}.bin", content, err
    for reader, name, content, err in fixed_layouts():
        yield reader, f"{reader}/{name}.bin", content, err


def index(rows):
    return "".join(f"{reader} {name} {err}\n" for reader, name, _, err in rows).encode()


# ---- commands -----------------------------------------------------------------------------------
def write(folder, name, content):
    path = os.path.join(folder, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(content)


def make():
    rows = list(vectors())
    for _, name, content, _ in rows:
        write(HERE, name, content)
    write(HERE, "index.txt", index(rows))
    print(f"{len(rows)} vectors")


def verify_files():
    rows = list(vectors())
    wanted = {name: content for _, name, content, _ in rows}
    wanted["index.txt"] = index(rows)
    found = {}
    for folder, _, names in os.walk(HERE):
        for name in names:
            path = os.path.join(folder, name)
            if name != "make.py":
                with open(path, "rb") as file:
                    found[os.path.relpath(path, HERE)] = file.read()
    differ = sorted(name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name))
    for name in differ:
        print(f"{name}: not what make.py writes")
    print(f"{len(wanted) - len(differ)} passed, {len(differ)} failed")
    return 1 if differ else 0


TARGETS = {"sign1": "cose", "evidence": "evidence", "image": "image", "keystore": "keystore", "table": "table",
           "asxipfs": "asxipfs", "fab_request": "mailbox", "fab_answer": "mailbox", "crash": "report",
           "recovery_manifest": "recovery", "boot_failure": "report", "event": "report"}


def corpus(folder):
    for reader, name, content, _ in vectors():
        if reader == "sig_structure" or len(content) > 13000:
            continue
        target = TARGETS.get(reader, "statements")
        write(folder, f"{target}/{name.replace('/', '-')}", content)
        if name.endswith("good.cbor"):
            write(folder, f"cbor/{name.replace('/', '-')}", content)
    write(folder, "mailbox/header", struct.pack("<IHHI", 1, 20, 2, 32))
    write(folder, "mailbox/verified", b"\x42" * 140 + struct.pack("<HH", 10, 0))
    write(folder, "mailbox/info", b"\x42" * 288 + b"\1\0\0\0")


class Checker:
    """Runs the program under test and counts."""

    def __init__(self, program):
        self.program, self.passed, self.failed = program, 0, 0

    def ask(self, *arguments):
        return subprocess.run([self.program, *arguments], stdout=subprocess.PIPE, check=True).stdout

    def expect(self, promise, kept):
        self.passed += bool(kept)
        self.failed += not kept
        if not kept:
            print(f"FAILED {promise}")


def check_sign1(checker, name, sample):
    payload = enc(sample)
    to_sign = checker.ask("sig-input", name)
    checker.expect(f"{name}: Sig_structure", to_sign == sig_structure(name, payload))
    whole = checker.ask("assemble", name, sign(to_sign).hex())
    tag = cbor2.loads(whole)
    protected, unprotected, read, signature = tag.value
    checker.expect(f"{name}: tag 18", tag.tag == 18)
    checker.expect(f"{name}: headers", cbor2.loads(protected) == {1: -7} and unprotected == {4: b"\x77" * 20})
    checker.expect(f"{name}: claims", cbor2.loads(read) == sample)
    try:
        verify(enc(["Signature1", protected, AADS[name].encode(), read]), signature)
        checker.expect(f"{name}: signature", True)
    except Exception as error:  # whatever the library raises is a signature that does not hold
        checker.expect(f"{name}: signature ({error!r})", False)
    other = "claim" if name == "time" else "time"
    try:
        verify(enc(["Signature1", protected, AADS[other].encode(), read]), signature)
        checker.expect(f"{name}: not good for another use", False)
    except Exception:
        checker.expect(f"{name}: not good for another use", True)


def check_fixed(checker):
    checker.expect("keystore", checker.ask("keystore") == keystore(KEYS))
    checker.expect("table", checker.ask("table") == table(APPS))
    checker.expect("fab request", checker.ask("fab_request") == frame(FAB_REQUEST))
    checker.expect("fab answer", checker.ask("fab_answer") == frame(FAB_ANSWER))
    checker.expect("recovery manifest", checker.ask("recovery_manifest") == recovery_manifest(PARTS))
    checker.expect("capability", checker.ask("capability") == capability([11, 13]))
    checker.expect("asxipfs", checker.ask("asxipfs") == asxipfs(TREE))
    data = b"\x5a" * 8192
    root, tree = verity(data)
    vt = section("VT", struct.pack("<II", len(data), 4096) + root)
    metadata = checker.ask("metadata", root.hex(), THUMBPRINT.hex())
    checker.expect("image metadata", metadata == image(data + tree, PLAIN + [S_TV, vt])[len(data + tree):-64])


def check(program):
    checker = Checker(program)
    for name, sample in {**STATEMENTS, **REPORTS}.items():
        written = checker.ask(name)
        checker.expect(f"{name}: bytes", written == enc(sample))
        checker.expect(f"{name}: meaning", cbor2.loads(written) == sample)
    for name, sample in STATEMENTS.items():
        check_sign1(checker, name, sample)
    check_fixed(checker)
    print(f"{checker.passed} passed, {checker.failed} failed")
    return checker.failed != 0


def main():
    if sys.argv[1:2] == ["--verify"]:
        return verify_files()
    if sys.argv[1:2] == ["--check"]:
        return check(sys.argv[2])
    if sys.argv[1:2] == ["--corpus"]:
        return corpus(sys.argv[2])
    return make()


if __name__ == "__main__":
    sys.exit(main())
