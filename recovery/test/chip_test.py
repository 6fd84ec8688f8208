#!/usr/bin/python3
"""Recovery in the real chip: mask ROM, vault runtime and recovery program, with a host that answers well or ill.

chip_test.py [--qemu FILE] [--vault FOLDER] [--monitor FOLDER] [--keep] [--cuts N] [NAME...]

In place of the monitor an agent (silicon/vault/test/agent.c) shows that an installed set boots. What is installed is
random bytes but for the firmware. --cuts: how many power cuts in the middle of an installation."""
import os
import random
import struct
import sys
import time

sys.path.append(os.path.abspath(os.path.join(os.path.dirname(__file__), "../..")))
from host import DONE, HELLO, PROGRESS, READ, Host, Refused  # noqa: E402  (the path is what they need)
from silicon.harness import (ERRORS, ROOT, TYPES, Chip, Firmware, Flash, FuseFile, M, build_bare,  # noqa: E402
                             flip, new_key, suite)
from silicon.harness.images import package as make_package  # noqa: E402

JUMP = struct.pack("<II", 0xe51ff004, M["MAP_SECRAM_BASE"])  # ldr pc, [pc, #-4]
AGENT = os.path.join(ROOT, "silicon/vault/test")
PORT = "recovery_port"
SLOTS = ("VAULT", "MONITOR", "DTB", "KERNEL", "ROOT", "KEYSTORE")
ROM, RUNTIME, PROGRAM = 1, 2, 3  # stages
SMALL = {"DTB": 3000, "KERNEL": 30001, "ROOT": 20000}
# as a release has them; DESIGN target of the set is 4 MiB
WHOLE = {"DTB": 9000, "KERNEL": 1900000, "ROOT": 2300000}
OF_MONITOR, OF_NORMAL = 1, 2
BOOT_DONE, GET_INFO, CLAIM = 4, 16, 22


def read(path):
    with open(path, "rb") as file:
        return file.read()


class Bench(Chip):
    """A made device with two good sets of release 1, an endorsement, applications and failure records."""

    def __init__(self, options):
        firmware = Firmware(options.vault, options.monitor)
        # nobody reads the A-core's UART most of the time: not a wire, or it would stop the chip
        super().__init__(firmware.vault_rom, JUMP, qemu=options.qemu, sockets=("acore", "fab", "panel", PORT),
                         keep=options.keep)
        self.options = options
        self.runtime = read(firmware.vault_runtime)
        self.program = read(os.path.join(options.monitor or os.path.join(ROOT, "build/monitor"),
                                         "recovery/recovery.bin"))
        self.agent = read(build_bare(self.folder, "agent", "acore", os.path.join(AGENT, "agent.ld"),
                                     os.path.join(AGENT, "agent.c")))
        self.make()
        self.made = self.state()
        self.old = self.release(1)
        self.new = self.release(2)

    def release(self, seed, sizes=None, version=1):
        """Packages by slot, and what a host needs beside them."""
        noise = random.Random(seed)
        bodies = {slot: noise.randbytes(size) for slot, size in (sizes or SMALL).items()}
        packages = self.keys.boot_set({"VAULT": self.runtime, "MONITOR": self.agent, **bodies}, version=version)
        packages["RECOVERY"] = self.keys.package("RECOVERY", self.program, version=version)
        packages["RECOVERY_MANIFEST"] = self.manifest(packages)
        return packages

    def manifest(self, packages, key=None, version=1):
        import hashlib
        parts = sorted((TYPES[slot], packages[slot]) for slot in SLOTS)
        body = struct.pack("<II", 1, len(parts))
        for number, whole in parts:
            body += struct.pack("<HHI", number, 0, len(whole)) + hashlib.sha256(whole).digest()
        return self.keys.package("RECOVERY_MANIFEST", body, key=key, version=version)

    def fresh(self):
        self.set_state(self.made)
        self.image = Flash(in_slots(self.old), in_slots(self.old))
        self.image.put_endorsement(b"endorsement of this board")
        self.image.put(M["FLASH_APPS0_AT"], b"an application" * 100)
        self.image.put(M["FLASH_APPS1_AT"], b"another" * 100)
        self.image.put(M["FLASH_RECORDS_AT"], b"a failure record")
        self.image.put_table(preferred=0)
        self.write_flash()

    def host(self, packages):
        return Host(self.link(PORT), {TYPES[slot]: whole for slot, whole in packages.items()})

    def lower_strap(self):
        self.panel.send(b"recovery 0\n")

    def says(self, line, timeout_s=60):
        return self.wait(line, "vault", timeout_s=timeout_s)

    def boots(self, which="A"):
        """The installed set's monitor runs."""
        self.wait("hello\n", "acore")
        return self.says(f"[VAULT] set {which}: monitor verified")

    def ask(self, caller, command, payload=b""):
        acore = self.link("acore")
        acore.send(struct.pack("<HHI", caller, command, len(payload)) + payload)
        status, length = struct.unpack("<II", acore.take(8))
        assert status == 0, f"command {command}: error {status}"
        return acore.take(length)

    # ---- what is in flash

    def flash_now(self):
        return read(self.flash)

    def holds(self, packages, which, flash=None):
        flash = flash or self.flash_now()
        for slot in SLOTS:
            start = which * M["FLASH_SET_STRIDE"] + M[f"FLASH_{slot}_AT"]
            end, whole = start + M[f"FLASH_{slot}_SIZE"], packages[slot]
            footer = struct.pack("<IIII", M["FLASH_FOOTER_MAGIC"], len(whole), len(whole) ^ 0xffffffff, 0)
            if flash[start:start + len(whole)] != whole or flash[end - 16:end] != footer:
                return False
        return True

    def keystores(self, flash):
        """Numbers of the sets that have one."""
        found = []
        for which in (0, 1):
            at = which * M["FLASH_SET_STRIDE"] + M["FLASH_KEYSTORE_AT"]
            if flash[at:at + M["FLASH_KEYSTORE_SIZE"]] in (pad(self.old["KEYSTORE"]), pad(self.new["KEYSTORE"])):
                found.append(which)
        return found

    def expect_installed(self, packages):
        flash = self.flash_now()
        for which in (0, 1):
            assert self.holds(packages, which, flash), f"set {which} is not as the manifest says"
        for name in ("APPS0", "APPS1", "STORE"):
            at = M[f"FLASH_{name}_AT"]
            assert not flash[at:at + M[f"FLASH_{name}_SIZE"]].strip(b"\xff"), f"{name} is not erased"
        for name in ("TABLE0", "TABLE1"):
            at = M[f"FLASH_{name}_AT"]
            assert not flash[at:at + 4096].strip(b"\xff"), f"{name} is not erased"
        assert flash[M["FLASH_FACTORY_AT"] + 4:].startswith(b"endorsement of this board"), "no endorsement is left"
        assert flash[M["FLASH_RECORDS_AT"]:].startswith(b"a failure record"), "no failure record is left"


def in_slots(packages):
    return {slot: packages[slot] for slot in SLOTS}


def pad(keystore):
    size = M["FLASH_KEYSTORE_SIZE"]
    return keystore.ljust(size - 16, b"\xff") + struct.pack(
        "<IIII", M["FLASH_FOOTER_MAGIC"], len(keystore), len(keystore) ^ 0xffffffff, 0)


def recover(bench, packages):
    """From a chip that is on and asks, to the boot of what was installed. The host."""
    host = bench.host(packages)
    host.serve(lambda message: message.kind == HELLO)
    bench.lower_strap()
    host.serve()
    bench.boots()
    bench.expect_installed(packages)
    return host


# ---- it recovers

def wiped_board_is_recovered_in_time(bench):
    """The figure: a release of full size, over the port, both sets."""
    packages = bench.release(7, WHOLE)
    bench.image = Flash()
    bench.image.put_endorsement(b"endorsement of this board")
    bench.image.put(M["FLASH_RECORDS_AT"], b"a failure record")
    bench.write_flash()
    with bench.on():
        bench.says("[ROM] recovery, NO_BOOT_SET\n")
        started = time.time()
        host = recover(bench, packages)
        seconds = time.time() - started
    assert seconds < 120, f"{seconds:.0f} s"
    return f"{host.sent} bytes sent, both sets and the boot in {seconds:.1f} s"


def board_with_both_sets_damaged_is_recovered(bench):
    bench.image.spoil(0, "KEYSTORE")
    bench.image.spoil(1, "VAULT")
    bench.write_flash()
    with bench.on():
        bench.says("[ROM] recovery, NO_BOOT_SET\n")
        recover(bench, bench.new)


def board_without_a_monitor_is_recovered(bench):
    for which in (0, 1):
        bench.image.spoil(which, "MONITOR", 64)
    bench.write_flash()
    with bench.on():
        bench.says("[VAULT] recovery, NO_BOOT_SET\n")
        host = recover(bench, bench.new)
        assert host.seen[0].stage == RUNTIME, host.seen[0]


def strap_recovers_a_good_board(bench):
    with bench.on(recovery="on"):
        bench.says("[ROM] recovery, strap\n")
        recover(bench, bench.new)
    with bench.on():
        bench.boots()


def same_release_sends_no_part_again(bench):
    with bench.on(recovery="on"):
        host = recover(bench, bench.old)
        asked = {message.type for message in host.seen if message.kind == READ}
        assert asked == {TYPES[name] for name in ("KEYSTORE", "VAULT", "RECOVERY", "RECOVERY_MANIFEST")}, asked


def identity_owner_lifecycle_and_floors_stay(bench):
    FuseFile(bench.fuses).burn(M["FUSE_FLOOR"] + 8, 0b1)
    claim = os.urandom(32) + os.urandom(16) + os.urandom(64)
    facts = slice(0, 64 + 64 + 32 + 16 + 64)  # device id, attestation, implementation, tenant, owner key
    with bench.on():
        bench.boots()
        bench.ask(OF_MONITOR, BOOT_DONE, b"\0\0")
        bench.ask(OF_NORMAL, CLAIM, claim)
        before = bench.ask(OF_NORMAL, GET_INFO)
        assert claim[32:48] in before[facts]
    with bench.on(recovery="on"):
        recover(bench, bench.new)
        after = bench.ask(OF_MONITOR, GET_INFO)
    assert after[facts] == before[facts]
    assert after[264:288] == before[264:288], "lifecycle, class or floors"


# ---- it refuses

def stranger(kind, body):
    return lambda bench: make_package(kind, body(bench), new_key())


def with_part(slot, change):
    """The manifest names the part as it is now."""
    def spoil(bench, packages):
        packages[slot] = change(bench)
        packages["RECOVERY_MANIFEST"] = bench.manifest(packages)
    return spoil


def with_image(slot, change):
    def spoil(bench, packages):
        packages[slot] = change(bench, packages[slot])
    return spoil


def flipped(at=100):
    return lambda bench, whole: flip(whole, at)


def unsigned(bench, whole):
    return flip(whole, len(whole) - 1)


REFUSALS = [  # name, what is wrong, error, stage
    ("keystore of another root", with_image("KEYSTORE", lambda bench, _: bench.keys.keystore(root=new_key())),
     "KEY_UNKNOWN", ROM),
    ("keystore without its signature", with_image("KEYSTORE", unsigned), "SIGNATURE", ROM),
    ("runtime of a stranger",
     with_image("VAULT", lambda bench, _: make_package("VAULT", bench.runtime, new_key())), "KEY_UNKNOWN", ROM),
    ("runtime that was changed", with_image("VAULT", flipped()), "SIGNATURE", ROM),
    ("runtime without a second signature",
     with_image("VAULT", lambda bench, _: make_package("VAULT", bench.runtime, bench.keys.release, by=False)),
     "SIGNATURE", ROM),
    ("runtime below the floor",
     with_image("VAULT", lambda bench, _: bench.keys.package("VAULT", bench.runtime, version=0)), "ROLLBACK", ROM),
    ("program of a stranger",
     with_image("RECOVERY", lambda bench, _: make_package("RECOVERY", bench.program, new_key())),
     "KEY_UNKNOWN", RUNTIME),
    ("program that was changed", with_image("RECOVERY", flipped(4000)), "SIGNATURE", RUNTIME),
    ("program below the floor",
     with_image("RECOVERY", lambda bench, _: bench.keys.package("RECOVERY", bench.program, version=0)),
     "ROLLBACK", RUNTIME),
    ("monitor in place of the program", with_image("RECOVERY", lambda bench, _: bench.new["MONITOR"]), "TYPE", RUNTIME),
    ("manifest of a stranger",
     with_image("RECOVERY_MANIFEST", lambda bench, _: bench.manifest(bench.new, key=new_key())),
     "KEY_UNKNOWN", PROGRAM),
    ("manifest that was changed", with_image("RECOVERY_MANIFEST", flipped()), "SIGNATURE", PROGRAM),
    ("manifest of another release",
     with_image("RECOVERY_MANIFEST", lambda bench, _: bench.release(3)["RECOVERY_MANIFEST"]), "DIGEST", PROGRAM),
    ("part of another release", with_image("KERNEL", lambda bench, _: bench.release(3)["KERNEL"]), "DIGEST", PROGRAM),
    ("part that was changed", with_part("KERNEL", lambda bench: flip(bench.new["KERNEL"])), "SIGNATURE", PROGRAM),
    ("part of a stranger",
     with_part("KERNEL", lambda bench: make_package("KERNEL", b"evil" * 1000, new_key())), "KEY_UNKNOWN", PROGRAM),
    ("part of another type", with_part("KERNEL", lambda bench: bench.keys.package("DTB", b"evil" * 1000)),
     "TYPE", PROGRAM),
    ("part below the floor",
     with_part("ROOT", lambda bench: bench.keys.package("ROOT", b"old" * 1000, version=0)), "ROLLBACK", PROGRAM),
]


def refuses(spoil, error, stage):
    """Nothing of the flash has changed, and the board starts as before."""
    def test(bench):
        for floor in range(4):
            FuseFile(bench.fuses).burn(M["FUSE_FLOOR"] + 8 * floor, 1)
        packages = dict(bench.new)
        spoil(bench, packages)
        before = bench.flash_now()
        with bench.on(recovery="on"):
            host = bench.host(packages)
            try:
                host.serve()
                raise AssertionError("it was not refused")
            except Refused as refused:
                assert refused.err == ERRORS[error] and refused.stage == stage, f"{refused}, not {error}"
        assert bench.flash_now() == before, "the flash was changed"
        with bench.on():
            bench.boots()
    return test


def keystore_of_the_manifest_must_be_in_use(bench):
    """The ROM runs with one keystore, the manifest names another one of the same root."""
    packages = dict(bench.new)
    packages["RECOVERY_MANIFEST"] = bench.manifest({**bench.new, "KEYSTORE": bench.keys.keystore(host=b"elsewhere")})
    before = bench.flash_now()
    with bench.on(recovery="on"):
        host = bench.host(packages)
        host.serve(lambda message: message.kind == HELLO and message.stage == PROGRAM)
        host.images[TYPES["KEYSTORE"]] = bench.keys.keystore(host=b"elsewhere")
        try:
            host.serve()
            raise AssertionError("it was not refused")
        except Refused as refused:
            assert refused.err == ERRORS["DIGEST"], refused
    assert bench.flash_now() == before


# ---- lines and hosts

def host_that_never_answers_is_asked_each_second(bench):
    with bench.on(recovery="on"):
        host = bench.host(bench.new)
        started = time.time()
        while len(host.seen) < 12:
            host.next()
        seconds = time.time() - started
        assert 3 < seconds < 15, f"{seconds:.1f} s for {host.seen}"
        assert {message.kind for message in host.seen} == {HELLO, READ}
        bench.lower_strap()
        host.serve()
        bench.boots()
    bench.expect_installed(bench.new)


def noise_costs_time_only(bench):
    noise = random.Random(5)

    def garble(data):
        data = bytearray(data)
        if noise.random() < 0.02:
            data[noise.randrange(len(data))] ^= 1 << noise.randrange(8)
        if noise.random() < 0.02:
            del data[noise.randrange(len(data)):]
        if noise.random() < 0.05:
            data = noise.randbytes(noise.randrange(3000)) + data
        return bytes(data)

    with bench.on(recovery="on"):
        host = bench.host(bench.new)
        host.garble = garble
        host.serve(lambda message: message.kind == HELLO)
        bench.lower_strap()
        host.serve(timeout_s=120)
        bench.boots()
    bench.expect_installed(bench.new)


def garbage_changes_nothing(bench):
    noise = random.Random(6)
    before = bench.flash_now()
    with bench.on(recovery="on"):
        host = bench.host(bench.new)
        for _ in range(400):
            host.wire.send(noise.randbytes(noise.randrange(2000)))
        host.wire.send(b"\0" * 5000)
        assert all(host.next().kind in (HELLO, READ) for _ in range(6))
        assert bench.flash_now() == before
        host.serve(lambda message: message.kind == HELLO)
        bench.lower_strap()
        host.serve()
        bench.boots()


def another_host_goes_on_where_the_first_stopped(bench):
    with bench.on(recovery="on"):
        first = bench.host(bench.new)
        first.serve(lambda message: message.kind == READ and message.type == TYPES["KERNEL"] and message.offset > 9000)
        at = first.seen[-1].offset
        first.wire.close()
        bench.lower_strap()
        second = bench.host(bench.new)
        message = second.serve(lambda message: message.kind == READ)
        assert message.type == TYPES["KERNEL"] and message.offset >= at, message
        second.serve()
        bench.boots()
    bench.expect_installed(bench.new)


# ---- power

def cut_while_it_reads_leaves_the_board_as_it_was(bench):
    before = bench.flash_now()
    for name in ("KEYSTORE", "RECOVERY", "RECOVERY_MANIFEST", "KERNEL", "ROOT"):
        with bench.on(recovery="on"):
            host = bench.host(bench.new)
            host.serve(lambda message, name=name: message.kind == READ and message.type == TYPES[name])
        assert bench.flash_now() == before, f"cut at {name}"
    with bench.on():
        bench.boots("B")  # so many boots in a row did not become healthy: the other set has its turn


def cut_while_it_writes_ends_whole_or_in_recovery(bench):
    """The chip is killed at random moments of an installation, again and again; then it is let to its end."""
    chance = random.Random(9)
    start = bench.state()
    began = recovering = 0
    for cut in range(bench.options.cuts):
        bench.set_state(start)
        with bench.on(recovery="on"):
            host = bench.host(bench.new)
            try:
                host.serve(lambda message: message.kind == PROGRESS)
                began += 1
                bench.lower_strap()
                time.sleep(chance.random() ** 2 * 1.5)
            except (EOFError, Refused) as gone:
                raise AssertionError(f"cut {cut}: {gone}") from gone
        flash = bench.flash_now()
        keystores = bench.keystores(flash)
        for which in keystores:
            assert bench.holds(bench.new, which, flash) or bench.holds(bench.old, which, flash), f"cut {cut}: half a set"
        with bench.on():
            if keystores:
                bench.boots("AB"[keystores[0]])
                continue
            recovering += 1
            bench.says("[ROM] recovery, NO_BOOT_SET\n")
            recover(bench, bench.new)
    assert recovering > 0, "no cut came in time"
    return f"{began} cuts, {recovering} of them recovered"


def reset_in_the_middle_is_no_refusal(bench):
    with bench.on(recovery="on"):
        host = bench.host(bench.new)
        host.serve(lambda message: message.kind == READ and message.type == TYPES["KERNEL"])
        bench.press_reset()
        host.serve(lambda message: message.kind == HELLO and message.stage == ROM)
        bench.lower_strap()
        host.serve()
        bench.boots()
    bench.expect_installed(bench.new)


TESTS = [wiped_board_is_recovered_in_time, board_with_both_sets_damaged_is_recovered,
         board_without_a_monitor_is_recovered, strap_recovers_a_good_board, same_release_sends_no_part_again,
         identity_owner_lifecycle_and_floors_stay, keystore_of_the_manifest_must_be_in_use,
         host_that_never_answers_is_asked_each_second, noise_costs_time_only, garbage_changes_nothing,
         another_host_goes_on_where_the_first_stopped, cut_while_it_reads_leaves_the_board_as_it_was,
         cut_while_it_writes_ends_whole_or_in_recovery, reset_in_the_middle_is_no_refusal]


def main():
    options = suite.options(__doc__, vault=None, monitor=None, cuts=12)
    cases = [(test.__name__.replace("_", " "), test) for test in TESTS]
    cases += [("refuses: " + name, refuses(spoil, error, stage)) for name, spoil, error, stage in REFUSALS]

    def run(bench, test):
        bench.fresh()
        return test(bench)

    with Bench(options) as bench:
        return suite.run([(name, lambda test=test: run(bench, test)) for name, test in cases], options.names)


if __name__ == "__main__":
    sys.exit(main())
