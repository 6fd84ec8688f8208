#!/usr/bin/python3
"""Applications on the real chip, without a service: what is kept over boots, updates and removal; what an application
gets when it asks; its limits; its owner's commands; power and time.

apps_test.py [--qemu FILE] [--keep] [NAME...]"""
import json
import os
import re
import struct
import sys
import tempfile
import time
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.abspath(os.path.join(HERE, "../../.."))
sys.path[:0] = [ROOT, os.path.join(ROOT, "kernel/test")]
import asxipfs  # noqa: E402  (the path is what it needs)
from silicon.harness import Chip, Keys, M, public, read_release, run_tool, suite  # noqa: E402

TENANT = b"t" * 16
PATIENCE_S = 240
CRC_AT = 32  # of an image's file system
ALL = {"MutableStorage": {"SizeKB": 8}, "SystemEventNotifications": True, "SoftwareUpdateDeferral": True,
       "SystemTime": True, "NetworkConfig": True, "CertStore": True,
       "PowerControls": ["ForceReboot", "ForcePowerDown", "SetPowerProfile"]}
EACCES, EINVAL, ERANGE, EFBIG, EBUSY, EPERM, ENOENT, ENODEV = 13, 22, 34, 27, 16, 1, 2, 19
# requests of a service to appman
LIST, STATE, TRIGGER, QUOTA, MEMORY, LOG, SERVICES = 0x1002, 0x1003, 0x1004, 0x1005, 0x1006, 0x1007, 0x1009
START, DEBUG, STOP = 1, 2, 3


# What the stand-ins' scripts are made of (standin.c).
INSTALL = "0 install /etc/test/a\n"


def ask(op, component=0, argument=0, wait_ms=0):
    return f"{wait_ms} ask {op:x} {component} {argument}\n"


def said(component, text, count=1):
    return f"0 said {text.replace(' ', '_')} {component} {count}\n"


def unsaid(component, text):
    return f"0 unsaid {text.replace(' ', '_')} {component}\n"


def flag(number):
    return f"0 raise - {number}\n"


def wait_flag(number):
    return f"0 await - {number}\n"


def event(number, status=0, wait_ms=0):
    return f"{wait_ms} event {number:x} {status}\n"


OVER = "0 say over\n"


class World:
    """Programs and packages; a board for each test."""

    def __init__(self, options, work):
        self.options, self.work, self.count = options, work, 0
        self.keys = Keys()
        self.compiler = run_tool("tools/setup/sysroot.sh") + "/bin/tatu-armhf-gcc"
        self.probe = self.compile("probe")
        self.standin = os.path.join(ROOT, "build/os/os/appman/appman_standin")

    def compile(self, name, *options):
        program = os.path.join(self.work, name)
        run_tool(self.compiler, "-Os", "-Wall", "-Wextra", "-Werror", "-D_GNU_SOURCE", "-s", "-o", program,
                 os.path.join(HERE, name + ".c"), *options)
        with open(program, "rb") as file:
            return file.read()

    def package(self, component, part, image=None, program=None, **capabilities):
        """(name, package): the image's id is its name, which the installer reads."""
        image = bytes([image or component]) * 16
        manifest = {"SchemaVersion": 1, "Name": part, "ComponentId": f"00000000-0000-0000-0000-0000000000{component:02x}",
                    "EntryPoint": "/bin/app", "CmdArgs": [part], "Capabilities": capabilities,
                    "ApplicationType": "Default"}
        body = asxipfs.make({b"app_manifest.json": (json.dumps(manifest).encode(), 0o101644),
                             b"bin": {b"app": program or self.probe}})
        body = body[:CRC_AT] + struct.pack("<I", zlib.crc32(body)) + body[CRC_AT + 4:]
        return image.hex(), self.keys.package("APPLICATION", body, component=bytes(15) + bytes([component]), image=image)

    def write(self, name, data):
        path = os.path.join(self.work, f"{self.count}-{name}")
        with open(path, "wb") as file:
            file.write(data.encode() if isinstance(data, str) else data)
        return path

    def release(self, folders, gatewayd="", updated=""):
        """The root file system with stand-ins, their scripts, and folders of packages."""
        self.count += 1
        lines = [f"/usr/bin/{name} 0555 file:{self.standin}" for name in ("netd", "attestd", "updated", "gatewayd")]
        scripts = {"gatewayd": "0 claim\n" + flag(0) + gatewayd, "updated": wait_flag(0) + updated, "netd": "", "attestd": ""}
        for name, script in scripts.items():
            lines.append(f"/etc/test/{name} 0444 data:{self.write(name, script)}")
        lines.append(f"/etc/test/owner 0444 data:{self.write('owner', TENANT + public(self.keys.owner))}")
        for folder, packages in folders.items():
            lines.append(f"/etc/test/{folder} 0555 dir")
            for name, package in packages:
                lines.append(f"/etc/test/{folder}/{name} 0444 data:{self.write(folder + name, package)}")
        listed = self.write("list", "\n".join(lines) + "\n")
        return read_release(run_tool("os/rootfs/build.sh", "--out", os.path.join(self.work, f"release{self.count}"),
                                     "--add", listed))

    def board(self, folders, **scripts):
        return Chip.made(self.release(folders, **scripts), sets=(0,), keys=self.keys, qemu=self.options.qemu,
                         keep=self.options.keep, rtc="rtc")


def wait(board, text, count=1):
    """However many builds share the machine."""
    return board.wait(text, count=count, timeout_s=PATIENCE_S)


def lines_of(log, name):
    return re.findall(rf"app {name}: (.*)", log)


def fields(log, pattern, count=1):
    found = re.findall(pattern, log)
    assert len(found) >= count, f"{len(found)} of {pattern}\n{log[-3000:]}"
    return found


def an_application_gets_what_its_manifest_names(world):
    with world.board({"a": [world.package(1, "keeper", **ALL)]}, updated=INSTALL) as board, board.on():
        log = wait(board, "app keeper: events ok")
        told = lines_of(log, "keeper")
        for line in ("begin keeper uid 1000", "storage open ok", "storage held ''", "storage owner 65534 mode 600",
                     f"storage full after 8192 errno {EFBIG}", "storage beyond refused", "storage far refused",
                     "storage old bytes 0", "memory ok", "profile ok", f"no profile errno {EINVAL}", "net ok 'netd to 1000 op 100 a 0'",
                     "net apply ok", "cert ok 'gatewayd to 1000 op 200 '", f"service's request errno {EINVAL}",
                     "introduction errno 0", f"gpio errno {EACCES}", "set time ok", "time moved 100", "set rtc ok"):
            assert line in told, f"{line}: {told}"
        assert fields(log, r"storage quota (\d+) of (\d+)")[0][1] == "8192"
        assert fields(log, r"version '(.+)'")
        saver, balanced, fast = map(int, fields(log, r"profiles had (\d+) (\d+) (\d+) ms")[0])
        assert saver <= 300 and saver < min(balanced, fast), (saver, balanced, fast)
        total, user, peak = map(int, fields(log, r"app keeper: memory total (\d+) user (\d+) peak (\d+) KiB")[0])
        assert 0 < user <= peak and user < total, (total, user, peak)
        return f"total {total}, user {user} KiB of one application"


def an_application_uses_the_library(world):
    program = world.compile("library", "-I" + os.path.join(ROOT, "sdk/applibs/include"),
                            os.path.join(ROOT, "build/os/sdk/libapplibs.so"))
    capabilities = {"MutableStorage": {"SizeKB": 8}, "SystemEventNotifications": True, "SystemTime": True,
                    "PowerControls": ["SetPowerProfile"], "Uart": ["ISU0"],
                    "AllowedApplicationConnections": ["00000000-0000-0000-0000-000000000077"]}
    with world.board({"a": [world.package(1, "library", program=program, **capabilities)]},
                     updated=INSTALL + wait_flag(1) + event(4), gatewayd=said(1, "events ok") + flag(1)) as board, board.on():
        told = lines_of(wait(board, "event 4 status 0"), "library")
        for line in (f"other uart errno {EACCES}", f"no uart errno {ENODEV}", f"i2c errno {EACCES}", f"spi errno {EACCES}",
                     f"pwm errno {EACCES}", f"adc errno {EACCES}", f"gpio errno {EACCES}", f"push input errno {EPERM}",
                     f"line discipline errno {EPERM}", f"controlling terminal errno {EPERM}", "what waits ok",
                     "clock_settime ok", "moved 100", "settimeofday ok", "moved 50", "systohc ok", "file ok", "wrote 4", "delete ok",
                     f"delete again errno {ENOENT}", "manifest ok", "memory 1", "version ok", "version of 1", "profile ok",
                     f"reboot errno {EACCES}", f"peer errno {ENOENT}", f"stranger errno {EACCES}",
                     f"certificate errno {EACCES}", f"update data errno {EINVAL}", "event 4 status 0"):
            assert line in told, f"{line}: {told}"
        # as the chip has a serial unit there, or has not
        assert "uart ok" in told or f"uart errno {ENODEV}" in told, told


def an_application_without_capabilities_gets_none(world):
    with world.board({"a": [world.package(1, "without")]}, updated=INSTALL) as board, board.on():
        told = lines_of(wait(board, "app without: done"), "without")
        refused = [line for line in told if line.startswith("without ")]
        assert len(refused) == 13, told
        assert all(line.endswith(f" errno {EACCES}") for line in refused), refused


def an_application_has_no_right_left(world):
    with world.board({"a": [world.package(1, "rights", **ALL)]}, updated=INSTALL) as board, board.on():
        told = [line.split() for line in lines_of(wait(board, "app rights: done"), "rights")]
        has = {line[1]: line[2:] for line in told if line[0] == "has"}
        assert has["Uid:"] == has["Gid:"] == ["1000"] * 4 and has["Groups:"] in ([], ["65534"]), has
        for name in ("CapInh:", "CapPrm:", "CapEff:", "CapBnd:", "CapAmb:"):
            assert int(has[name][0], 16) == 0, has
        assert has["NoNewPrivs:"] == ["1"] and has["Seccomp:"] == ["2"], has
        limits = {line[1]: line[2:] for line in told if line[0] == "limit"}
        assert limits == {"stack": ["131072"] * 2, "files": ["64"] * 2, "locked": ["0"] * 2}, limits


def its_stack_has_an_end(world):
    with world.board({"a": [world.package(1, "deep")]}, updated=INSTALL) as board, board.on():
        log = wait(board, "app deep: ended by signal 11")
        deepest = max(map(int, fields(log, r"app deep: deep (\d+) KiB")))
        assert 16 <= deepest < 128, f"{deepest} KiB of 128"


def its_clock_is_there_after_the_power_was_off(world):
    with world.board({"a": [world.package(1, "clock", **ALL)]}, updated=INSTALL) as board:
        with board.on():
            first = int(fields(wait(board, "app clock: set rtc ok"), r"app clock: clock (\d+)")[0])
        with board.on():
            log = wait(board, "app clock: set rtc ok")
            second = int(fields(log, r"app clock: clock (\d+)")[0])
            assert second >= first + 1000, f"{second - first} s later"
            assert "the clock was behind" not in log, "it was kept in the store alone"


def what_is_kept_outlives_boots_and_updates_and_goes_with_the_application(world):
    first, other = world.package(1, "keeper", **ALL), world.package(2, "ends")
    newer = world.package(1, "keeper", image=9, **ALL)
    folders = {"one": [other, first], "two": [other, newer], "three": [other]}
    begun = said(1, "events ok")
    steps = (f"0 install /etc/test/one\n{wait_flag(1)}0 install /etc/test/two\n{wait_flag(2)}0 install /etc/test/three\n"
             f"{wait_flag(3)}0 install /etc/test/one\n")
    looks = begun + flag(1) + unsaid(1, "events ok") + begun + flag(2) + unsaid(1, "events ok") + flag(3)
    with world.board(folders, updated=steps, gatewayd=looks) as board:
        with board.on():
            log = wait(board, "app keeper: events ok", count=3)
            users = fields(log, r"begin keeper uid (\d+)", 3)
            held = fields(log, r"storage held '(.*)'", 3)
            assert users[0] == users[1] and users[2] != users[0], users
            assert held[0] == "" and held[1].startswith("kept ") and held[2] == "", held
            other_user = fields(log, r"begin ends uid (\d+)")
            assert set(other_user) == {other_user[0]} and other_user[0] not in users
        with board.on():
            log = wait(board, "app keeper: events ok")
            assert fields(log, r"begin keeper uid (\d+)")[0] == users[2]
            assert fields(log, r"storage held '(.*)'")[0].startswith("kept ")
            assert fields(log, r"begin ends uid (\d+)")[0] == other_user[0]


def an_older_copy_of_the_store_is_erased_and_told(world):
    with world.board({"a": [world.package(1, "keeper", **ALL)]}, updated=INSTALL) as board:
        with board.on():
            wait(board, "app keeper: events ok")
        old = board.state()[board.flash]
        for _ in range(2):
            with board.on():
                log = wait(board, "app keeper: events ok")
                assert "held 'kept " in log
        flash = bytearray(board.state()[board.flash])
        at, size = M["FLASH_STORE_AT"], M["FLASH_STORE_SIZE"]
        flash[at:at + size] = old[at:at + size]
        board.set_state({board.flash: bytes(flash)})
        with board.on():
            log = wait(board, "app keeper: events ok")
            assert "appman: store refused: STALE" in log, "an older copy was taken"
            assert "held ''" in log and "uid 1000" in log
        flash = bytearray(board.state()[board.flash])
        flash[at:at + size] = os.urandom(size)
        board.set_state({board.flash: bytes(flash)})
        with board.on():
            log = wait(board, "app keeper: events ok")
            assert "store refused: NOT_FOUND" in log or "erasing it" in log
            assert "held ''" in log
        with board.on():
            log = wait(board, "app keeper: events ok")
            assert "refused" not in re.sub("(beyond|far) refused", "", log) and "held 'kept " in log


def who_takes_too_much_memory_is_killed_and_nobody_else(world):
    with world.board({"a": [world.package(1, "keeper", **ALL), world.package(2, "glutton")]},
                     updated=INSTALL, gatewayd=said(2, "eating", 3) + ask(MEMORY)) as board, board.on():
        log = wait(board, "gatewayd: memory total")
        assert len(fields(log, r"app glutton: ended by signal 9, over its memory", 2)) >= 2
        assert len(fields(log, r"app keeper: started")) == 1, "the other one was hit"
        total, user, peak = map(int, fields(log, r"gatewayd: memory total (\d+) user (\d+) peak (\d+) KiB")[0])
        return f"total {total}, user {user}, peak {peak} KiB"


def its_owner_stops_and_starts_it_and_reads_what_it_said(world):
    script = (said(1, "begin deaf") + said(2, "events ok") + ask(LIST) + ask(LOG, 1) + ask(TRIGGER, 1, STOP) + ask(STATE, 1) +
              said(1, "asked to end") + ask(STATE, 1, wait_ms=4000) + ask(TRIGGER, 1, START) + said(1, "begin deaf", 2) +
              ask(STATE, 1) + ask(TRIGGER, 1, DEBUG) + ask(TRIGGER, 1, 9) + ask(STATE, 77) + ask(QUOTA, 2) + ask(SERVICES) +
              ask(0x1000) + OVER)
    with world.board({"a": [world.package(1, "deaf"), world.package(2, "keeper", **ALL)]},
                     updated=INSTALL, gatewayd=script) as board, board.on():
        log = wait(board, "gatewayd: over")
        states = fields(log, r"gatewayd: app 01 'deaf' (\w+) user \d+ starts (\d+)", 5)
        assert [state for state, _ in states] == ["running", "stopping", "stopping", "stopped", "running", "running"], states
        assert states[-1][1] == "2", states
        assert "app deaf: asked to end" in log and "app deaf: ended by signal 9" in log
        assert "gatewayd: text begin deaf uid " in log
        assert re.search(r"ask 1004 1 2: STATE 146800\d\d", log), "startDebug"
        assert re.search(r"ask 1004 1 9: ARGUMENT 146800\d\d", log), "trigger 9"
        assert re.search(r"ask 1003 77 0: NOT_FOUND 14680076", log), "no such component"
        assert re.search(r"gatewayd: quota 1 of 8 KiB", log)
        assert "gatewayd: text service netd running" in log
        assert "ask 1000 0 0: DENIED 0" in log, "gatewayd may not reload"


def an_install_by_hand_starts_nothing(world):
    with world.board({"a": [world.package(1, "without")]}, updated="0 install /etc/test/a 1\n" + flag(1),
                     gatewayd=wait_flag(1) + ask(STATE, 1, wait_ms=2000) + ask(TRIGGER, 1, START)) as board, board.on():
        log = wait(board, "app without: done")
        assert log.index("app 01 'without' stopped") < log.index("app without: started")


def two_that_want_the_same_do_not_both_start(world):
    pins = {"Gpio": [8], "AllowedTcpServerPorts": [5000], "AllowedConnections": ["example.net"]}
    with world.board({"a": [world.package(1, "without", **pins), world.package(2, "ends", **pins)]},
                     updated=INSTALL + flag(1), gatewayd=wait_flag(1) + said(1, "done") + ask(LIST) + OVER) as board, board.on():
        log = wait(board, "gatewayd: over")
        assert "app ends: not started: EXISTS" in log
        assert "app 02 'ends' refused" in log and "app 01 'without' running" in log
        group = "/sys/fs/cgroup/apps/00000000-0000-0000-0000-000000000001"
        assert f"netd: allow {group} user 1000 hosts 1 example.net tcp 1 5000 udp 0" in log


def an_end_is_reported_and_it_starts_again_with_a_back_off(world):
    with world.board({"a": [world.package(1, "ends")]}, updated=INSTALL,
                     gatewayd=said(1, "begin", 4) + ask(STATE, 1)) as board, board.on():
        log = wait(board, "gatewayd: app 01")
        starts = [float(at) for at in re.findall(r"\[ *([\d.]+)\] appman: app ends: started", log)]
        ends = [float(at) for at in re.findall(r"\[ *([\d.]+)\] appman: app ends: ended with status 7", log)]
        assert len(starts) >= 3, starts
        for n, (end, start) in enumerate(zip(ends, starts[1:])):
            assert start - end >= 0.5 * 2 ** n - 0.01, (n, end, start)
        waits = ", ".join(f"{(start - end) * 1000:.0f}" for end, start in zip(ends, starts[1:]))
        return f"{waits} ms from end to start"


def an_update_waits_for_who_may_put_it_off(world):
    steps = (INSTALL + wait_flag(1) + event(1) + wait_flag(2) + event(1) + event(1, wait_ms=12000) + event(1, 4) + event(2) +
             event(4) + event(3) + OVER)
    looks = said(1, "events ok") + flag(1) + said(1, "resume ok") + flag(2)
    with world.board({"a": [world.package(1, "keeper", **ALL)]}, updated=steps, gatewayd=looks) as board, board.on():
        log = wait(board, "updated: over")
        answers = re.findall(r"updated: event (\d \d): (\w+) go (\d) again (\d+)", log)
        assert [(err, go) for _, err, go, _ in answers] == [("OK", "0"), ("OK", "0"), ("OK", "1"), ("OK", "1"),
                                                            ("OK", "1"), ("OK", "1"), ("ARGUMENT", "0")], answers
        told = [line for line in lines_of(log, "keeper") if line.startswith(("event ", "defer", "resume"))]
        assert told[:4] == ["event 1 status 1 minutes 1440 type 1", f"defer too long errno {ERANGE}", "defer ok",
                            "resume ok"], told
        assert "event 1 status 3 minutes 1440 type 1" in told and "event 1 status 4 minutes 0 type 1" in told
        assert "event 2 status 0 minutes 0 type 1" in told and "event 4 status 0 minutes 0 type 1" in told


def small_pieces_do_not_fill_the_store(world):
    """A file within its quota, written a byte here and there: everybody else's room is not touched."""
    with world.board({"a": [world.package(1, "hammer", MutableStorage={"SizeKB": 64}), world.package(2, "keeper", **ALL)]},
                     updated=INSTALL) as board:
        with board.on():
            log = wait(board, "app hammer: storage quota")
            assert "failed 0" in log, fields(log, "storage hammered .*")
            assert "storage full after 65536" in "".join(lines_of(log, "hammer"))
        with board.on():
            log = wait(board, "app keeper: events ok")
            assert "held 'kept " in log and "not kept" not in log


def it_powers_down_until_its_alarm(world):
    powers = {"PowerControls": ["ForcePowerDown"]}
    with world.board({"a": [world.package(1, "down", **powers)]}, updated=INSTALL) as board, board.on():
        log = wait(board, "reset reason 6")
        assert "app down: down ok" in log and f"app down: down again errno {EBUSY}" in log
        assert "appman: asked to power down for 5 s" in log


def it_powers_down_until_its_pin(world):
    powers = {"PowerControls": ["ForcePowerDown"]}
    with world.board({"a": [world.package(1, "asleep", **powers)]}, updated=INSTALL) as board, board.on():
        log = wait(board, "appman: asked to power down for 0 s")
        ends = time.monotonic() + PATIENCE_S
        while "reset reason 7" not in log and time.monotonic() < ends:  # a pulse before it sleeps does not count
            board.panel.send(b"wakeup 0\nwakeup 1\n")
            time.sleep(0.5)
            log = board.log()
        assert "reset reason 7" in log, "the pin did not wake it"


def it_restarts_the_board(world):
    powers = {"PowerControls": ["ForceReboot"]}
    with world.board({"a": [world.package(1, "reboot", **powers)]}, updated=INSTALL) as board, board.on():
        log = wait(board, "reset reason 2")
        assert "app reboot: reboot ok" in log


TESTS = [an_application_gets_what_its_manifest_names, an_application_uses_the_library,
         an_application_without_capabilities_gets_none,
         an_application_has_no_right_left, its_stack_has_an_end, its_clock_is_there_after_the_power_was_off,
         what_is_kept_outlives_boots_and_updates_and_goes_with_the_application,
         an_older_copy_of_the_store_is_erased_and_told, who_takes_too_much_memory_is_killed_and_nobody_else,
         its_owner_stops_and_starts_it_and_reads_what_it_said, an_install_by_hand_starts_nothing,
         two_that_want_the_same_do_not_both_start, an_end_is_reported_and_it_starts_again_with_a_back_off,
         an_update_waits_for_who_may_put_it_off, small_pieces_do_not_fill_the_store, it_powers_down_until_its_alarm,
         it_powers_down_until_its_pin, it_restarts_the_board]


def main():
    options = suite.options(__doc__)
    with tempfile.TemporaryDirectory(prefix="tatu-apps-") as work:
        world = World(options, work)
        return suite.run([(test.__name__, lambda test=test: test(world)) for test in TESTS], options.names)


if __name__ == "__main__":
    sys.exit(main())
