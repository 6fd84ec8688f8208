"""What the vault keeps and opens over a device's life: attempts, capabilities, floors, tickets, seals, and its end."""
import json
import os
import struct

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import utils

from board import OF_MONITOR, OF_NORMAL, Board
from cose import cbor_bytes, cose_sign1, head, open_sign1, verify
from silicon.harness import new_key, public

NORMAL, SAFE = 0, 1
UPDATE_KEY = b"\1" + bytes(32)


def end_boot(run, good=False):
    run.ask(OF_MONITOR, 4, b"\0\0")
    if good:
        run.ask(OF_MONITOR, 8)


def own(run):
    """Makes the keys' owner the device's."""
    end_boot(run)
    run.ask(OF_NORMAL, 22, bytes(32) + b"t" * 16 + public(run.keys.owner))


def says_who_it_is(board):
    nonces = set()
    for _ in range(2):
        with board.on() as run:
            run.hello()
            lines = run.says("[VAULT] A-core released").split("\n")
            assert "[ROM] id " + board.device.device_id.hex() in lines
            assert "[ROM] attestation " + board.device.attestation.hex() in lines
            nonces |= {line for line in lines if line.startswith("[ROM] nonce ") and len(line) == 12 + 64}
    assert len(nonces) == 2, nonces


def gives_each_set_three_tries(board):
    for attempt in range(7):
        with board.on() as run:
            run.hello()
            which = attempt // 3 & 1
            mode = NORMAL if attempt < 6 else SAFE
            assert run.ask(OF_MONITOR, 5) == bytes([which, which, 0, mode]), attempt
    with board.on() as run:
        run.hello()
        end_boot(run, good=True)
    with board.on() as run:
        run.hello()
        assert run.ask(OF_MONITOR, 5) == bytes([0, 0, 0, NORMAL])


# ---- capabilities

def capability(device, numbers, key, store=0):
    numbers = b"".join(struct.pack("<H", n) for n in numbers).ljust(140, b"\0")
    body = struct.pack("<III", 0x5cfd5cfd, 1, 204) + device + numbers
    return struct.pack("<I", store) + key.package("CAPABILITY", body, key.owner)


def opens(run):
    """Names of the cores whose debug port is open."""
    port = run.link("debug")
    port.send(b"id\n")
    return port.line().split()[3:]


def opens_what_its_owner_says(board):
    device, keys = board.device.device_id, board.keys
    foreign = type(keys)()
    with board.on() as run:
        run.hello()
        assert opens(run) == []
        end_boot(run)
        run.ask(OF_NORMAL, 31, capability(device, [3], keys), "DENIED")
        run.ask(OF_NORMAL, 22, bytes(32) + b"t" * 16 + public(keys.owner))
        run.ask(OF_NORMAL, 31, capability(device, [3], foreign), "SIGNATURE")
        run.ask(OF_NORMAL, 31, capability(device[:-1] + b"\0", [3], keys), "FOREIGN")
        run.ask(OF_NORMAL, 31, capability(device, [3, 4], keys), "CAPABILITY")
        run.ask(OF_NORMAL, 31, capability(device, [14], keys), "CAPABILITY")
        run.ask(OF_NORMAL, 31, capability(device, [], keys), "FORMAT")
        assert opens(run) == []
        for number, core in ((2, ["vault"]), (3, ["acore"]), (5, ["acore"]), (6, ["rt0"]), (7, ["rt1"]), (11, [])):
            run.ask(OF_NORMAL, 31, capability(device, [number], keys))
            assert opens(run) == core, number
        run.ask(OF_NORMAL, 31, capability(device, [6], keys))
        run.ask(OF_NORMAL, 31, capability(device, [3, 13], keys, store=1))
        assert opens(run) == ["acore", "rt0"]
        assert run.ask(OF_NORMAL, 30) == struct.pack("<III", 1, 1 << 3 | 1 << 13, 1 << 6)
    with board.on() as run:
        run.hello()
        assert opens(run) == ["acore"]  # while the monitor runs, before it is done
        end_boot(run)
        run.ask(OF_NORMAL, 19, UPDATE_KEY)
        evidence = open_sign1(board.device.attestation, "tatu-evidence-1", run.ask(OF_NORMAL, 20, bytes(32)))
        assert evidence[263] == 0 and evidence[-75008] == 1 << 3 | 1 << 13 and evidence[-75009] == NORMAL
        run.ask(OF_NORMAL, 32)
        assert opens(run) == []
        evidence = open_sign1(board.device.attestation, "tatu-evidence-1", run.ask(OF_NORMAL, 20, bytes(32)))
        assert evidence[263] == 1 and evidence[-75008] == 0
    with board.on() as run:
        run.hello()
        assert opens(run) == []


def signs_nothing_as_the_device_while_its_own_core_is_open(board):
    nonce = bytes(32)
    with board.on() as run:
        run.hello()
        own(run)
        run.ask(OF_NORMAL, 19, UPDATE_KEY)
        run.ask(OF_NORMAL, 24, UPDATE_KEY)
        run.ask(OF_NORMAL, 21, UPDATE_KEY + nonce)
        run.ask(OF_NORMAL, 31, capability(board.device.device_id, [2], board.keys, store=1))
        assert opens(run) == ["vault"]
        run.ask(OF_NORMAL, 21, UPDATE_KEY + nonce, "NOT_FOUND")
        run.ask(OF_NORMAL, 20, nonce, "NOT_FOUND")
    with board.on() as run:
        run.hello()
        assert opens(run) == ["vault"]
        end_boot(run)
        run.ask(OF_NORMAL, 19, UPDATE_KEY)
        for command in (20, 22):  # evidence, claim
            payload = nonce if command == 20 else nonce + b"t" * 16 + public(run.keys.owner)
            run.ask(OF_NORMAL, command, payload, "NOT_FOUND")
        run.ask(OF_NORMAL, 32)
        run.ask(OF_NORMAL, 20, nonce, "NOT_FOUND")
    with board.on() as run:
        run.hello()
        end_boot(run)
        run.ask(OF_NORMAL, 19, UPDATE_KEY)
        evidence = open_sign1(board.device.attestation, "tatu-evidence-1", run.ask(OF_NORMAL, 20, nonce))
        assert evidence[263] == 1 and evidence[-75008] == 0


def starts_recovery_for_a_monitor_without_an_os(board):
    with board.on() as run:
        run.hello()
        run.wire["acore"].send(struct.pack("<HHI", OF_MONITOR, 10, 0))  # the answer is a reset
        run.says("[ROM] recovery, NO_BOOT_SET")
    with board.on() as run:
        run.hello()  # once
        end_boot(run)
        run.ask(OF_MONITOR, 10, b"", "STATE")
        run.ask(OF_NORMAL, 10, b"", "DENIED")


# ---- what only this chip can make

def seals_for_itself_alone(board):
    label, text = b"a label of 16 b.", os.urandom(1000)
    with board.on() as run:
        run.hello()
        mac = run.ask(OF_MONITOR, 6, struct.pack("<I", 1) + b"a table")
        end_boot(run)
        sealed = run.ask(OF_NORMAL, 26, label + text)
        assert len(sealed) == 1028 and text[:8] not in sealed
        assert run.ask(OF_NORMAL, 26, label + text) != sealed
        key = run.ask(OF_NORMAL, 28, label)
        run.ask(OF_NORMAL, 27, label[::-1] + sealed, "SIGNATURE")
        run.ask(OF_NORMAL, 27, label + sealed[:-1] + bytes([sealed[-1] ^ 1]), "SIGNATURE")
    with board.on() as run:
        run.hello()
        assert run.ask(OF_MONITOR, 6, struct.pack("<I", 1) + b"a table") == mac
        end_boot(run)
        assert run.ask(OF_NORMAL, 27, label + sealed) == text
        assert run.ask(OF_NORMAL, 28, label) == key
    with Board(board.options) as other, other.on() as run:
        run.hello()
        assert run.ask(OF_MONITOR, 6, struct.pack("<I", 1) + b"a table") != mac
        end_boot(run)
        run.ask(OF_NORMAL, 27, label + sealed, "SIGNATURE")
        assert run.ask(OF_NORMAL, 28, label) != key


def counts_over_power(board):
    for boot in range(1, 3):
        with board.on() as run:
            run.hello()
            assert run.ask(OF_MONITOR, 7, struct.pack("<I", 1)) == struct.pack("<Q", boot)
            end_boot(run)
            for number in range(4):
                value = run.ask(OF_NORMAL, 29, bytes([number, number > 0]))
                assert value == struct.pack("<Q", boot if number else 0)
            run.ask(OF_NORMAL, 29, b"\4\1", "ARGUMENT")


def changes_daily_keys_in_two_steps(board):
    name = b"\2" + b"t" * 16 + b"c" * 16
    with board.on() as run:
        run.hello()
        own(run)
        first = run.ask(OF_NORMAL, 19, name)
        run.ask(OF_NORMAL, 21, name + bytes(32), "NOT_FOUND")
        run.ask(OF_NORMAL, 24, name)
        second = run.ask(OF_NORMAL, 19, name)
        old = run.ask(OF_NORMAL, 21, name + bytes(32))
        run.ask(OF_NORMAL, 24, name)
        new = run.ask(OF_NORMAL, 21, name + bytes(32))
        run.ask(OF_NORMAL, 24, name, "NOT_FOUND")
        run.ask(OF_NORMAL, 21, b"\2" + b"t" * 16 + b"d" * 16 + bytes(32), "NOT_FOUND")
        run.ask(OF_MONITOR, 2, b"\0")  # nothing is installed any more
        run.ask(OF_NORMAL, 21, name + bytes(32), "NOT_FOUND")
    verify(first, old, bytes(32), utils.Prehashed(hashes.SHA256()))
    verify(second, new, bytes(32), utils.Prehashed(hashes.SHA256()))


# ---- lifecycle, tickets, floors

def completes_its_lifecycle_once(board):
    with board.on() as run:
        run.hello()
        end_boot(run)
        run.ask(OF_NORMAL, 33, struct.pack("<I", 7), "ARGUMENT")
        run.ask(OF_NORMAL, 33, struct.pack("<I", 3))
    with board.on() as run:
        run.hello()
        run.says("[ROM] vault boot, lifecycle 3, boot 2")
        end_boot(run)
        run.ask(OF_NORMAL, 33, struct.pack("<I", 1), "LIFECYCLE")
        run.ask(OF_NORMAL, 19, UPDATE_KEY)
        evidence = open_sign1(board.device.attestation, "tatu-evidence-1", run.ask(OF_NORMAL, 20, bytes(32)))
        assert evidence[2395] == 0x3003


def keeps_its_ticket(board):
    def ticket(nonce, grace, key=None):
        payload = b"\xa3\x01" + cbor_bytes(board.device.device_id) + b"\x02" + cbor_bytes(nonce) + b"\x03" + head(0, grace)
        return cose_sign1(key or board.keys.director, "tatu-ticket-1", payload)

    with board.on() as run:
        run.hello()
        end_boot(run)
        nonce = run.ask(OF_NORMAL, 34)
        run.ask(OF_NORMAL, 35, ticket(nonce, 7200, new_key()), "SIGNATURE")
        run.ask(OF_NORMAL, 35, ticket(bytes(32), 7200), "REPLAY")
        assert run.ask(OF_NORMAL, 35, ticket(nonce, 7200)) == struct.pack("<I", 7200)
        run.ask(OF_NORMAL, 35, ticket(nonce, 7200), "REPLAY")
    for boots in (1, 2):
        with board.on() as run:
            run.hello()
            assert run.ask(OF_MONITOR, 9) == struct.pack("<II", 7200, boots)


def raises_its_floors_for_ever(board):
    def confirmation(floors):
        payload = (b"\xa2\x01" + cbor_bytes(board.device.implementation) + b"\x02\x84" +
                   b"".join(head(0, floor) for floor in floors))
        return cose_sign1(board.keys.release, "tatu-confirm-1", payload, public(board.keys.release))

    board.image.install(0, board.boot_set(version=40))
    board.write_flash()
    with board.on() as run:
        run.hello()
        end_boot(run)
        run.ask(OF_NORMAL, 25, confirmation([40, 40, 0, 0]), "STATE")
        run.ask(OF_MONITOR, 8)
        run.ask(OF_NORMAL, 25, confirmation([41, 40, 0, 0]), "ARGUMENT")
        run.ask(OF_NORMAL, 25, confirmation([40, 40, 1, 0]), "ARGUMENT")  # no OS was measured
        assert run.ask(OF_NORMAL, 25, confirmation([40, 33, 0, 0])) == struct.pack("<4I", 40, 33, 0, 0)
    with board.on() as run:
        run.hello()
        info = run.ask(OF_MONITOR, 16)
        assert struct.unpack_from("<4I", info, 272) == (40, 33, 0, 0)
    board.image.spoil(0, "VAULT")
    board.write_flash()
    with board.on() as run:
        assert "[ROM] set B: runtime refused, ROLLBACK\n" in run.says("[ROM] recovery, NO_BOOT_SET")


# ---- its end

def destroys_its_secrets_when_opened(board):
    with board.on() as run:
        run.hello()
        end_boot(run)
        run.ask(OF_NORMAL, 28, bytes(16))
        run.panel.send(b"tamper 1\n")
        run.says("[VAULT] opened, secrets destroyed")
        run.says("[ROM] halted, TAMPER")
    with board.on() as run:
        assert "id " not in run.says("[ROM] halted, TAMPER")


def destroys_its_secrets_when_it_starts_open(board):
    with board.on(tamper="on") as run:
        assert "A-core" not in run.says("[ROM] halted, TAMPER")
    with board.on() as run:
        run.says("[ROM] halted, TAMPER")


def does_nothing_without_good_random_numbers(board):
    with Board(board.options, lab=True) as lab:  # whose noise source may be made to fail
        for fault in ("stuck", "biased"):
            with lab.on(trng_fault=fault) as run:
                assert "boot 1" not in run.says("[ROM] halted, ENTROPY")
        with lab.on() as run:
            run.hello()
            run.says("[ROM] last boot halted, ENTROPY")


def break_noise(run):
    """Makes the noise source fail from now on; lab chips with the door alone."""
    qmp = run.link("qmp")
    qmp.line()
    for command in ({"execute": "qmp_capabilities"},
                    {"execute": "qom-set", "arguments": {"path": "/machine/random", "property": "fault", "value": "stuck"}}):
        qmp.send(json.dumps(command).encode() + b"\n")
        assert json.loads(qmp.line()) == {"return": {}}


def names_the_source_that_a_random_word_finds_broken(board):
    with Board(board.options, lab=True) as lab, lab.on(*lab.door("qmp")) as run:
        run.hello()
        end_boot(run)
        break_noise(run)
        answers = (run.ask_any(OF_NORMAL, 23, b"\x40\0") for _ in range(1000))
        name, payload = next(answer for answer in answers if answer[0] != "OK")
        assert name == "ENTROPY" and payload == b"", name
        run.ask(OF_NORMAL, 16)  # and it goes on


def goes_on_without_what_is_random(board):
    label = b"a label of 16 b."
    with Board(board.options, lab=True) as lab, lab.on(*lab.door("qmp")) as run:
        run.hello()
        end_boot(run)
        sealed = run.ask(OF_NORMAL, 26, label + b"text")
        break_noise(run)
        names = (run.ask_any(OF_NORMAL, 19, UPDATE_KEY)[0] for _ in range(1000))  # the next seed is the first that fails
        assert next(name for name in names if name != "OK") == "ENTROPY"
        for command, payload in ((23, b"\x40\0"), (17, b""), (34, b""), (26, label + b"text"), (19, UPDATE_KEY)):
            run.ask(OF_NORMAL, command, payload, "ENTROPY")
        assert run.ask(OF_NORMAL, 27, label + sealed) == b"text"
        run.ask(OF_NORMAL, 28, label)
        run.ask(OF_NORMAL, 16)


TESTS = [says_who_it_is, gives_each_set_three_tries, opens_what_its_owner_says,
         signs_nothing_as_the_device_while_its_own_core_is_open, starts_recovery_for_a_monitor_without_an_os,
         seals_for_itself_alone, counts_over_power,
         changes_daily_keys_in_two_steps, completes_its_lifecycle_once, keeps_its_ticket, raises_its_floors_for_ever,
         destroys_its_secrets_when_opened, destroys_its_secrets_when_it_starts_open,
         does_nothing_without_good_random_numbers, names_the_source_that_a_random_word_finds_broken,
         goes_on_without_what_is_random]
