"""Set A is spoiled in one way: the log says who refused what, set B boots, and the record tells."""
import re

from board import OF_MONITOR
from silicon.harness import flip, new_key

FOREIGN = new_key()


def spoil(slot, change):
    def act(board):
        board.image.packages[0, slot] = change(board, board.image.packages[0, slot])
    return act


def runtime_by(kind="VAULT", key=None, **options):
    return spoil("VAULT", lambda b, _: b.keys.package(kind, b.runtime, key, **options))


def keystore_by(**options):
    return spoil("KEYSTORE", lambda b, _: b.keys.keystore(**options))


REFUSALS = [
    ("flipped byte", spoil("VAULT", lambda _, p: flip(p, 100)), "ROM", "runtime", "SIGNATURE"),
    ("unsigned", spoil("VAULT", lambda _, p: p[:-64] + bytes(64)), "ROM", "runtime", "SIGNATURE"),
    ("truncated", spoil("VAULT", lambda _, p: p[:-200]), "ROM", "runtime", None),
    ("wrong type", runtime_by(kind="MONITOR"), "ROM", "runtime", "TYPE"),
    ("foreign release", runtime_by(key=FOREIGN), "ROM", "runtime", "KEY_UNKNOWN"),
    ("foreign root", keystore_by(root=FOREIGN), "ROM", "keystore", "KEY_UNKNOWN"),
    ("keystore not by its root", keystore_by(key=FOREIGN), "ROM", "keystore", "SIGNATURE"),
    ("revoked release", keystore_by(revoked=(0,)), "ROM", "runtime", "KEY_REVOKED"),
    ("flipped monitor", spoil("MONITOR", lambda _, p: flip(p, 3)), "VAULT", "monitor", "SIGNATURE"),
    ("no second signature", runtime_by(by=False), "ROM", "runtime", "SIGNATURE"),
    ("second signature by another", runtime_by(by=FOREIGN), "ROM", "runtime", "SIGNATURE"),
    ("keystore without second signature", keystore_by(by=False), "ROM", "keystore", "SIGNATURE"),
    ("keystore's second signature by another", keystore_by(by=FOREIGN), "ROM", "keystore", "SIGNATURE"),
    ("monitor without second signature", spoil("MONITOR", lambda b, _: b.keys.package("MONITOR", b.monitor, by=False)),
     "VAULT", "monitor", "SIGNATURE"),
    ("runtime as monitor", spoil("MONITOR", lambda b, _: b.image.packages[1, "VAULT"]), "VAULT", "monitor", "TYPE"),
]


def refuses(case):
    _, act, stage, what, err = case

    def test(board):
        act(board)
        board.write_flash()
        with board.on() as run:
            run.hello()
            log = run.says("[VAULT] A-core released")
            assert re.search(rf"^\[{stage}\] set A: {what} refused, {err or '[A-Z]+'}$", log, re.M), log
            assert "set B: monitor verified" in log, log
            boot = run.ask(OF_MONITOR, 5)
            assert boot[:3] == b"\x01\x01\x01" and boot[4] == 0, boot
    return test
