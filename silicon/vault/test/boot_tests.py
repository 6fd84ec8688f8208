"""Which set boots, what is refused as a whole, and what the chip does when nothing is good."""
import socket

from board import OF_MONITOR
from silicon.harness import Flash, FuseFile, M


def boots_what_is_good(board):
    with board.on() as run:
        run.hello()
        log = run.says("[VAULT] A-core released")
        for line in ("[ROM] vault boot, lifecycle 1, boot 1", "[ROM] set A: keystore verified, version 1",
                     "[ROM] set A: runtime verified, version 1", "[VAULT] set A: runtime started",
                     "[VAULT] set A: monitor verified, version 1"):
            assert line + "\n" in log, f"no '{line}' in {log}"
        assert run.ask(OF_MONITOR, 5) == b"\0\0\0\0"
    with board.on() as run:
        run.hello()
        run.says("[ROM] vault boot, lifecycle 1, boot 2")


def boots_the_preferred_set(board):
    board.image.put_table(preferred=1)
    board.write_flash()
    with board.on() as run:
        run.hello()
        assert "[VAULT] set B: runtime started" in run.says("[VAULT] A-core released")
        assert run.ask(OF_MONITOR, 5) == b"\1\0\0\0"


def refuses_what_is_rolled_back(board):
    board.image.install(1, board.boot_set(version=2))
    board.write_flash()
    FuseFile(board.fuses).burn(M["FUSE_FLOOR"], 0b11)
    with board.on() as run:
        run.hello()
        log = run.says("[VAULT] A-core released")
        assert "[ROM] set A: runtime refused, ROLLBACK\n" in log, log
        assert "[VAULT] set B: monitor verified, version 2\n" in log, log


def refuses_a_revoked_root(board):
    FuseFile(board.fuses).burn(M["FUSE_ROOT_REVOKED"], 1)
    with board.on() as run:
        log = run.says("[ROM] recovery, NO_BOOT_SET")
        assert log.count("keystore refused, KEY_REVOKED") == 2, log


def does_not_boot_when_both_are_bad(board):
    for which in (0, 1):
        board.image.spoil(which, "VAULT", 64)
    board.write_flash()
    with board.on() as run:
        log = run.says("[ROM] recovery, NO_BOOT_SET")
        assert "A-core" not in log
        try:
            raise AssertionError(f"the A-core runs: {run.wire['acore'].take(1, 0.5)}")
        except socket.timeout:
            pass
    board.image.install(0, board.boot_set())
    board.write_flash()
    with board.on() as run:
        run.hello()
        run.says("[ROM] last boot halted, NO_BOOT_SET")


def does_not_boot_without_a_monitor(board):
    for which in (0, 1):
        board.image.spoil(which, "MONITOR", 64)
    board.write_flash()
    with board.on() as run:
        log = run.says("[VAULT] recovery, NO_BOOT_SET")
        assert "A-core" not in log


def does_not_boot_an_empty_flash(board):
    board.image = Flash()
    board.write_flash()
    with board.on() as run:
        assert run.says("[ROM] recovery, NO_BOOT_SET").count("keystore refused, NOT_FOUND") == 2


TESTS = [boots_what_is_good, boots_the_preferred_set, refuses_what_is_rolled_back, refuses_a_revoked_root,
         does_not_boot_when_both_are_bad, does_not_boot_without_a_monitor, does_not_boot_an_empty_flash]
