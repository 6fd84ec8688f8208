"""Figures of the compartments: what a container costs to start and to start again, what the firewall takes, how often an
idle system wakes. All on one board, whose process 1 left a child beside appman (beside/beside.c)."""
import os
import re
import shutil
import socket
import statistics
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
STAMP = os.path.join(HERE, "stamp")
STARTS = 6  # of the application that crashes; back-off makes later ones wait
IDLE_S = 60
WITHIN_S = 180


class Sink(threading.Thread):
    """Counts what the senders send: [bytes per second] by their first line."""

    def __init__(self):
        super().__init__(daemon=True)
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.rates = {}
        self.start()

    def run(self):
        while True:
            link, _ = self.socket.accept()
            threading.Thread(target=self.take, args=(link,), daemon=True).start()

    def take(self, link):
        with link:
            first = link.recv(65536)
            who, began, count = first.split(b"\n")[0].decode(errors="replace"), time.monotonic(), 0
            last = began
            while piece := link.recv(1 << 20):
                count, last = count + len(piece), time.monotonic()
        if last > began:
            self.rates.setdefault(who, []).append(count / (last - began))


def make_board(desk, run_tool, sink):
    """A board like the product but for the child beside appman, and bubblewrap in its root."""
    compiler = run_tool("tools/setup/sysroot.sh") + "/bin/tatu-armhf-gcc"
    flags = ["-std=gnu17", "-static", "-Os", "-Wall", "-Wextra", "-Werror", f"-DPUMP_PORT={sink.port}"]
    mark = desk.path("mark.elf")
    run_tool(compiler, *flags, "-o", mark, os.path.join(HERE, "beside/mark.c"))
    program = desk.path("beside.elf")
    run_tool(compiler, *flags, "-o", program, os.path.join(HERE, "beside/beside.c"))
    places = desk.path("beside.list")
    with open(places, "w", encoding="ascii") as file:
        file.write("/usr/bin/real/appman 0555 os:appman/appman\n"
                   f"/usr/bin/appman 0555 file:{program}\n/usr/bin/bench/mark 0555 file:{mark}\n"
                   f"/usr/bin/bench/bwrap 0555 file:{run_tool(os.path.join(HERE, 'bubblewrap.sh'))}\n/tmp 0755 dir\n")
    bodies = run_tool("os/rootfs/build.sh", "--out", desk.path("beside-bodies"), "--add", places)
    desk.make_board("beside", bodies, "26.11c", register=True)
    desk.tatu("board", "start", desk.path("beside"))


def build_stamp(desk, name, last, arguments):
    def change(source, manifest):
        shutil.copy(os.path.join(HERE, "beside/pump.h"), source)
        manifest.update(Name=name, ComponentId=manifest["ComponentId"][:-1] + last, CmdArgs=arguments)
    out = desk.build_application(name, STAMP, change)
    return desk.tatu("image", "add", os.path.join(out, "stamp.imagepackage"))["properties"]["imageId"]


def stamped(text, name):
    """Each start of the application: (the log's time of appman's `started`, its own time in main), in seconds; and its
    ends in its own time."""
    begun = [float(at) for at in re.findall(rf"\[ *(\d+\.\d+)\] [^\n]*app {name}: started", text)]
    mains = [int(at) / 1e6 for at in re.findall(rf"app {name}: main at (\d+) us", text)]
    ends = [int(at) / 1e6 for at in re.findall(rf"app {name}: ends at (\d+) us", text)]
    return begun, mains, ends


def clock_offset(text):
    """The log's clock less the monotonic one."""
    told = re.search(r"\[ *(\d+\.\d+)\] beside: clock (\d+)", text)
    return float(told.group(1)) - int(told.group(2)) / 1e6


def median_ms(values):
    return round(1000 * statistics.median(values), 1), [round(1000 * value, 1) for value in values]


def report_starts(report, text):
    group = "start of a container, on the board"
    peer = [int(us) / 1e6 for us in re.findall(r"beside: bubblewrap (\d+) us", text)]
    bare = [int(us) / 1e6 for us in re.findall(r"beside: process (\d+) us", text)]
    if not peer:
        said = re.search(r"beside: bubblewrap ([^\n]*)", text)
        report.miss("bubblewrap", said.group(1) if said else "it did not run")
    begun, mains, ends = stamped(text, "stamp")
    offset = clock_offset(text)
    ours = [main + offset - start for start, main in zip(begun, mains)]
    against = median_ms(peer)[0] if peer else None
    value, runs = median_ms(ours)
    report.add(group, "ours: verified image to main()", value, "ms", "bubblewrap, all namespaces", against, runs)
    if peer:
        report.add(group, "bubblewrap: root to main()", against, "ms", "a bare process", median_ms(bare)[0], median_ms(peer)[1])
    group = "from a crash to main() again"
    gaps = [main - end for end, main in zip(ends, mains[1:])]
    report.add(group, "first crash, with back-off of 0.1 s", round(1000 * gaps[0], 1), "ms", None, None,
               [round(1000 * gap, 1) for gap in gaps])


def report_firewall(report, sink):
    group = "a TCP connection to the host, sent by the board"
    rates = {who: round(statistics.median(found) / 1e6, 2) for who, found in sink.rates.items()}
    for who, name in (("open", "without a firewall"), ("allowed", "allowed by the firewall")):
        if who not in rates:
            report.miss(name, "nothing came")
    if "allowed" in rates:
        report.add(group, "allowed by the firewall", rates["allowed"], "MB/s", "without one", rates.get("open"),
                   [round(rate / 1e6, 2) for rate in sink.rates["allowed"]])


def measure(report, desk, run_tool, prove):
    """prove(name): the board is claimed and proven. Applications are deployed to the group of the board."""
    sink = Sink()
    make_board(desk, run_tool, sink)
    try:
        prove("beside")
        desk.serial_has(r"beside: over", WITHIN_S, board="beside")
        crash = build_stamp(desk, "stamp", "1", ["crash"])
        send = build_stamp(desk, "sender", "2", ["send", str(sink.port)])
        desk.tatu("deployment", "create", "--images", send)
        desk.serial_has(r"app sender: sent", WITHIN_S, board="beside")
        desk.tatu("deployment", "create", "--images", crash)
        desk.serial_has(rf"(?:app stamp: main at[\s\S]*?){{{STARTS}}}", WITHIN_S, board="beside")
        report_starts(report, desk.serial("beside"))
        report_firewall(report, sink)
    finally:
        desk.stop_board("beside")


def report_wakes(report, first, last, seconds, limit_names):
    """Voluntary switches of each process between two rounds of the probe."""
    group = "wake-ups of the idle system, a minute"
    total = 0
    for name in limit_names:
        if name in first and name in last:
            count = round((last[name] - first[name]) * 60 / seconds, 1)
            total += count
            report.add(group, name, count, "1/min")
    report.add(group, "all services", round(total, 1), "1/min")
