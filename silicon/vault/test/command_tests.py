"""What the vault does for the monitor and for the normal world, and what outlives the power."""
import hashlib
import os
import struct

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import utils

from board import OF_MONITOR, OF_NORMAL, Board
from cose import cbor_bytes, cose_sign1, head, open_sign1, verify
from silicon.harness import M, TYPES, new_key, public

KERNEL, APPLICATION, KEYSTORE = TYPES["KERNEL"], TYPES["APPLICATION"], TYPES["KEYSTORE"]


def verifies_and_measures_images(board):
    kernel = board.keys.package("KERNEL", os.urandom(300000), version=4)
    board.image.packages[0, "KERNEL"] = kernel
    board.write_flash()
    at = M["MAP_FLASH_BASE"] + M["FLASH_KERNEL_AT"]
    ram = M["MAP_RAM_BASE"] + 0x10000

    def request(address, length, kind=KERNEL, flags=0):
        return struct.pack("<IIHH", address, length, kind, flags)

    with board.on() as run:
        run.hello()
        answer = run.ask(OF_MONITOR, 1, request(at, len(kernel), flags=1))
        assert answer[32:64] == hashlib.sha256(kernel).digest()
        assert struct.unpack_from("<IIIHH", answer, 128) == (300000, 0, 4, KERNEL, 0)
        run.ask(OF_MONITOR, 1, request(at, len(kernel), 8), "TYPE")
        run.ask(OF_MONITOR, 1, request(at, len(kernel) - 1), "LONG")
        run.ask(OF_MONITOR, 1, request(at + 1, len(kernel) - 1), "SIGNATURE")
        small = board.keys.package("KERNEL", b"small")
        run.poke(ram, small)
        run.ask(OF_MONITOR, 1, request(ram, len(small)), "DENIED")
        run.ask(OF_MONITOR, 3, struct.pack("<II", ram, 4096))
        run.ask(OF_MONITOR, 1, request(ram, len(small)))
        run.ask(OF_MONITOR, 1, request(ram + 4096, 512), "DENIED")
        run.ask(OF_MONITOR, 4, b"\0\0")
        run.ask(OF_MONITOR, 1, request(ram, len(small)), "ARGUMENT")
        keystore = board.image.packages[0, "KEYSTORE"]
        run.ask(OF_MONITOR, 1, request(M["MAP_FLASH_BASE"] + M["FLASH_KEYSTORE_AT"], len(keystore),
                                       KEYSTORE))


def keeps_callers_apart(board):
    with board.on() as run:
        run.hello()
        run.ask(OF_NORMAL, 16, b"", "STATE")
        run.ask(OF_MONITOR, 19, bytes(33), "DENIED")
        run.ask(OF_MONITOR, 4, b"\0\0")
        run.says("[VAULT] set A: boot done")
        run.ask(OF_NORMAL, 1, bytes(12), "DENIED")
        run.ask(OF_NORMAL, 36, b"", "UNKNOWN_COMMAND")
        run.ask(OF_NORMAL, 6, bytes(4), "DENIED")
        run.ask(OF_NORMAL, 16, b"x", "LONG")
        info = run.ask(OF_NORMAL, 16)
        assert info[:64] == board.device.device_id and info[64:128] == board.device.attestation
        assert info[128:160] == board.device.implementation
        first, second = run.ask(OF_NORMAL, 23, b"\x40\0"), run.ask(OF_NORMAL, 23, b"\x40\0")
        assert len(first) == 64 and first != second


def proves_itself(board):
    tenant, component, nonce = b"t" * 16, b"c" * 16, os.urandom(32)
    with board.on() as run:
        run.hello()
        run.ask(OF_MONITOR, 4, b"\0\0")
        run.ask(OF_NORMAL, 20, nonce, "STATE")
        update = run.ask(OF_NORMAL, 19, b"\1" + bytes(32))
        run.ask(OF_NORMAL, 24, b"\1" + bytes(32))
        run.ask(OF_NORMAL, 19, b"\2" + tenant + component, "FOREIGN")
        statement = run.ask(OF_NORMAL, 22, nonce + tenant + public(board.keys.owner))
        claim = open_sign1(board.device.device_id, "tatu-claim-1", statement)
        assert claim == {1: nonce, 2: board.device.device_id, 3: tenant, 4: public(board.keys.owner)}
        run.ask(OF_NORMAL, 22, nonce + b"u" * 16 + public(board.keys.owner), "OWNED")
        daily = run.ask(OF_NORMAL, 19, b"\2" + tenant + component)
        run.ask(OF_NORMAL, 24, b"\2" + tenant + component)
        evidence = open_sign1(board.device.attestation, "tatu-evidence-1", run.ask(OF_NORMAL, 20, nonce))
        flat = repr(evidence)
        for what in (nonce, board.device.device_id, board.device.implementation, daily, update[:32], update[32:],
                     hashlib.sha256(board.image.packages[0, "VAULT"]).digest(),
                     hashlib.sha256(board.image.packages[0, "MONITOR"]).digest()):
            assert repr(what) in flat, what
        for key, selector in ((update, b"\1" + bytes(32)), (daily, b"\2" + tenant + component)):
            digest = hashlib.sha256(selector).digest()
            signature = run.ask(OF_NORMAL, 21, selector + digest)
            verify(key, signature, digest, utils.Prehashed(hashes.SHA256()))
        run.ask(OF_NORMAL, 21, b"\2" + bytes(32) + digest, "NOT_FOUND")
        assert evidence[-75007] == [[tenant, component, daily]]


def keeps_owner_and_time_over_power(board):
    tenant, nonce = b"t" * 16, os.urandom(32)

    def signed(key, nonce, seconds):
        payload = b"\xa2\x01" + cbor_bytes(nonce) + b"\x02" + head(0, seconds)
        return cose_sign1(key, "tatu-time-1", payload)

    with board.on() as run:
        run.hello()
        run.ask(OF_MONITOR, 4, b"\0\0")
        run.ask(OF_NORMAL, 22, nonce + tenant + public(board.keys.owner))
        fresh = run.ask(OF_NORMAL, 17)
        run.ask(OF_NORMAL, 18, signed(new_key(), fresh, 1_900_000_000), "SIGNATURE")
        run.ask(OF_NORMAL, 18, signed(board.keys.time, nonce, 1_900_000_000), "REPLAY")
        answer = run.ask(OF_NORMAL, 18, signed(board.keys.time, fresh, 1_900_000_000))
        assert struct.unpack("<Q", answer)[0] == 1_900_000_000
        run.ask(OF_NORMAL, 18, signed(board.keys.time, fresh, 1_900_000_001), "REPLAY")
    with board.on() as run:
        run.hello()
        run.ask(OF_MONITOR, 4, b"\0\0")
        fresh = run.ask(OF_NORMAL, 17)
        run.ask(OF_NORMAL, 18, signed(board.keys.time, fresh, 1_899_999_999), "CLOCK")
        info = run.ask(OF_NORMAL, 16)
        assert info[160:176] == tenant and info[176:240] == public(board.keys.owner)
        assert struct.unpack_from("<Q", info, 248)[0] == 1_900_000_000
        application = board.keys.package("APPLICATION", b"an application")
        run.poke(M["MAP_SECRAM_BASE"] + 0x20000, application)
        run.ask(OF_MONITOR, 1, struct.pack("<IIHH", M["MAP_SECRAM_BASE"] + 0x20000,
                                           len(application), APPLICATION, 0))


def makes_each_device_its_own(board):
    with Board(board.options) as other:
        assert other.device.device_id != board.device.device_id
        assert other.device.attestation != board.device.attestation


TESTS = [verifies_and_measures_images, keeps_callers_apart, proves_itself, keeps_owner_and_time_over_power,
         makes_each_device_its_own]
