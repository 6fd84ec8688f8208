#!/usr/bin/python3
"""The vault's firmware in the real chip: fab, boot, refusals, mailbox.

chip_test.py [--qemu FILE] [--build FOLDER] [--keep] [NAME...]"""
import os
import sys

sys.path.append(os.path.abspath(os.path.join(os.path.dirname(__file__), "../../..")))
import boot_tests  # noqa: E402  (the path is what they need)
import command_tests  # noqa: E402
import life_tests  # noqa: E402
import refusal_tests  # noqa: E402
from board import Board  # noqa: E402
from silicon.harness import run_tool, suite  # noqa: E402


def run(test, board):
    board.fresh()
    test(board)


def main():
    options = suite.options(__doc__, build=None)
    options.build = options.build or run_tool("tools/build.sh", "vault")
    tests = [(test.__name__.replace("_", " "), test) for test in boot_tests.TESTS + command_tests.TESTS + life_tests.TESTS]
    tests += [("refuses: " + case[0], refusal_tests.refuses(case)) for case in refusal_tests.REFUSALS]
    with Board(options) as board:
        return suite.run([(name, lambda test=test: run(test, board)) for name, test in tests], options.names)


if __name__ == "__main__":
    sys.exit(main())
