#!/usr/bin/python3
"""The figures of the product, each beside the peer or limit it is compared with.

bench.py [--json] [--runs N] [--only PART,...]     PART: story, size, boot, memory, compartments, trust
A table on the terminal, or one JSON object. Nothing here passes or fails: what could not be measured is
"not reached", with the reason below the table.
"""
import argparse
import contextlib
import importlib.util
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time

import compartments
import trust

HERE = os.path.dirname(os.path.abspath(__file__))

ROOT = os.path.dirname(HERE)
os.chdir(ROOT)

SETUP_LIMIT_S = 15 * 60
STORY_TIMEOUT_S = 900
OS_SET_AZURE_SPHERE = 5390752  # 17 images of its recovery package, as stored
OS_SET_LIMIT = 4 << 20
TCB_AZURE_SPHERE = {"vault-runtime": ("Azure Sphere's Pluton runtime", 26860),
                    "monitor": ("Azure Sphere's Security Monitor", 114900)}  # as stored
TCB_ALL_AZURE_SPHERE = 158144  # both and its boot loader of 16,384
TCB_LIMIT_LINES, TCB_LIMIT_BYTES = 6000, 64 << 10
BOOT_LIMIT = 3  # times the bare board
BARE_PROTOTYPE_S = 0.45  # another kernel configuration, a monitor that checks nothing, 64 MiB of RAM
SERVICES_LIMIT = 4 * 10**6
SERVICES_GREENGRASS = 12.4 * 10**6  # nucleus lite on armv7
HOST_PROTOTYPE = 101 * 10**6  # the chip's prototype, 64 MiB of RAM, Linux running

SERVICES = ("appman", "netd", "attestd", "updated", "gatewayd")
ROM, KERNEL, REACHED = "vault ROM speaks", "kernel entered", "appman: reached"
ATTESTED, RUNNING, INIT = "attested", "application running", "static init runs"
MARKS = {ROM: rb"\[ROM\] ",
         KERNEL: rb"\[MON\] [^\n]*starting the normal world",
         REACHED: rb"appman: reached",
         ATTESTED: rb"attestd: proven",
         RUNNING: rb"app doorbell: doorbell version 1 is ready",
         INIT: rb"bare: init"}
FULL = [name for name in MARKS if name != INIT]
BARE = [ROM, KERNEL, INIT]
MARK_TIMEOUT_S = 60
POLL_S = 0.002
PROBE_ROUNDS = 5  # after the board has proven itself
PROBE_EVERY_S = 2
IDLE_AFTER_ROUNDS = 15  # what a claim sets off is over


def load_story():
    spec = importlib.util.spec_from_file_location("story", os.path.join(ROOT, "test/e2e/story.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


story = load_story()


def progress(text):
    print(f"  {text}", file=sys.stderr, flush=True)


class Report:
    """Rows in the order they came, and why some are missing."""

    def __init__(self):
        self.rows, self.not_reached, self.notes = [], {}, []

    def add(self, group, name, value, unit, against=None, limit=None, runs=None):
        ratio = round(value / limit, 3) if value is not None and limit else None
        row = {"group": group, "figure": name, "value": value, "unit": unit,
               "against": against if limit else None, "againstValue": limit, "ratio": ratio}
        if runs is not None:
            row["runs"] = runs
        self.rows.append(row)

    def miss(self, what, why):
        self.not_reached.setdefault(what, " ".join(str(why).split())[:300])

    def as_json(self):
        return {"figures": self.rows, "notReached": self.not_reached, "notes": self.notes,
                "host": {"cores": os.cpu_count(), "load": round(os.getloadavg()[0], 1)}}

    def print_table(self):
        group = None
        for row in self.rows:
            if row["group"] != group:
                group = row["group"]
                print(f"\n{group}")
            against = "" if row["against"] is None else f"{row['against']}: {show(row['againstValue'], row['unit'])}"
            ratio = "" if row["ratio"] is None else f"{row['ratio']:.2f}x"
            print(f"  {row['figure']:36} {show(row['value'], row['unit']):>15}  {ratio:>8}  {against}")
        print()
        for note in self.notes:
            print(note)
        for what, why in self.not_reached.items():
            print(f"not reached: {what}: {why}")


def show(value, unit):
    if value is None:
        return "not reached"
    return f"{value:,.2f} {unit}" if isinstance(value, float) else f"{value:,} {unit}"


def run_tool(*command):
    """The last line of what it says; for our scripts that is their result."""
    ran = subprocess.run(command, capture_output=True, text=True)
    if ran.returncode != 0:
        raise story.StepFailed(f"{command[0]}: {ran.stderr.strip()[-300:]}")
    return ran.stdout.strip().rpartition("\n")[2]


# ---- clone to story --------------------------------------------------------------------------

def tell_story():
    with tempfile.TemporaryDirectory(prefix="tatu-bench.") as folder:
        child = subprocess.Popen(["/usr/bin/python3", "test/e2e/story.py", "--headless", "--json", "--dir", folder],
                                 stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            out, _ = child.communicate(timeout=STORY_TIMEOUT_S)
        except BaseException:
            child.terminate()  # it stops its board and its service before it ends
            child.wait()
            raise
        return out, child.returncode


def measure_story(report):
    group = "from the clone to the end of the story (one run)"
    total, whole = 0.0, True
    try:
        with open("build/steps.tsv", encoding="utf-8") as file:
            steps = [line.rstrip("\n").split("\t") for line in file]
    except FileNotFoundError:
        steps, whole = [], False
        report.miss("set-up", "build/steps.tsv is missing; tools/product.sh writes it")
    for name, seconds in steps:
        report.add(group, f"set-up: {name}", float(seconds), "s")
        total += float(seconds)
    progress("the story, once")
    out, status = tell_story()
    for line in out.splitlines():
        step = json.loads(line)
        if not step["ok"]:
            report.miss(f"story: {step['step']}", step["detail"].get("error", "failed"))
        report.add(group, f"story: {step['step']}", float(step["seconds"]) if step["ok"] else None, "s")
        total += float(step["seconds"])
    whole = whole and status == 0
    report.add(group, "together", round(total, 2) if whole else None, "s", "limit", float(SETUP_LIMIT_S))
    report.notes.append("Set-up steps are those of the last tools/product.sh: short where the cache served them. "
                        "Cold: test/setup/clean_machine.sh.")


# ---- sizes -----------------------------------------------------------------------------------

def measure_tcb(report):
    group = "trusted base (vault ROM, vault runtime, monitor)"
    tcb = json.loads(run_tool("/usr/bin/python3", "tools/tcb.py", "--json"))
    for program in tcb["programs"]:
        report.add(group, program["name"], program["bytes"], "B")
    report.add(group, "lines of linked sources", tcb["lines"], "lines", "target (budget: decision 0062)", TCB_LIMIT_LINES)
    report.add(group, "lines of their headers, beside", tcb["header_lines"], "lines")
    report.add(group, "bytes", tcb["bytes"], "B", "limit", TCB_LIMIT_BYTES)
    report.add(group, "bytes", tcb["bytes"], "B", "Azure Sphere", TCB_ALL_AZURE_SPHERE)


def slot_sizes():
    with open("proto/map.h", encoding="utf-8") as file:
        return {name: int(value, 16) for name, value in
                re.findall(r"^#define TATU_FLASH_(\w+)_SIZE (0x[0-9a-f]+)", file.read(), re.M)}


def measure_images(report, release):
    """Packages as they lie in their slots: body, metadata, signature."""
    group = "boot images, as stored"
    slots, total = slot_sizes(), 0
    names = {"vault-runtime": "VAULT", "monitor": "MONITOR", "keystore": "KEYSTORE", "device-tree": "DTB",
             "kernel": "KERNEL", "root": "ROOT"}
    for name, slot in names.items():
        size = os.path.getsize(os.path.join(release, name + ".imagepackage"))
        total += size
        report.add(group, name, size, "B", "its slot", slots[slot])
        if name in TCB_AZURE_SPHERE:
            report.add(group, name, size, "B", *TCB_AZURE_SPHERE[name])
    report.add(group, "one set", total, "B", "limit", OS_SET_LIMIT)
    report.add(group, "one set", total, "B", "Azure Sphere", OS_SET_AZURE_SPHERE)


# ---- the secure firmware ---------------------------------------------------------------------

TRUST = "secure firmware in the chip, its peers in turns with it (medians)"


def measure_verify(report, runs):
    whole, signatures, peer = trust.verify_times(runs)
    report.add(TRUST, "verify and measure a kernel", round(trust.BODY / whole / 1e6, 1), "MB/s", "openssl's SHA-256",
               round(peer / 1e6, 1))
    report.add(TRUST, "of it the signatures' part", round(signatures * 1e3, 2), "ms", "the whole", round(whole * 1e3, 2))
    rate = trust.PASSES * trust.BODY / (whole - signatures) if whole > signatures else 0
    report.add(TRUST, "of it hashing, over DMA", round(rate / 1e6, 1), "MB/s", "openssl's SHA-256", round(peer / 1e6, 1))


def measure_calls(report, runs):
    times, peer = trust.call_times(runs)
    times_us = {name: round(seconds * 1e6, 2) for name, seconds in times.items()}
    for call, name in (("get_boot", "round trip: GET_BOOT"), ("get_state", "round trip: vault's GET_STATE")):
        report.add(TRUST, name, times_us[call], "us", "PSCI VERSION", times_us["version"])
    report.add(TRUST, "evidence tokens", round(1 / times["evidence"], 1), "/s", "openssl's P-256 signatures", round(peer, 1))


def measure_reset(report, runs):
    with tempfile.TemporaryDirectory(prefix="tatu-bench.") as folder:
        firmware, kernel = trust.reset_times(make_bare_root(folder), runs)
    report.add(TRUST, "reset to the kernel's entry", round(firmware, 3), "s",
               "the same kernel alone, to static init", round(kernel, 3))


def measure_trust(report, runs):
    with contextlib.redirect_stdout(sys.stderr):  # where the chip explains itself
        attempt(report, "verify and measure", measure_verify, report, runs)
        attempt(report, "calls and evidence", measure_calls, report, runs)
        attempt(report, "reset to the kernel", measure_reset, report, runs)
    report.notes.append(f"The kernel that is verified: {trust.BODY:,} bytes in flash, each hashed {trust.PASSES} times (both signatures, "
                        "the measurement).")


# ---- boards ----------------------------------------------------------------------------------

def make_root(folder, name, program, places):
    """A release like the product's but for some files of its root: places are lines of os/rootfs/files.txt."""
    compiler = run_tool("tools/setup/sysroot.sh") + "/bin/tatu-armhf-gcc"
    path = os.path.join(folder, name)
    run_tool(compiler, "-std=gnu17", "-static", "-Os", "-Wall", "-Wextra", "-Werror", "-o", path + ".elf",
             os.path.join(HERE, program))
    with open(path + ".list", "w", encoding="ascii") as file:
        file.write("\n".join(places).replace("@PROGRAM@", path + ".elf") + "\n")
    return run_tool("os/rootfs/build.sh", "--out", path + "-bodies", "--add", path + ".list")


def make_bare_root(folder):
    return make_root(folder, "bare", "init.c", ["/usr/bin/appman 0555 file:@PROGRAM@"])


class Desk(story.Doorbell):
    """The story's service and board, and boards more: a bare system, a probe, bubblewrap."""

    BOARDS = ("board", "bare", "probe", "beside")

    def stop_all(self):
        for board in self.BOARDS:
            self.stop_board(board)
        super().stop_all()

    def stop_board(self, board):
        if os.path.exists(self.path(board, "board.json")):
            subprocess.run([story.TATU, "board", "stop", self.path(board)], env=self.env, capture_output=True)

    def make_board(self, name, bodies, version, register):
        ports = self.facts["ports"]
        self.tatu("release", "sign", "--platform", self.path("platform"), "--bodies", bodies, "--host", "10.0.2.2",
                  "--front", ports["front"], "--update", ports["update"], "--version", version,
                  "--security-version", 1, "--out", self.path(name + "-release"))
        if register:
            self.tatu("release", "register", "--release", self.path(name + "-release"))
        self.create_board(name, name + "-release")

    def power_on(self, board, marks):
        """Seconds from the command `tatu board start` to each mark, None for those that did not come."""
        log = self.path(board, "serial.log")
        if os.path.exists(log):
            os.unlink(log)
        began = time.monotonic()
        child = subprocess.Popen([story.TATU, "board", "start", self.path(board)], env=self.env,
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        seen, size = {}, 0
        while len(seen) < len(marks) and time.monotonic() - began < MARK_TIMEOUT_S:
            time.sleep(POLL_S)
            now = time.monotonic()
            try:
                if os.stat(log).st_size == size:
                    continue
                with open(log, "rb") as file:
                    text = file.read()
            except FileNotFoundError:
                continue
            size = len(text)
            for mark in marks:
                if mark not in seen and re.search(MARKS[mark], text):
                    seen[mark] = now - began
        child.wait()
        return {mark: seen.get(mark) for mark in marks}


PROBLEMS = (story.StepFailed, OSError, ValueError, KeyError, subprocess.SubprocessError,
            *trust.PROBLEMS)


def attempt(report, what, function, *arguments):
    """Does a step; False, and a line in the report, when it does not hold."""
    progress(what)
    try:
        function(*arguments)
        return True
    except PROBLEMS as problem:
        report.miss(what, problem)
        return False


def set_up_desk(report, desk, wanted):
    if not (attempt(report, "service", desk.service_starts) and attempt(report, "board from the fab", desk.board_is_made)):
        return False
    if wanted & {"boot", "memory", "compartments"}:
        # The catalog comes with the claim. What fails here is missing from the figures, the rest is measured.
        desk.facts["proven"] = (
            attempt(report, "first boot", desk.board_powers_up) and
            attempt(report, "first boot to appman", desk.linux_reaches_appman) and
            attempt(report, "claim", desk.owner_claims) and attempt(report, "proof", desk.device_proves))
        desk.stop_board("board")
    return True


def deploy(desk):
    desk.tatu("board", "start", desk.path("board"))
    desk.doorbell_is_deployed()


# ---- memory of the services ------------------------------------------------------------------

def start_probe(desk):
    bodies = make_root(desk.dir, "probe", "probe.c", ["/usr/bin/real/appman 0555 os:appman/appman",
                                                    "/usr/bin/appman 0555 file:@PROGRAM@"])
    desk.make_board("probe", bodies, "26.11p", register=True)
    desk.tatu("board", "start", desk.path("probe"))
    desk.serial_has(r"appman: reached", story.LINUX_WITHIN_S, board="probe")


def claim_more(desk, board="probe"):
    """In the catalog the story made. Without an application it gets no customer's certificate."""
    desk.serial_has(r"gatewayd: [^\n]*port 443", story.LINUX_WITHIN_S, board=board)
    since = len(desk.serial(board))
    desk.tatu("device", "claim", "--board", desk.path(board))
    desk.serial_has(r"proven: verdict OK", 60, since, board=board)


def read_probe(desk):
    """The last whole round: its processes, and what the kernel says of all."""
    rounds = len(re.findall(r"probe: \d+ whole", desk.serial("probe")))
    wanted = rounds + PROBE_ROUNDS
    desk.serial_has(rf"probe: {wanted} whole[^\n]*\n", 60, board="probe")
    text = desk.serial("probe")
    whole = re.search(rf"probe: {wanted} whole anonymous (\d+) mapped (\d+) available (\d+)", text)
    processes = [(pid, name, *(int(number) * 1024 for number in numbers)) for pid, name, *numbers in re.findall(
        rf"probe: {wanted} process (\S+) (.+?) resident (\d+) files (\d+) peak (\d+)", text)]
    return processes, [int(number) * 1024 for number in whole.groups()]


def read_wakes(desk):
    """How often each process woke in a minute without work: {name: count} at its begin and its end."""
    def counts(number):
        return {name: int(wakes) for name, wakes in re.findall(
            rf"probe: {number} process \d+ (.+?) resident \d+ files \d+ peak \d+ wakes (\d+)", desk.serial("probe"))}
    first = len(re.findall(r"probe: \d+ whole", desk.serial("probe"))) + IDLE_AFTER_ROUNDS
    last = first + compartments.IDLE_S // PROBE_EVERY_S
    desk.serial_has(rf"probe: {last} whole[^\n]*\n", compartments.IDLE_S + 90, board="probe")
    return counts(first), counts(last)


def report_services(report, processes, whole):
    group = "memory of the OS services, on the board, no application running"
    found = {name: row for pid, name, *row in processes if pid != "-"}
    itself = next((row for pid, _, *row in processes if pid == "-"), [0, 0, 0])
    for name in SERVICES:
        resident, files, peak = found.get(name, (None, None, None))
        if resident is None:
            report.miss(f"memory of {name}", "it did not run")
        report.add(group, f"{name}: resident", resident, "B")
        report.add(group, f"{name}: of it its own", None if resident is None else resident - files, "B")
        report.add(group, f"{name}: resident at its peak", peak, "B")
    running = [found[name] for name in SERVICES if name in found]
    complete = len(running) == len(SERVICES)
    anonymous, mapped, available = whole
    together = sum(row[0] for row in running) if complete else None
    once = anonymous + mapped - itself[0] if complete else None
    for name, value in (("together, shared pages once", once), ("together, sum of resident", together)):
        report.add(group, name, value, "B", "limit", SERVICES_LIMIT)
        report.add(group, name, value, "B", "Greengrass nucleus lite", int(SERVICES_GREENGRASS))
    report.add(group, "free for applications", available, "B")
    others = sorted(set(found) - set(SERVICES))
    if others:
        report.notes.append(f"Other processes were running while memory was read: {', '.join(others)}.")


def measure_services(report, desk):
    if not attempt(report, "board with a memory probe", start_probe, desk):
        return
    attempt(report, "board with a memory probe is claimed", claim_more, desk)
    try:
        processes, whole = read_probe(desk)
        first, last = read_wakes(desk)
        compartments.report_wakes(report, first, last, compartments.IDLE_S, SERVICES)
    except PROBLEMS as problem:
        report.miss("memory of the OS services", problem)
        return
    finally:
        desk.stop_board("probe")
    report_services(report, processes, whole)


# ---- boot ------------------------------------------------------------------------------------

def make_bare(desk):
    desk.make_board("bare", make_bare_root(desk.dir), "26.11b", register=False)


def host_memory(desk):
    """Private memory of the process that is the board, in bytes."""
    with open(desk.path("board", "pid"), encoding="ascii") as file:
        pid = int(file.read().split()[0])
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
        return sum(int(kib) * 1024 for kib in re.findall(r"^Private_\w+: +(\d+) kB", file.read(), re.M))


def boot_in_turns(desk, runs):
    """Both boards, one after the other, so that they see the same load of the host."""
    full, bare, memory, marks = [], [], [], list(FULL)
    for number in range(1, runs + 1):
        progress(f"cold boot {number} of {runs}")
        bare.append(desk.power_on("bare", BARE))
        desk.stop_board("bare")
        full.append(desk.power_on("board", marks))
        memory.append(host_memory(desk))
        desk.serial_has("appman: healthy", 60)  # else it is in safe mode after some boots
        desk.stop_board("board")
        # A stage that did not come is not waited for again.
        marks = [mark for mark in marks if full[-1][mark] is not None]
    return full, bare, memory


def median_of(runs, mark, since=None):
    """Median and all values; None when it was missing once."""
    values = [run.get(mark) if since is None or None in (run.get(mark), run.get(since)) else run[mark] - run[since]
              for run in runs]
    if None in values:
        return None, None
    return round(statistics.median(values), 3), [round(value, 3) for value in values]


def add_time(report, group, name, measured, against=None, limit=None):
    value, runs = measured
    if value is None:
        report.miss(name, f"its line was not in the serial log within {MARK_TIMEOUT_S} s")
    report.add(group, name, value, "s", against, limit, runs)


def report_boot(report, full, bare):
    group = f"cold boot, power-on to (median of {len(full)})"
    from_power, _ = median_of(bare, INIT)
    alone, _ = median_of(bare, INIT, KERNEL)
    add_time(report, group, ROM, median_of(full, ROM))
    add_time(report, group, KERNEL, median_of(full, KERNEL), "the bare board", median_of(bare, KERNEL)[0])
    for mark in (REACHED, ATTESTED, RUNNING):
        add_time(report, group, mark, median_of(full, mark), "the bare board's static init", from_power)
    both = [{"both": max(run[ATTESTED], run[RUNNING])} if run.get(ATTESTED) and run.get(RUNNING) else {} for run in full]
    value, runs = median_of(both, "both")
    report.add(group, "attested and application running", value, "s", f"limit, {BOOT_LIMIT}x the bare board",
               round(BOOT_LIMIT * from_power, 3) if from_power else None, runs)
    group = "from the kernel's entry to (same boots)"
    add_time(report, group, "appman: reached", median_of(full, REACHED, KERNEL), "kernel alone, static init", alone)
    group = f"bare board: same chip, firmware, kernel (median of {len(bare)})"
    add_time(report, group, "power-on to kernel entered", median_of(bare, KERNEL))
    add_time(report, group, "power-on to static init", median_of(bare, INIT), "the chip's prototype", BARE_PROTOTYPE_S)
    add_time(report, group, "kernel alone to static init", median_of(bare, INIT, KERNEL))
    report.notes.append("Power-on is the start of the command `tatu board start`; a stage is there when its line is in serial.log. "
                        "The bare board boots the product's own chain with a static init in appman's place.")


def measure_boot(report, desk, runs):
    if desk.facts["proven"]:
        attempt(report, "deployment", deploy, desk)
    desk.stop_board("board")
    if not attempt(report, "bare board", make_bare, desk):
        return
    full, bare, memory = boot_in_turns(desk, runs)
    report_boot(report, full, bare)
    report.add("host memory of one virtual board", f"private, after boot (median of {runs})", int(statistics.median(memory)), "B",
               "the chip's prototype", HOST_PROTOTYPE, memory)


# ---- all -------------------------------------------------------------------------------------

PARTS = ("story", "size", "boot", "memory", "compartments", "trust")


def read_options():
    parser = argparse.ArgumentParser(description="the figures, beside their peers")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument("--runs", type=int, default=5, help="boots that a median is of")
    parser.add_argument("--only", default=",".join(PARTS), help="parts, with commas between: " + ", ".join(PARTS))
    options = parser.parse_args()
    options.only = options.only.split(",")
    if options.runs < 1 or set(options.only) - set(PARTS):
        parser.error("--runs is 1 or more, --only names parts of: " + ", ".join(PARTS))
    options.dir, options.keep = None, False  # the story's own options
    return options


def measure_desk(report, desk, options):
    if not set_up_desk(report, desk, set(options.only)):
        return
    if "size" in options.only:
        attempt(report, "sizes of images", measure_images, report, desk.path("release"))
    if "memory" in options.only:  # before anything is deployed to the group of both boards
        attempt(report, "memory of the OS services", measure_services, report, desk)
    if "compartments" in options.only:
        attempt(report, "compartments", compartments.measure, report, desk, run_tool, lambda name: claim_more(desk, name))
    if "boot" in options.only:
        attempt(report, "boot", measure_boot, report, desk, options.runs)


def main():
    options = read_options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    report = Report()
    if "story" in options.only:
        attempt(report, "story", measure_story, report)
    if "size" in options.only:
        attempt(report, "trusted base", measure_tcb, report)
    if "trust" in options.only:
        measure_trust(report, options.runs)
    if set(options.only) & {"size", "boot", "memory", "compartments"}:
        desk = Desk(options)
        try:
            measure_desk(report, desk, options)
        finally:
            desk.stop_all()
    if options.json:
        print(json.dumps(report.as_json()))
    else:
        report.print_table()
    return 0


if __name__ == "__main__":
    sys.exit(main())
