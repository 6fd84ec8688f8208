#!/usr/bin/python3
"""A hostile application against the walls of the booted board; each try is a test.

attacks_test.py [--dir DIR] [--keep]   one line per promise that did not hold; last "N passed, N failed"

Beside the doorbell and `beat`, which has work to do every 100 ms, run: `hostile`, which tries what no application may
and then hammers at its sockets; `peer`, which may reach what `hostile` may not, and shows that it is there; `glutton`,
which takes all there is, and others that take what the kernel keeps for them; `stack`, whose program asks for a stack
that code can run on; `flood`, which writes lines without end. Then images that no tool would make (forged.py), and the
flash of the board that is off (flash_store.py). What leaves the board is looked at frame by frame (watch.py).
"""
import base64
import json
import os
import re
import socket
import stat
import sys
import threading
import time

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, encode_dss_signature

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "../device"), os.path.join(HERE, "../e2e")]
from client import Description, make_client  # noqa: E402 (the path is what finds it)
from flash_store import FlashStore  # noqa: E402
from owner import Owner  # noqa: E402
from promises import PROBLEMS, Promises, run_parts  # noqa: E402
from story import APP_WITHIN_S, LINUX_WITHIN_S, PRESS_MS, ROOT, StepFailed, wait_for  # noqa: E402
from watch import Beats, Wire  # noqa: E402
import forged  # noqa: E402

HOSTILE = os.path.join(ROOT, "test/attacks/hostile")
LISTEN_PORT = 7000  # where the second application listens
STRANGER = "10.0.2.100"  # for the board a host like any other; behind it our own loopback
# How many tries each part tells of: one that says nothing failed.
TRIES = {"hostile": 425, "peer": 5, "glutton": 2, "stack": 1}
CRASH_RECORDS_MAX = 3  # of the glutton's twelve and more
RINGS = 3
RING_WITHIN_S = 60  # a busy host
# Components of the roles; the last digits of the GUID.
HOSTILE_APP, PEER, GLUTTON, STACK, FLOOD, BEAT, KEEPER, OTHER_KEEPER, TAKER = 1, 2, 3, 4, 5, 6, 7, 8, 0x10
TAKERS = ("pipes", "sockets", "maps", "timers", "threads", "watches")
STORE_KINDS = ("store-erased", "users-refused")  # events about the store
BUSY = 14 << 20 | 10
STARTS_WITHIN_S = 4
HEALTHY_WITHIN_S = 60
RUNS = "app forged: runs without a role"
STAGES = 50  # between two restarts
BUSY_S = 40  # a round of updated, which the desk waits for
ALLOWED = {"10.0.2.2", "10.0.2.3", "10.0.2.100", "255.255.255.255"}  # hosts of the board's network; its DHCP
ALLOWED_IPV6 = ("ff02::", "fe80::", "fec0::3")  # what the kernel says to its neighbours and routers; the name server


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


class Attacks(Promises):
    """The board of the story with more on it."""

    def __init__(self, options):
        super().__init__(options)
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
                       f"own = {self.path('board')!r} in ' '.join(sys.argv)  # not for a second board\n"
                       "args = [a + more if own and a.startswith('user,id=n0,') else a for a in sys.argv[1:]]\n"
                       f"dump = 'filter-dump,id=watch,netdev=n0,file={self.path('wire.pcap')}'\n"
                       "more = ['-object', dump] if '-netdev' in args else []\n"
                       f"os.execv({chip!r}, [{chip!r}] + args + more)\n")
        os.chmod(script, stat.S_IRWXU)
        self.env["TATU_QEMU"] = script
        return port

    # ---- what is deployed ----

    def build(self, name, number, hosts, options=(), **capabilities):
        """The hostile program in one of its roles; the image package."""
        def change(_source, manifest):
            manifest["Name"] = name
            manifest["ComponentId"] = component(number)
            role = "attack" if name == "hostile" else name.removesuffix("-b")
            manifest["CmdArgs"] = [role, STRANGER, str(self.stranger.port), str(self.friend.port)]
            manifest["Capabilities"] = {"AllowedConnections": hosts, **capabilities}
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

    def promise_all(self, name):
        told = self.lines_of(name)
        for attack, answer in told.items():
            self.promise(f"{name}: {attack}", None if answer == "held" else answer)
        self.promise(f"{name}: told of every try",
                     None if len(told) == TRIES[name] else f"{len(told)} tries, not {TRIES[name]}")

    def ring(self, name):
        for number in range(RINGS):
            self.attempt(f"the doorbell rings {name}, {number + 1}", self.ring_once)

    def beats_since(self, since, name):
        text, problem = self.beats.judge(since)
        self.promise(f"the beat is kept {name}", problem)
        if problem is None:
            print(f"      {text}", flush=True)

    def ring_once(self):
        before, _ = self.press(PRESS_MS)
        wait_for("the receiver's ring", lambda: self.rings()[before:], RING_WITHIN_S)

    # ---- the parts ----

    def prepare(self):
        for _, _, step in self.steps()[:6]:
            step()
        self.start_receiver()
        self.owner = Owner(self.path("service"))
        # The board is as the fab left it, not complete: its desk needs no capability, which evidence would tell.
        self.api = make_client(Description())(Description(), *self.board_api())
        package, _ = self.build_doorbell(2)
        self.doorbell = self.add_image(package)
        self.beat = self.add_image(self.build("beat", BEAT, []))
        self.deploy_beside()
        self.serial_has(r"app doorbell: doorbell version 2 is ready", APP_WITHIN_S)
        self.serial_has(r"app beat: beat 3 ", APP_WITHIN_S)
        self.serial_has(r"proven: verdict OK, update certificate, 1 customer certificate", APP_WITHIN_S)
        self.beats = Beats(self.path("board", "serial.log"), self.path("board", "pid"))
        since = time.monotonic()
        self.attempt("the doorbell rings alone", self.ring_once)
        time.sleep(10)
        self.beats_since(since, "alone")

    def deploy_beside(self, *images):
        self.deploy_images(self.doorbell, self.beat, *images)

    def attack(self):
        tenant = self.facts["tenant"]
        peer = self.add_image(self.build("peer", PEER, [STRANGER], DeviceAuthentication=tenant))
        hostile = self.add_image(self.build("hostile", HOSTILE_APP, ["10.0.2.2"], Gpio=[10], AllowedUdpServerPorts=[5353],
                                            MutableStorage={"SizeKB": 8}, DeviceAuthentication=tenant))
        self.deploy_beside(peer)
        self.serial_has(r"app peer: attack control: the second application listens", APP_WITHIN_S)
        since = time.monotonic()
        self.deploy_beside(peer, hostile)
        knocked = self.knock()
        self.serial_has(r"app hostile: attacks are over", 300)
        self.serial_has(r"app peer: attack connect to the host of another application", 60)
        self.promise_all("hostile")
        self.promise_all("peer")
        self.promise("peer: nothing came out of the knock at its port", knocked())
        self.promise("hostile: nobody came to the other host but the peer",
                     None if self.stranger.came == 1 else f"{self.stranger.came} connections")
        self.attempt("two applications of one tenant have two keys, and each signs by its own", self.compare_keys)
        self.beats_since(since, "beside hostile")
        self.serial_has(r"app hostile: hammers", 30)
        since = time.monotonic()
        self.ring("while its sockets are hammered")
        self.attempt("the desk is answered while its sockets are hammered", lambda: self.api.getAppStatus(
            component(HOSTILE_APP)).expect(200))
        self.beats_since(since, "while sockets are hammered")

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
        since, began = len(self.serial()), time.monotonic()
        crashes = len(self.crashes())
        glutton = self.add_image(self.build("glutton", GLUTTON, ["10.0.2.2"]))
        self.deploy_beside(glutton)
        self.attempt("glutton: killed when it takes too much memory", self.serial_has,
                     r"app glutton: takes memory[\s\S]*app glutton: ended by signal 9", APP_WITHIN_S, since)
        self.attempt("glutton: started again", self.serial_has,
                     r"app glutton: ended by signal 9[\s\S]*app glutton: started", 30, since)
        self.promise_all("glutton")
        self.ring("beside a glutton")
        kept = len(self.crashes()) - crashes
        self.promise("glutton: its crashes do not fill the flash",
                     None if 1 <= kept <= CRASH_RECORDS_MAX else f"{kept} crashes were kept")
        self.attempt("glutton: the owner is told that it was killed", wait_for, "the event",
                     lambda: self.event_of(("app-memory", "app-signal"), GLUTTON), 60)
        self.promise("doorbell: was never restarted",
                     None if "app doorbell: ended" not in self.serial()[since:] else "it ended")
        self.beats_since(began, "beside a glutton")

    def event_of(self, kinds, number):
        """The newest event of one of these kinds of an application."""
        return next((event for event in self.events() if event["kind"] in kinds and
                     (event.get("componentId") or "").lower() == component(number)), None)

    def take_of_the_kernel(self):
        """What the kernel keeps for a process is the process's own account."""
        for kinds in (TAKERS[:2], TAKERS[2:4], TAKERS[4:]):
            since, began = len(self.serial()), time.monotonic()
            images = [self.add_image(self.build(f"take-{kind}", TAKER + TAKERS.index(kind), [])) for kind in kinds]
            self.deploy_beside(*images)
            for kind in kinds:
                self.attempt(f"takes {kind}: there is an end of it", self.serial_has,
                             rf"app take-{kind}: (attack there is an end of what it takes: held|ended by signal 9)",
                             APP_WITHIN_S, since)
            self.ring(f"beside who takes {' and '.join(kinds)}")
            self.beats_since(began, f"beside who takes {' and '.join(kinds)}")

    def flood(self):
        since = len(self.serial())
        began = time.monotonic()
        flood = self.add_image(self.build("flood", FLOOD, ["10.0.2.2"]))
        self.deploy_beside(flood)
        self.serial_has(r"app flood: flood 100", APP_WITHIN_S, since)
        self.ring("beside a flood of output")
        self.beats_since(began, "beside a flood of output")
        self.deploy_beside()
        self.attempt("flood: can be removed", self.serial_has, r"app flood: ended", APP_WITHIN_S, since)

    def ask_for_stack(self):
        since = len(self.serial())
        stack = self.add_image(self.build("stack", STACK, ["10.0.2.2"], ["-DEXECUTABLE_STACK=ON"]))
        self.deploy_beside(stack)
        self.serial_has(r"app stack: (attack|launch: program)", APP_WITHIN_S, since)
        refused = "app stack: launch: program" in self.serial()[since:]
        told = self.lines_of("stack")
        self.promise("stack: a program with a stack to run code on does not start",
                     None if refused and not told else f"it started: {told}")

    # ---- images that no tool would make ----

    def forged_images(self):
        with open(os.path.join(self.path("beat"), "out/ARM-Debug/approot-hostile/bin/app"), "rb") as file:
            program = file.read()
        began, ran = time.monotonic(), False
        for count, (name, package, number) in enumerate(forged.cases(self.owner, program), 1):
            self.attempt(f"{name}: refused", self.refuse, package, number)
            if count % STAGES == 0:
                ran |= RUNS in self.serial()
                self.restart()
        self.promise("no forged image ran", "one did" if ran or RUNS in self.serial() else None)
        self.restart()
        self.beats_since(began, "while forged images come")
        self.attempt("control: the same image without anything wrong runs", self.accept, forged.good(self.owner, program))
        self.attempt("control: and is removed", lambda: self.api.removeImage(forged.COMPONENT).expect(200))
        self.attempt("a deployment with a forged image is reported to the owner", self.deploy_forged, program)
        self.serial_has(r"proven: verdict OK, update certificate, 1 customer certificate", APP_WITHIN_S)
        self.ring("after forged images")

    def restart(self):
        """The monitor lets so much be written to flash, and then waits; a restart begins anew."""
        self.serial_has(r"appman: healthy", HEALTHY_WITHIN_S)
        self.tatu("board", "stop", self.path("board"))
        self.tatu("board", "start", self.path("board"))
        self.serial_has(r"app beat: beat 1 ", APP_WITHIN_S)
        self.serial_has(r"gatewayd: [^\n]*port 443", LINUX_WITHIN_S)

    def refuse(self, package, number):
        """At the latest by the install; then the board is as it was. number: category and code; None: any;
        NEVER_RUNS: it may lie there."""
        answer = self.stage(package)
        where = "stage"
        if answer.status == 200:
            answer, where = self.api.installImages(), "install"
        if answer.status == 200:
            time.sleep(STARTS_WITHIN_S)
            state = self.api.getAppStatus(forged.COMPONENT).json["state"]
            self.api.removeImage(forged.COMPONENT)
            if number != forged.NEVER_RUNS or state == "running":
                raise StepFailed(f"it was installed, and is {state}")
            return
        if answer.status != 400 or not answer.error:
            raise StepFailed(f"{where}: {answer.status} {answer.body[:80]!r}")
        if number is not None:
            answer.expect(400, number)
        else:
            print(f"      {where}: {answer.error >> 20}, {answer.error & 0xfffff}", flush=True)

    def stage(self, package):
        """As a patient desk does it."""
        end = time.monotonic() + BUSY_S
        answer = self.api.stageImage(body=package)
        while answer.status == 400 and answer.error == BUSY and time.monotonic() < end:
            time.sleep(1)
            answer = self.api.stageImage(body=package)
        return answer

    def accept(self, package):
        since = len(self.serial())
        self.stage(package).expect(200)
        self.api.installImages().expect(200)
        self.serial_has(RUNS, 20, since)

    def deploy_forged(self, program):
        name, package = next((n, p) for n, p, _ in forged.cases(self.owner, program) if n == "image with a character device")
        path = self.path("forged.imagepackage")
        with open(path, "wb") as file:
            file.write(package)
        before = len(self.events())
        self.deploy_beside(self.add_image(path))
        wait_for(f"the event of {name}", lambda: [e for e in self.events()[:len(self.events()) - before]
                                                  if e["kind"] in ("install-failed", "install-refused")], 60)
        self.deploy_beside()

    # ---- the flash of a board that is off ----

    def power_off(self):
        self.serial_has(r"appman: healthy", HEALTHY_WITHIN_S)  # else the next boot is a fallback
        self.tatu("board", "stop", self.path("board"))
        return FlashStore(self.path("board", "flash.bin"))

    def power_on(self):
        """The keepers start; what they tell: [(uid, kept bytes, sum)], in their order."""
        self.tatu("board", "start", self.path("board"))
        self.boots += 1
        self.serial_has(r"appman: reached", LINUX_WITHIN_S)
        return {name: self.keeper_tells(name) for name in ("keeper", "keeper-b")}

    def keeper_tells(self, name):
        told = self.serial_has(rf"app {name}: keeper uid (\d+) error (\d+) kept (-?\d+) sum (\w+)", APP_WITHIN_S)
        self.serial_has(rf"app {name}: keeper wrote 1 sum (\w+)", 20)
        return int(told.group(1)), int(told.group(3)), told.group(4)

    def own_store(self, told):
        """Every keeper has its own bytes: a sum that is its user's."""
        for name, (uid, kept, total) in told.items():
            if kept != KEPT or total != keeper_sum(uid):
                raise StepFailed(f"{name} with user {uid} has {kept} bytes of sum {total}")
        if len({uid for uid, _, _ in told.values()}) != len(told):
            raise StepFailed(f"they have one user: {told}")

    def no_foreign_bytes(self, told):
        """Nobody has another's bytes; own ones or none are both right."""
        for name, (uid, kept, total) in told.items():
            if kept > 0 and total not in (keeper_sum(uid), ):
                raise StepFailed(f"{name} with user {uid} has {kept} bytes of sum {total}")
        if len({uid for uid, _, _ in told.values()}) != len(told):
            raise StepFailed(f"they have one user: {told}")

    def store_attacks(self):
        storage = {"MutableStorage": {"SizeKB": 8}}
        keepers = [self.add_image(self.build(name, number, [], **storage))
                   for name, number in (("keeper", KEEPER), ("keeper-b", OTHER_KEEPER))]
        self.deploy_beside(*keepers)
        for name in ("keeper", "keeper-b"):
            self.keeper_tells(name)
        store = self.power_off()
        older = bytes(store.bytes)
        self.attempt("control: files outlive a power-off", lambda: self.own_store(self.power_on()))
        for name, change in (("the map of users changed", lambda s: s.rewrite("uids", lambda b: flip(b, len(b) // 2))),
                             ("the map of users cut", lambda s: s.rewrite("uids", lambda b: b[:10])),
                             ("the map of users empty", lambda s: s.rewrite("uids", lambda b: b"")),
                             ("the map of users replaced by the stamp", lambda s: s.point("uids", "stamp")),
                             ("the map of users a link", lambda s: s.make_link("uids", "/etc/passwd")),
                             ("the map of users a device", lambda s: s.make_device("uids", 1, 5)),
                             ("the map of users gone", lambda s: s.add_entry(*s.find("uids")[:2], 0, 8))):
            self.attempt(f"{name}: nobody gets another's file", self.spoil, change)
            self.attempt(f"{name}: the owner is told", self.told_of_store)
        mine, other = (f"apps/{component(number)}/file" for number in (KEEPER, OTHER_KEEPER))
        for name, change in (("a file that is another's", lambda s: s.point(mine, other)),
                             ("a file that is a link to another's", lambda s: s.make_link(mine, f"../{component(OTHER_KEEPER)}/file")),
                             ("a file that is a link to the map", lambda s: s.make_link(mine, "../../uids")),
                             ("a file that is the map", lambda s: s.point(mine, "uids")),
                             ("a file that is a device", lambda s: s.make_device(mine, 1, 1)),
                             ("a folder that is a link", lambda s: s.make_link(f"apps/{component(KEEPER)}", component(OTHER_KEEPER))),
                             ("a file with set-user-id", lambda s: s.give(mine, 0, 0o104755))):
            self.attempt(f"{name}: nobody gets another's file", self.spoil, change)
        self.attempt("an older copy of the store is refused", self.swap, older)
        self.attempt("an older copy of the store: the owner is told", self.told_of_store)
        self.attempt("a store of another board is refused", self.swap, self.foreign_store())
        self.attempt("a store of another board: the owner is told", self.told_of_store)
        for name, content in (("erased", b"\xff" * len(older)), ("all zeros", bytes(len(older))),
                              ("random", os.urandom(len(older)))):
            self.attempt(f"a store that is {name}: the board comes up", self.swap, content)
        self.power_off()
        self.attempt("files outlive a power-off again", lambda: self.own_store(self.power_on()))
        self.attempt("the doorbell rings after that", self.ring_after_boot)

    def spoil(self, change):
        self.events_before = len(self.events())
        store = self.power_off()
        change(store)
        store.save()
        self.no_foreign_bytes(self.power_on())

    def told_of_store(self):
        wait_for("the event", lambda: [e for e in self.events()[:len(self.events()) - self.events_before]
                                       if e["kind"] in STORE_KINDS], 60)

    def swap(self, content):
        """After it the keepers have no file, or one that they wrote themselves later."""
        self.events_before = len(self.events())
        self.power_off().save(content)
        told = self.power_on()
        if any(kept > 0 for _, kept, _ in told.values()):
            raise StepFailed(f"there are files: {told}")

    def foreign_store(self):
        """Another board of the same owner with the same applications, from the moment that it has them."""
        self.create_board("foreign", "release")
        self.tatu("board", "start", self.path("foreign"))
        self.serial_has(r"gatewayd: [^\n]*port 443", LINUX_WITHIN_S, board="foreign")
        self.tatu("device", "claim", "--board", self.path("foreign"))
        self.serial_has(r"app keeper: keeper wrote 1", APP_WITHIN_S, board="foreign")
        self.tatu("board", "stop", self.path("foreign"))
        return bytes(FlashStore(self.path("foreign", "flash.bin")).bytes)

    def ring_after_boot(self):
        self.serial_has(r"app doorbell: doorbell version 2 is ready", APP_WITHIN_S)
        self.serial_has(r"proven: verdict OK, update certificate, 1 customer certificate", APP_WITHIN_S)
        self.ring_once()

    # ---- the end ----

    def nothing_left(self):
        """Frames of the board on its way out."""
        mac = bytes.fromhex(re.search(r"[0-9a-f]{2}(?::[0-9a-f]{2}){5}", json.dumps(
            self.api.getInterface("eth0").json)).group(0).replace(":", ""))
        odd = set()
        for family, to, protocol, options in Wire(self.path("wire.pcap")).sent(mac):
            good = to in ALLOWED if family == 4 else family == 6 and to.startswith(ALLOWED_IPV6)
            if not good or (options and family == 4):
                odd.add((family, to, protocol, "with options" if options else ""))
        self.promise("nothing left the board but to whom it may", f"{sorted(odd)[:8]}" if odd else None)

    def system_lives(self):
        serial = self.serial()
        ended = re.findall(r"(?:appman: )((?:netd|attestd|updated|gatewayd) ended[^\n]*)", serial)
        self.promise("no service of the system ended", "; ".join(ended) or None)
        self.promise("the board did not restart", None if serial.count("[ROM]") == self.count_boots else
                     f"{serial.count('[ROM]')} boots")

    PARTS = ("attack", "take_everything", "take_of_the_kernel", "ask_for_stack", "flood", "forged_images")

    def all(self, only):
        self.prepare()
        self.boots = self.count_boots = self.serial().count("[ROM]")
        for part in self.PARTS:
            if part in only:
                try:
                    getattr(self, part)()
                except PROBLEMS as problem:
                    self.promise(part.replace("_", " "), str(problem))
        self.attempt("the doorbell rings at the end", self.ring_once)
        self.system_lives()
        self.attempt("what left the board can be told", self.nothing_left)
        if "store_attacks" in only:
            self.store_attacks()


KEPT = 4000


def component(number):
    return f"0a77ac00-54a7-4c0e-9f53-2c1d6a7e5b{number:02x}"


def keeper_sum(uid):
    """What the keeper tells of the bytes that it wrote as this user."""
    total = 2166136261
    for n in range(KEPT):
        total = (total ^ (uid + n & 0xff)) * 16777619 & 0xffffffff
    return f"{total:08x}"


def flip(data, at):
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1:]


if __name__ == "__main__":
    sys.exit(run_parts(Attacks, "a hostile application on a booted board", (*Attacks.PARTS, "store_attacks")))
