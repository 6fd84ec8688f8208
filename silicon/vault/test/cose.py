"""CBOR and COSE by code of their own: what the vault signs, and what it is given signed."""
import hashlib

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

from silicon.harness import sign


def verify(raw, signature, data, algorithm=hashes.SHA256()):
    key = ec.EllipticCurvePublicNumbers(int.from_bytes(raw[:32], "big"),
                                        int.from_bytes(raw[32:], "big"), ec.SECP256R1())
    der = utils.encode_dss_signature(int.from_bytes(signature[:32], "big"),
                                     int.from_bytes(signature[32:], "big"))
    key.public_key().verify(der, data, ec.ECDSA(algorithm))


def head(major, n):
    if n < 24:
        return bytes([major << 5 | n])
    if n < 256:
        return bytes([major << 5 | 24, n])
    if n < 65536:
        return bytes([major << 5 | 25]) + n.to_bytes(2, "big")
    return bytes([major << 5 | 26]) + n.to_bytes(4, "big")


def cbor_bytes(data):
    return head(2, len(data)) + data


def sig_structure(aad, payload, protected=b"\xa1\x01\x26"):
    return (b"\x84\x6aSignature1" + cbor_bytes(protected) + cbor_bytes(aad.encode()) +
            cbor_bytes(payload))


def cose_sign1(key, aad, payload, raw_key=None):
    """raw_key: the public key that the kid names; none: there is no kid."""
    kid = b"\xa0" if raw_key is None else b"\xa1\x04" + cbor_bytes(hashlib.sha256(raw_key).digest()[:20])
    return (b"\xd2\x84" + cbor_bytes(b"\xa1\x01\x26") + kid + cbor_bytes(payload) +
            cbor_bytes(sign(key, sig_structure(aad, payload))))


def decode_cbor(data, at=0):
    """One item: its value and where the next begins."""
    major, info = data[at] >> 5, data[at] & 31
    at += 1
    n = info
    if 24 <= info <= 27:
        size = 1 << (info - 24)
        n, at = int.from_bytes(data[at:at + size], "big"), at + size
    if major == 0:
        return n, at
    if major == 1:
        return -1 - n, at
    if major in (2, 3):
        return (data[at:at + n] if major == 2 else data[at:at + n].decode()), at + n
    if major == 4:
        out = []
        for _ in range(n):
            value, at = decode_cbor(data, at)
            out.append(value)
        return out, at
    if major == 5:
        out = {}
        for _ in range(n):
            key, at = decode_cbor(data, at)
            out[key], at = decode_cbor(data, at)
        return out, at
    if major == 6:
        return decode_cbor(data, at)
    return {20: False, 21: True, 22: None}[n], at


def open_sign1(raw_key, aad, message):
    (protected, unprotected, payload, signature), end = decode_cbor(message)
    assert end == len(message)
    verify(raw_key, signature, sig_structure(aad, payload, protected))
    assert unprotected[4] == hashlib.sha256(raw_key).digest()[:20]
    return decode_cbor(payload)[0]
