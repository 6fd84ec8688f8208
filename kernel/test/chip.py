"""A chip that boots a release folder, in the words of os/appman/test; new tests take silicon.harness."""
import os
import sys

sys.path.append(os.path.abspath(os.path.join(os.path.dirname(__file__), "../..")))
from silicon.harness import Chip, read_release  # noqa: E402  (the path is what it needs)


class Board:
    def __init__(self, qemu, release, sets=(0, 1)):
        self.chip, bodies = Chip(qemu=qemu), read_release(release)
        for which in sets:
            self.chip.image.install(which, self.chip.keys.boot_set(bodies))
        self.write_flash, self.fab = self.chip.write_flash, self.chip.make
        self.log, self.remove = self.chip.log, self.chip.remove

    def start(self):
        return self.chip.power_on().process

    def wait(self, _process, text, count=1):
        return self.chip.wait(text, count=count)
