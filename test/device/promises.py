"""Promises of a test on a booted board: each is told in a line, and kept or not."""
import json
import os
import subprocess
import sys

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
