# SPDX-License-Identifier: GPL-2.0-only
"""The engines against a second implementation, and the reach of their DMA."""
import hashlib
import hmac
import os
import struct

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import (Prehashed, decode_dss_signature,
                                                             encode_dss_signature)

from agents import FuseFile, M
from expect import (FLASH, FLASHCTL, RAM, SECRAM, SYSCTL, VCTL, VENGINE, VFLASH, VFUSE, VSRAM,
                    differ, equal, reset_by_vault)

ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551
ECDSA = ec.ECDSA(Prehashed(hashes.SHA256()))
OK, COMMAND, ARGUMENT, DMA, SIGNATURE, LOCKED, EMPTY = range(7)
VAULT, ACORE = 0, 1
RAM_SIZE = M['MAP_RAM_SIZE_DEFAULT']


def do(c, command, slot=None, arg=None):
    if slot is not None:
        c.write(VENGINE + M['ENGINE_SLOT'], slot)
    if arg is not None:
        c.write(VENGINE + M['ENGINE_ARG'], arg)
    c.write(VENGINE + M['ENGINE_COMMAND'], M['ENGINE_DO_' + command])
    return c.read(VENGINE + M['ENGINE_STATUS'])


def put(c, register, data):
    c.put_words(VENGINE + M['ENGINE_' + register], data)


def get(c, register, n):
    return c.get_words(VENGINE + M['ENGINE_' + register], n)


def dma(c, space, address, length):
    for name, value in (('SPACE', space), ('ADDR', address), ('LEN', length)):
        c.write(VENGINE + M['ENGINE_DMA_' + name], value)


def set_range(c, base, size):
    c.write(VENGINE + M['ENGINE_RANGE_BASE'], base)
    c.write(VENGINE + M['ENGINE_RANGE_SIZE'], size)


def copy(c, source, source_space, dest, dest_space, length):
    dma(c, source_space, source, length)
    c.write(VENGINE + M['ENGINE_DMA_DEST'], dest)
    c.write(VENGINE + M['ENGINE_DMA_DEST_SPACE'], dest_space)
    return do(c, 'COPY')


def hash_status(c, space, address, length):
    equal(do(c, 'HASH_INIT'), OK)
    dma(c, space, address, length)
    return do(c, 'HASH_DMA')


def point(key):
    numbers = key.public_key().public_numbers()
    return numbers.x.to_bytes(32, 'big') + numbers.y.to_bytes(32, 'big')


def public_key(xy):
    return ec.EllipticCurvePublicNumbers(int.from_bytes(xy[:32], 'big'),
                                         int.from_bytes(xy[32:], 'big'),
                                         ec.SECP256R1()).public_key()


def host_sign(key, digest):
    r, s = decode_dss_signature(key.sign(digest, ECDSA))
    return r.to_bytes(32, 'big') + s.to_bytes(32, 'big')


def host_verify(xy, digest, signature):
    public_key(xy).verify(encode_dss_signature(int.from_bytes(signature[:32], 'big'),
                                               int.from_bytes(signature[32:], 'big')), digest, ECDSA)


def verify(c, xy, digest, signature):
    put(c, 'PUBLIC', xy)
    put(c, 'DIGEST', digest)
    put(c, 'SIGNATURE', signature)
    return do(c, 'VERIFY')


def test_hash_agrees_with_a_second_implementation(board):
    c = board.start()
    for length in (0, 1, 55, 56, 63, 64, 65, 119, 4095, 4096, 4097, 20000):
        data = os.urandom(length)
        c.put(VSRAM, data)
        equal(hash_status(c, VAULT, VSRAM, length), OK)
        equal(do(c, 'HASH_DONE'), OK)
        equal(get(c, 'DIGEST', 32), hashlib.sha256(data).digest(), length)


def test_hash_adds_pieces(board):
    c = board.start()
    data = os.urandom(1000)
    c.put(VSRAM, data)
    equal(do(c, 'HASH_INIT'), OK)
    for begin, end in ((0, 1), (1, 64), (64, 999), (999, 1000)):
        dma(c, VAULT, VSRAM + begin, end - begin)
        equal(do(c, 'HASH_DMA'), OK)
    equal(do(c, 'HASH_DONE'), OK)
    equal(get(c, 'DIGEST', 32), hashlib.sha256(data).digest())


def test_hash_without_a_start_is_refused(board):
    c = board.start()
    dma(c, VAULT, VSRAM, 4)
    equal(do(c, 'HASH_DMA'), COMMAND)
    equal(do(c, 'HASH_DONE'), COMMAND)
    equal(do(c, 'HASH_INIT'), OK)
    equal(do(c, 'HASH_DONE'), OK)
    equal(do(c, 'HASH_DONE'), COMMAND)
    equal(get(c, 'DIGEST', 32), hashlib.sha256(b'').digest())


def test_verify_accepts_what_others_signed(board):
    c = board.start()
    for _ in range(8):
        key, digest = ec.generate_private_key(ec.SECP256R1()), os.urandom(32)
        equal(verify(c, point(key), digest, host_sign(key, digest)), OK)


def test_verify_refuses_every_changed_part(board):
    c = board.start()
    key, digest = ec.generate_private_key(ec.SECP256R1()), os.urandom(32)
    xy, signature = point(key), host_sign(key, digest)
    flip = lambda b, at: b[:at] + bytes([b[at] ^ 0x40]) + b[at + 1:]
    for at in range(0, 64, 7):
        equal(verify(c, flip(xy, at), digest, signature), SIGNATURE, 'key')
        equal(verify(c, xy, digest, flip(signature, at)), SIGNATURE, 'signature')
        equal(verify(c, xy, flip(digest, at // 2), signature), SIGNATURE, 'digest')
    other = point(ec.generate_private_key(ec.SECP256R1()))
    equal(verify(c, other, digest, signature), SIGNATURE)
    equal(verify(c, xy, digest, signature), OK, 'the good one after the bad ones')


def test_verify_refuses_numbers_out_of_range(board):
    c = board.start()
    key, digest = ec.generate_private_key(ec.SECP256R1()), os.urandom(32)
    xy, signature = point(key), host_sign(key, digest)
    zero, order, ones = bytes(32), ORDER.to_bytes(32, 'big'), b'\xff' * 32
    for bad in (zero, order, ones):
        equal(verify(c, xy, digest, bad + signature[32:]), SIGNATURE)
        equal(verify(c, xy, digest, signature[:32] + bad), SIGNATURE)
    for bad in (zero + zero, ones + ones, xy[:32] + zero):
        equal(verify(c, bad, digest, signature), SIGNATURE)
    r = int.from_bytes(signature[:32], 'big')
    if r + ORDER < 1 << 256:
        equal(verify(c, xy, digest, (r + ORDER).to_bytes(32, 'big') + signature[32:]), SIGNATURE)


def test_slots_sign_what_others_accept(board):
    c = board.start()
    seen = set()
    for slot in range(M['ENGINE_SLOT_COUNT']):
        equal(do(c, 'GENERATE', slot), OK)
        xy, digest = get(c, 'PUBLIC', 64), os.urandom(32)
        put(c, 'DIGEST', digest)
        equal(do(c, 'SIGN', slot), OK)
        host_verify(xy, digest, get(c, 'SIGNATURE', 64))
        put(c, 'PUBLIC', bytes(64))
        equal(do(c, 'PUBLIC', slot), OK)
        equal(get(c, 'PUBLIC', 64), xy)
        seen.add(xy)
    equal(len(seen), M['ENGINE_SLOT_COUNT'], 'keys repeat')


def test_signatures_do_not_repeat_their_nonce(board):
    c = board.start()
    equal(do(c, 'GENERATE', 3), OK)
    put(c, 'DIGEST', bytes(range(32)))
    seen = set()
    for _ in range(20):
        equal(do(c, 'SIGN', 3), OK)
        seen.add(get(c, 'SIGNATURE', 64)[:32])
    equal(len(seen), 20)


def test_a_wrong_key_is_noticed_by_the_test_itself(board):
    c = board.start()
    equal(do(c, 'GENERATE', 3), OK)
    put(c, 'DIGEST', bytes(32))
    equal(do(c, 'SIGN', 3), OK)
    try:
        host_verify(point(ec.generate_private_key(ec.SECP256R1())), bytes(32),
                    get(c, 'SIGNATURE', 64))
    except InvalidSignature:
        return
    raise AssertionError('the second implementation accepts anything')


def test_slots_refuse_empty_locked_and_absent(board):
    c = board.start()
    for command in ('PUBLIC', 'SIGN', 'LOCK_SLOT'):
        equal(do(c, command, 5), EMPTY, command)
    for command in ('PUBLIC', 'SIGN', 'LOCK_SLOT', 'GENERATE', 'CLEAR', 'LOAD_FUSE'):
        for slot in (32, 0xffffffff):
            equal(do(c, command, slot, 0), ARGUMENT, command)
    equal(do(c, 'GENERATE', 5), OK)
    xy = get(c, 'PUBLIC', 64)
    equal(do(c, 'LOCK_SLOT', 5), OK)
    for command in ('GENERATE', 'CLEAR', 'LOAD_FUSE'):
        equal(do(c, command, 5, 0), LOCKED, command)
    equal(do(c, 'SIGN', 5), OK)
    equal(do(c, 'PUBLIC', 5), OK)
    equal(get(c, 'PUBLIC', 64), xy, 'a locked slot changed')
    equal(do(c, 'GENERATE', 6), OK)
    equal(do(c, 'CLEAR', 6), OK)
    equal(do(c, 'SIGN', 6), EMPTY)


def test_unknown_commands_are_refused(board):
    c = board.start()
    for command in (0, 17, 255, 0xffffffff):
        c.write(VENGINE + M['ENGINE_COMMAND'], command)
        equal(c.read(VENGINE + M['ENGINE_STATUS']), COMMAND)


def derived(secret, n):
    """docs/chip/engine.md "Derivation"."""
    for attempt in range(4):
        message = b'tatu p256 key' + bytes([n]) + struct.pack('<I', attempt)
        scalar = int.from_bytes(hmac.digest(secret, message, 'sha256'), 'big')
        if 0 < scalar < ORDER:
            return ec.derive_private_key(scalar, ec.SECP256R1())


def fill_secrets(c):
    for n in range(3):
        c.write(VFUSE + M['FUSE_SECRET_COMMAND'], n)


def test_fuse_keys_are_derived_as_documented(board):
    c = board.start()
    equal(do(c, 'LOAD_FUSE', 0, 0), EMPTY)
    fill_secrets(c)
    keys = []
    for n in (0, 1):
        equal(do(c, 'LOAD_FUSE', n, n), OK)
        keys.append(get(c, 'PUBLIC', 64))
        equal(keys[n], point(derived(FuseFile(board.fuses).secret(n), n)))
    for n in (2, 3, 0xffffffff):
        equal(do(c, 'LOAD_FUSE', 4, n), ARGUMENT)
    c.kill()
    c = board.start()
    for n in (0, 1):
        equal(do(c, 'LOAD_FUSE', n, n), OK)
        equal(get(c, 'PUBLIC', 64), keys[n], 'another key after a power cycle')


def test_hmac_is_under_the_device_secret(board):
    c = board.start()
    equal(do(c, 'HMAC', arg=4), EMPTY)
    fill_secrets(c)
    for length in (0, 1, 32, 64):
        label = os.urandom(64)
        put(c, 'DATA', label)
        equal(do(c, 'HMAC', arg=length), OK)
        equal(get(c, 'DATA', 32), hmac.digest(FuseFile(board.fuses).secret(2), label[:length], 'sha256'))
    equal(do(c, 'HMAC', arg=65), ARGUMENT)


def test_vault_lock_freezes_identity_and_attestation(board):
    c = board.start()
    fill_secrets(c)
    equal(do(c, 'LOAD_FUSE', 0, 0), OK)
    c.write(VCTL + M['VCTL_LOCK'], 1)
    for slot in (0, 1):
        for command in ('GENERATE', 'CLEAR', 'LOAD_FUSE'):
            equal(do(c, command, slot, 1), LOCKED)
    equal(do(c, 'SIGN', 0), OK)
    equal(do(c, 'GENERATE', 2), OK)


def test_reset_wipes_slots_and_registers(board):
    c = board.start()
    for slot in range(M['ENGINE_SLOT_COUNT']):
        equal(do(c, 'GENERATE', slot), OK)
    equal(do(c, 'LOCK_SLOT', 4), OK)
    put(c, 'DATA', b'\x77' * 64)
    set_range(c, RAM, 0x1000)
    reset_by_vault(c)
    for slot in range(M['ENGINE_SLOT_COUNT']):
        equal(do(c, 'SIGN', slot), EMPTY)
    for register, n in (('DATA', 64), ('PUBLIC', 64), ('SIGNATURE', 64), ('DIGEST', 32)):
        equal(get(c, register, n), bytes(n), register)
    equal(c.read(VENGINE + M['ENGINE_RANGE_SIZE']), 0)
    equal(do(c, 'GENERATE', 4), OK)


def test_random_words_differ(board):
    c = board.start()
    words = [c.read(VENGINE + M['ENGINE_RANDOM']) for _ in range(256)]
    assert len(set(words)) > 250
    ones = sum(bin(w).count('1') for w in words)
    assert 3800 < ones < 4400, ones


def test_seed_option_does_not_make_randomness_predictable(board):
    drawn = []
    for _ in range(2):
        c = board.start('-seed', '1')
        drawn.append([c.read(VENGINE + M['ENGINE_RANDOM']) for _ in range(4)])
        c.kill()
    differ(drawn[0], drawn[1])


def test_dma_reaches_ram_only_inside_the_range(board):
    c = board.start()
    c.put(VSRAM, b'0123456789abcdef')
    equal(copy(c, VSRAM, VAULT, RAM + 0x1000, ACORE, 16), DMA, 'no range is set')
    equal(hash_status(c, ACORE, RAM, 4), DMA)
    set_range(c, RAM + 0x1000, 0x100)
    equal(copy(c, VSRAM, VAULT, RAM + 0x1000, ACORE, 16), OK)
    equal(copy(c, RAM + 0x1000, ACORE, VSRAM + 0x100, VAULT, 16), OK)
    equal(c.get(VSRAM + 0x100, 16), b'0123456789abcdef')
    for address, length in ((RAM + 0xfff, 2), (RAM + 0x10ff, 2), (RAM + 0x1000, 0x101),
                            (RAM + 0x1100, 1), (RAM, 0x2000), (RAM + 0x1000, 0xffffffff)):
        equal(hash_status(c, ACORE, address, length), DMA, (hex(address), hex(length)))
        equal(copy(c, address, ACORE, VSRAM, VAULT, length), DMA)
        equal(copy(c, VSRAM, VAULT, address, ACORE, length), DMA)
    equal(hash_status(c, ACORE, RAM + 0x10ff, 1), OK)


def test_dma_range_cannot_open_more_than_ram(board):
    c = board.start()
    for base, size in ((0, 0xffffffff), (0x08000000, 0x40000000), (FLASHCTL, 0x1000)):
        set_range(c, base, size)
        for address in (FLASHCTL, SYSCTL, M['MAP_MAILRAM_BASE'], M['MAP_UART_BASE'],
                        M['MAP_GICD_BASE'], M['MAP_WINDOW_BASE'], 0, RAM + RAM_SIZE):
            equal(hash_status(c, ACORE, address, 4), DMA, hex(address))
            equal(copy(c, VSRAM, VAULT, address, ACORE, 4), DMA, hex(address))
    set_range(c, 0, 0xffffffff)
    equal(hash_status(c, ACORE, RAM + RAM_SIZE - 4, 4), OK)
    equal(hash_status(c, ACORE, RAM + RAM_SIZE - 4, 5), DMA)


def test_dma_reads_flash_and_secure_ram_and_writes_only_the_latter(board):
    with open(board.flash, 'r+b') as f:
        f.seek(0x5000)
        f.write(b'flash content...')
    c = board.start()
    equal(copy(c, FLASH + 0x5000, ACORE, SECRAM + 0x40, ACORE, 16), OK)
    equal(copy(c, SECRAM + 0x40, ACORE, VSRAM, VAULT, 16), OK)
    equal(c.get(VSRAM, 16), b'flash content...')
    equal(copy(c, VFLASH + 0x5000, VAULT, VSRAM + 0x100, VAULT, 16), OK)
    equal(c.get(VSRAM + 0x100, 16), b'flash content...')
    equal(copy(c, VSRAM, VAULT, FLASH, ACORE, 16), DMA)
    equal(copy(c, VSRAM, VAULT, VFLASH, VAULT, 16), DMA)
    equal(hash_status(c, ACORE, FLASH + M['FLASH_SIZE'] - 4, 8), DMA)
    equal(hash_status(c, ACORE, SECRAM + M['MAP_SECRAM_SIZE'] - 4, 8), DMA)


def test_dma_in_the_vault_leaves_devices_alone(board):
    c = board.start()
    for address in (VFUSE, VENGINE, VCTL, M['MAP_VNVM_BASE'], 0xe000e000,
                    VSRAM + M['MAP_VSRAM_SIZE']):
        equal(hash_status(c, VAULT, address, 4), DMA, hex(address))
        equal(copy(c, VSRAM, VAULT, address, VAULT, 4), DMA, hex(address))
    equal(copy(c, VSRAM, VAULT, M['MAP_VROM_BASE'], VAULT, 4), DMA)
    equal(hash_status(c, VAULT, M['MAP_VROM_BASE'], 64), OK)
    for space in (2, 0xffffffff):
        equal(hash_status(c, space, VSRAM, 4), DMA)
        equal(copy(c, VSRAM, VAULT, VSRAM + 64, space, 4), DMA)


def test_copy_refuses_overlap(board):
    c = board.start()
    equal(copy(c, VSRAM, VAULT, VSRAM + 8, VAULT, 16), ARGUMENT)
    equal(copy(c, VSRAM + 8, VAULT, VSRAM, VAULT, 16), ARGUMENT)
    equal(copy(c, VSRAM, VAULT, VSRAM + 16, VAULT, 16), OK)


def test_core_runs_what_dma_wrote(board):
    c = board.start()
    c.release()
    set_range(c, RAM, RAM_SIZE)
    for value in (1, 2, 3):
        c.put(VSRAM, struct.pack('<II', 0xe3a00000 | value, 0xe12fff1e))
        equal(copy(c, VSRAM, VAULT, RAM + 0x3000, ACORE, 8), OK)
        equal(c.normal_execute(RAM + 0x3000), value, 'old code ran')
