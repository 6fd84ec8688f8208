#!/usr/bin/python3
"""Skips instructions and flips bits on the verify path in the chip: what is not signed never boots.

faults.py [--qemu FILE] [--vault BUILD] [--monitor BUILD] [--seed N] [--sample N] [--jobs N] [--trial TRIAL] [STAGE...]

--sample N: of each stage N trials, chosen by the seed; 0: the whole campaign. --jobs: chips at a time.
--trial: one, as the line below a survivor names it."""
import os
import random
import sys
import time
from collections import Counter, namedtuple
from concurrent.futures import ProcessPoolExecutor

sys.path.append(os.path.abspath(os.path.join(os.path.dirname(__file__), "../..")))
import arm  # noqa: E402  (the path is what they need)
from bench import MISSED, SURVIVED, Bench, Trial  # noqa: E402
from route import Route  # noqa: E402
from silicon.harness import Firmware, suite  # noqa: E402
from silicon.harness.gdb import FLAGS  # noqa: E402
from stages import STAGES  # noqa: E402

STOPS_MAX = 120  # a point of the trace that takes more breakpoints is left out
FIRST, LAST, MORE = 3, 2, 1  # of the executions of an instruction: so many, and some by the seed
FLAG_BITS = range(28, 32)
CODE_BITS = range(8)  # of a register that a compare-and-branch looks at: errors have less
CONTROL_EVERY = 200  # trials

# when  in the trace; the rest as in a Trial
Fault = namedtuple("Fault", "when kind register bit", defaults=(0, 0))


def moments(times, few, seeded):
    """Which executions of one instruction are faulted, the last of them last."""
    if few or len(times) <= FIRST + LAST + MORE:
        return times[-LAST if few else 0:]
    return [*times[:FIRST], *seeded.sample(times[FIRST:-LAST], MORE), *times[-LAST:]]


def flips_at(code):
    """Registers and bits that an instruction decides by."""
    if arm.asks_flags(code):
        yield from ((FLAGS, bit) for bit in FLAG_BITS)
    if arm.asked_register(code) is not None:
        yield from ((arm.asked_register(code), bit) for bit in CODE_BITS)


def faults_of(bench, whole, at, times, few):
    """All faults of one instruction when it is executed at these times. Bits flip at the first and the last of them,
    or at the last alone."""
    code = bench.code[at]
    for when in times:
        yield Fault(when, "skip")
        if when != times[-1] and (few or when != times[0]):
            continue
        yield from (Fault(when, "flip", *place) for place in flips_at(code))
        back = whole.next(at + code.size, when) if arm.is_call(code) else None
        if back is not None and arm.is_answer_read(bench.code, at + code.size):
            yield from (Fault(back, "flip", 0, bit) for bit in range(32))


def all_faults(bench, whole, seeded):
    stage, found = bench.stage, []
    begins = whole.times[stage.faulted[0][1]][0] if stage.released else 0
    for at, times in sorted(whole.times.items()):
        times = [when for when in times if when >= begins]
        full, few = (any(start <= at < start + length for _, start, length in places)
                     for places in (stage.faulted, stage.last))
        if times and at in bench.code and at not in bench.halts and (full or few):
            found += faults_of(bench, whole, at, moments(times, few, seeded), few)
    return found


def choose_trials(bench, options):
    """Those of a stage that are to be run, in no order, and what there is: all, and how many of the chosen ones are
    too far away."""
    seeded = random.Random(f"{options.seed} {bench.stage.name}")
    whole = Route(bench.trace())
    faults = all_faults(bench, whole, seeded)
    seeded.shuffle(faults)
    chosen = faults[:options.sample or bench.stage.most or len(faults)]
    ways = [whole.way(fault.when, STOPS_MAX) for fault in chosen]
    trials = [Trial(way, *fault[1:]) for way, fault in zip(ways, chosen) if way is not None]
    return trials, len(faults), len(chosen) - len(trials)


# ---- Running them


def make_bench(stage_name, options):
    stage = next(stage for stage in STAGES if stage.name == stage_name)
    return Bench(stage, Firmware(options.vault, options.monitor), options.qemu)


def run_all(bench, trials):
    """Outcomes of the trials; each survivor is told."""
    outcomes = Counter()
    for n, trial in enumerate(trials):
        if n % CONTROL_EVERY == 0:
            bench.control()
        outcome = bench.run(trial)
        outcomes[outcome] += 1
        if outcome == SURVIVED:
            tell(bench, trial)
    return outcomes


def run_apart(stage_name, options, trials):
    """On another chip, in a process of its own."""
    bench = make_bench(stage_name, options)
    try:
        return run_all(bench, trials)
    finally:
        bench.close()


def run_stage(stage_name, options):
    bench = make_bench(stage_name, options)
    try:
        trials, every, far = choose_trials(bench, options)
        with ProcessPoolExecutor(max(options.jobs - 1, 1)) as others:
            parts = [others.submit(run_apart, stage_name, options, trials[n::options.jobs])
                     for n in range(1, options.jobs)]
            outcomes = run_all(bench, trials[::options.jobs])
            return sum((part.result() for part in parts), outcomes), every, far
    finally:
        bench.close()


# ---- Telling


def tell(bench, trial):
    where = bench.where(trial.way[-1][0])
    print(f"  SURVIVED {trial.kind} at {where}: {bench.seen}\n  repeat: test/faults/faults.py --trial "
          f"'{name(bench.stage, trial)}'", flush=True)


def name(stage, trial):
    way = ",".join(f"{at:x}*{count}" for at, count in trial.way)
    fault = trial.kind if trial.kind == "skip" else f"flip-{trial.register}-{trial.bit}"
    return f"{stage.name}:{way}:{fault}"


def parse(text):
    stage, way, fault = text.split(":")
    way = [(int(at, 16), int(count)) for at, count in (stop.split("*") for stop in way.split(","))]
    kind, *numbers = fault.split("-")
    return stage, Trial(way, kind, *map(int, numbers))


def run_one(text, options):
    stage_name, trial = parse(text)
    bench = make_bench(stage_name, options)
    try:
        outcome = bench.run(trial)
        print(f"{outcome}, at {bench.where(trial.way[-1][0])}\n{bench.chip.explain()}")
        if outcome == SURVIVED:
            tell(bench, trial)
        return 1 if outcome == SURVIVED else 0
    finally:
        bench.close()


def main():
    options = suite.options(__doc__, vault=None, monitor=None, seed=1, sample=0, jobs=1, trial=None)
    if options.trial:
        return run_one(options.trial, options)
    passed = failed = 0
    for stage in STAGES:
        if options.names and stage.name not in options.names:
            continue
        started = time.monotonic()
        outcomes, every, far = run_stage(stage.name, options)
        tried = sum(outcomes.values()) - outcomes[MISSED]
        print(f"{stage.name}: tried {tried} of {every}, survived {outcomes[SURVIVED]} "
              f"({', '.join(f'{what} {count}' for what, count in sorted(outcomes.items()))}; too far {far}; "
              f"{time.monotonic() - started:.0f} s)", flush=True)
        passed, failed = passed + tried - outcomes[SURVIVED], failed + outcomes[SURVIVED]
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
