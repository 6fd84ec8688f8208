"""One chip: its files, its power, its wires."""
import contextlib
import os
import signal
import stat
import subprocess
import tempfile
import threading
import time

from silicon.harness import fab
from silicon.harness.firmware import Firmware, qemu as find_qemu
from silicon.harness.images import Flash, Keys
from silicon.harness.wires import FAR_S, Link, Refused

REFUSED_S = 10  # a chip that has not ended until then has started
UARTS = ("acore", "vault")  # in the order of -serial
TAIL = 3000  # characters of each log that explain a failure


class Chip:
    """
    A chip with files of its own, off and blank at first; `with` removes them, and tells its logs if the test failed.

    vault_rom, arom  the two mask ROMs, files or bytes; ours when not given
    flash            a Flash or bytes; erased when not given. It is chip.image; after a change write_flash() again
    keys             who signs for it: a Keys
    wires            UARTs or ports that are connected before the chip runs, so that no byte is lost: chip.wire[NAME]
    sockets          ports that wait for link(NAME). A name that is no UART is a machine property that takes a chardev
    one_log          both UARTs write one log, in order, as on a board; else chip.log("acore"), chip.log("vault")
    arguments        of QEMU, for each power-on
    machine          properties for each power-on: recovery="on", ...; None leaves one out; _ stands for -; rtc is a file
                     of the chip's folder
    """

    def __init__(self, vault_rom=None, arom=None, flash=None, keys=None, qemu=None, wires=(), sockets=("fab", "panel"),
                 one_log=False, keep=False, arguments=(), **machine):
        self.qemu = qemu or find_qemu()
        # QEMU makes ports before UARTs and waits for one wire after the other: connected in this order.
        self.wires = tuple(name for name in wires if name not in UARTS) + tuple(n for n in UARTS if n in wires)
        self.sockets = tuple(name for name in sockets if name not in wires)
        self.one_log, self.keep, self.more = one_log, keep, tuple(arguments)
        self._folder = None if keep else tempfile.TemporaryDirectory(prefix="tatu-chip-")
        self.folder = tempfile.mkdtemp(prefix="tatu-chip-") if keep else self._folder.name
        self.fuses, self.flash = self.path("fuses"), self.path("flash")
        self.machine = {"vault_rom": self._rom("vault-rom", vault_rom or Firmware().vault_rom),
                        "arom": self._rom("arom", arom or Firmware().arom), "fuses": self.fuses,
                        "flash": self.flash, "blank": "on", **machine}
        if machine.get("rtc") is not None:
            self.machine["rtc"] = self.path(machine["rtc"])
        self.process, self.wire = None, {}
        self._errors, self._reader = bytearray(), None
        self.keys, self.device = keys or Keys(), None
        self.image = Flash() if flash is None else flash
        self.write_flash()

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is not None:
            print(self.explain(), flush=True)
        self.remove()

    # ---- Files

    def path(self, name):
        return os.path.join(self.folder, name)

    def _rom(self, name, rom):
        if not isinstance(rom, bytes):
            return rom
        with open(self.path(name), "wb") as file:
            file.write(rom)
        return self.path(name)

    def write_flash(self, flash=None):
        """chip.image, or another. While it is on, too: the chip maps this file."""
        flash = self.image if flash is None else flash
        data = flash.bytes() if isinstance(flash, Flash) else flash
        with open(self.flash, "r+b" if os.path.exists(self.flash) else "wb") as file:
            file.write(data)

    def state(self):
        """All that outlives the power; only while it is off."""
        assert self.process is None
        return {path: read_file(path) for path in (self.fuses, self.flash)}

    def set_state(self, state):
        assert self.process is None
        for path, data in state.items():
            with open(path, "r+b") as file:
                file.write(data)

    def remove(self):
        self.power_off()
        if self.keep:
            print("kept", self.folder)
        else:
            self._folder.cleanup()

    # ---- Power

    def arguments(self, *extra, **machine):
        """The command of a power-on."""
        ports = [name for name in self.sockets + self.wires if name not in UARTS]
        settings = {name: name for name in ports}
        settings.update((name.replace("_", "-"), value) for name, value in [*self.machine.items(), *machine.items()])
        text = "".join(f",{name}={value}" for name, value in settings.items() if value is not None)
        command = [self.qemu, "-nodefaults", "-display", "none", "-machine", "tatu" + text]
        for name in ports:
            command += ["-chardev", self._socket(name)]
        if self.one_log:
            command += ["-chardev", f"file,id=log,path={self.path('log')},mux=on",
                        "-serial", "chardev:log", "-serial", "chardev:log"]
        else:
            for name in UARTS:
                logged = f",logfile={self.path(name + '.log')}"
                is_socket = name in self.sockets + self.wires
                command += ["-chardev", self._socket(name) + logged if is_socket
                            else f"file,id={name},path={self.path(name + '.log')}", "-serial", "chardev:" + name]
        return command + [*self.more, *extra]

    def _socket(self, name):
        return f"socket,id={name},path={self.path(name)},server=on,wait={'on' if name in self.wires else 'off'}"

    def door(self, name):
        """Arguments that open a door of QEMU (qtest, gdb, qmp) for link(NAME). Blank and lab chips have them."""
        quiet = ["-qtest-log", "/dev/null"] if name == "qtest" else []
        return ["-" + name, f"unix:{self.path(name)},server=on,wait=off", *quiet]

    def power_on(self, *extra, **machine):
        """extra, machine: for this time only. Errors: Refused, if it is seen to fail at once; else the first wait or
        link tells it."""
        assert self.process is None, "the chip is on"
        self._clear()
        # With Python's own signals: a file limit then is an error, not a signal.
        self.process = subprocess.Popen(self.arguments(*extra, **machine), stdin=subprocess.DEVNULL,
                                        restore_signals=False, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self._errors = bytearray()
        self._reader = threading.Thread(target=gather, args=(self.process.stderr, self._errors))
        self._reader.start()
        try:
            for name in self.wires:
                self.link(name)
        except BaseException:
            self.power_off()
            raise
        return self

    def refuses(self, *extra, **machine):
        """A power-on that must fail; what the chip said."""
        try:
            self.power_on(*extra, **machine)
            self.process.wait(REFUSED_S)
            return self.errors()
        except Refused as refused:
            return str(refused)
        except subprocess.TimeoutExpired:
            raise AssertionError("the chip started") from None
        finally:
            self.power_off()

    @contextlib.contextmanager
    def on(self, *extra, **machine):
        """One power cycle, in a with: the power is cut at its end."""
        self.power_on(*extra, **machine)
        try:
            yield self
        finally:
            self.power_off()

    def _clear(self):
        """What the last power cycle left: a log must not answer for this one."""
        for name in os.listdir(self.folder):
            path = self.path(name)
            if name.endswith("log") or stat.S_ISSOCK(os.lstat(path).st_mode):
                os.unlink(path)

    def power_off(self):
        """As a power cut does: without warning. Nothing if it is off."""
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        return self.wait_off()

    def wait_off(self, timeout_s=FAR_S):
        """Waits until the chip switches itself off; the process's exit code."""
        code = self.process.wait(timeout_s)
        self._reader.join()
        self.process = None
        for link in self.wire.values():
            link.close()
        self.wire = {}
        return code

    # ---- Wires

    def link(self, name):
        """The open connection to a socket, or a new one: each serves one at a time. Closed with the power."""
        if name not in self.wire or self.wire[name].closed:
            self.wire[name] = Link(self.path(name), self.process, self.errors)
        return self.wire[name]

    @property
    def panel(self):
        """Buttons and LEDs."""
        return self.link("panel")

    def press_reset(self):
        self.panel.send(b"reset\n")

    # ---- What it says

    def log_bytes(self, name="acore"):
        path = self.path("log" if self.one_log else name + ".log")
        return read_file(path) if os.path.exists(path) else b""  # QEMU makes it after the sockets

    def log(self, name="acore"):
        return self.log_bytes(name).decode(errors="replace").replace("\r", "")

    def errors(self):
        """What QEMU said; all of it once the chip has ended."""
        if self.process is not None and self.process.poll() is not None:
            self._reader.join()
        return self._errors.decode(errors="replace")

    def wait(self, text, name="acore", count=1, timeout_s=FAR_S):
        """Waits until whole lines of a UART have the text so often; the log. For a prompt without a line end: wires."""
        end = time.time() + timeout_s
        while True:
            ended = self.process is None or self.process.poll() is not None  # before the log is read
            log = self.log(name)
            if log[:log.rfind("\n") + 1].count(text) >= count:
                return log
            assert not ended, f"no '{text}', the chip ended\n{self.explain()}"
            assert time.time() < end, f"no '{text}' in {timeout_s} s\n{self.explain()}"
            time.sleep(0.02)

    def explain(self):
        """The end of all that it said."""
        logs = {"log"} if self.one_log else {name + ".log" for name in UARTS}
        told = [(name, read_file(self.path(name)).decode(errors="replace")) for name in sorted(logs)
                if os.path.exists(self.path(name))]
        return "\n".join(f"--- {name}\n{text[-TAIL:]}" for name, text in told + [("errors", self.errors())] if text)

    # ---- The fab

    def make(self, *more_roots, lab=False):
        """Makes the blank chip a device that trusts the root of its keys; who it is. One power cycle."""
        board_class = fab.CLASS_VIRTUAL | (fab.CLASS_LAB if lab else 0)
        self.device = fab.make(self, [self.keys.root, *more_roots], board_class)
        return self.device

    @classmethod
    def made(cls, bodies, sets=(0, 1), lab=False, **options):
        """A device with these bodies (Firmware().bodies(), read_release(folder)), signed, in these sets; off."""
        chip = cls(**options)
        for which in sets:
            chip.image.install(which, chip.keys.boot_set(bodies))
        chip.write_flash()
        chip.make(lab=lab)
        return chip


def gather(stream, out):
    with stream:
        for piece in iter(lambda: stream.read1(4096), b""):
            out += piece


def read_file(path):
    with open(path, "rb") as file:
        return file.read()
