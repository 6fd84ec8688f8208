"""Sockets of a chip as a test reads them."""
import socket
import time

FAR_S = 60  # a chip that has not answered until then has failed


class Refused(Exception):
    """The chip did not start; carries what it said."""


class Link:
    """A stream socket that is read exactly or by lines; also a context manager."""

    def __init__(self, path, process, errors):
        end = time.time() + FAR_S
        while True:
            self.socket = socket.socket(socket.AF_UNIX)
            try:
                self.socket.connect(path)
                break
            except OSError:
                self.socket.close()
                if process.poll() is not None:
                    raise Refused(errors()) from None
                if time.time() > end:
                    raise
                time.sleep(0.01)
        self.rest = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    @property
    def closed(self):
        return self.socket.fileno() < 0

    def send(self, data):
        self.socket.sendall(data)

    def _more(self, timeout_s):
        self.socket.settimeout(timeout_s)
        more = self.socket.recv(65536)
        if not more:
            raise EOFError("the chip closed the wire")
        self.rest += more

    def take(self, n, timeout_s=FAR_S):
        """Exactly n bytes."""
        while len(self.rest) < n:
            self._more(timeout_s)
        out, self.rest = self.rest[:n], self.rest[n:]
        return out

    def until(self, end, timeout_s=FAR_S):
        """All bytes before `end`, such as a prompt; `end` is taken too."""
        while end not in self.rest:
            self._more(timeout_s)
        out, self.rest = self.rest.split(end, 1)
        return out

    def line(self, timeout_s=FAR_S):
        return self.until(b"\n", timeout_s).decode()

    def drop(self, seconds):
        """Throws away what comes for so long."""
        try:
            while True:
                self._more(seconds)
        except (TimeoutError, socket.timeout, ConnectionError, EOFError):
            self.rest = b""


class Qtest:
    """QEMU's test door: the normal view of memory, without a core. Needs power_on(*chip.door("qtest"))."""

    def __init__(self, chip):
        self.link = chip.link("qtest")

    def ask(self, line):
        self.link.send(line.encode() + b"\n")
        answer = self.link.line()
        assert answer.startswith("OK"), answer
        return answer

    def readl(self, address):
        return int(self.ask(f"readl {address:#x}").split()[1], 0)

    def writel(self, address, value):
        self.ask(f"writel {address:#x} {value:#x}")
