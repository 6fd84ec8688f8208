# SPDX-License-Identifier: GPL-2.0-only
"""Sealing against a second implementation, and keys that change their slot."""
import hmac
import os

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from agents import FuseFile, M
from expect import SECRAM, VENGINE, VFLASH, VFUSE, VSRAM, equal
from test_engine import (ACORE, ARGUMENT, DMA, EMPTY, LOCKED, OK, SIGNATURE, VAULT, dma, do, fill_secrets, get,
                         put)

PLAIN, SEALED, OPENED = VSRAM, VSRAM + 0x2000, VSRAM + 0x4000
OVERHEAD, LEN_MAX = 28, 4096
LABEL = b'tatu test label!'


def run(c, command, label, source, length, dest, source_space=VAULT, dest_space=VAULT):
    put(c, 'DATA', label.ljust(64, b'\0'))
    dma(c, source_space, source, length)
    c.write(VENGINE + M['ENGINE_DMA_DEST'], dest)
    c.write(VENGINE + M['ENGINE_DMA_DEST_SPACE'], dest_space)
    return do(c, command, arg=len(label))


def seal(c, label, plain):
    """Status and what was sealed."""
    c.put(PLAIN, plain)
    status = run(c, 'SEAL', label, PLAIN, len(plain), SEALED)
    return status, c.get(SEALED, len(plain) + OVERHEAD)


def unseal(c, label, sealed):
    """Status and what lies at the destination."""
    c.put(SEALED, sealed)
    c.put(OPENED, b'\x77' * max(len(sealed) - OVERHEAD, 4))
    status = run(c, 'UNSEAL', label, SEALED, len(sealed), OPENED)
    return status, c.get(OPENED, max(len(sealed) - OVERHEAD, 0))


def key_of(board, label):
    return hmac.digest(FuseFile(board.fuses).secret(2), b'tatu seal' + label, 'sha256')


def test_seal_agrees_with_a_second_implementation(board):
    c = board.start()
    fill_secrets(c)
    for label in (b'', LABEL, b'L' * 64):
        for length in (0, 1, 15, 16, 17, 1024, LEN_MAX):
            plain = os.urandom(length)
            status, sealed = seal(c, label, plain)
            equal(status, OK, length)
            equal(AESGCM(key_of(board, label)).decrypt(sealed[:12], sealed[12:], None), plain, length)
            equal(unseal(c, label, sealed), (OK, plain), length)
    nonce = os.urandom(12)
    made = nonce + AESGCM(key_of(board, LABEL)).encrypt(nonce, b'from outside', None)
    equal(unseal(c, LABEL, made), (OK, b'from outside'))


def test_sealed_twice_is_not_the_same(board):
    c = board.start()
    fill_secrets(c)
    equal(len({seal(c, LABEL, b'plain')[1][:12] for _ in range(20)}), 20, 'a nonce repeats')


def test_unseal_refuses_every_change(board):
    c = board.start()
    fill_secrets(c)
    plain = os.urandom(20)
    _, sealed = seal(c, LABEL, plain)
    untouched = (SIGNATURE, b'\x77' * len(plain))
    for at in range(len(sealed)):
        equal(unseal(c, LABEL, sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1:]), untouched, at)
    equal(unseal(c, LABEL[:-1] + b'?', sealed), untouched, 'another label')
    equal(unseal(c, LABEL[:-1], sealed), untouched, 'a shorter label')
    for length in (0, 1, OVERHEAD - 1, OVERHEAD, len(sealed) - 1):
        equal(unseal(c, LABEL, sealed[:length])[0], SIGNATURE, length)
    equal(unseal(c, LABEL, sealed + b'\0')[0], SIGNATURE)
    equal(unseal(c, LABEL, sealed), (OK, plain), 'the good one after the bad ones')


def test_unseal_refuses_what_another_chip_sealed(board):
    c = board.start()
    fill_secrets(c)
    sealed = seal(c, LABEL, b'plain')[1]
    c.kill()
    c = board.start()
    equal(unseal(c, LABEL, sealed), (OK, b'plain'), 'after a power cycle')
    c.kill()
    os.unlink(board.fuses)
    c = board.start()
    fill_secrets(c)
    equal(unseal(c, LABEL, sealed)[0], SIGNATURE)


def test_seal_stays_in_private_memory_and_in_its_limits(board):
    c = board.start()
    equal(run(c, 'SEAL', LABEL, PLAIN, 4, SEALED), EMPTY, 'no secret')
    equal(run(c, 'UNSEAL', LABEL, PLAIN, 64, SEALED), EMPTY, 'no secret')
    fill_secrets(c)
    rows = ((PLAIN, LEN_MAX + 1, SEALED, {}, ARGUMENT), (PLAIN, 0xffffffff, SEALED, {}, ARGUMENT),
            (SECRAM, 4, SEALED, {'source_space': ACORE}, ARGUMENT),
            (PLAIN, 4, SECRAM, {'dest_space': ACORE}, ARGUMENT),
            (PLAIN, 4, SEALED, {'source_space': 2}, ARGUMENT),
            (PLAIN, 64, PLAIN, {}, ARGUMENT), (PLAIN, 64, PLAIN + 63, {}, ARGUMENT),
            (PLAIN + 80, 64, PLAIN, {}, ARGUMENT),
            (VFUSE, 4, SEALED, {}, DMA), (PLAIN, 4, VFUSE, {}, DMA), (PLAIN, 4, VFLASH, {}, DMA),
            (PLAIN, 4, VSRAM + M['MAP_VSRAM_SIZE'] - OVERHEAD - 3, {}, DMA),
            (VSRAM + M['MAP_VSRAM_SIZE'] - 3, 4, SEALED, {}, DMA))
    for source, length, dest, spaces, wanted in rows:
        equal(run(c, 'SEAL', LABEL, source, length, dest, **spaces), wanted, (hex(source), length, hex(dest)))
    for source, length, dest, wanted in ((PLAIN, LEN_MAX + OVERHEAD + 1, SEALED, ARGUMENT), (VFUSE, 64, SEALED, DMA),
                                         (PLAIN, 64, VFUSE, DMA), (PLAIN, 64, PLAIN, ARGUMENT)):
        equal(run(c, 'UNSEAL', LABEL, source, length, dest), wanted, (hex(source), length, hex(dest)))
    put(c, 'DATA', bytes(64))
    for command in ('SEAL', 'UNSEAL'):
        dma(c, VAULT, PLAIN, 64)
        c.write(VENGINE + M['ENGINE_DMA_DEST'], SEALED)
        equal(do(c, command, arg=65), ARGUMENT)


def test_hmac_does_not_give_out_keys_of_seals(board):
    c = board.start()
    fill_secrets(c)
    for data in (b'tatu seal', b'tatu seal' + LABEL):
        put(c, 'DATA', data.ljust(64, b'\0'))
        equal(do(c, 'HMAC', arg=len(data)), ARGUMENT)
    put(c, 'DATA', b'tatu sea'.ljust(64, b'\0'))
    equal(do(c, 'HMAC', arg=8), OK)


def test_moved_key_signs_from_its_new_slot_only(board):
    c = board.start()
    equal(do(c, 'GENERATE', 18), OK)
    xy = get(c, 'PUBLIC', 64)
    equal(do(c, 'GENERATE', 2), OK)
    equal(do(c, 'MOVE_SLOT', 2, 18), OK)
    equal(do(c, 'PUBLIC', 18), EMPTY)
    equal(do(c, 'PUBLIC', 2), OK)
    equal(get(c, 'PUBLIC', 64), xy)
    equal(do(c, 'SIGN', 2), OK)
    equal(do(c, 'MOVE_SLOT', 31, 2), OK, 'to an empty slot')
    equal(do(c, 'SIGN', 2), EMPTY)


def test_move_respects_locks_and_limits(board):
    c = board.start()
    for slot in (2, 3, 18):
        equal(do(c, 'GENERATE', slot), OK)
    equal(do(c, 'LOCK_SLOT', 3), OK)
    for to, source, wanted in ((3, 18, LOCKED), (18, 3, LOCKED), (2, 19, EMPTY), (2, 2, ARGUMENT), (32, 2, ARGUMENT),
                               (2, 32, ARGUMENT), (0xffffffff, 2, ARGUMENT), (2, 0xffffffff, ARGUMENT)):
        equal(do(c, 'MOVE_SLOT', to, source), wanted, (to, source))
    for slot in (2, 3, 18):
        equal(do(c, 'SIGN', slot), OK, 'a refused move changed a slot')
