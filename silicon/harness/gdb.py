"""Speaks to QEMU's gdb server: both cores, breakpoints, registers, memory. The gdb remote serial protocol, without gdb.

Needs power_on("-S", *chip.door("gdb")): the chip waits to be let go."""
import select
import time

from silicon.harness.wires import FAR_S

ACORE, VAULT = 1, 2  # the clusters, as gdb's processes
PC, FLAGS = 15, 25   # registers; FLAGS is xPSR of the vault core, CPSR of the A-core
STEP_S = 5  # a core that has not made a step until then sleeps


class Gone(Exception):
    """The chip ended."""


def packet(text):
    data = text.encode()
    return b"$%s#%02x" % (data, sum(data) & 0xff)


class Gdb:
    def __init__(self, chip):
        self.socket = chip.link("gdb").socket
        self.rest = b""
        self.thread = None
        self.ask("qSupported:multiprocess+;hwbreak+")
        self.ask("qXfer:features:read:target.xml:0,fff")  # only then it gives single registers
        self.ask(f"vAttach;{VAULT}")

    # ---- Packets

    def _send(self, text):
        self.socket.sendall(packet(text))

    def _packet(self, timeout_s=FAR_S):
        """The next one that comes; None after the time. Its acknowledgements are passed over."""
        end = time.monotonic() + timeout_s
        while True:
            start = self.rest.find(b"$")
            stop = self.rest.find(b"#", start)
            if 0 <= start < stop and len(self.rest) >= stop + 3:
                text, self.rest = self.rest[start + 1:stop], self.rest[stop + 3:]
                return text.decode("latin-1")
            if not select.select([self.socket], [], [], max(0, end - time.monotonic()))[0]:
                return None
            more = self.socket.recv(65536)
            if not more:
                raise Gone("the chip closed gdb's wire")
            self.rest += more

    def ask(self, text):
        """Sends a packet; the answer, which must not be an error."""
        self._send(text)
        answer = self._packet()
        assert answer and not answer.startswith("E"), f"{text}: {answer}"
        return answer

    def ask_all(self, texts):
        """Sends packets at once, which is faster than one by one; their answers."""
        self.socket.sendall(b"".join(packet(text) for text in texts))
        return [self._packet() for _ in texts]

    def monitor(self, command):
        """A line for QEMU's monitor; what it prints."""
        self._send("qRcmd," + command.encode().hex())
        said = ""
        while (answer := self._packet()) != "OK":
            assert answer.startswith("O"), f"{command}: {answer}"
            said += bytes.fromhex(answer[1:]).decode()
        return said

    # ---- Cores

    def select(self, core):
        """Whose registers, memory and single steps are meant from now on."""
        if self.thread != core:
            assert self.ask_all([f"H{what}p{core:02x}.{core:02x}" for what in "gc"]) == ["OK", "OK"]
            self.thread = core

    def get(self, number):
        return int.from_bytes(bytes.fromhex(self.ask(f"p{number:x}")), "little")

    def set(self, number, value):
        self.set_all({number: value})

    def set_all(self, values):
        """Registers of the selected core by number."""
        answers = self.ask_all([f"P{number:x}={(value & 0xffffffff).to_bytes(4, 'little').hex()}"
                                for number, value in values.items()])
        assert set(answers) == {"OK"}, answers

    def read(self, at, length):
        """Bytes of memory as the selected core sees it now; None where there is none."""
        self._send(f"m{at:x},{length:x}")
        answer = self._packet()
        return None if answer.startswith("E") else bytes.fromhex(answer)

    def write_all(self, pieces):
        """pieces: (address, bytes) of memory as the selected core sees it, each at most 2000 bytes."""
        answers = self.ask_all([f"M{at:x},{len(data):x}:{data.hex()}" for at, data in pieces])
        assert set(answers) <= {"OK"}, answers

    # ---- Running

    def stop_at(self, at):
        self.ask(f"Z1,{at:x},2")

    def pass_by(self, at):
        self.ask(f"z1,{at:x},2")

    def go(self, timeout_s):
        """Lets all cores run until one is stopped: its number; None after the time, then wait() or halt()."""
        self._send("c")
        return self.wait(timeout_s)

    def step(self):
        """One instruction of the selected core; a breakpoint at it does not count. The other core stands still: what it
        met meanwhile would be lost. A core that sleeps is where it was."""
        self._send(f"vCont;s:p{self.thread:02x}.{self.thread:02x}")
        if self.wait(STEP_S) is None:
            self.halt()

    def wait(self, timeout_s):
        answer = self._packet(timeout_s)
        return None if answer is None else self._stopped(answer)

    def halt(self):
        """Stops all cores where they are; as go()."""
        self.socket.sendall(b"\x03")
        return self._stopped(self._packet())

    @staticmethod
    def _stopped(answer):
        assert answer[:1] == "T", answer
        return int(answer.split("thread:p")[1].split(".")[0], 16)
