#!/usr/bin/python3
"""appman as process 1 of the real chip: what a service gets, what happens when one does not live, and boots that do
not come up.

chip_test.py [--qemu FILE] [--keep] [NAME...]"""
import os
import re
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.abspath(os.path.join(HERE, "../../.."))
sys.path.append(ROOT)
from silicon.harness import Chip, read_release, run_tool, suite  # noqa: E402  (the path is what it needs)

ATTEMPTS_BEFORE_SAFE = 6
PATIENCE_S = 240  # however many builds share the machine
NET_RIGHTS = 1 << 12 | 1 << 39 | 1 << 38 | 1 << 10 | 1 << 25  # NET_ADMIN, BPF, PERFMON, NET_BIND_SERVICE, SYS_TIME
DENIED = 8
SETTINGS = {"kernel/kptr_restrict": "2", "kernel/dmesg_restrict": "1", "kernel/unprivileged_bpf_disabled": "1",
            "fs/protected_symlinks": "1", "fs/protected_hardlinks": "1", "fs/protected_fifos": "2", "fs/protected_regular": "2",
            "vm/memfd_noexec": "1", "net/ipv4/conf/all/accept_redirects": "0", "net/ipv4/conf/default/accept_redirects": "0",
            "net/ipv4/conf/all/send_redirects": "0", "net/ipv6/conf/all/accept_redirects": "0",
            "net/ipv6/conf/default/accept_redirects": "0", "kernel/core_pipe_limit": "2"}


class World:
    """Releases under test, and the log of a board whose netd tells its rights and ends."""

    def __init__(self, options, work):
        self.options, self.work, self.rights = options, work, None

    def board(self, bodies, **options):
        return Chip.made(bodies, qemu=self.options.qemu, keep=self.options.keep, **options)

    def release(self, name, *more):
        return read_release(run_tool("os/rootfs/build.sh", "--out", os.path.join(self.work, name), *more))

    def compile(self, name):
        compiler = run_tool("tools/setup/sysroot.sh") + "/bin/tatu-armhf-gcc"
        program = os.path.join(self.work, name)
        run_tool(compiler, "-Os", "-Wall", "-Wextra", "-Werror", "-D_GNU_SOURCE", "-I", ROOT, "-o", program,
                 os.path.join(HERE, name + ".c"))
        return program

    def rights_log(self):
        if self.rights is None:
            listed = os.path.join(self.work, "list")
            with open(listed, "w", encoding="ascii") as file:
                file.write(f"/usr/bin/netd 0555 file:{self.compile('rights')}\n"
                           f"/usr/bin/appman 0555 file:{self.compile('watch')}\n/usr/bin/real/appman 0555 os:appman/appman\n")
            with self.board(self.release("rights-release", "--add", listed), sets=(0,)) as board, board.on():
                self.rights = board.wait("appman: set A", count=2, timeout_s=PATIENCE_S)
        return self.rights


def told(log, what):
    found = re.search(rf"rights: {what} (.*)", log)
    return found.group(1).strip() if found else None


def a_service_has_its_user_and_nothing_more(log):
    assert told(log, "status Uid:") == "110 110 110 110", told(log, "status Uid:")
    assert told(log, "status Gid:") == "110 110 110 110"
    assert told(log, "status Groups:") == "10"
    for name in ("CapEff", "CapPrm", "CapBnd", "CapAmb"):
        assert int(told(log, f"status {name}:"), 16) == NET_RIGHTS, (name, told(log, f"status {name}:"))
    assert told(log, "status NoNewPrivs:") == "1"
    assert told(log, "user") == "Operation not permitted"


def the_kernel_is_set_before_anything_starts(log):
    assert {name: told(log, f"setting {name}") for name in SETTINGS} == SETTINGS


def a_service_runs_in_its_control_group(log):
    assert told(log, "cgroup") == "0::/os/netd", told(log, "cgroup")


def a_service_finds_its_socket_and_no_other_descriptor(log):
    assert told(log, "descriptors") == "0 1 2 3", told(log, "descriptors")
    assert told(log, "socket") == "/run/netd.sock"
    assert told(log, "signals") == "free"


def a_service_asks_the_monitor_for_what_it_has_a_right_to_only(log):
    assert told(log, "monitor") == "open", told(log, "monitor")
    assert told(log, "its right") == "0", told(log, "its right")
    assert told(log, "another's right") == str(DENIED), told(log, "another's right")


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


def a_crash_is_looked_at_by_a_user_without_rights(log):
    seen = set(re.findall(r"watch: crashd ids (.*) groups(.*) rights (.*)", log))
    assert {(ids, groups.strip(), int(rights, 16)) for ids, groups, rights in seen} <= {("114 114 114 114", "", 0)} and seen, seen


def boots_that_never_come_up_end_in_safe_mode_until_one_does(world):
    with world.board(world.release("release")) as board:
        for _ in range(ATTEMPTS_BEFORE_SAFE):
            with board.on():
                log = board.wait("appman: reached")
                assert "not launching" not in log
        with board.on():
            board.wait("appman: safe mode; not launching applications")
            log = board.wait("appman: healthy: all services are up for 10 s")
            assert "app " not in log
        with board.on():
            log = board.wait("appman: reached")
            assert "not launching" not in log


OF_RIGHTS = [a_service_has_its_user_and_nothing_more, the_kernel_is_set_before_anything_starts,
         a_service_runs_in_its_control_group,
         a_service_finds_its_socket_and_no_other_descriptor,
         a_service_asks_the_monitor_for_what_it_has_a_right_to_only, a_service_writes_to_its_places_only,
         a_service_cannot_make_code_nor_see_others, a_service_that_does_not_live_restarts_the_board,
         a_crash_is_kept_as_a_record, a_crash_is_looked_at_by_a_user_without_rights]


def main():
    options = suite.options(__doc__)
    with tempfile.TemporaryDirectory(prefix="tatu-appman-") as work:
        world = World(options, work)
        cases = [(test.__name__, lambda test=test: test(world.rights_log())) for test in OF_RIGHTS]
        alone = boots_that_never_come_up_end_in_safe_mode_until_one_does
        cases.append((alone.__name__, lambda: alone(world)))
        return suite.run(cases, options.names)


if __name__ == "__main__":
    sys.exit(main())
