#!/usr/bin/python3
"""Whole boards are killed (kill -9) at random moments of real updates, and must come up again.

kill_test.py [--kills N] [--seed S] [--dir DIR]
Service, board and owner are those of the story. Before each kill another version of the application is deployed, so that at any moment
the board is booting, proving, downloading, staging, committing or starting. After each kill it must boot to appman with an
application that is one of the two versions, whole; every tenth time it is left alone until it runs what was deployed last.
"""
import argparse
import os
import random
import re
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from story import APP_WITHIN_S, LINUX_WITHIN_S, Doorbell, StepFailed  # noqa: E402

LONGEST_S = 6.0  # from appman to an application that runs is less than this
LEFT_ALONE_EVERY = 10


class Killed(Doorbell):
    """A board with an owner and two images, killed again and again."""

    def prepare(self):
        for _, _, step in self.steps()[:self.NAMES.index("deploy") + 1]:
            step()
        package, _ = self.build_doorbell(2)
        self.images = [image["properties"]["imageId"] for image in
                       (self.tatu("image", "list") + [self.tatu("image", "add", package)])]

    def deploy_version(self, version):
        self.tatu("deployment", "create", "--images", self.images[version - 1])

    def kill(self):
        self.tatu("board", "stop", self.path("board"), "--now")

    def comes_up(self):
        self.tatu("board", "start", self.path("board"))
        self.serial_has(r"appman: reached[^\n]*", LINUX_WITHIN_S)
        halted = re.search(r"\[(ROM|VAULT|MON)\] [^\n]*(halted|stopped|application refused)[^\n]*", self.serial())
        if halted:
            raise StepFailed(f"after a kill: {halted.group(0)}")

    def runs(self, version):
        """Left alone it runs what was deployed; after too many unhealthy boots it first has to become healthy."""
        if "safe mode" in self.serial():
            self.serial_has(r"appman: healthy", LINUX_WITHIN_S)
            self.tatu("board", "stop", self.path("board"))
            self.comes_up()
        self.serial_has(rf"doorbell version {version} is ready", APP_WITHIN_S)
        self.serial_has(r"appman: healthy", LINUX_WITHIN_S)

    def kill_once(self, number, chance):
        version = 1 + number % 2
        self.deploy_version(version)
        time.sleep(chance.uniform(0, LONGEST_S))
        self.kill()
        self.comes_up()
        if number % LEFT_ALONE_EVERY == 0:
            self.runs(version)


def read_options():
    parser = argparse.ArgumentParser(description="kills a board at random moments of real updates")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--dir", help="folder for everything; a temporary one otherwise")
    parser.set_defaults(json=True, keep=False, headless=True)
    return parser.parse_args()


def main():
    options = read_options()
    story = Killed(options)
    passed, failed = 0, 0
    began = time.monotonic()
    try:
        story.prepare()
        for number in range(1, options.kills + 1):
            story.kill_once(number, random.Random(options.seed * 1000003 + number))
            passed += 1
            if number % LEFT_ALONE_EVERY == 0:
                print(f"{number} kills, the board came up each time ({time.monotonic() - began:.0f} s)", flush=True)
    except (StepFailed, OSError, ValueError, KeyError) as problem:
        failed = 1
        story.options.keep = True
        print(f"FAILED: kill {passed + 1} with seed {options.seed}: {problem}; everything is kept in {story.dir}")
        print(f"to repeat: test/e2e/kill_test.py --kills {passed + 1} --seed {options.seed}")
    finally:
        story.stop_all()
    print(f"{passed} passed, {failed} failed")
    return failed


if __name__ == "__main__":
    sys.exit(main())
