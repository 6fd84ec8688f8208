"""Runs a suite: names, times, how to repeat, counts."""
import argparse
import os
import sys
import time
import traceback

from silicon.harness.firmware import qemu
from silicon.harness.numbers import ROOT


def options(doc, **more):
    """The options all suites know, and `more`: name=default. The binary is found when none is given."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--qemu")
    parser.add_argument("--keep", action="store_true", help="keep the files of the chips")
    for name, default in more.items():
        parser.add_argument("--" + name, default=default, type=type(default) if default is not None else str)
    parser.add_argument("names", nargs="*", help="tests to run; all if none is named")
    chosen = parser.parse_args()
    chosen.qemu = chosen.qemu or qemu()
    return chosen


def run(cases, names=(), again=""):
    """
    Runs those of the cases, (name, function), that a name selects: its own, or a part of it. An exception fails the
    test; what the function returns is told. again: arguments of the command that repeats one. Prints the counts; the
    program's exit code.
    """
    exact = {name for name, _ in cases} & set(names)
    command = f"{os.path.relpath(os.path.abspath(sys.argv[0]), ROOT)} {again}".strip()
    passed = failed = 0
    for name, test in cases:
        if names and name not in exact and not any(part in name for part in names if part not in exact):
            continue
        started = time.time()
        try:
            told = test()
            passed += 1
            print(f"ok   {name} ({time.time() - started:.1f} s{', ' + str(told) if told else ''})", flush=True)
        except Exception:  # pylint: disable=broad-except  a test may fail in any way
            failed += 1
            traceback.print_exc(file=sys.stdout)
            print(f"FAIL {name}\n  repeat: {command} '{name}'", flush=True)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0
