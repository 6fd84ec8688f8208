#!/usr/bin/python3
"""The monitor in the real chip, under the real vault: a kernel that attacks, and spoiled boot sets.

chip_test.py [--qemu FILE] [--vault BUILD] [--monitor BUILD] [--keep] [NAME...]"""
import contextlib
import os
import re
import struct
import sys
import time

sys.path.append(os.path.abspath(os.path.join(os.path.dirname(__file__), "../..")))
from attacked import (MODE_FALLBACK, MODE_LATE, MODE_PANIC, MODE_RENEW, MODE_ROLLBACK,  # noqa: E402  (the path)
                      MODE_SAFE, MODE_SLEEP, MODE_UPDATE, MODE_WAKE, Board, summary)
from silicon.harness import FAR_S, Gdb, M, suite, symbol  # noqa: E402
from silicon.harness.gdb import ACORE  # noqa: E402

RENEWAL = M["MAP_SYSCTL_BASE"] + M["SYSCTL_RENEWAL_S"]


def a_hostile_kernel_gets_only_errors(board):
    log = board.run()
    passed, failed = summary(log)
    for line in ("[MON] security monitor", "[MON] set A: device tree verified",
                 "[MON] set A: kernel verified", "[MON] set A: root file system verified",
                 "[MON] set A: measured", "[MON] set A: starting the normal world"):
        assert log.count(line) == 3, f"'{line}' {log.count(line)} times"
    assert not failed, failed
    assert passed[-1] == "the watchdog restarted the chip", passed[-1:]
    assert "panic" not in log
    return len(passed)


def falls_back(slot, what):
    def test(board):
        board.image.spoil(0, slot)
        board.mode = MODE_FALLBACK
        board.install(1)
        board.write_flash()
        log = board.run()
        passed, failed = summary(log)
        assert f"[MON] set A: {what} refused, SIGNATURE" in log
        assert "[MON] set B: starting the normal world, fallback" in log
        assert not failed and "the refusal is a record" in passed, (passed, failed)
        return len(passed)
    test.__name__ = f"a_spoiled_{slot.lower()}_brings_the_backup_set"
    return test


def no_good_set_starts_recovery_by_itself(board):
    board.image.spoil(0, "KERNEL")
    board.image.spoil(1, "ROOT")
    board.write_flash()
    with board.on():
        log = board.wait("stopped, NO_BOOT_SET")
        board.wait("[ROM] recovery, NO_BOOT_SET", "vault")
        assert "[NS]" not in board.log() and "refused" not in board.log("vault"), board.log("vault")
    assert "[MON] set A: kernel refused, SIGNATURE" in log
    assert "[MON] set B: root file system refused, SIGNATURE" in log
    return 2


def a_spoiled_monitor_is_replaced_and_reported(board):
    board.image.spoil(0, "MONITOR")
    board.mode = MODE_FALLBACK
    board.install(1)
    board.write_flash()
    log = board.run()
    passed, failed = summary(log)
    assert "[MON] set B: starting the normal world, fallback" in log
    # Each set's keystore has keys of its own: evidence must name the one that the vault trusts.
    assert "[MON] set B: keystore refused, DIGEST" in log
    assert "[MON] set A: keystore refused" not in log
    assert not failed and "the refusal is a record" in passed, (passed, failed)
    return len(passed)


# Thumb code put where the monitor would switch the chip off; the fault it must end in.
FAULTS = {
    "undefined instruction": "00de",          # udf
    "data": "7b461b60",                       # mov r3, pc; str r3, [r3]: code is not writable
    "code": "40f20003c4f280031847",           # movw r3, 0; movt r3, 0x4080; bx r3: RAM is not code
}


def faults(kind):
    def test(board):
        at = symbol(board.firmware.monitor_elf, "tatu_monitor_power_off") - M["MAP_SECRAM_BASE"]
        body = bytearray(board.firmware.bodies()["MONITOR"])
        patch = bytes.fromhex(FAULTS[kind])
        body[at:at + len(patch)] = patch
        board.mode = MODE_PANIC
        board.install(0, MONITOR=bytes(body))
        board.write_flash()
        log = board.run(until="[NS] done")
        passed, failed = summary(log)
        assert f"[MON] panic, {kind} fault near" in log
        assert "last run of the monitor refused" in log
        assert not failed, failed
        return len(passed)
    test.__name__ = f"a_monitor_with_a_{kind.replace(' ', '_')}_fault_restarts_and_says_so"
    return test


def started(log):
    """The sets that the normal world was started from, in order."""
    return re.findall(r"\[MON\] set ([AB]): starting the normal world", log)


def in_mode(board, mode):
    board.mode = mode
    for which in (0, 1):
        board.install(which)
    board.write_flash()
    log = board.run()
    passed, failed = summary(log)
    assert not failed, failed
    assert "panic" not in log
    return log, passed


def a_set_is_installed_and_runs_and_the_other_is_mended(board):
    log, passed = in_mode(board, MODE_UPDATE)
    assert started(log) == ["A", "B"], started(log)
    assert passed.count("a set is installed") == 2 and "and is mended" in passed, passed
    log = board.run()  # what B installed is A, and it stays so without power
    assert started(log)[:1] == ["A"], started(log)
    return len(passed)


def a_set_that_is_never_healthy_gives_way_by_itself(board):
    log, passed = in_mode(board, MODE_ROLLBACK)
    assert started(log) == ["A", "B", "B", "B", "A", "A"], started(log)
    assert "[MON] set B: last starts refused, TIMEOUT" in log
    return len(passed)


def no_health_at_all_ends_in_safe_mode(board):
    log, passed = in_mode(board, MODE_SAFE)
    assert started(log) == ["A", "A", "A", "B", "B", "B", "A"], started(log)
    assert "[MON] set A: applications refused, NO_BOOT_SET" in log
    return len(passed)


def give_ticket(board, grace_s):
    """What gives one to the normal world, which asks for it."""
    wire = board.wire["acore"]
    wire.until(b"[NS] nonce ")
    ticket = board.ticket(bytes.fromhex(wire.line()), grace_s)
    return lambda: wire.send(struct.pack("<H", len(ticket)) + ticket)


def shorten_count_down(board, gdb, seconds):
    """Lets the chip run until the monitor writes a count-down of ten minutes, and makes another of it."""
    at = symbol(board.firmware.monitor_elf, "tatu_monitor_put_register") & ~1
    while True:
        gdb.stop_at(at)
        assert gdb.go(FAR_S) == ACORE, "the monitor starts no count-down"
        gdb.select(ACORE)
        gdb.pass_by(at)
        if (gdb.get(1), gdb.get(2)) == (RENEWAL, 600):
            return gdb.set(2, seconds)
        gdb.step()


def the_end_of_the_count_down_is_renewal(plain):
    with Board(plain.options, lab=True) as board:
        board.mode = MODE_LATE
        board.install(0)
        board.write_flash()
        board.wires = ("acore",)
        with board.on("-S", *board.door("gdb")):
            gdb = Gdb(board)
            gdb.go(0)
            give = give_ticket(board, 600)
            gdb.halt()
            give()
            shorten_count_down(board, gdb, 2)
            gdb.go(0)
            board.wire["acore"].drop(FAR_S)  # until it is off
            board.wait_off()
        log = board.log()
    passed, failed = summary(log)
    assert not failed and passed[-1] == "and a record", (passed, failed)
    assert started(log) == ["A", "A"], started(log)
    assert "[MON] set A: ticket refused, EXPIRED" in log
    return len(passed)


def boots_without_a_new_ticket_end_in_renewal(board):
    board.mode = MODE_RENEW
    board.install(0)
    board.write_flash()
    board.wires = ("acore",)
    with board.on():
        give_ticket(board, 31536000)()
        board.wire["acore"].drop(FAR_S)  # until it is off
        board.wait_off()
    log = board.log()
    passed, failed = summary(log)
    assert not failed and passed[-1] == "too many boots without a ticket are for renewal only", (passed, failed)
    assert started(log) == ["A"] * 42, len(started(log))  # the one with the ticket, 40 more, and one too many
    return len(passed)


def the_chip_sleeps_until_its_alarm(board):
    log, passed = in_mode(board, MODE_SLEEP)
    assert started(log) == ["A", "A"], started(log)
    assert passed[-1] == "the alarm woke the chip"
    return len(passed)


def the_chip_sleeps_until_its_pin_falls(board):
    board.mode = MODE_WAKE
    board.install(0)
    board.write_flash()
    with board.on():
        board.wait("starting the normal world")
        while board.process.poll() is None:  # a pulse before it sleeps does not count
            with contextlib.suppress(OSError):
                board.panel.send(b"wakeup 0\nwakeup 1\n")
            time.sleep(0.2)
        board.wait_off()
    passed, failed = summary(board.log())
    assert not failed and passed[-1:] == ["the pin woke the chip"], (passed, failed)
    return len(passed)


def sector(board, copy, content=None):
    """One copy of the image table, as it is in the chip's flash; or put there."""
    with open(board.flash, "r+b") as file:
        file.seek(M[f"FLASH_TABLE{copy}_AT"])
        if content is None:
            return file.read(M["FLASH_SECTOR_SIZE"])
        return file.write(content)


def an_older_table_of_this_board_is_refused_and_told(board):
    in_mode(board, MODE_UPDATE)  # commits twice
    blank = b"\xff" * M["FLASH_SECTOR_SIZE"]
    newest = 0 if sector(board, 0)[8:16] > sector(board, 1)[8:16] else 1
    sector(board, newest, blank)
    log = board.run()
    assert f"[MON] set {'AB'[1 - newest]}: image table refused, STALE" in log
    assert f"[MON] set {'AB'[newest]}: image table refused, FORMAT" in log
    return 2


def a_table_of_another_board_is_refused_and_told(board):
    in_mode(board, MODE_UPDATE)
    with Board(board.options) as other:
        in_mode(other, MODE_UPDATE)
        foreign = [sector(other, copy) for copy in (0, 1)]
    assert [sector(board, copy)[:16] for copy in (0, 1)] == [copy[:16] for copy in foreign]
    for copy in (0, 1):
        sector(board, copy, foreign[copy])
    log = board.run()
    for name in "AB":
        assert f"[MON] set {name}: image table refused, SIGNATURE" in log
    return 2


TESTS = [a_hostile_kernel_gets_only_errors, falls_back("DTB", "device tree"),
         falls_back("KERNEL", "kernel"), falls_back("ROOT", "root file system"),
         no_good_set_starts_recovery_by_itself, a_spoiled_monitor_is_replaced_and_reported,
         a_set_is_installed_and_runs_and_the_other_is_mended, a_set_that_is_never_healthy_gives_way_by_itself,
         no_health_at_all_ends_in_safe_mode,
         boots_without_a_new_ticket_end_in_renewal, the_end_of_the_count_down_is_renewal,
         the_chip_sleeps_until_its_alarm, the_chip_sleeps_until_its_pin_falls,
         an_older_table_of_this_board_is_refused_and_told, a_table_of_another_board_is_refused_and_told,
         *map(faults, FAULTS)]


def run(test, options):
    with Board(options) as board:
        return f"{test(board)} checks"


def main():
    options = suite.options(__doc__, vault=None, monitor=None)
    return suite.run([(test.__name__, lambda test=test: run(test, options)) for test in TESTS], options.names)


if __name__ == "__main__":
    sys.exit(main())
