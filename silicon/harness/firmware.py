"""What runs in the chip: our firmware from its build folders, and small bare programs of the tests."""
import os
import re
import subprocess
from collections import namedtuple

from silicon.harness.numbers import CC, ROOT

OBJCOPY, NM = "arm-linux-gnueabihf-objcopy", "arm-linux-gnueabihf-nm"
BARE = ["-mfloat-abi=soft", "-O2", "-Wall", "-Wextra", "-Werror", "-ffreestanding", "-fno-pic", "-no-pie", "-nostdlib",
        "-static", "-Wl,--build-id=none", "-Wl,--no-warn-rwx-segments", "-I" + ROOT]
CORES = {"vault": ["-mcpu=cortex-m4", "-mthumb"], "acore": ["-mcpu=cortex-a7", "-marm"]}


def run_tool(*arguments):
    """What a program prints; a name with a slash is in the tree."""
    program = os.path.join(ROOT, arguments[0]) if "/" in arguments[0] else arguments[0]
    return subprocess.run([program, *arguments[1:]], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def qemu():
    """The chip's binary: the one ./run build made, or made now."""
    built = os.path.realpath(os.path.join(ROOT, "build/chip"))
    return built if os.path.exists(built) else run_tool("tools/setup/qemu.sh")


def build_bare(folder, name, core, script, *sources, flags=(), sections=()):
    """A program without an OS for one of the cores as a flat binary; its path. sections: only these."""
    elf, binary = os.path.join(folder, name + ".elf"), os.path.join(folder, name + ".bin")
    subprocess.run([CC, *CORES[core], *BARE, *flags, "-T", script, *sources, "-o", elf], check=True)
    only = [word for section in sections for word in ("-j", section)]
    subprocess.run([OBJCOPY, "-O", "binary", *only, elf, binary], check=True)
    return binary


def build_kernel(folder, *sources):
    """A program for the place of the kernel, on bare/bare.h; its path."""
    bare = os.path.join(ROOT, "silicon/harness/bare")
    return build_bare(folder, "kernel", "acore", os.path.join(bare, "acore.ld"), os.path.join(bare, "start.S"),
                      os.path.join(bare, "bare.c"), *sources,
                      flags=["-mno-unaligned-access", "-O1", "-Wno-array-bounds"])


def symbol(elf, name):
    """Where a function or object of a program is."""
    return int(re.search(rf"^([0-9a-f]+) \w {re.escape(name)}$", run_tool(NM, elf), re.M)[1], 16)


class Firmware(namedtuple("Firmware", "vault monitor", defaults=(None, None))):
    """Our firmware. vault, monitor: build folders, else those of tools/build.sh; built when they are not there."""

    def _at(self, folder, kind, name):
        path = os.path.join(folder or os.path.join(ROOT, "build", kind), name)
        if not os.path.exists(path) and folder is None:
            run_tool("tools/build.sh", kind)
        return path

    @property
    def vault_rom(self):
        return self._at(self.vault, "vault", "silicon/vault/vault-rom.bin")

    @property
    def vault_runtime(self):
        return self._at(self.vault, "vault", "silicon/vault/vault-runtime.bin")

    @property
    def arom(self):
        return self._at(self.monitor, "monitor", "monitor/arom.bin")

    @property
    def monitor_binary(self):
        return self._at(self.monitor, "monitor", "monitor/monitor.bin")

    def bodies(self):
        """Of the images that we build and that no OS is needed for, by slot."""
        bodies = {}
        for slot, path in (("VAULT", self.vault_runtime), ("MONITOR", self.monitor_binary)):
            with open(path, "rb") as file:
                bodies[slot] = file.read()
        return bodies

    @property
    def monitor_elf(self):
        return self._at(self.monitor, "monitor", "monitor/monitor.elf")
