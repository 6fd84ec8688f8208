# SPDX-License-Identifier: GPL-2.0-only
"""Signatures that must be accepted or refused, each for one reason: test/signatures."""
import os
import sys

from agents import HERE, M
from expect import SECRAM, VENGINE, VFUSE, VSRAM, equal
from test_engine import ACORE, ARGUMENT, DMA, OK, SIGNATURE, VAULT, dma, do, put, verify

sys.path.append(os.path.join(HERE, '..', '..', '..', 'test', 'signatures'))
import make as signatures  # noqa: E402  (the path is what it needs)

AT = VSRAM + 0x100


def judged(status, verdict, reason):
    assert status in {'good': (OK,), 'bad': (SIGNATURE,), 'either': (OK, SIGNATURE)}[verdict], f'{reason}: {status}'


def test_ecdsa_of_every_kind(board):
    c = board.start()
    rows = signatures.p256()
    assert len(rows) >= 80
    for verdict, key, digest, signature, reason in rows:
        judged(verify(c, key, digest, signature), verdict, reason)


def verify_lms(c, public, digest, signature, space=VAULT, at=AT):
    put(c, 'DATA', public.ljust(64, b'\0'))
    put(c, 'DIGEST', digest)
    if at == AT:
        c.put(at, signature)
    dma(c, space, at, len(signature))
    return do(c, 'LMS')


def test_lms_of_every_kind(board):
    c = board.start()
    rows = signatures.lms()
    assert len(rows) >= 100
    for verdict, key, digest, signature, reason in rows:
        judged(verify_lms(c, key, digest, signature), verdict, reason)


def test_lms_takes_signatures_from_private_memory_only(board):
    c = board.start()
    _, key, digest, signature, _ = signatures.lms()[0]
    equal(verify_lms(c, key, digest, signature), OK)
    equal(verify_lms(c, key, digest, signature, ACORE, SECRAM), ARGUMENT)
    equal(verify_lms(c, key, digest, signature, 2), ARGUMENT)
    equal(verify_lms(c, key, digest, signature, at=VFUSE), DMA)
    equal(verify_lms(c, key, digest, signature, at=VSRAM + M['MAP_VSRAM_SIZE'] - 1451), DMA)
    equal(verify_lms(c, key, digest, signature), OK)
    equal(c.read(VENGINE + M['ENGINE_STATUS']), OK)
