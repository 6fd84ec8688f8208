"""What is watched while the attacks go on: whether another application keeps its time, and what leaves the board."""
import ipaddress
import os
import re
import struct
import threading
import time

EVERY_S = 0.05
LATE_US = 100_000  # a beat is missed when the next one is due
WINDOW_S = 3.0  # in which a line may come later than its second
MISSED_MAX = 0.01  # of the beats


class Beats(threading.Thread):
    """Reads the beats of the application from the serial log, and how long the board's own process stood in the host's
    queue meanwhile: that time is not the board's fault."""

    def __init__(self, log, pid_file):
        super().__init__(daemon=True)
        self.log, self.pid_file = log, pid_file
        self.waits = []  # (when, {thread: ns})
        self.told = []  # (when, missed, worst in us)
        self.stopped = False
        self.start()

    def run(self):
        at = 0
        while not self.stopped:
            self.waits.append((time.monotonic(), self.read_waits()))
            try:
                with open(self.log, encoding="utf-8", errors="replace") as file:
                    file.seek(0, os.SEEK_END)
                    if file.tell() < at:
                        at = 0  # another power-on
                    file.seek(at)
                    text = file.read()
            except FileNotFoundError:
                text = ""
            end = text.rfind("\n") + 1
            at += len(text[:end].encode("utf-8", errors="surrogateescape"))
            for missed, worst in re.findall(r"app beat: beat \d+ missed (\d+) worst (\d+) us", text[:end]):
                self.told.append((time.monotonic(), int(missed), int(worst)))
            time.sleep(EVERY_S)

    def read_waits(self):
        waits = {}
        try:
            with open(self.pid_file, encoding="ascii") as file:
                pid = file.read().split()[0]
            for task in os.listdir(f"/proc/{pid}/task"):
                with open(f"/proc/{pid}/task/{task}/schedstat", encoding="ascii") as file:
                    waits[task] = int(file.read().split()[1])
        except (OSError, IndexError, ValueError):
            pass
        return waits

    def waited_us(self, since, until):
        inside = [waits for when, waits in self.waits if since <= when <= until]
        if len(inside) < 2:
            return 0
        return max((inside[-1].get(task, 0) - first for task, first in inside[0].items()), default=0) // 1000

    def judge(self, since):
        """What was kept since then: (text, None or what was wrong)."""
        told = [entry for entry in self.told if entry[0] >= since]
        if not told:
            return "no beat", "there was no beat"
        late = [(worst, self.waited_us(when - WINDOW_S, when + EVERY_S), missed) for when, missed, worst in told if worst >= LATE_US]
        missed = sum(count for worst, waited, count in late if worst - waited >= LATE_US)
        beats, worst = 10 * len(told), max(entry[2] for entry in told)
        text = f"{beats} beats, {missed} missed, {len(late)} seconds with a late one, worst {worst / 1000:.0f} ms"
        return text, None if missed <= MISSED_MAX * beats else text


class Wire:
    """The frames that left the board, as QEMU wrote them."""

    def __init__(self, path):
        self.path = path

    def frames(self):
        with open(self.path, "rb") as file:
            data = file.read()
        at = 24
        while at + 16 <= len(data):
            length, = struct.unpack_from("<I", data, at + 8)
            yield data[at + 16:at + 16 + length]
            at += 16 + length

    def sent(self, mac):
        """(family, destination, protocol, whether it has IP options) of each packet of the board."""
        for frame in self.frames():
            if len(frame) < 34 or frame[6:12] != mac:
                continue
            kind, = struct.unpack_from(">H", frame, 12)
            if kind == 0x0800:
                yield 4, str(ipaddress.IPv4Address(frame[30:34])), frame[23], frame[14] & 15 != 5
            elif kind == 0x86dd and len(frame) >= 54:
                yield 6, str(ipaddress.IPv6Address(frame[38:54])), frame[20], frame[20] in (0, 43, 60)
            elif kind != 0x0806:
                yield kind, "", 0, False
