#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Tries what the chip must do and what it must refuse, from outside: run.py QEMU_BINARY [NAME...]

Each test starts a chip of its own. Two agents in its ROMs (vault-agent.c, acore-agent.S) access
memory for the tests as the vault core and as either world of the A-core.
"""
import sys
import tempfile
import time
import traceback

import chip
import test_access
import test_engine
import test_files
import test_flash
import test_fuses
import test_lab
import test_panel
import test_system

MODULES = (test_access, test_engine, test_files, test_flash, test_fuses, test_lab, test_panel,
           test_system)


def tests(names):
    for module in MODULES:
        for name, test in sorted(vars(module).items()):
            if name.startswith('test_') and (not names or name[5:] in names):
                yield name[5:], test


def run(name, test, board):
    begin = time.time()
    try:
        test(board)
    except Exception:
        traceback.print_exc()
        print(f'FAIL {name}\n  again: {sys.argv[0]} {sys.argv[1]} {name}', flush=True)
        return False
    finally:
        for one in board.chips:
            one.kill()
        board.remove()
    print(f'ok   {name} ({time.time() - begin:.1f} s)', flush=True)
    return True


class TestBoard(chip.Board):
    """A board whose chips die with the test."""

    def __init__(self, *args):
        super().__init__(*args)
        self.chips = []

    def start(self, *extra, **machine):
        started = super().start(*extra, **machine)
        self.chips.append(started)
        return started


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    passed = failed = 0
    with tempfile.TemporaryDirectory(prefix='tatu-soc-') as folder:
        roms = chip.build_roms(folder)
        for name, test in tests(sys.argv[2:]):
            if run(name, test, TestBoard(sys.argv[1], roms)):
                passed += 1
            else:
                failed += 1
    print(f'{passed} passed, {failed} failed')
    return 1 if failed or not passed else 0


if __name__ == '__main__':
    sys.exit(main())
