#!/usr/bin/python3
"""A hostile normal world: every address by core and by bus master, calls by the million, and a shared page that changes.

smc.py [--qemu FILE] [--vault BUILD] [--monitor BUILD] [--host PROGRAM] [--seed N] [--calls N] [--simulated N]
       [--random N] [--step N] [--races N] [--keep] [NAME...]"""
import os
import re
import struct
import subprocess
import sys

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "../.."))
sys.path.append(ROOT)
from silicon.harness import (Chip, Firmware, Gdb, M, build_kernel, package, public, suite,  # noqa: E402  (the path)
                             symbol)

HERE = os.path.dirname(os.path.abspath(__file__))
MODES = ("map", "dma", "calls", "race")  # as in attack.h
MARK = b"TACK"
SECTOR, HALF, FIRST_SECTOR = 512, 256, 8  # dma.c
PREFILL, RAM_END = b"\xee", b"\x11"
LONG_S = 3600  # a chip on a busy machine
PIECE = 1024   # of a read through gdb
CORE = 1       # the A-core
SEEN = {  # what the secure side has that an attack must not change
    "core 0": (M["MAP_RTTCM_BASE"], M["RT_TCM_SIZE"]),
    "core 1": (M["MAP_RTTCM_BASE"] + M["MAP_RTTCM_STRIDE"], M["RT_TCM_SIZE"]),
    "mailbox": (M["MAP_MAILRAM_BASE"], M["MAP_MAILRAM_SIZE"]),
    "secure RAM": (M["MAP_SECRAM_BASE"], M["MAP_SECRAM_SIZE"]),
}


def parameters(keys, mode, seed, count, step):
    app = package("APPLICATION", bytes(range(256)) * 8, keys.owner, component=b"C" * 16, image=b"A" * 16)
    return (struct.pack("<IIII", MODES.index(mode), seed, count, step) + public(keys.owner) + b"A" * 16 +
            struct.pack("<I", len(app)) + app)


class Attacked(Chip):
    """A lab device with the attacking kernel and a disk as bus master."""

    def __init__(self, options, mode, count):
        firmware = Firmware(options.vault, options.monitor)
        super().__init__(firmware.vault_rom, firmware.arom, qemu=options.qemu, keep=options.keep)
        self.firmware, self.mode = firmware, mode
        sources = [os.path.join(HERE, name + ".c") for name in ("main", "map", "dma", "calls", "race", "disk")]
        with open(build_kernel(self.folder, *sources), "rb") as file:
            kernel = file.read()
        bodies = {**firmware.bodies(), "KERNEL": kernel, "ROOT": b"a file system of no format" * 500,
                  "DTB": parameters(self.keys, mode, options.seed, count, options.step)}
        for which in (0, 1):
            self.image.install(which, self.keys.boot_set(bodies))
        self.write_flash()
        self.make(lab=True)
        with open(self.path("disk"), "wb") as disk:
            disk.write(PREFILL * SECTOR * 4096)
        self.more = ("-drive", f"file={self.path('disk')},if=none,id=disk,format=raw",
                     "-device", "virtio-blk-device,drive=disk")

    def disk(self):
        with open(self.path("disk"), "rb") as file:
            return file.read()

    def run(self):
        with self.on():
            self.wait_off(LONG_S)
        return self.log()

    def run_watched(self):
        """Stops at the first call and at the end: what the secure side had before and after, and the log."""
        at = [symbol(self.firmware.monitor_elf, name) for name in ("tatu_monitor_handle_smc",
                                                                   "tatu_monitor_power_off")]
        sides = []
        with self.on("-S", *self.door("gdb")):
            gdb = Gdb(self)
            gdb.select(CORE)
            for place in at:
                gdb.stop_at(place)
                assert gdb.go(LONG_S) == CORE, "the attack did not come to its end"
                gdb.pass_by(place)
                sides.append(secure_side(self, gdb))
            assert "fw_cfg" not in gdb.monitor("info qtree") + gdb.monitor("info mtree -f")
            log = self.log()
        return *sides, log


def secure_side(chip, gdb):
    """As the monitor sees it; its guard pages, which it does not see, as zeros."""
    def read(at, size):
        return b"".join(gdb.read(at + done, PIECE) or bytes(PIECE) for done in range(0, size, PIECE))
    side = {name: read(*place) for name, place in SEEN.items()}
    for name, path in (("flash", chip.flash), ("fuses", chip.fuses)):
        with open(path, "rb") as file:
            side[name] = file.read()
    return side


def judge_sides(chip, before, after):
    """Nothing that an attack wrote is anywhere; what does not work by itself is as it was."""
    code = chip.firmware.bodies()["MONITOR"]
    assert len(code) > 1000 and any(before["mailbox"]), "this looked at nothing"
    for name, content in after.items():
        assert MARK not in content, f"what was written is in {name}"
    for name in ("core 0", "core 1", "mailbox", "flash", "fuses"):
        assert before[name] == after[name] or name == "mailbox" and chip.mode == "dma", f"{name} changed"
    text = symbol(chip.firmware.monitor_elf, "tatu_monitor_power_off") - M["MAP_SECRAM_BASE"]
    for side in (before, after):
        assert side["secure RAM"][:text] == code[:text], "the monitor's code changed"


def judge_disk(disk):
    """What the device read for the attacker: nothing, but of RAM where a transfer crosses its end."""
    allowed = {byte * HALF for byte in (PREFILL, RAM_END, b"\0")}
    assert disk[:4] == MARK
    for at in range(FIRST_SECTOR * SECTOR, len(disk), HALF):
        assert disk[at:at + HALF] in allowed, f"sector {at // SECTOR} holds what was read"


def judge_log(log):
    """What the kernel counted, which must all have held."""
    assert "panic" not in log
    failed = re.findall(r"\[NS\] FAIL ([^\n]*)", log)
    assert not failed, failed
    rows = [(int(tried), int(held), kind) for tried, held, kind in
            re.findall(r"\[NS\] tried (\d+) held (\d+) ([^\n]*)", log)]
    for tried, held, kind in rows:
        print(f"       {kind}: {tried} tried, {held} held")
        assert tried == held > 0, (kind, re.findall(r"open to [^\n]*", log))
    return rows


def host_calls(options):
    """The real monitor and vault in one process."""
    done = subprocess.run([options.host, "--calls", str(options.simulated), "--seed", str(options.seed)],
                          stdout=subprocess.PIPE, text=True, check=False)
    for line in done.stdout.splitlines()[:-1]:
        print("       " + line)
    assert done.returncode == 0
    return f"{options.simulated} calls, seed {options.seed}"


def every_address_but_ours_aborts(options):
    with Attacked(options, "map", options.random) as chip:
        before, after, log = chip.run_watched()
        rows = judge_log(log)
        assert len(rows) == 28, len(rows)
        judge_sides(chip, before, after)
        return f"{sum(row[0] for row in rows)} accesses, seed {options.seed}"


def a_bus_master_reaches_nothing_secret(options):
    with Attacked(options, "dma", max(1, options.random // 16)) as chip:
        before, after, log = chip.run_watched()
        judge_log(log)
        judge_sides(chip, before, after)
        made = [(int(count), kind) for count, kind in re.findall(r"\[NS\] made (\d+) ([^\n]*)", log)]
        for count, kind in made:
            print(f"       {kind}: {count}")
        judge_disk(chip.disk())
        return f"{sum(count for count, _ in made[:3])} transfers, seed {options.seed}"


def there_is_no_fw_cfg(options):
    with Chip(qemu=options.qemu) as chip:
        said = chip.refuses("-fw_cfg", "name=opt/org.tatu/x,string=y")
        assert "fw_cfg device not available" in said, said


def calls_of_a_hostile_kernel_change_nothing(options):
    with Attacked(options, "calls", options.calls) as chip:
        log = chip.run()
        rows = judge_log(log)
        assert log.count("starting the normal world") == 2 and rows[0][0] == options.calls
        assert "[NS] pass and is the one that was installed" in log
        print("       " + re.search(r"\[NS\] (did [^\n]*)", log)[1])
        return f"{options.calls} calls, seed {options.seed}"


def a_page_that_changes_is_read_once(options):
    with Attacked(options, "race", options.races) as chip:
        rows = judge_log(log := chip.run())
        races = [(int(a), int(b)) for a, b in re.findall(r"\[NS\] races (\d+) surprises (\d+)", log)]
        assert len(rows) == len(races) == 5
        for row, (hit, surprised) in zip(rows, races):
            print(f"       {row[2]}: the device wrote during {hit} calls, {surprised} were not what stood there")
        assert sum(hit for hit, _ in races) > 0 and sum(s for _, s in races) > 0, "nothing raced"
        return f"{sum(hit for hit, _ in races)} races in {sum(row[0] for row in rows)} calls, seed {options.seed}"


def main():
    host = os.path.join(ROOT, "build/host/sim/smc")
    options = suite.options(__doc__, vault=None, monitor=None, host=host, seed=1, calls=2000000, simulated=20000000,
                            random=256, step=16384, races=10000)
    cases = [(test.__name__, lambda test=test: test(options)) for test in (
        host_calls, every_address_but_ours_aborts, a_bus_master_reaches_nothing_secret, there_is_no_fw_cfg,
        calls_of_a_hostile_kernel_change_nothing, a_page_that_changes_is_read_once)]
    return suite.run(cases, options.names, f"--seed {options.seed}")


if __name__ == "__main__":
    sys.exit(main())
