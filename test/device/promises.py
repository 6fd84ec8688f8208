"""Promises of a test on a booted board: each is told in a line, and kept or not."""
import argparse
import json
import os
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../e2e"))
from story import Doorbell, StepFailed  # noqa: E402 (the path is what finds it)

from client import Wrong  # noqa: E402

PROBLEMS = (StepFailed, Wrong, OSError, ValueError, KeyError, TypeError, subprocess.SubprocessError)


class Promises(Doorbell):
    """The board of the story. Promises are kept in self.results: (name, what went wrong or None)."""

    def __init__(self, options):
        super().__init__(options)
        self.results = []

    def promise(self, name, problem=None):
        self.results.append((name, problem))
        print(f"{'held' if problem is None else 'FAILED'}: {name}{'' if problem is None else ': ' + problem}", flush=True)

    def attempt(self, name, function, *args, **named):
        """A promise that is kept when the function does not fail; what the function gives, or None."""
        try:
            value = function(*args, **named)
            self.promise(name)
            return value
        except PROBLEMS as problem:
            self.promise(name, f"{type(problem).__name__}: {problem}" if not str(problem) else str(problem))
            return None

    def events(self):
        return self.tatu("event", "list")

    def board_api(self, board="board"):
        """Where the board's API is: address and port."""
        shown = self.tatu("board", "status", self.path(board))
        return shown["address"], shown["port"]

    def finish(self, seconds):
        failed = [name for name, problem in self.results if problem is not None]
        self.options.keep |= bool(failed)
        self.stop_all()
        if failed:
            print(f"everything is kept in {self.dir}")
        print(f"{seconds:.0f} s")
        print(f"{len(self.results) - len(failed)} passed, {len(failed)} failed")
        return 1 if failed or not self.results else 0


def dump(value):
    return json.dumps(value)[:200]


def run_parts(what, about, parts):
    """The program of such a test: what(options).all(parts)."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--dir", help="folder for everything; a temporary one otherwise")
    parser.add_argument("--keep", action="store_true", help="keep the temporary folder")
    parser.add_argument("--only", default=",".join(parts), help="parts, with commas between")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    test = what(options)
    began = time.monotonic()
    try:
        test.all(options.only.split(","))
    except PROBLEMS as problem:
        test.promise("the board is there", str(problem))
    finally:
        status = test.finish(time.monotonic() - began)
    return status
