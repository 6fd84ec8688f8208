#!/usr/bin/python3
"""The device API of a booted board, asked by a client that is made from its description; each operation is called with
and without the right, each answer checked.

device_test.py [--dir DIR] [--keep] [--only PART,...]   one line per promise; last "N passed, N failed"
"""
import base64
import concurrent.futures
import datetime
import json
import os
import re
import socket
import ssl
import struct
import subprocess
import sys
import time

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from client import Description, Wrong, make_client  # noqa: E402 (the path is what finds it)
from owner import SIGNATURE, Owner  # noqa: E402
from promises import PROBLEMS, Promises, run_parts  # noqa: E402
from story import APP_WITHIN_S, LINUX_WITHIN_S, ROOT, TATU, StepFailed, wait_for  # noqa: E402 (promises knows where it is)

SUBJECT = os.path.join(ROOT, "test/device/subject")
COMPONENT = "5d0b7a52-9f3c-4c0e-8d21-7c6e5f4a3b01"
NOBODY = "00112233-4455-6677-8899-aabbccddeeff"
DEVELOPMENT, SERVICING = 11, 13
QUOTA_KIB = 8
# Numbers of refusals (category, code), for want of a right; the others are REFUSED.
REFUSED, LOCKED = (10, 18), (1, 20)
REFUSALS = {"stageImage": (7, 37), "installImages": (7, 24), "removeImage": LOCKED, "getAppStatus": LOCKED,
            "setAppStatus": LOCKED, "getAppQuota": LOCKED, "getAppLog": LOCKED, "getMemory": LOCKED}
# What each operation is called with: names of its path, body.
ARGUMENTS = {
    "setManufacturingState": ((), {"manufacturingState": "DeviceComplete"}),
    "restart": ((), None), "stageImage": ((), b"x"), "installImages": ((), {"appControlMode": "Manual"}),
    "removeImage": ((COMPONENT,), None), "getAppStatus": ((COMPONENT,), None),
    "setAppStatus": ((COMPONENT,), {"trigger": "stop"}), "getAppQuota": ((COMPONENT,), None), "getAppLog": ((COMPONENT,), None),
    "getCertificate": (("first",), None), "removeCertificate": (("first",), None),
    "addCertificate": (("first",), {"certType": "RootCA", "publicCert": "x"}),
    "getInterface": (("eth0",), None), "changeInterface": (("eth0",), {"interfaceUp": True}),
    "setProxy": ((), {"enabled": True, "address": "10.0.2.2", "port": 3128, "authenticationType": "anonymous"}),
    "addWifiNetwork": ((), {"ssid": "x", "securityState": "open"}),
    "getWifiNetwork": ((0,), None), "changeWifiNetwork": ((0,), {"configState": "enabled"}), "removeWifiNetwork": ((0,), None),
    "getWifiFailure": ((0,), None), "changeWifiInterface": ((), {"reloadConfig": True}),
}
# Without a radio nothing of these can go well.
NEEDS_RADIO = {"getWifiFailure", "scanWifi", "changeWifiInterface"}


def certificate(name, key, issuer=None, issuer_key=None):
    now = datetime.datetime.now(datetime.timezone.utc)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = x509.CertificateBuilder(subject_name=subject, issuer_name=issuer.subject if issuer else subject,
                                   public_key=key.public_key(), serial_number=x509.random_serial_number(),
                                   not_valid_before=now - datetime.timedelta(days=1),
                                   not_valid_after=now + datetime.timedelta(days=30))
    made = made.add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
    return made.sign(issuer_key or key, hashes.SHA256())


def pem(thing, password=None):
    if isinstance(thing, x509.Certificate):
        return thing.public_bytes(serialization.Encoding.PEM).decode()
    how = serialization.BestAvailableEncryption(password.encode()) if password else serialization.NoEncryption()
    return thing.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, how).decode()


class DeviceApi(Promises):
    def expect_number(self, answer, status, category):
        if answer.status != status or answer.error >> 20 != category:
            raise Wrong(f"{answer.operation}: {answer.status} {answer.body[:100]!r}, not {status} of category {category}")
        return answer

    def equal(self, got, wanted):
        if got != wanted:
            raise Wrong(f"{got!r}, not {wanted!r}")

    # ---- set up ----

    def prepare(self):
        for _, _, step in self.steps()[:6]:
            step()
        self.owner = Owner(self.path("service"))
        self.description = Description()
        self.client_class = make_client(self.description)
        foreign = self.owner.capability([DEVELOPMENT], self.facts["device"], ec.generate_private_key(ec.SECP256R1()))
        ARGUMENTS["storeCapability"] = ((), {"file": foreign.hex()})
        self.closed = self.connect_client()
        self.open = self.connect_client([DEVELOPMENT])

    def connect_client(self, numbers=(), device=None, key=None, header=None):
        headers = {}
        if numbers:
            file = self.owner.capability(numbers, device or self.facts["device"], key)
            headers["AZSPHERE-CAPABILITIES"] = base64.b64encode(file).decode()
        if header is not None:
            headers["AZSPHERE-CAPABILITIES"] = header
        client = self.client_class(self.description, *self.board_api(), headers)
        client.counts = self.asked_counts()
        return client

    def asked_counts(self):
        if not hasattr(self, "counts"):
            self.counts = {name: {} for name in self.description.operations}
        return self.counts

    def call(self, client, operation, **named):
        places, body = ARGUMENTS.get(operation, ((), None))
        return getattr(client, operation)(*places, body=body, **named)

    # ---- who may ----

    def complete(self):
        """From the fab the board is not complete, and open to its desk; its owner closes it for good."""
        self.attempt("the fab leaves the board to its desk", lambda: self.equal(
            self.closed.getManufacturingState().json["manufacturingState"], "Module1Complete"))
        self.attempt("until it is complete it is open", lambda: self.closed.getImages().expect(200))
        self.attempt("it is made complete", lambda: self.closed.setManufacturingState(
            body={"manufacturingState": "DeviceComplete"}).expect(200))

    def rights(self):
        self.complete()
        for operation in self.description.operations:
            if self.description.is_open(operation):
                self.attempt(f"open to anybody: {operation}", lambda name=operation: self.call(self.closed, name).expect(200))
            else:
                number = REFUSALS.get(operation, REFUSED)
                self.attempt(f"closed without a capability: {operation}",
                             lambda name=operation, n=number: self.call(self.closed, name).expect(403, n))
        self.attempt("a capability of another device opens nothing",
                     lambda: self.connect_client([DEVELOPMENT], "ab" * 64).getLog().expect(403, REFUSED))
        self.attempt("a capability that another signed opens nothing",
                     lambda: self.connect_client([DEVELOPMENT], key=ec.generate_private_key(ec.SECP256R1()))
                     .getLog().expect(403, REFUSED))
        self.attempt("a capability header of rubbish opens nothing",
                     lambda: self.connect_client(header="rubbish!").getLog().expect(403))
        self.attempt("no capability is open on the device", lambda: self.equal(
            self.closed.getCapabilities().json["device_capabilities"], []))
        self.attempt("the owner's capability opens", lambda: self.open.getLog().expect(200))
        self.attempt("a session is its connection's own", lambda: self.closed.getLog().expect(403, REFUSED))
        self.stored_capability()
        servicing = self.connect_client([SERVICING])
        self.attempt("servicing opens", lambda: servicing.getImages().expect(200))
        self.attempt("servicing does not open memory statistics", lambda: servicing.getMemory().expect(403, LOCKED))

    def stored_capability(self):
        file = self.owner.capability([DEVELOPMENT], self.facts["device"])
        self.attempt("a stored capability is taken", lambda: self.closed.storeCapability(body={"file": file.hex()}).expect(200))
        self.attempt("and opens to everybody", lambda: self.closed.getLog().expect(200))
        self.attempt("what is no file is told", lambda: self.closed.storeCapability(body={"file": "00"}).expect(400, (10, 2)))
        self.attempt("dropped, it is closed again", lambda: (
            self.closed.dropCapabilities().expect(200), self.closed.getLog().expect(403, REFUSED)))

    # ---- HTTP and JSON ----

    def exchange(self, text):
        """Sends bytes as they are; status line and what follows."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with socket.create_connection(self.board_api(), 10) as link, context.wrap_socket(link) as channel:
            channel.settimeout(20)
            channel.sendall(text)
            got = b""
            try:
                while not re.search(rb"\r\n\r\n[\s\S]*}", got):
                    piece = channel.recv(4096)
                    if not piece:
                        break
                    got += piece
            except (TimeoutError, ssl.SSLError, ConnectionResetError):
                pass
        return got.decode("latin-1")

    def expect_line(self, text, pattern):
        got = self.exchange(text)
        if re.search(pattern, got, re.S) is None:
            raise Wrong(f"{text[:60]!r} was answered {got[:200]!r}")

    def bad_requests(self):
        lines = [
            ("a path that is not there", b"GET /none HTTP/1.1\r\nHost: x\r\n\r\n", r"^HTTP/1.1 404 .*REST-API-Version: "),
            ("a method that the path has not", b"DELETE /status HTTP/1.1\r\nHost: x\r\n\r\n", r"^HTTP/1.1 405 .*Allow: GET"),
            ("a method that nobody knows", b"BREW /status HTTP/1.1\r\nHost: x\r\n\r\n", r"^HTTP/1.1 (400|405|501) "),
            ("another version", b"GET /status HTTP/3.7\r\nHost: x\r\n\r\n", r"^HTTP/1.1 (400|505) "),
            ("no host", b"GET /status HTTP/1.1\r\n\r\n", r"^HTTP/1.1 400 "),
            ("two lengths", b"POST /restart HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
             r"^HTTP/1.1 400 "),
            ("length and chunks", b"POST /restart HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
             r"^HTTP/1.1 400 "),
            ("a header without end", b"GET /status HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 20000 + b"\r\n\r\n", r"^HTTP/1.1 4\d\d "),
            ("a NUL in the path", b"GET /status\0 HTTP/1.1\r\nHost: x\r\n\r\n", r"^HTTP/1.1 400 "),
            ("a path that leaves", b"GET /app/status/../../log HTTP/1.1\r\nHost: x\r\n\r\n", r"^HTTP/1.1 4\d\d "),
        ]
        for name, text, pattern in lines:
            self.attempt(f"refused: {name}", self.expect_line, text, pattern)
        text = {"Content-Type": "text/plain"}
        for operation in ("setAppStatus", "addCertificate", "changeInterface", "addWifiNetwork", "changeWifiInterface",
                          "setManufacturingState", "stageImage"):
            self.attempt(f"415 for a body of another type: {operation}",
                         lambda name=operation: self.call(self.open, name, headers=text).expect(415))
        for operation in ("setAppStatus", "addCertificate", "changeInterface", "setProxy", "addWifiNetwork",
                          "changeWifiInterface", "setManufacturingState"):
            self.attempt(f"400 for what is no JSON: {operation}", lambda name=operation: self.open.call(
                name, ARGUMENTS[name][0], b"{\"a\":", None, None).expect(400, (10, 1)))
            self.attempt(f"400 for no body: {operation}", lambda name=operation: self.open.call(
                name, ARGUMENTS[name][0], b"", None, None).expect(400, (10, 3)))
        self.attempt("deep JSON is refused", lambda: self.open.call(
            "setProxy", (), b"[" * 5000 + b"]" * 5000, None, None).expect(400, (10, 1)))
        self.attempt("keys twice are refused", lambda: self.open.call(
            "setAppStatus", (COMPONENT,), b'{"trigger":"stop","trigger":"start"}', None, None).expect(400, (10, 1)))

    # ---- the device ----

    def device(self):
        state = self.open.getSecurityState().json
        self.attempt("it says who it is", self.equal, state["deviceIdentifier"].lower(), self.facts["device"].lower())
        self.attempt("it is secure", self.equal, state["securityState"], "SECURE")
        self.attempt("it is complete", self.equal, self.open.getManufacturingState().json["manufacturingState"], "DeviceComplete")
        version = re.search(r"appman: tatu ([^,]+),", self.serial()).group(1)
        self.attempt("its version is what it told at its start", self.equal, self.open.getOsVersion().json["osversion"], version)
        self.attempt("application runtime 12", self.equal, self.open.getAbiVersions().json["ApplicationRuntime"], 12)
        first = self.open.getStatus().json["uptime"]
        time.sleep(2)
        self.attempt("time passes", lambda: self.equal(self.open.getStatus().json["uptime"] - first in (1, 2, 3, 4), True))
        self.attempt("a state that does not exist is refused", lambda: self.open.setManufacturingState(
            body={"manufacturingState": "Golden"}).expect(400))
        self.attempt("Blank cannot be asked for", lambda: self.open.setManufacturingState(
            body={"manufacturingState": "Blank"}).expect(400))
        self.attempt("what is complete stays complete", lambda: self.open.setManufacturingState(
            body={"manufacturingState": "DeviceComplete"}).expect(200))

    # ---- images and applications ----

    def build_subject(self, version):
        def change(_source, manifest):
            manifest["CmdArgs"] = [str(version)]
        out = self.build_application(f"subject-{version}", SUBJECT, change)
        with open(os.path.join(out, "subject.imagepackage"), "rb") as file:
            return file.read()

    def install(self, package, mode=None):
        self.open.stageImage(body=package).expect(200)
        staged = self.open.getImages().json
        self.equal(staged["has_staged_updates"], True)
        self.open.installImages(body={"appControlMode": mode} if mode else None).expect(200)

    def state(self, wanted, component=COMPONENT):
        wait_for(f"state {wanted}", lambda: self.open.getAppStatus(component).expect(200).json["state"] == wanted, 20)

    def sideload(self):
        self.packages = {}
        packages = {version: self.build_subject(version) for version in (1, 2)}
        mine = {version: self.owner.sign_package(package) for version, package in packages.items()}
        self.packages = mine
        self.attempt("what is no image is refused", lambda: self.open.stageImage(body=b"rubbish" * 999).expect(400, (16, 3)))
        self.attempt("an image that the owner did not sign is refused", lambda: self.expect_number(
            self.open.stageImage(body=packages[1]), 400, 7))
        flipped = bytearray(mine[1])
        flipped[5000] ^= 1
        self.attempt("an image that was changed is refused", lambda: self.expect_number(
            self.open.stageImage(body=bytes(flipped)), 400, 7))
        self.attempt("nothing was staged", lambda: self.equal(self.open.getImages().json["has_staged_updates"], False))
        self.attempt("an absent application has no state", lambda: self.state("notPresent"))
        since = len(self.serial())
        self.attempt("version 1 is sideloaded", self.install, mine[1])
        self.attempt("version 1 runs", self.serial_has, r"app subject: version 1, start 1\b", APP_WITHIN_S, since)
        self.attempt("it is told as running", self.state, "running")
        self.attempt("it is in the list of images", self.find_component)
        self.attempt("what it said is told", lambda: self.equal(
            b"version 1, start 1" in self.open.getAppLog(COMPONENT).expect(200).body, True))
        self.attempt("its quota and use", self.check_quota)
        self.attempt("the memory of applications is told", self.check_memory)
        self.attempt("the power profile is told", lambda: self.equal(
            self.open.getPower().expect(200).json, {"profile": "balanced", "applicationProcessorPercent": 100}))
        self.attempt("its firewall is told", self.check_firewall)
        self.attempt("stop", lambda: self.equal(self.open.setAppStatus(
            COMPONENT, body={"trigger": "stop"}).expect(200).json["state"], "stopped"))
        self.attempt("it was asked before", self.serial_has, r"app subject: asked to stop", 10, since)
        self.attempt("it stays stopped", self.state, "stopped")
        self.attempt("start", lambda: self.equal(self.open.setAppStatus(
            COMPONENT, body={"trigger": "start"}).expect(200).json["state"], "running"))
        self.attempt("its file is there again", self.serial_has, r"app subject: version 1, start 2\b", 20, since)
        self.attempt("a trigger that does not exist", lambda: self.expect_number(self.open.setAppStatus(
            COMPONENT, body={"trigger": "fly"}), 400, 14))
        self.attempt("debugging without a debugger", lambda: self.open.setAppStatus(
            COMPONENT, body={"trigger": "startDebug"}).expect(400, (14, 11)))
        self.attempt("a component that is no GUID", lambda: self.open.getAppQuota("x").expect(400, (14, 15)))
        self.attempt("quota of an absent application", lambda: self.open.getAppQuota(NOBODY).expect(404, (14, 12)))
        self.attempt("trigger of an absent application", lambda: self.expect_number(
            self.open.setAppStatus(NOBODY, body={"trigger": "start"}), 400, 14))
        since = len(self.serial())
        self.attempt("version 2 is sideloaded by hand", self.install, mine[2], "Manual")
        self.attempt("by hand means that it is not started", self.state, "stopped")
        self.attempt("it is started", lambda: self.open.setAppStatus(COMPONENT, body={"trigger": "start"}).expect(200))
        self.attempt("its file outlived the update", self.serial_has, r"app subject: version 2, start 3\b", 20, since)
        self.attempt("an install of nothing", lambda: self.open.installImages().expect(400))
        self.attempt("a mode that does not exist", lambda: self.open.installImages(body={"appControlMode": "Wild"}).expect(400))

    def find_component(self):
        found = [c for c in self.open.getImages().json["components"] if c["uid"].lower() == COMPONENT]
        self.equal([(c["name"], c["image_type"], len(c["images"]), c["is_update_staged"]) for c in found],
                   [("subject", 10, 1, False)])
        package = self.packages[1]
        behind, = struct.unpack("<I", package[-SIGNATURE - 4:-SIGNATURE])  # metadata
        self.equal(found[0]["images"][0]["length_in_bytes"], len(package) - SIGNATURE - behind)

    def check_quota(self):
        told = self.open.getAppQuota(COMPONENT).json
        self.equal((told["LimitKB"], 2 <= told["UsageKB"] <= QUOTA_KIB), (QUOTA_KIB, True))

    def check_memory(self):
        told = self.open.getMemory().json["memoryStats"]
        user, peak = told["userModeMemoryUsageInBytes"], told["peakUserModeMemoryUsageInBytes"]
        if not 0 < user <= peak or user > told["currentMemoryUsageInBytes"] or user > 1 << 20:
            raise Wrong(f"{told}")

    def check_firewall(self):
        rules = [rule for rules in self.open.getFirewall().json["rulesets"] if rules["hook"] == "OUTPUT" for rule in rules["rules"]]
        if not any(rule["destinationIP"] == "10.0.2.2" and rule["uid"] >= 1000 and rule["action"] == "accept" for rule in rules):
            raise Wrong(f"no rule to 10.0.2.2 in {json.dumps(rules)[:600]}")

    def remove(self):
        self.attempt("it is removed", lambda: self.open.removeImage(COMPONENT).expect(200))
        self.attempt("it is gone", lambda: self.state("notPresent"))
        self.attempt("so is its quota", lambda: self.open.getAppQuota(COMPONENT).expect(404, (14, 12)))
        self.attempt("what is not there can be removed", lambda: self.open.removeImage(NOBODY).expect(200))
        since = len(self.serial())
        self.attempt("it comes again", lambda: self.install(self.packages[1]))
        self.attempt("with a new file", self.serial_has, r"app subject: version 1, start 1\b", APP_WITHIN_S, since)

    # ---- log and telemetry ----

    def records(self):
        log = self.open.getLog().expect(200).body
        self.attempt("the log is banks of 4096 bytes", self.equal, (len(log) > 0, len(log) % 4096), (True, 0))
        shown = self.attempt("the log is decoded by the tool", self.decode_log)
        self.attempt("and tells of the boot", lambda: self.equal("appman" in (shown or ""), True))
        before = self.open.getTelemetry().expect(200).body
        self.attempt("telemetry says its length", self.equal, int.from_bytes(before[2:4], "big") > 0, True)
        self.attempt("telemetry is cleared", lambda: self.open.clearTelemetry().expect(200))
        self.attempt("and is empty then", lambda: self.equal(len(self.open.getTelemetry().body) <= len(before), True))

    def decode_log(self):
        path = self.path("log.bin")
        with open(path, "wb") as file:
            file.write(self.open.getLog().body)
        ran = subprocess.run([TATU, "device", "log", "decode", path], env=self.env, capture_output=True, text=True, timeout=30)
        if ran.returncode != 0:
            raise StepFailed(ran.stderr.strip())
        return ran.stdout

    # ---- certificates ----

    def space(self):
        return int(self.open.getCertificateSpace().expect(200).json["AvailableSpace"])

    def add_certificate(self, name, kind, public, private=None, password=None):
        body = {"certType": kind, "publicCert": public}
        body.update({"privateKey": private} if private else {})
        body.update({"password": password} if password else {})
        return self.open.addCertificate(name, body=body)

    def certificates(self):
        key, other, leaf_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
        root = certificate("net root", key)
        leaf = certificate("board", leaf_key, root, key)
        free = self.attempt("there is room", self.space)
        self.attempt("none is there", lambda: self.equal(self.open.getCertificates().json["identifiers"], []))
        self.attempt("a root", lambda: self.add_certificate("root1", "RootCA", pem(root)).expect(200))
        self.attempt("a client with its key", lambda: self.add_certificate("me", "Client", pem(leaf), pem(leaf_key)).expect(200))
        self.attempt("a client with a locked key", lambda: self.add_certificate(
            "locked", "Client", pem(leaf), pem(leaf_key, "open sesame"), "open sesame").expect(200))
        self.attempt("their names", lambda: self.equal(sorted(self.open.getCertificates().json["identifiers"]),
                                                       ["locked", "me", "root1"]))
        self.attempt("what they say", lambda: self.check_certificate(root, leaf))
        self.attempt("they take room", lambda: self.equal(self.space() < (free or 0), True))
        self.attempt("a wrong password", lambda: self.expect_number(self.add_certificate(
            "x", "Client", pem(leaf), pem(leaf_key, "open sesame"), "wrong"), 400, 37))
        self.attempt("a key of another", lambda: self.add_certificate(
            "x", "Client", pem(leaf), pem(other)).expect(400, (37, 20)))
        self.attempt("a root with a key", lambda: self.add_certificate("x", "RootCA", pem(root), pem(key)).expect(400, (37, 17)))
        self.attempt("what is no certificate", lambda: self.expect_number(self.add_certificate("x", "RootCA", "rubbish"), 400, 37))
        self.attempt("too long a certificate", lambda: self.add_certificate("x", "RootCA", "x" * 8193).expect(400, (37, 14)))
        self.attempt("a kind that does not exist", lambda: self.add_certificate("x", "Leaf", pem(root)).expect(400, (37, 12)))
        self.attempt("too long a name", lambda: self.add_certificate("n" * 17, "RootCA", pem(root)).expect(400, (37, 4)))
        self.attempt("a name that leaves the folder", lambda: self.expect_number(
            self.add_certificate("../uids", "RootCA", pem(root)), 400, 37))
        self.attempt("one that is not there", lambda: self.open.getCertificate("none").expect(404, (37, 7)))
        self.attempt("full is refused", self.fill_certificates, root)
        for name in ("locked", "root1"):
            self.attempt(f"{name} is removed", lambda n=name: self.open.removeCertificate(n).expect(200))
        self.attempt("once", lambda: self.open.removeCertificate("root1").expect(404, (37, 7)))

    def check_certificate(self, root, leaf):
        told = self.open.getCertificate("me").json
        self.equal((told["id"], told["subjectName"], told["issuerName"]), ("me", "/CN=board", "/CN=net root"))
        when = leaf.not_valid_after_utc if hasattr(leaf, "not_valid_after_utc") else leaf.not_valid_after
        if when.strftime("%Y-%m-%d") not in told["notAfter"]:
            raise Wrong(f"notAfter {told['notAfter']}, not {when}")
        self.equal(self.open.getCertificate("root1").json["subjectName"], "/CN=net root")

    def fill_certificates(self, root):
        names, answer = [], None
        for number in range(60):
            answer = self.add_certificate(f"fill{number}", "RootCA", pem(root))
            if answer.status != 200:
                break
            names.append(f"fill{number}")
        for name in names:
            self.open.removeCertificate(name).expect(200)
        answer.expect(400, (37, 11))

    # ---- network ----

    def network(self):
        told = {i["interfaceName"]: i for i in self.open.getInterfaces().expect(200).json["interfaces"]}
        self.attempt("its interfaces", self.equal, sorted(told), ["azspheresvc", "eth0", "lo"])
        eth0 = told.get("eth0", {})
        self.attempt("eth0 is up and has an address", self.equal,
                     (eth0.get("interfaceUp"), eth0.get("connectedToNetwork"), eth0.get("ipAcquired"), eth0.get("ipAssignment"),
                      "10.0.2.15" in eth0.get("ipAddresses", [])), (True, True, True, "dynamic", True))
        self.attempt("it has an IPv6 address as well", lambda: self.equal(
            any(":" in address for address in eth0.get("ipAddresses", [])), True))
        self.attempt("the desk's interface", self.equal, "192.168.35.2" in told.get("azspheresvc", {}).get("ipAddresses", []), True)
        self.attempt("one by its name", lambda: self.equal(self.open.getInterface("eth0").json["interfaceName"], "eth0"))
        self.attempt("one that does not exist", lambda: self.open.getInterface("eth7").expect(404, (30, 14)))
        self.attempt("a change of one that does not exist", lambda: self.open.changeInterface(
            "eth7", body={"interfaceUp": True}).expect(404, (30, 14)))
        self.attempt("an address that is none", lambda: self.expect_number(self.open.changeInterface(
            "eth0", body={"hardwareAddress": "x" * 17}), 400, 30))
        self.attempt("up is no number", lambda: self.open.changeInterface("eth0", body={"interfaceUp": 1}).expect(400))
        self.attempt("eth0 goes down and up", self.toggle)
        self.attempt("the time is set", lambda: wait_for(
            "time", lambda: self.open.getNetworkStatus().json["networkTimeSync"] == "complete", 60))
        self.attempt("device authentication is ready", lambda: self.equal(
            self.open.getNetworkStatus().json["deviceAuthenticationIsReady"], True))
        self.proxy()

    def toggle(self):
        self.open.changeInterface("eth0", body={"interfaceUp": False}).expect(200)
        wait_for("down", lambda: not self.open.getInterface("eth0").json["interfaceUp"], 10)
        self.open.changeInterface("eth0", body={"interfaceUp": True}).expect(200)
        wait_for("an address", lambda: self.open.getInterface("eth0").json["ipAcquired"], 30)

    def proxy(self):
        self.attempt("there is no proxy", lambda: self.equal(self.open.getProxy().expect(200).json, {}))
        plain = {"enabled": True, "address": "10.0.2.2", "port": 3128, "authenticationType": "anonymous",
                 "noProxyAddresses": ["10.0.2.2", "example.org"]}
        self.attempt("a proxy", lambda: self.open.setProxy(body=plain).expect(200))
        self.attempt("as it was set", lambda: self.equal(self.open.getProxy().expect(200).json, plain))
        self.attempt("status says so", lambda: wait_for(
            "proxy", lambda: self.open.getNetworkStatus().json["proxy"] == "ready", 20))
        basic = dict(plain, authenticationType="basic", username="u", password="secret")
        self.attempt("one with a password", lambda: self.open.setProxy(body=basic).expect(200))
        self.attempt("which is told to nobody", lambda: self.equal(
            {k: v for k, v in basic.items() if k != "password"}, self.open.getProxy().json))
        for name, change, number in (("no password", {"password": None}, None), ("port", {"port": 65536}, (10, 20)),
                                     ("a kind", {"authenticationType": "kerberos"}, (10, 25)),
                                     ("a flag", {"enabled": "yes"}, (10, 19)), ("an address", {"address": "x" * 256}, (10, 21)),
                                     ("no address", {"address": None}, (10, 28)), ("no port", {"port": None}, (10, 27)),
                                     ("a name", {"username": "u" * 64}, (10, 23))):
            body = {k: v for k, v in {**basic, **change}.items() if v is not None}
            self.attempt(f"a proxy that is wrong: {name}", lambda b=body, n=number: self.open.setProxy(body=b).expect(400, n))
        self.attempt("it is removed", lambda: self.open.removeProxy().expect(200))
        self.attempt("and gone", lambda: self.equal(self.open.getProxy().expect(200).json, {}))

    # ---- Wi-Fi, without a radio ----

    def wifi(self):
        self.attempt("no network is stored", lambda: self.equal(self.open.getWifiNetworks().json["values"], []))
        add = lambda **body: self.open.addWifiNetwork(body=body)  # noqa: E731
        first = self.attempt("an open network", lambda: add(ssid="cafe", securityState="open", configName="one",
                                                            targetedScan=True).expect(201).json) or {"id": 0}
        second = self.attempt("one with a key", lambda: add(ssid="home", securityState="psk", psk="12345678").expect(201).json) or {"id": 1}
        self.attempt("one with certificates", lambda: add(
            ssid="work", securityState="eaptls", clientIdentity="me@work", clientCertStoreIdentifier="me",
            rootCaCertStoreIdentifier="root1").expect(201))
        self.attempt("what was given is kept", lambda: self.equal(
            [first.get(k) for k in ("ssid", "securityState", "configName", "targetedScan", "connectionState")],
            ["cafe", "open", "one", True, "disconnected"]))
        self.attempt("all are listed", lambda: self.equal(
            sorted(n["ssid"] for n in self.open.getWifiNetworks().json["values"]), ["cafe", "home", "work"]))
        self.attempt("one by its number", lambda: self.equal(self.open.getWifiNetwork(second["id"]).json["ssid"], "home"))
        self.attempt("it is disabled", lambda: self.equal(self.open.changeWifiNetwork(
            second["id"], body={"configState": "disabled"}).expect(200).json["configState"], "disabled"))
        self.attempt("its key is changed", lambda: self.open.changeWifiNetwork(second["id"], body={"psk": "abcdefgh"}).expect(200))
        for name, body, number in (("a short key", {"ssid": "a", "securityState": "psk", "psk": "1234567"}, (13, 25)),
                                   ("a long name", {"ssid": "a" * 33, "securityState": "open"}, (13, 15)),
                                   ("no name", {"securityState": "open"}, None), ("no key", {"ssid": "a", "securityState": "psk"}, None),
                                   ("a kind", {"ssid": "a", "securityState": "wep"}, None),
                                   ("twice", {"ssid": "cafe", "securityState": "open"}, (13, 2)),
                                   ("a name that is taken", {"ssid": "z", "securityState": "open", "configName": "one"}, (13, 23)),
                                   ("no certificate", {"ssid": "a", "securityState": "eaptls"}, (13, 24)),
                                   ("a scan", {"ssid": "a", "securityState": "open", "targetedScan": "x"}, (10, 9))):
            self.attempt(f"a network that is wrong: {name}", lambda b=body, n=number: add(**b).expect(400, n))
        self.attempt("too many networks", self.fill_wifi, add)
        self.attempt("one that is not there", lambda: self.open.getWifiNetwork(999).expect(404, (13, 3)))
        self.attempt("a number that is none", lambda: self.open.raw("getWifiNetwork", "GET", "/wifi/config/networks/x").expect(404))
        self.attempt("a change of none", lambda: self.open.changeWifiNetwork(999, body={"configState": "enabled"}).expect(404, (13, 3)))
        self.attempt("a removal of none", lambda: self.open.removeWifiNetwork(999).expect(404, (13, 3)))
        self.attempt("the first is removed", lambda: self.open.removeWifiNetwork(first["id"]).expect(200))
        self.attempt("failures of none", lambda: self.open.getWifiFailure(999).expect(404))
        self.attempt("no failure is told", lambda: self.equal(self.open.getWifiFailures().expect(200).json["values"], []))
        self.attempt("there is no radio to scan with", lambda: self.expect_number(self.open.scanWifi(), 500, 13))
        self.attempt("it is told as absent", lambda: self.equal(
            [self.open.getWifiInterface().expect(200).json[k] for k in ("connectionState", "wpa_state")],
            ["disconnected", "INTERFACE_DISABLED"]))
        self.attempt("nor one to change", lambda: self.open.changeWifiInterface(body={"reloadConfig": True}))
        self.attempt("reload is no number", lambda: self.open.changeWifiInterface(body={"reloadConfig": 1}).expect(400, (10, 10)))
        self.attempt("saving is no word", lambda: self.open.changeWifiInterface(body={"enablePowerSavings": "x"}).expect(400, (10, 30)))

    def fill_wifi(self, add):
        made = []
        for number in range(40):
            answer = add(ssid=f"fill {number}", securityState="open")
            if answer.status != 201:
                break
            made.append(answer.json["id"])
        for one in made:
            self.open.removeWifiNetwork(one).expect(200)
        self.equal(len(made), 34)  # with three that are there: 37
        answer.expect(400, (13, 22))

    # ---- many at once, and the desk ----

    def crowd(self):
        stalled = [socket.create_connection(self.board_api(), 10) for _ in range(12)]
        try:
            with concurrent.futures.ThreadPoolExecutor(6) as pool:
                answers = list(pool.map(lambda _: self.closed.getStatus().status, range(24)))
            self.equal(answers, [200] * 24)
        finally:
            for one in stalled:
                one.close()

    def desk(self):
        ran = subprocess.run([TATU, "board", "desk", self.path("board"), "--", "curl", "-sk", "https://192.168.35.2/status"],
                             env=self.env, capture_output=True, text=True, timeout=60)
        if ran.returncode != 0 or "uptime" not in ran.stdout:
            raise StepFailed(f"exit {ran.returncode}: {ran.stdout} {ran.stderr}")

    def desk_status(self):
        """The program's own exit status comes through."""
        ran = subprocess.run([TATU, "board", "desk", self.path("board"), "--", "sh", "-c", "exit 7"], env=self.env, timeout=60)
        self.equal(ran.returncode, 7)

    # ---- restart ----

    def come_back(self):
        boots = self.serial().count("[ROM]")
        self.open.restart().expect(200)
        wait_for("a second boot", lambda: self.serial().count("[ROM]") > boots, LINUX_WITHIN_S)
        since = self.serial().rindex("[ROM]")
        self.serial_has(r"gatewayd: [^\n]*port 443", LINUX_WITHIN_S, since)
        self.serial_has(r"app subject: version 1, start 2\b", APP_WITHIN_S, since)

    def restarted(self):
        self.attempt("it restarts, and the application with its file", self.come_back)
        self.attempt("the session is over", lambda: self.equal(self.closed.getCapabilities().json["device_capabilities"], []))
        self.attempt("closed again", lambda: self.closed.getLog().expect(403, REFUSED))
        self.attempt("the certificate is still there", lambda: self.equal(self.open.getCertificates().json["identifiers"], ["me"]))
        self.attempt("so are the networks", lambda: self.equal(
            sorted(n["ssid"] for n in self.open.getWifiNetworks().json["values"]), ["home", "work"]))
        self.attempt("a hardware address is set", lambda: self.open.changeInterface(
            "eth0", body={"hardwareAddress": "02:00:00:00:35:01"}).expect(200))
        self.attempt("and shown", lambda: wait_for("address", lambda: self.open.getInterface("eth0").json[
            "hardwareAddress"].lower() == "02:00:00:00:35:01", 20))
        self.remove_networks()

    def remove_networks(self):
        for network in self.open.getWifiNetworks().json["values"]:
            self.open.removeWifiNetwork(network["id"]).expect(200)

    def coverage(self):
        for operation, counts in self.counts.items():
            good = any(status < 300 for status in counts)
            right = self.description.is_open(operation) or 403 in counts
            self.promise(f"answered well, and refused without a right: {operation}",
                         None if (good or operation in NEEDS_RADIO) and right else f"{counts}")

    PARTS = ("rights", "bad_requests", "device", "sideload", "records", "certificates", "network", "wifi", "remove")

    def all(self, only):
        self.prepare()
        for part in self.PARTS:
            if part in only:
                try:
                    getattr(self, part)()
                except PROBLEMS as problem:
                    self.promise(part, f"{type(problem).__name__} {problem}")
        self.attempt("stalled connections keep nobody out", self.crowd)
        self.attempt("the desk's own address", self.desk)
        self.attempt("the desk gives the program's status", self.desk_status)
        if set(only) == set(self.PARTS):
            self.restarted()
            self.coverage()


if __name__ == "__main__":
    sys.exit(run_parts(DeviceApi, "the device API of a booted board", DeviceApi.PARTS))
