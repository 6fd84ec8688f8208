#!/usr/bin/python3
"""appman as process 1 of the real chip: what a service gets, and what happens when one does not live.

chip_test.py [--qemu FILE]
Last line: N passed, M failed."""
import argparse
import os
import re
import subprocess
import sys
import tempfile
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.abspath(os.path.join(HERE, "..", "..", ".."))
sys.path.insert(0, os.path.join(ROOT, "kernel/test"))
import chip  # noqa: E402  the harness of a whole chip

NET_RIGHTS = 1 << 12 | 1 << 39 | 1 << 38 | 1 << 10  # NET_ADMIN, BPF, PERFMON, NET_BIND_SERVICE


def run_tool(*arguments):
    return subprocess.run(arguments, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def build(work):
    """A release whose netd tells its rights, and which has no other service."""
    compiler = run_tool(os.path.join(ROOT, "tools/setup/sysroot.sh")) + "/bin/tatu-armhf-gcc"
    program = os.path.join(work, "rights")
    run_tool(compiler, "-Os", "-Wall", "-Wextra", "-Werror", "-o", program, os.path.join(HERE, "rights.c"))
    with open(os.path.join(work, "list"), "w", encoding="ascii") as file:
        file.write(f"/usr/bin/netd 0555 file:{program}\n")
    return run_tool(os.path.join(ROOT, "os/rootfs/build.sh"), "--out", os.path.join(work, "release"),
                    "--add", os.path.join(work, "list"))


def told(log, what):
    found = re.search(rf"rights: {what} (.*)", log)
    return found.group(1).strip() if found else None


def a_service_has_its_user_and_nothing_more(log):
    assert told(log, "status Uid:") == "110 110 110 110", told(log, "status Uid:")
    assert told(log, "status Gid:") == "110 110 110 110"
    assert (told(log, "status Groups:") or "") == ""
    for name in ("CapEff", "CapPrm", "CapBnd", "CapAmb"):
        assert int(told(log, f"status {name}:"), 16) == NET_RIGHTS, (name, told(log, f"status {name}:"))
    assert told(log, "status NoNewPrivs:") == "1"
    assert told(log, "user") == "Operation not permitted"


def a_service_runs_in_its_control_group(log):
    assert told(log, "cgroup") == "0::/os/netd", told(log, "cgroup")


def a_service_finds_its_socket_and_no_other_descriptor(log):
    assert told(log, "descriptors") == "0 1 2 3", told(log, "descriptors")
    assert told(log, "socket") == "/run/netd.sock"
    assert told(log, "signals") == "free"


def a_service_without_the_vaults_group_cannot_open_the_monitor(log):
    assert told(log, "monitor") == "Permission denied", told(log, "monitor")


def a_service_writes_to_its_places_only(log):
    assert told(log, "place") == "open"
    for what in ("run", "console", "flash"):
        assert told(log, what) == "Permission denied", (what, told(log, what))
    assert told(log, "root") == "Read-only file system" or told(log, "root") == "Permission denied"


def a_service_cannot_make_code_nor_see_others(log):
    assert told(log, "code") == "Permission denied", told(log, "code")
    assert told(log, "other") == "No such file or directory", told(log, "other")


def a_service_that_does_not_live_restarts_the_board(log):
    ends = [float(at) for at in re.findall(r"\[ *([\d.]+)\] appman: netd ended, signal 6", log)]
    assert len(ends) == 8, ends
    waits = [b - a for a, b in zip(ends, ends[1:])]
    for n, wait in enumerate(waits):  # never sooner; how much later depends on the machine
        assert wait >= 0.1 * 2 ** n - 0.01, waits
    assert "appman: cannot go on: netd does not live; restarting" in log
    assert log.count("[MON] set A: starting the normal world") == 2
    assert "reset reason 2" in log.split("cannot go on")[1], "the second boot knows why"


def a_crash_is_kept_as_a_record(log):
    assert len(re.findall(r"crashd: signal 6 kept as record \d+", log)) >= 7, "seen in the log"


TESTS = [a_service_has_its_user_and_nothing_more, a_service_runs_in_its_control_group,
         a_service_finds_its_socket_and_no_other_descriptor,
         a_service_without_the_vaults_group_cannot_open_the_monitor, a_service_writes_to_its_places_only,
         a_service_cannot_make_code_nor_see_others, a_service_that_does_not_live_restarts_the_board,
         a_crash_is_kept_as_a_record]


def boot_twice(qemu, release):
    board = chip.Board(qemu, release, sets=(0,))
    board.write_flash()
    board.fab()
    process = board.start()
    try:
        board.wait(process, "appman: set A", count=2)
    finally:
        process.kill()
        process.wait()
    log = board.log()
    board.remove()
    return log


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--qemu")
    options = parser.parse_args()
    qemu = options.qemu or run_tool(os.path.join(ROOT, "tools/setup/qemu.sh"))
    passed = 0
    with tempfile.TemporaryDirectory(prefix="tatu-appman-") as work:
        log = boot_twice(qemu, build(work))
    for test in TESTS:
        try:
            test(log)
            passed += 1
            print(f"ok   {test.__name__}")
        except Exception:  # pylint: disable=broad-except
            traceback.print_exc(file=sys.stdout)
            print(f"FAIL {test.__name__}")
    if passed < len(TESTS):
        print(log)
    print(f"{passed} passed, {len(TESTS) - passed} failed")
    return passed != len(TESTS)


if __name__ == "__main__":
    sys.exit(main())
