#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Tries what the chip must do and what it must refuse, from outside: run.py QEMU_BINARY [NAME...]

Each test starts a chip of its own. Two agents in its ROMs (vault-agent.c, acore-agent.S) access
memory for the tests as the vault core and as either world of the A-core.
"""
import sys
import tempfile

import agents
import test_access
import test_analog
import test_cut
import test_debug
import test_engine
import test_files
import test_flash
import test_fuses
import test_isu
import test_lab
import test_panel
import test_pfw
import test_pins
import test_power
import test_random
import test_rt
import test_rt_mailbox
import test_seal
import test_sensor
import test_signatures
import test_system
from silicon.harness import suite

MODULES = (test_access, test_analog, test_cut, test_debug, test_engine, test_files, test_flash, test_fuses,
           test_isu, test_lab, test_panel, test_pfw, test_pins, test_power, test_random, test_rt,
           test_rt_mailbox, test_seal, test_sensor, test_signatures, test_system)


def run(test, roms):
    with agents.Board(sys.argv[1], roms) as board:
        test(board)


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    with tempfile.TemporaryDirectory(prefix='tatu-soc-') as folder:
        roms = agents.build_roms(folder)
        cases = [(name[5:], lambda test=test: run(test, roms))
                 for module in MODULES
                 for name, test in sorted(vars(module).items()) if name.startswith('test_')]
        return suite.run(cases, sys.argv[2:], again=sys.argv[1])


if __name__ == '__main__':
    sys.exit(main())
