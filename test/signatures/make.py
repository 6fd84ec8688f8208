#!/usr/bin/python3
"""Signatures that a verifier must accept or refuse, each for one reason.

    make.py             writes p256.txt beside this script
    make.py --verify    says whether the checked-in file is what it would write

A line of p256.txt: good, bad or either (good, but a verifier may refuse it), key x||y, SHA-256 digest, signature
r||s, all in hex, and the reason. The curve's arithmetic is here in full, so that signatures can be made for points
whose private key nobody has. lms() gives rows for LMS: verdict, public key, digest, signature, reason; they are long,
so no file holds them.
"""
import hashlib
import os
import struct
import sys

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.dirname(os.path.dirname(HERE)))
from silicon.harness import lms as second  # noqa: E402  (the path is what it needs)

P = 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffff
N = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551
B = 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b
G = (0x6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296,
     0x4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5)


# ---- the curve, affine; None is the point at infinity ----------------------------------------------
def add(a, b):
    if a is None or b is None:
        return b if a is None else a
    if a[0] == b[0] and (a[1] + b[1]) % P == 0:
        return None
    if a == b:
        slope = (3 * a[0] * a[0] - 3) * pow(2 * a[1], -1, P) % P
    else:
        slope = (b[1] - a[1]) * pow(b[0] - a[0], -1, P) % P
    x = (slope * slope - a[0] - b[0]) % P
    return x, (slope * (a[0] - x) - a[1]) % P


def times(k, point):
    total = None
    for bit in bin(k % N)[2:]:
        total = add(total, total)
        if bit == "1":
            total = add(total, point)
    return total


def at_x(x):
    """A point with that x, or None."""
    square = (x ** 3 - 3 * x + B) % P
    y = pow(square, (P + 1) // 4, P)
    return (x, y) if y * y % P == square else None


def first_at(x):
    while at_x(x) is None:
        x += 1
    return at_x(x)


# ---- signatures ----------------------------------------------------------------------------------
def secret(label):
    return int.from_bytes(hashlib.sha256(label.encode()).digest(), "big") % N


def digest(label):
    return int.from_bytes(hashlib.sha256(label.encode()).digest(), "big")


def sign(d, e, k):
    r = times(k, G)[0] % N
    return r, pow(k, -1, N) * (e + r * d) % N


def forge(q, u, v):
    """A digest and its good signature by a key whose private part nobody knows."""
    r = add(times(u, G), times(v, q))[0] % N
    s = r * pow(v, -1, N) % N
    return u * s % N, (r, s)


def key_for(nonce_point, e, s):
    """The key under which this nonce point and this s are a good signature of e."""
    r = nonce_point[0] % N
    back = pow(r, -1, N)
    return add(times(s * back, nonce_point), times(-e * back, G)), (r, s)


def row(verdict, q, e, signature, reason):
    text = "".join(value.to_bytes(32, "big").hex() for value in q)
    return verdict, bytes.fromhex(text), e.to_bytes(32, "big"), b"".join(v.to_bytes(32, "big") for v in signature), reason


def out_of_range(q, e, r, s):
    ends = (("zero", 0), ("the order", N), ("the order and one", N + 1), ("the field's prime", P),
            ("all ones", 2 ** 256 - 1))
    for name, value in ends:
        yield row("bad", q, e, (value, s), f"r is {name}")
        yield row("bad", q, e, (r, value), f"s is {name}")
    for name, value in ends:
        yield row("bad", q, e, (value, value), f"r and s are {name}")
    yield row("bad", q, e, (0, 1), "r is zero and s is one")
    yield row("bad", q, e, (1, 0), "r is one and s is zero")
    yield row("bad", q, e, (1, 1), "r and s are one")


def changed(q, e, r, s):
    back = lambda value: int.from_bytes(value.to_bytes(32, "big"), "little")
    der = bytes([0x30, 68, 2, 32]) + r.to_bytes(32, "big") + bytes([2, 32]) + s.to_bytes(32, "big")
    yield row("bad", q, e, (s, r), "r and s change places")
    yield row("bad", q, e, (N - r, s), "r is negated")
    yield row("bad", q, e, (2 ** 256 - r, s), "r is negated as a word")
    yield row("bad", q, e, (r, 2 ** 256 - s), "s is negated as a word")
    yield row("bad", q, e, (r + 1, s), "r and one")
    yield row("bad", q, e, (r, s - 1), "s less one")
    yield row("bad", q, e, (r, pow(s, -1, N)), "s is inverted")
    yield row("bad", q, e, (back(r), back(s)), "r and s have their last byte first")
    yield row("bad", q, e, (r, s >> 8), "s lost its last byte")
    yield row("bad", q, e, (r >> 8, s), "r lost its last byte")
    yield row("bad", q, e, (int.from_bytes(der[:32], "big"), int.from_bytes(der[32:64], "big")), "DER, cut off")
    yield row("bad", q, e ^ 1, (r, s), "another digest, last bit")
    yield row("bad", q, e ^ 1 << 255, (r, s), "another digest, first bit")
    yield row("bad", q, back(e), (r, s), "the digest has its last byte first")
    yield row("bad", q, e << 8 & 2 ** 256 - 1, (r, s), "the digest is shifted by a byte")
    yield row("bad", q, e >> 96, (r, s), "the digest is as long as SHA-1's")
    yield row("bad", q, N - e % N, (r, s), "the digest is negated")
    yield row("bad", q, 0, (r, s), "the digest is zero")


def wrong_keys(q, e, r, s):
    x, y = q
    other = times(secret("another key"), G)
    k256 = (0x79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798,
            0x483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8)
    for name, key in (("zero", (0, 0)), ("all ones", (2 ** 256 - 1, 2 ** 256 - 1)), ("the prime twice", (P, P)),
                      ("another's", other), ("the generator", G), ("negated", (x, P - y)), ("y twice", (y, y)),
                      ("with x and y in the other order", (y, x)), ("without y", (x, 0)), ("without x", (0, y)),
                      ("off the curve, y and one", (x, y + 1)), ("off the curve, x and one", (x + 1, y)),
                      ("of another curve", k256), ("with a compressed head", (2, x)),
                      ("the double", times(2, q)), ("the inverse's", times(pow(secret("key"), -1, N), G))):
        yield row("bad", key, e, (r, s), f"the key is {name}")


def plain():
    """Good ones, and each way to spoil them."""
    for n in range(3):
        d, e = secret("key" + "." * n), digest(f"digest {n}")
        q = times(d, G)
        r, s = sign(d, e, secret(f"nonce {n}"))
        yield row("good", q, e, (r, s), f"plain {n}")
        yield row("good", q, e, (r, N - s), f"plain {n}, s is negated: ECDSA has two forms of each signature")
    d, e = secret("key"), digest("digest")
    q = times(d, G)
    r, s = sign(d, e, secret("nonce"))
    yield row("good", q, e, (r, s), "the one that is spoiled below")
    yield from out_of_range(q, e, r, s)
    yield from changed(q, e, r, s)
    yield from wrong_keys(q, e, r, s)


def small_keys():
    e = digest("small")
    for name, d in (("one", 1), ("two", 2), ("three", 3), ("the order less one", N - 1), ("the order less two", N - 2)):
        yield row("good", times(d, G), e, sign(d, e, secret(name)), f"the private key is {name}")
    for name, k in (("one", 1), ("two", 2), ("the order less one", N - 1)):
        yield row("good", times(secret("key"), G), e, sign(secret("key"), e, k), f"the nonce is {name}")
    for name, s in (("one", 1), ("the order less one", N - 1), ("half the order", N // 2)):
        q, signature = key_for(times(secret("n" + name), G), e, s)
        yield row("good", q, e, signature, f"s is {name}")


def large_x():
    """The nonce point's x is over the order: r is x less the order, and x itself is out of range."""
    point, e = first_at(N), digest("large x")
    q, (r, s) = key_for(point, e, secret("s"))
    yield row("good", q, e, (r, s), "x of the nonce point is over the order")
    yield row("bad", q, e, (point[0], s), "the same, r is not reduced")


def odd_points():
    small = first_at(1)
    e, signature = forge(small, secret("u"), secret("v"))
    yield row("good", small, e, signature, "x of the key is small")
    yield row("bad", (small[0] + P, small[1]), e, signature, "the same, x is not reduced")
    d = secret("key")
    q = times(d, G)
    r, s = times(secret("r"), G)[0] % N, secret("s")
    yield row("bad", q, -r * d % N, (r, s), "the sum is the point at infinity")
    u = secret("half")
    r = times(2 * u, G)[0] % N
    # only who has the key can make it; nettle has no formula for it, OpenSSL has
    yield row("either", q, r * d % N, (r, r * d * pow(u, -1, N) % N), "both summands are the same point")
    e, signature = forge(q, 0, secret("v"))
    yield row("good", q, e, signature, "the digest is zero and the signature is made for it")
    yield row("good", q, N, signature, "the digest is the order, which is zero too")


def unreduced_digest():
    """A digest is taken modulo the order; one beside it that is over the order has the same signatures."""
    d, e = secret("key"), 12345
    signature = sign(d, e, secret("nonce"))
    q = times(d, G)
    yield row("good", q, e, signature, "the digest is small")
    yield row("good", q, e + N, signature, "the same, the order added")
    yield row("bad", q, e + 1, signature, "the same, one added")


def p256():
    rows = [*plain(), *small_keys(), *large_x(), *odd_points(), *unreduced_digest()]
    for each in rows:
        confirm(*each)
    return rows


def confirm(verdict, key, e, signature, reason):
    """The library must be of the same opinion."""
    try:
        numbers = ec.EllipticCurvePublicNumbers(int.from_bytes(key[:32], "big"), int.from_bytes(key[32:], "big"),
                                                ec.SECP256R1())
        der = utils.encode_dss_signature(int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big"))
        numbers.public_key().verify(der, e, ec.ECDSA(utils.Prehashed(hashes.SHA256())))
        accepted = True
    except (InvalidSignature, ValueError):
        accepted = False
    assert accepted == (verdict != "bad"), f"{reason}: {verdict}"


# ---- LMS ------------------------------------------------------------------------------------------
def put(data, at, piece):
    return data[:at] + piece + data[at + len(piece):]


def word(value):
    return struct.pack(">I", value)


def flip(data, at):
    return put(data, at, bytes([data[at] ^ 1]))


LMS_PARTS = (("q", 0, 4), ("the one-time type", 4, 4), ("C", 8, 32), ("the first y", 40, 32), ("the last y", 1096, 32),
             ("the tree's type", 1128, 4), ("the first of the path", 1132, 32), ("the last of the path", 1420, 32))


def lms_words(public, e, good):
    for at, name, own in ((4, "the one-time type", 4), (1128, "the tree's type", 6)):
        for value in range(10):
            if value != own:
                yield "bad", public, e, put(good, at, word(value)), f"{name} is {value}"
    for at, name, own in ((0, "the key's tree type", 6), (4, "the key's one-time type", 4)):
        for value in (0, *(n for n in range(1, 9) if n != own), 1 << 24, 0xffffffff):
            yield "bad", put(public, at, word(value)), e, good, f"{name} is {value}"
    for value in (1, 2, 511, 1023, 1024, 2047, 1 << 16, 1 << 31, 0xffffffff):
        yield "bad", public, e, put(good, 0, word(value)), f"q is {value}"


def lms_lengths(public, e, good):
    for length in (0, 1, 4, 40, 1128, 1132, 1420, 1451):
        yield "bad", public, e, good[:length], f"only {length} bytes"
    for more in (1, 4, 32, 1452):
        yield "bad", public, e, good + bytes(more), f"{more} bytes more"
    yield "bad", public, e, good[1:] + b"\0", "a byte too early"
    yield "bad", public, e, b"\0" + good[:-1], "a byte too late"


def lms_pieces(public, e, good, next_good, other):
    for name, at, size in LMS_PARTS:
        yield "bad", public, e, flip(good, at), f"{name}, its first byte"
        yield "bad", public, e, flip(good, at + size - 1), f"{name}, its last byte"
        yield "bad", public, e, put(good, at, bytes(size)) if any(good[at:at + size]) else flip(good, at), f"no {name}"
        if size == 32 and good[at:at + size] != next_good[at:at + size]:
            yield "bad", public, e, put(good, at, next_good[at:at + size]), f"{name} of another one-time key"
    yield "bad", public, e, put(good, 40, good[72:104] + good[40:72]), "the first two y change places"
    yield "bad", public, e, put(good, 1132, good[1164:1196] + good[1132:1164]), "the first two of the path change places"
    yield "bad", public, e, bytes(len(good)), "all zero"
    yield "bad", public, e, b"\xff" * len(good), "all ones"
    yield "bad", public, flip(e, 0), good, "another digest, first byte"
    yield "bad", public, flip(e, 31), good, "another digest, last byte"
    yield "bad", flip(public, 8), e, good, "the key's I, first byte"
    yield "bad", flip(public, 23), e, good, "the key's I, last byte"
    yield "bad", flip(public, 24), e, good, "the key's root, first byte"
    yield "bad", flip(public, 55), e, good, "the key's root, last byte"
    yield "bad", bytes(56), e, good, "the key is zero"
    yield "bad", other.public, e, good, "another's key"
    yield "bad", public, e, other.sign(e), "another's signature"


def lms_forward(public, e, good):
    """What is public may be hashed on: a chain that went further is not the signature of this digest."""
    head = public[8:24] + good[:4]
    steps = second.digits(second.sha256(head, second.D_MESG, good[8:40], e))
    for n in (0, 31, 32, 33):
        if steps[n] < 255:
            at = 40 + 32 * n
            yield ("bad", public, e, put(good, at, second.chain(head, n, good[at:at + 32], steps[n], steps[n] + 1)),
                   f"chain {n} went one step further")


def lms():
    key = second.LmsKey(hashlib.sha384(b"vectors of LMS: no secret").digest())
    other = second.LmsKey(key.identifier + hashlib.sha256(b"another seed").digest())
    e = hashlib.sha256(b"digest").digest()
    good, next_good = key.sign(e, b"\x22" * 32), key.sign(e, b"\x33" * 32)
    rows = [("good", key.public, e, good, "plain"), ("good", key.public, e, next_good, "the next one-time key"),
            *lms_words(key.public, e, good), *lms_lengths(key.public, e, good),
            *lms_pieces(key.public, e, good, next_good, other), *lms_forward(key.public, e, good)]
    for verdict, public, message, signature, reason in rows:
        assert second.verify(public, message, signature) == (verdict == "good"), reason
    return rows


# ---- commands -----------------------------------------------------------------------------------
def text():
    return "".join(f"{verdict} {key.hex()} {e.hex()} {signature.hex()} {reason}\n"
                   for verdict, key, e, signature, reason in p256())


def main():
    path = os.path.join(HERE, "p256.txt")
    if sys.argv[1:] == ["--verify"]:
        with open(path, encoding="ascii") as file:
            same = file.read() == text()
        print("1 passed, 0 failed" if same else "p256.txt: not what make.py writes\n0 passed, 1 failed")
        return 0 if same else 1
    with open(path, "w", encoding="ascii") as file:
        file.write(text())
    return 0


if __name__ == "__main__":
    sys.exit(main())
