#!/usr/bin/python3
"""Clocks that are far off, at every place that has one: the board, the service, the operator's machine.

clock.py [--keep]   one line per promise that failed; last "N passed, N failed"
"""
import argparse
import json
import os
import re
import subprocess
import sys
import time

from story import ROOT, SERVICE, TATU, Doorbell, StepFailed, wait_for

DECADE_S = 10 * 365 * 86400
BOOT_S, RETRY_S = 90, 120


class Clocks(Doorbell):
    def __init__(self, options):
        super().__init__(options)
        self.shim = self.path("clock_shift.so")
        subprocess.run(["cc", "-Wall", "-Wextra", "-Werror", "-O1", "-shared", "-fPIC", "-o", self.shim,
                        os.path.join(ROOT, "test/e2e/clock_shift.c")], check=True)
        self.chip = self.env["TATU_QEMU"]

    def shifted(self, seconds):
        return dict(self.env, LD_PRELOAD=self.shim, TATU_CLOCK_SHIFT_S=str(seconds))

    def false_tatu(self, shift, *args):
        return subprocess.run([TATU, *args], env=self.shifted(shift), capture_output=True, text=True,
                              timeout=60, stdin=subprocess.DEVNULL)

    # ---- service and board ---------------------------------------------------------------------

    def restart_service(self, shift):
        """The same service, on the same ports, by another clock."""
        old = self.children.pop(0)
        old.terminate()
        old.wait(20)
        ports, true = self.facts["ports"], self.env
        addresses = [word for name in ("operator", "front", "update")
                     for word in ("--" + name, f"127.0.0.1:{ports[name]}")]
        self.env = self.shifted(shift) if shift else true
        try:
            child = self.start("service", SERVICE, "--data", self.path("service"), *addresses,
                               "--host", "10.0.2.2")
        finally:
            self.env = true
        self.children.insert(0, self.children.pop())
        wait_for("service.json", lambda: os.path.exists(self.path("service", "service.json")), 20)
        if child.poll() is not None:
            raise StepFailed(f"the service ended with {child.returncode}")

    def start_board(self, base=None):
        """Switches the board on; its battery-backed clock says `base`, or the host's time."""
        chip = self.path("chip")
        clock = "" if base is None else f" -rtc base={base}"
        with open(chip, "w", encoding="utf-8") as file:
            file.write(f'#!/bin/sh\nexec "{self.chip}" "$@"{clock}\n')
        os.chmod(chip, 0o755)
        self.env["TATU_QEMU"] = chip
        self.tatu("board", "start", self.path("board"))

    def stop_board(self):
        self.tatu("board", "stop", self.path("board"))

    def has_clock(self, base):
        """Whether the chip that runs was given this clock; that the kernel takes it is a test of kernel/."""
        with open(self.path("board", "pid"), encoding="ascii") as file:
            process = int(file.read())
        with open(f"/proc/{process}/cmdline", "rb") as file:
            return f"base={base}".encode() in file.read().split(b"\0")

    def signed_time(self):
        """What the vault took as the time."""
        return int(self.serial_has(r"attestd: signed time (\d+)", BOOT_S).group(1))

    def is_proven(self):
        return self.serial_has(r"proven: verdict OK, update certificate", RETRY_S)

    # ---- the promises --------------------------------------------------------------------------

    def a_board_of_2001_attests(self):
        self.service_starts()
        self.board_is_made()
        self.start_board("2001-01-01T00:00:00")
        if not self.has_clock("2001-01-01T00:00:00"):
            raise StepFailed("the board's clock is not off")
        self.owner_claims()
        self.is_proven()
        if abs(self.signed_time() - time.time()) > 300:
            raise StepFailed(f"its time is {self.signed_time()}")

    def a_board_of_2099_attests(self):
        self.stop_board()
        self.start_board("2099-01-01T00:00:00")
        if not self.has_clock("2099-01-01T00:00:00"):
            raise StepFailed("the board's clock is not off")
        self.is_proven()
        if abs(self.signed_time() - time.time()) > 300:
            raise StepFailed(f"its time is {self.signed_time()}")

    def a_service_of_ten_years_ago_is_not_believed(self):
        self.stop_board()
        self.restart_service(-DECADE_S)
        self.start_board("2001-01-01T00:00:00")
        line = self.serial_has(r"attestd: signed time: CLOCK: [^\n]*", BOOT_S).group(0)
        if "proven" in self.serial():
            raise StepFailed(f"it proved itself by a false clock: {line}")

    def and_costs_nothing_once_its_clock_is_right(self):
        self.restart_service(0)
        self.is_proven()
        if abs(self.signed_time() - time.time()) > 300:
            raise StepFailed(f"its time is {self.signed_time()}")
        if not wait_for("the device at its owner", self.proven, 30):
            raise StepFailed("lost its owner")

    def an_operator_with_a_false_clock_gets_one_clear_error(self):
        for shift in (-DECADE_S, 3 * DECADE_S):
            ran = self.false_tatu(shift, "device", "list")
            if ran.returncode != 1 or not re.fullmatch(
                    r"error: CERTIFICATE: [^\n]*clock[^\n]*; [^\n]*clock[^\n]*\n", ran.stderr):
                raise StepFailed(f"{ran.returncode}: {ran.stderr}")
        if len(self.tatu("device", "list")) != 1:
            raise StepFailed("the device is lost")

    def promises(self):
        return [self.a_board_of_2001_attests, self.a_board_of_2099_attests,
                self.a_service_of_ten_years_ago_is_not_believed,
                self.and_costs_nothing_once_its_clock_is_right,
                self.an_operator_with_a_false_clock_gets_one_clear_error]


def main():
    parser = argparse.ArgumentParser(description="clocks that are far off")
    parser.add_argument("--keep", action="store_true", help="keep the temporary folder")
    parser.add_argument("--dir", help="folder for everything; a temporary one otherwise")
    parser.set_defaults(json=True)
    clocks = Clocks(parser.parse_args())
    passed = failed = 0
    try:
        for promise in clocks.promises():
            try:
                promise()
                passed += 1
            except (StepFailed, OSError, ValueError, KeyError, subprocess.SubprocessError, json.JSONDecodeError) as problem:
                failed += 1
                clocks.options.keep = True
                print(f"FAILED {promise.__name__}: {problem}\n  everything is kept in {clocks.dir}", flush=True)
    finally:
        clocks.stop_all()
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
