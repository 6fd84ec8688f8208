"""LMS of RFC 8554 in the one shape that firmware uses, LMS_SHA256_M32_H10 with LMOTS_SHA256_N32_W8: a second
implementation, for tests.

A test's key has a few one-time keys only; the other places of the tree hold no key, which nobody sees who checks a
signature. They are used again and again, which a real one must never be."""
import hashlib
import os
import struct

LMS_TYPE, OTS_TYPE = 6, 4
HEIGHT, DIGITS = 10, 34
SIGNATURE_SIZE, PUBLIC_SIZE = 1452, 56
D_PBLC, D_MESG, D_LEAF, D_INTR = b"\x80\x80", b"\x81\x81", b"\x82\x82", b"\x83\x83"


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def digits(digest):
    """The digest's bytes and their checksum: how far each chain goes."""
    return digest + struct.pack(">H", sum(255 - byte for byte in digest))


def chain(head, n, value, begin, end):
    """Steps begin..end of the n-th hash chain. head: I and q."""
    prefix = head + struct.pack(">H", n)
    for step in range(begin, end):
        value = hashlib.sha256(prefix + bytes([step]) + value).digest()
    return value


def node(identifier, r, left, right):
    return sha256(identifier, struct.pack(">I", r), D_INTR, left, right)


def leaf(identifier, r, ots_public):
    return sha256(identifier, struct.pack(">I", r), D_LEAF, ots_public)


class LmsKey:
    """seed: 48 bytes, for a key that is the same each time."""

    def __init__(self, seed=None, real=2):
        seed = seed or os.urandom(48)
        self.identifier, self.seed, self.real, self.next = seed[:16], seed[16:], real, 0
        self.tree = [b""] * (2 << HEIGHT)
        for q in range(1 << HEIGHT):
            r = (1 << HEIGHT) + q
            self.tree[r] = self.leaf(q) if q < real else sha256(b"no key", self.seed, struct.pack(">I", q))
        for r in range((1 << HEIGHT) - 1, 0, -1):
            self.tree[r] = node(self.identifier, r, self.tree[2 * r], self.tree[2 * r + 1])
        self.public = struct.pack(">II", LMS_TYPE, OTS_TYPE) + self.identifier + self.tree[1]

    def head(self, q):
        return self.identifier + struct.pack(">I", q)

    def secret(self, q, n):
        return sha256(self.head(q), struct.pack(">H", n), b"\xff", self.seed)

    def leaf(self, q):
        ends = [chain(self.head(q), n, self.secret(q, n), 0, 255) for n in range(DIGITS)]
        return leaf(self.identifier, (1 << HEIGHT) + q, sha256(self.head(q), D_PBLC, *ends))

    def sign(self, message, randomizer=None):
        q, self.next = self.next, (self.next + 1) % self.real
        randomizer = randomizer or os.urandom(32)
        steps = digits(sha256(self.head(q), D_MESG, randomizer, message))
        chains = [chain(self.head(q), n, self.secret(q, n), 0, steps[n]) for n in range(DIGITS)]
        path, r = [], (1 << HEIGHT) + q
        while r > 1:
            path.append(self.tree[r ^ 1])
            r //= 2
        return b"".join([struct.pack(">II", q, OTS_TYPE), randomizer, *chains, struct.pack(">I", LMS_TYPE), *path])


def verify(public, message, signature):
    """True for a good signature."""
    if len(signature) != SIGNATURE_SIZE or public[:8] != struct.pack(">II", LMS_TYPE, OTS_TYPE):
        return False
    q, ots_type = struct.unpack(">II", signature[:8])
    if ots_type != OTS_TYPE or q >= 1 << HEIGHT or signature[1128:1132] != struct.pack(">I", LMS_TYPE):
        return False
    identifier, head = public[8:24], public[8:24] + signature[:4]
    steps = digits(sha256(head, D_MESG, signature[8:40], message))
    ends = [chain(head, n, signature[40 + 32 * n:72 + 32 * n], steps[n], 255) for n in range(DIGITS)]
    r = (1 << HEIGHT) + q
    value = leaf(identifier, r, sha256(head, D_PBLC, *ends))
    for height in range(HEIGHT):
        other = signature[1132 + 32 * height:1164 + 32 * height]
        value = node(identifier, r // 2, *((other, value) if r & 1 else (value, other)))
        r //= 2
    return value == public[24:]
