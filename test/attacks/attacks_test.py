#!/usr/bin/python3
"""A hostile application against the walls of the booted board; each try is a test.

attacks_test.py [--dir DIR] [--keep]   one line per promise that did not hold; last "N passed, N failed"

Beside the doorbell run: `hostile`, which tries what no application may and then hammers at its sockets; `peer`,
which may reach what `hostile` may not, and shows that it is there; `glutton`, which takes all there is; `stack`,
whose program asks for a stack that code can run on; `flood`, which writes lines without end.
"""
import argparse
import base64
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import threading
import time

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, encode_dss_signature

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../e2e"))
from story import APP_WITHIN_S, PRESS_MS, ROOT, Doorbell, StepFailed, wait_for  # noqa: E402 (the path is what finds it)

HOSTILE = os.path.join(ROOT, "test/attacks/hostile")
LISTEN_PORT = 7000  # where the second application listens
STRANGER = "10.0.2.100"  # for the board a host like any other; behind it our own loopback
# How many tries each part tells of: one that says nothing failed.
TRIES = {"hostile": 171, "peer": 5, "glutton": 2, "stack": 1}
CRASH_RECORDS_MAX = 3  # of the glutton's twelve and more
RINGS = 3
RING_WITHIN_S = 60  # a busy host


class Listener(threading.Thread):
    """Somebody who listens, and counts who comes."""

    def __init__(self, host):
        super().__init__(daemon=True)
        self.socket = socket.create_server((host, 0))
        self.port = self.socket.getsockname()[1]
        self.came = 0
        self.start()

    def run(self):
        while True:
            connection, _ = self.socket.accept()
            self.came += 1
            connection.close()


class Attacks(Doorbell):
    """The board of the story with more on it. Promises are kept in self.results: (name, what went wrong or None)."""

    def __init__(self, options):
        super().__init__(options)
        self.results = []
        self.stranger = Listener("127.0.0.1")  # STRANGER for the board
        self.friend = Listener("127.0.0.1")  # 10.0.2.2 for the board
        self.outside = self.open_way_in()

    def open_way_in(self):
        """A second port of the board's network, to the second application, and a second host in it: the chip is
        started with them."""
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        relay = self.path("relay.py")
        with open(relay, "w", encoding="utf-8") as file:
            file.write("import socket, sys\nsocket.create_connection(('127.0.0.1', int(sys.argv[1]))).recv(1)\n")
        script = self.path("chip-with-a-way-in")
        chip = self.env["TATU_QEMU"]
        host = f"guestfwd=tcp:{STRANGER}:{self.stranger.port}-cmd:/usr/bin/python3 {relay} {self.stranger.port}"
        with open(script, "w", encoding="utf-8") as file:
            file.write("#!/usr/bin/python3\nimport os, sys\n"
                       f"more = ',hostfwd=tcp:127.0.0.1:{port}-:{LISTEN_PORT},{host}'\n"
                       "args = [a + more if a.startswith('user,id=n0,') else a for a in sys.argv[1:]]\n"
                       f"os.execv({chip!r}, [{chip!r}] + args)\n")
        os.chmod(script, stat.S_IRWXU)
        self.env["TATU_QEMU"] = script
        return port

    # ---- what is deployed ----

    def build(self, name, number, hosts, gpio, options=()):
        """The hostile program in one of its roles; the image package."""
        def change(_source, manifest):
            manifest["Name"] = name
            manifest["ComponentId"] = manifest["ComponentId"][:-1] + str(number)
            role = "attack" if name == "hostile" else name
            manifest["CmdArgs"] = [role, STRANGER, str(self.stranger.port), str(self.friend.port)]
            manifest["Capabilities"] = {"Gpio": gpio, "AllowedConnections": hosts,
                                        "DeviceAuthentication": self.facts["tenant"]}
        return os.path.join(self.build_application(name, HOSTILE, change, options), "hostile.imagepackage")

    def deploy_images(self, *images):
        self.tatu("deployment", "create", "--images", *images)

    def add_image(self, package):
        return self.tatu("image", "add", package)["properties"]["imageId"]

    # ---- what was told ----

    def lines_of(self, name):
        """The tries an application told of: {try: "held" or "BROKEN ..."}. After a restart it tells again; a wall
        that broke once is broken."""
        told = {}
        for match in re.finditer(rf"app {name}: attack (.+?): (held|BROKEN[^\n]*)", self.serial()):
            if told.get(match.group(1), "held") == "held":
                told[match.group(1)] = match.group(2).strip()
        return told

    def promise(self, name, problem=None):
        self.results.append((name, problem))
        print(f"{'held' if problem is None else 'FAILED'}: {name}{'' if problem is None else ': ' + problem}", flush=True)

    def promise_all(self, name):
        told = self.lines_of(name)
        for attack, answer in told.items():
            self.promise(f"{name}: {attack}", None if answer == "held" else answer)
        self.promise(f"{name}: told of every try",
                     None if len(told) == TRIES[name] else f"{len(told)} tries, not {TRIES[name]}")

    def attempt(self, name, function, *args):
        """A promise that is kept when the function does not fail."""
        try:
            function(*args)
            self.promise(name)
        except (StepFailed, OSError, ValueError, KeyError, subprocess.SubprocessError) as problem:
            self.promise(name, str(problem))

    def ring(self, name):
        for number in range(RINGS):
            self.attempt(f"the doorbell rings {name}, {number + 1}", self.ring_once)

    def ring_once(self):
        before, _ = self.press(PRESS_MS)
        wait_for("the receiver's ring", lambda: self.rings()[before:], RING_WITHIN_S)

    # ---- the parts ----

    def prepare(self):
        for _, _, step in self.steps()[:6]:
            step()
        self.start_receiver()
        package, _ = self.build_doorbell(2)
        self.doorbell = self.add_image(package)
        self.deploy_images(self.doorbell)
        self.serial_has(r"app doorbell: doorbell version 2 is ready", APP_WITHIN_S)
        self.serial_has(r"proven: verdict OK, update certificate, 1 customer certificate", APP_WITHIN_S)
        self.attempt("the doorbell rings alone", self.ring_once)

    def attack(self):
        peer = self.add_image(self.build("peer", 2, [STRANGER], []))
        hostile = self.add_image(self.build("hostile", 1, ["10.0.2.2"], [8, 10]))
        self.deploy_images(self.doorbell, peer)
        self.serial_has(r"app peer: attack control: the second application listens", APP_WITHIN_S)
        self.deploy_images(self.doorbell, peer, hostile)
        knocked = self.knock()
        self.serial_has(r"app hostile: attacks are over", 150)
        self.serial_has(r"app peer: attack connect to the host of another application", 60)
        self.promise_all("hostile")
        self.promise_all("peer")
        self.promise("peer: nothing came out of the knock at its port", knocked())
        self.promise("hostile: nobody came to the other host but the peer",
                     None if self.stranger.came == 1 else f"{self.stranger.came} connections")
        self.attempt("two applications of one tenant have two keys, and each signs by its own", self.compare_keys)
        self.serial_has(r"app hostile: hammers", 30)
        self.ring("while its sockets are hammered")

    def certificate_of(self, name):
        """The certificate an application told of, as it lies in its container."""
        told = re.findall(rf"app {name}: certificate (\S+)", self.serial())
        return x509.load_der_x509_certificate(base64.b64decode("".join(told)))

    def compare_keys(self):
        hostile, peer = (self.certificate_of(name).public_key() for name in ("hostile", "peer"))
        signed = re.search(r"app hostile: signed ([0-9a-f]{64}) ([0-9a-f]{64}) ([0-9a-f]{64})", self.serial())
        if signed is None or hostile.public_numbers() == peer.public_numbers():
            raise StepFailed("they have one key" if signed else "nothing was signed")
        digest, r, s = signed.groups()
        fits = []
        for key in (hostile, peer):
            try:
                key.verify(encode_dss_signature(int(r, 16), int(s, 16)), bytes.fromhex(digest),
                           ec.ECDSA(Prehashed(hashes.SHA256())))
                fits.append(key)
            except InvalidSignature:
                pass
        if fits != [hostile]:
            raise StepFailed(f"its signature fits {len(fits)} keys, not its own alone")

    def knock(self):
        """Connects from outside to the port of the second application; who asks later learns what came."""
        connection = socket.create_connection(("127.0.0.1", self.outside))
        connection.sendall(b"x")

        def what_came():
            connection.settimeout(1)
            try:
                return "it answered" if connection.recv(1) else None
            except (TimeoutError, ConnectionResetError):
                return None
        return what_came

    def take_everything(self):
        since = len(self.serial())
        crashes = len(self.crashes())
        glutton = self.add_image(self.build("glutton", 3, ["10.0.2.2"], []))
        self.deploy_images(self.doorbell, glutton)
        self.attempt("glutton: killed when it takes too much memory", self.serial_has,
                     r"app glutton: takes memory[\s\S]*app glutton: ended by signal 9", APP_WITHIN_S, since)
        self.attempt("glutton: started again", self.serial_has,
                     r"app glutton: ended by signal 9[\s\S]*app glutton: started", 30, since)
        self.promise_all("glutton")
        self.ring("beside a glutton")
        kept = len(self.crashes()) - crashes
        self.promise("glutton: its crashes do not fill the flash",
                     None if 1 <= kept <= CRASH_RECORDS_MAX else f"{kept} crashes were kept")
        self.promise("doorbell: was never restarted",
                     None if "app doorbell: ended" not in self.serial()[since:] else "it ended")

    def flood(self):
        since = len(self.serial())
        flood = self.add_image(self.build("flood", 5, ["10.0.2.2"], []))
        self.deploy_images(self.doorbell, flood)
        self.serial_has(r"app flood: flood 100", APP_WITHIN_S, since)
        self.ring("beside a flood of output")
        self.deploy_images(self.doorbell)
        self.attempt("flood: can be removed", self.serial_has, r"app flood: ended", APP_WITHIN_S, since)

    def ask_for_stack(self):
        since = len(self.serial())
        stack = self.add_image(self.build("stack", 4, ["10.0.2.2"], [], ["-DEXECUTABLE_STACK=ON"]))
        self.deploy_images(self.doorbell, stack)
        self.serial_has(r"app stack: (attack|launch: program)", APP_WITHIN_S, since)
        refused = "app stack: launch: program" in self.serial()[since:]
        told = self.lines_of("stack")
        self.promise("stack: a program with a stack to run code on does not start",
                     None if refused and not told else f"it started: {told}")

    def system_lives(self):
        serial = self.serial()
        ended = re.findall(r"(?:appman: )((?:netd|attestd|updated|gatewayd) ended[^\n]*)", serial)
        self.promise("no service of the system ended", "; ".join(ended) or None)
        self.promise("the board did not restart", None if serial.count("[ROM]") == self.boots else "it did")

    def all(self):
        self.prepare()
        self.boots = self.serial().count("[ROM]")
        for name, part in (("attack", self.attack), ("take everything", self.take_everything),
                           ("stack", self.ask_for_stack), ("flood", self.flood)):
            try:
                part()
            except (StepFailed, OSError, ValueError, KeyError, subprocess.SubprocessError) as problem:
                self.promise(name, str(problem))
        self.attempt("the doorbell rings at the end", self.ring_once)
        self.system_lives()


def main():
    parser = argparse.ArgumentParser(description="a hostile application on a booted board")
    parser.add_argument("--dir", help="folder for everything; a temporary one otherwise")
    parser.add_argument("--keep", action="store_true", help="keep the temporary folder")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    attacks = Attacks(parser.parse_args())
    began = time.monotonic()
    try:
        attacks.all()
    except (StepFailed, OSError, ValueError, KeyError, subprocess.SubprocessError) as problem:
        attacks.promise("the board is there", str(problem))
    finally:
        failed = [name for name, problem in attacks.results if problem is not None]
        attacks.options.keep |= bool(failed)
        attacks.stop_all()
    if failed:
        print(f"everything is kept in {attacks.dir}")
    print(f"{time.monotonic() - began:.0f} s")
    print(f"{len(attacks.results) - len(failed)} passed, {len(failed)} failed")
    return 1 if failed or not attacks.results else 0


if __name__ == "__main__":
    sys.exit(main())
