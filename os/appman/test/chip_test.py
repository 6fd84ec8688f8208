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


SERVICES = ("netd", "attestd", "updated", "gatewayd")
NO, DENIED_TEXT = "Operation not permitted", "Permission denied"

# What code that got into a service can open; all else that walls.c tries is refused.
OPENS = {
    "netd": {"writes /run/resolv.conf", "reads /mnt/config/net", "reads /proc/meminfo", "reads /proc/self/maps",
             "reads /sys/class/net", "reads /usr/bin/netd"},
    "attestd": {"reads /dev/urandom", "reads /run/resolv.conf", "reads /run/deviceauth/lives", "writes /run/deviceauth/new"},
    "updated": {"reads /dev/urandom", "reads /run/resolv.conf", "reads /mnt/config/update"},
    "gatewayd": {"reads /dev/urandom", "reads /mnt/config/certs", "reads /usr/bin/gatewayd"},
}
OPENS_ALL = {"reads /usr/lib/libc.so.1", "reads /etc/tatu-release", "opens /dev/security-monitor"}
DEADLY_CALLS = 7


class World:
    """Releases under test, and the logs of a board whose netd tells its rights and ends, and of one whose services all try their
    walls."""

    def __init__(self, options, work):
        self.options, self.work, self.rights, self.walls = options, work, None, None

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


    def walls_log(self):
        if self.walls is None:
            listed = os.path.join(self.work, "walls-list")
            with open(listed, "w", encoding="ascii") as file:
                for name in SERVICES:
                    file.write(f"/usr/bin/{name} 0555 os:appman/appman_walls\n")
            with self.board(self.release("walls-release", "--add", listed), sets=(0,)) as board, board.on():
                for name in SERVICES:
                    self.walls = board.wait(f"walls: {name} lives", timeout_s=PATIENCE_S)
        return self.walls


def tried(log, name):
    """What the probe in the place of a service tried, and what came of it."""
    return dict(re.findall(rf"walls: {name} ((?:reads|writes|opens) \S+|listens|connects|signals|code|starts) (.*)", log))


def told(log, what):
    found = re.search(rf"rights: {what} (.*)", log)
    return found.group(1).strip() if found else None


def a_service_has_its_user_and_nothing_more(log):
    assert told(log, "status Uid:") == "110 110 110 110", told(log, "status Uid:")
    assert told(log, "status Gid:") == "110 110 110 110"
    assert told(log, "status Groups:") == "10"
    for name in ("CapEff", "CapPrm", "CapAmb"):
        assert int(told(log, f"status {name}:"), 16) == NET_RIGHTS, (name, told(log, f"status {name}:"))
    assert int(told(log, "status CapBnd:"), 16) == 0, told(log, "status CapBnd:")
    assert told(log, "status NoNewPrivs:") == "1"


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


def every_service_has_its_filter_beside_that_of_all(world):
    listed = os.path.join(world.work, "watch-list")
    with open(listed, "w", encoding="ascii") as file:
        file.write(f"/usr/bin/appman 0555 file:{world.compile('watch')}\n/usr/bin/real/appman 0555 os:appman/appman\n")
    with world.board(world.release("watch-release", "--add", listed), sets=(0,)) as board, board.on():
        for name in SERVICES:
            log = board.wait(f"watch: {name} seccomp", timeout_s=PATIENCE_S)
            assert re.search(rf"watch: {name} seccomp 2 filters 2 bounding 0+$", log, re.M), name


def code_in_a_service_is_behind_them(log):
    read = re.search(r"walls: netd has Seccomp:\s+2", log), re.search(r"walls: netd has Seccomp_filters:\s+2", log)
    assert all(read), "netd alone may read its status"
    assert re.search(r"walls: netd has CapBnd:\s+0+$", log, re.M) and re.search(r"walls: netd has NoNewPrivs:\s+1", log)
    for name in SERVICES[1:]:
        assert f"walls: {name} status {DENIED_TEXT}" in log, name


def a_call_of_no_service_is_its_end(log):
    for name in SERVICES:
        calls = re.findall(rf"walls: {name} makes call (\d+)", log)
        assert len(calls) == DEADLY_CALLS, (name, calls)
        assert len(re.findall(rf"appman: {name} ended, signal 31", log)) == DEADLY_CALLS, name
        assert f"walls: {name} lives on" in log, f"{name} came back"
    assert "survived" not in log


def each_such_end_is_a_record_as_far_as_there_may_be_so_many(log):
    tried = set(re.findall(r"walls: \w+ makes call (\d+)", log))
    recorded = re.findall(r"crashd: record \d+ is of system call (\d+)", log)
    # of one call all four services die; the monitor takes so many records at once, and more later
    assert len(recorded) >= 12 and set(recorded) <= tried, recorded
    dropped = log.count("crashd: a crash was not kept: BUSY") + log.count("over core_pipe_limit")
    assert len(recorded) + dropped == DEADLY_CALLS * len(SERVICES), (recorded, dropped)


def code_in_a_service_opens_its_own_files_only(log):
    for name in SERVICES:
        said = tried(log, name)
        opened = {what for what, answer in said.items() if answer == "yes"}
        assert opened == OPENS[name] | OPENS_ALL, (name, opened ^ (OPENS[name] | OPENS_ALL))
        for what, answer in said.items():
            assert answer in ("yes", DENIED_TEXT, NO) or what == "connects", (name, what, answer)


def code_in_a_service_reaches_no_other_process(log):
    for name in SERVICES:
        said = tried(log, name)
        assert said["listens"] == DENIED_TEXT, (name, said["listens"])
        assert (said["connects"] == DENIED_TEXT) == (name == "gatewayd"), (name, said["connects"])
        assert said["signals"] == NO and said["code"] == DENIED_TEXT and said["starts"] == DENIED_TEXT, said


def code_in_crashd_opens_nothing(world):
    listed = os.path.join(world.work, "walled-list")
    with open(listed, "w", encoding="ascii") as file:
        file.write("/usr/bin/netd 0555 os:appman/appman_walls\n/usr/bin/crashd 0555 os:crashd/crashd_walled\n")
    with world.board(world.release("walled-release", "--add", listed), sets=(0,)) as board, board.on():
        board.wait("walled: built")
        log = board.wait("walls: netd makes call", count=3, timeout_s=PATIENCE_S)
    assert "walled: survived" not in log and "not built" not in log


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


OF_WALLS = [code_in_a_service_is_behind_them, a_call_of_no_service_is_its_end,
            each_such_end_is_a_record_as_far_as_there_may_be_so_many,
            code_in_a_service_opens_its_own_files_only, code_in_a_service_reaches_no_other_process]


ALONE = [every_service_has_its_filter_beside_that_of_all, code_in_crashd_opens_nothing,
         boots_that_never_come_up_end_in_safe_mode_until_one_does]


def main():
    options = suite.options(__doc__)
    with tempfile.TemporaryDirectory(prefix="tatu-appman-") as work:
        world = World(options, work)
        cases = [(test.__name__, lambda test=test: test(world.rights_log())) for test in OF_RIGHTS]
        cases += [(test.__name__, lambda test=test: test(world.walls_log())) for test in OF_WALLS]
        cases += [(test.__name__, lambda test=test: test(world)) for test in ALONE]
        return suite.run(cases, options.names)


if __name__ == "__main__":
    sys.exit(main())
