"""The chip with the vault's firmware; in place of the monitor an agent that passes on what a test asks the vault."""
import os
import struct

from silicon.harness import ERRORS, ROOT, Chip, Firmware, Flash, M, build_bare

HERE = os.path.dirname(os.path.abspath(__file__))
OF_MONITOR, OF_NORMAL = 1, 2  # who asks
POKE = 0xffff
NAMES = {number: name for name, number in ERRORS.items()}
JUMP = struct.pack("<II", 0xe51ff004, M["MAP_SECRAM_BASE"])  # ldr pc, [pc, #-4]


class Board(Chip):
    """A made device; `runtime` and `monitor` are the bodies of its images, `keys` its makers."""

    def __init__(self, options, lab=False):
        firmware = Firmware(vault=os.path.join(ROOT, options.build))
        super().__init__(firmware.vault_rom, JUMP, qemu=options.qemu, wires=["acore"],
                         sockets=("fab", "panel", "debug"), keep=options.keep)
        self.options = options
        self.runtime = read(firmware.vault_runtime)
        self.monitor = read(build_bare(self.folder, "agent", "acore", os.path.join(HERE, "agent.ld"),
                                       os.path.join(HERE, "agent.c")))
        self.make(lab=lab)
        self.made = self.state()
        self.fresh()

    def boot_set(self, **options):
        return self.keys.boot_set({"VAULT": self.runtime, "MONITOR": self.monitor}, **options)

    def fresh(self):
        """As it left the fab, with two good boot sets."""
        self.set_state(self.made)
        self.image = Flash(self.boot_set(), self.boot_set())
        self.write_flash()

    def says(self, line):
        """Waits until the vault's log has the line; the log."""
        return self.wait(line + "\n", "vault")

    def hello(self):
        assert self.wire["acore"].take(6) == b"hello\n"

    def ask_any(self, caller, command, payload=b""):
        """Name of the error, or OK, and the answer."""
        acore = self.wire["acore"]
        acore.send(struct.pack("<HHI", caller, command, len(payload)) + payload)
        status, length = struct.unpack("<II", acore.take(8))
        return NAMES.get(status, "OK"), acore.take(length)

    def ask(self, caller, command, payload=b"", expect="OK"):
        name, answer = self.ask_any(caller, command, payload)
        assert name == expect, f"command {command}: {name} instead of {expect}"
        return answer

    def poke(self, address, data):
        self.wire["acore"].send(struct.pack("<HHII", 0, POKE, 4 + len(data), address) + data)
        self.wire["acore"].take(8)


def read(path):
    with open(path, "rb") as file:
        return file.read()
