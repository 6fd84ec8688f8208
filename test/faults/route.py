"""What the chip executes when nothing is faulted, and how to get to any point of it by few breakpoints."""
import bisect
import re
from collections import defaultdict

RARE = 40  # an instruction that runs so often at most serves as a first stop on the way to another

ENTRY = re.compile(rb"^Trace \d+: \S+ \[\w+/(\w+)/", re.M)


def record(gdb, path, run):
    """Addresses of all instructions, in order, that both cores execute during run()."""
    for line in (f"logfile {path}", "log exec,nochain", "singlestep on"):
        gdb.monitor(line)
    run()
    for line in ("log none", "singlestep off", "logfile /dev/null"):
        gdb.monitor(line)
    with open(path, "rb") as file:
        return [int(at, 16) for at in ENTRY.findall(file.read())]


class Route:
    def __init__(self, steps):
        self.steps = steps
        self.times = defaultdict(list)  # when each address was executed
        for time, at in enumerate(steps):
            self.times[at].append(time)
        self.rare = [times for times in self.times.values() if len(times) <= RARE]

    def way(self, time, stops_max):
        """Breakpoints to go through, (address, how often), to stop before the instruction of that time; None if it
        takes more than stops_max stops."""
        own = self.times[self.steps[time]]
        number = bisect.bisect_right(own, time)
        best, way = number, [(self.steps[time], number)]
        if number > 3:
            for other in self.rare:
                before = bisect.bisect_left(other, time)
                if 0 < before < best and other is not own:
                    rest = number - bisect.bisect_right(own, other[before - 1])
                    if before + rest < best:
                        best, way = before + rest, [(self.steps[other[0]], before), (self.steps[time], rest)]
        return way if best <= stops_max else None

    def next(self, at, time):
        """When the address is executed next; None if never again."""
        times = self.times.get(at, ())
        n = bisect.bisect_right(times, time)
        return times[n] if n < len(times) else None
