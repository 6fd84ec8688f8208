#!/usr/bin/python3
"""The commands for an attached device, against the real device API: gatewayd's server over a world in memory.

attached_test.py TATU GATEWAYD_HOST    prints one line per failed promise and, last, "N passed, N failed"
A board that runs is a folder of the right shape whose pid file this test holds locked.
"""
import contextlib
import datetime
import fcntl
import http.client
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import zipfile

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

TATU, HOST = map(os.path.abspath, sys.argv[1:3])
BLINK = "96b15265-111a-4889-9137-2a4bd62470a0"
NOBODY = "00000000-0000-0000-0000-000000000001"
DEVICE_ID = "1d" * 64
PROMISES = []


def promise(*options, boards=("bench",)):
    """options of the device; boards: names of those that run, each with a server of its own."""
    def keep(function):
        PROMISES.append((function, options, boards))
        return function
    return keep


class Server:
    """gatewayd, as its own tests run it."""

    def __init__(self, options):
        self.folder = tempfile.mkdtemp()
        self.process = subprocess.Popen([HOST, self.folder, *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.capability = bytes.fromhex(self.process.stdout.readline())
        self.port = int(self.process.stdout.readline())

    def close(self):
        self.process.communicate(timeout=20)
        shutil.rmtree(self.folder)
        assert self.process.returncode == 0, f"the server ended with {self.process.returncode}"


class Desk:
    def __init__(self, options, boards):
        self.dir = tempfile.mkdtemp(prefix="tatu-attached-test.")
        self.env = {"PATH": os.environ["PATH"], "TATU_CONFIG": self.path("config"), "TATU_DISCOVERY": "off",
                    **{n: os.environ[n] for n in ("ASAN_OPTIONS", "UBSAN_OPTIONS") if n in os.environ}}
        self.locks, self.servers = [], {}
        for number, name in enumerate(boards):
            self.servers[name] = Server(options)
            self.make_board(name, self.servers[name].port, f"127.0.0.{number + 1}", f"{number:02x}" + DEVICE_ID[2:])
            self.switch_on(name)

    def path(self, *names):
        return os.path.join(self.dir, *names)

    def folder(self, name):
        return self.path("config/boards", name)

    def make_board(self, name, port, address, device_id):
        os.makedirs(self.folder(name))
        for part in ("config", "config/boards", f"config/boards/{name}"):
            os.chmod(self.path(part), 0o700)
        for file, size in (("flash.bin", 0x1000000), ("fuses.bin", 1), ("vault-rom.bin", 1), ("arom.bin", 1)):
            with open(os.path.join(self.folder(name), file), "wb") as out:
                out.truncate(size)
        record = {"format": 1, "class": "virtual", "deviceId": device_id, "attestationKey": "22" * 64, "implementation": "33" * 32,
                  "endorsed": True, "address": address, "port": port}
        with open(os.path.join(self.folder(name), "board.json"), "w", encoding="utf-8") as out:
            json.dump(record, out)

    def switch_on(self, name):
        lock = open(os.path.join(self.folder(name), "pid"), "w", encoding="utf-8")
        fcntl.lockf(lock, fcntl.LOCK_EX)
        self.locks.append(lock)

    def switch_off(self):
        for lock in self.locks:
            lock.close()
        self.locks = []

    def write(self, name, content):
        with open(self.path(name), "wb") as file:
            file.write(content if isinstance(content, bytes) else content.encode())
        return self.path(name)

    def run(self, *words, env=None):
        return subprocess.run([TATU, *map(str, words)], env={**self.env, **(env or {})}, capture_output=True, text=True,
                              timeout=120, stdin=subprocess.DEVNULL)

    def good(self, *words):
        ran = self.run(*words, "-o", "json")
        assert ran.returncode == 0, f"tatu {words}: {ran.stderr}"
        return json.loads(ran.stdout) if ran.stdout.strip() else None

    def bad(self, name, *words, status=1):
        ran = self.run(*words)
        assert ran.returncode == status, f"tatu {words}: status {ran.returncode}: {ran.stderr}"
        assert ran.stderr.count("\n") == 1 and ran.stderr.startswith(f"error: {name}: "), ran.stderr
        assert "; " in ran.stderr, f"no next step: {ran.stderr}"
        return ran.stderr

    def close(self):
        self.switch_off()
        for server in self.servers.values():
            server.close()
        shutil.rmtree(self.dir)


# ---- which device --------------------------------------------------------------------------------

@promise("capable", boards=("first", "second"))
def several_devices_are_told_apart_by_name_id_and_address(desk):
    listed = desk.good("device", "list-attached")
    assert [(b["name"], b["ipAddress"]) for b in listed] == [("first", "127.0.0.1"), ("second", "127.0.0.2")], listed
    assert desk.good("device", "rescan-attached") == listed
    line = desk.bad("ARGUMENT", "device", "show-os-version")
    assert "first, second" in line and "--device" in line
    for name in ("second", "127.0.0.2", f"127.0.0.2:{listed[1]['port']}", listed[1]["deviceId"], listed[1]["deviceId"][:8],
                 desk.folder("second")):
        assert desk.good("device", "show-attached", "--device", name)["name"] == "second", name
    desk.good("config", "set", "device", "first")
    assert desk.good("device", "show-attached")["name"] == "first"
    assert desk.good("dev", "show-attached", "-d", "second")["name"] == "second"


@promise("capable")
def no_device_off_or_unknown_is_one_line_with_the_next_step(desk):
    assert "list-attached" in desk.bad("NOT_FOUND", "device", "restart", "--device", "nobody")
    desk.bad("ARGUMENT", "device", "restart", "--device", "127.0.0.1:99999")
    desk.switch_off()
    assert "tatu board start" in desk.bad("NOT_FOUND", "device", "show-attached")
    assert "tatu board start bench" in desk.bad("STATE", "device", "show-attached", "--device", "bench")
    assert desk.good("device", "list-attached") == []


@promise("capable")
def a_device_that_does_not_answer_is_told_as_such(desk):
    desk.good("device", "show-os-version")
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    record = os.path.join(desk.folder("bench"), "board.json")
    with open(record, encoding="utf-8") as file:
        told = json.load(file)
    with open(record, "w", encoding="utf-8") as file:
        json.dump({**told, "port": port}, file)
    line = desk.bad("UNREACHABLE", "device", "show-os-version")
    assert "is not responding" in line and "tatu board log bench" in line


@promise("capable", boards=("one", "other"))
def the_certificate_is_pinned_at_first_sight(desk):
    pem = desk.run("board", "certificate", "one").stdout
    assert desk.good("board", "certificate", "one")["certificate"] == pem
    shown = x509.load_pem_x509_certificate(pem.encode())
    with socket.create_connection(("127.0.0.1", desk.servers["one"].port)) as link:
        context = ssl.create_default_context(cadata=pem)
        context.check_hostname = False
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        with context.wrap_socket(link) as channel:
            assert channel.getpeercert(True) == shown.public_bytes(serialization.Encoding.DER)
    kept = os.path.join(desk.folder("one"), "api.crt")
    assert os.stat(kept).st_mode & 0o077 == 0
    foreign = desk.run("board", "certificate", "other").stdout
    assert foreign != pem
    with open(kept, "w", encoding="utf-8") as file:
        file.write(foreign)
    line = desk.bad("CERTIFICATE", "device", "show-os-version", "--device", "one")
    assert "--renew" in line
    assert desk.run("board", "certificate", "one", "--renew").stdout == pem
    desk.good("device", "show-os-version", "--device", "one")
    with open(kept, "w", encoding="utf-8") as file:
        file.write("rubbish")
    desk.bad("FORMAT", "device", "show-os-version", "--device", "one")


@promise("capable")
def a_device_that_is_no_board_is_reached_by_its_address(desk):
    server = desk.servers["bench"]
    desk.switch_off()
    shutil.rmtree(desk.folder("bench"))
    where = f"127.0.0.1:{server.port}"
    assert desk.good("device", "show-attached", "--device", where)["name"] == where
    kept = desk.path("config/devices", f"127.0.0.1-{server.port}", "api.crt")
    assert os.path.exists(kept)


# ---- the device itself ---------------------------------------------------------------------------

@promise("capable")
def device_tells_what_it_is(desk):
    shown = desk.good("device", "show-attached")
    assert shown["securityState"] == "SECURE" and shown["manufacturingState"] == "DeviceComplete"
    assert shown["device_capabilities"] == [11] and len(shown["deviceId"]) == 128
    assert "osversion" in desk.good("device", "show-os-version")
    status = desk.good("device", "show-deployment-status")
    assert status["updateInProgress"] is False and status == desk.good("device", "show-ota-status")
    assert desk.good("device", "restart") == {"restartingSystem": True}
    text = desk.run("device", "show-attached", "-o", "table").stdout
    assert re.search(r"^securityState: SECURE$", text, re.M), text


@promise("new")
def manufacturing_moves_on_and_not_back(desk):
    show = ("device", "manufacturing-state", "show")
    assert desk.good(*show)["manufacturingState"] == "Module1Complete"
    assert desk.good("device", "manufacturing-state", "update", "--state", "devicecomplete")["manufacturingState"] == "DeviceComplete"
    line = desk.bad("Device error 10.18", "device", "manufacturing-state", "update", "--manufacturing-state", "Module1Complete")
    assert "enable-development" in line
    desk.bad("ARGUMENT", "device", "manufacturing-state", "update", "-s", "Golden")


@promise()
def a_locked_device_says_how_it_is_opened(desk):
    for number, words in (("10.18", ["device", "show-os-version"]), ("1.20", ["device", "app", "stop", "-i", BLINK]),
                          ("10.18", ["device", "image", "list-installed"]), ("10.18", ["device", "wifi", "list"])):
        line = desk.bad(f"Device error {number}", *words)
        assert "enable-development" in line, line


@promise()
def a_session_opens_until_it_is_ended(desk):
    file = desk.write("servicing.cap", desk.servers["bench"].capability)
    os.replace(file, desk.path("raw.cap"))
    # the world's stand-in for a signed file is no image package, so the session's own file is put in its place
    desk.bad("FORMAT", "device", "capability", "apply", "--capability-file", desk.path("raw.cap"))
    session = os.path.join(desk.folder("bench"), "session.capability")
    shutil.copy(desk.path("raw.cap"), session)
    desk.good("device", "show-os-version")
    assert desk.good("device", "capability", "apply", "--none") == {"session": False}
    assert not os.path.exists(session)
    desk.bad("Device error 10.18", "device", "show-os-version")
    for words in ([], ["--none", "--capability-file", file]):
        desk.bad("ARGUMENT", "device", "capability", "apply", *words)
    desk.bad("NOT_FOUND", "device", "capability", "apply", "--capability-file", desk.path("none"))


@promise("new")
def a_capability_file_is_made_for_the_device_and_refused_when_it_is_not_the_owners(desk):
    told = desk.good("device", "capability", "download", "--type", "appdevelopment", "--destination", desk.path("my.cap"))
    assert told["bytes"] >= 392
    with open(desk.path("my.cap"), "rb") as file:
        content = file.read()
    assert content[12:76] == bytes([0]) + b"\x1d" * 63 and content[76:80] == b"\x01\0\x0b\0"
    # this world believes one signature only, and that is not ours
    desk.bad("SIGNATURE", "device", "capability", "update", "--capability-file", desk.path("my.cap"))
    desk.bad("Device error 10.18", "device", "capability", "apply", "--capability-file", desk.path("my.cap"))
    assert not os.path.exists(os.path.join(desk.folder("bench"), "session.capability"))
    desk.bad("SIGNATURE", "device", "enable-development", "--enable-rt-core-debugging")
    desk.bad("ARGUMENT", "device", "capability", "download", "--type", "everything")
    assert desk.good("device", "capability", "show-attached") == []


@promise("capable")
def capabilities_have_names(desk):
    assert desk.good("device", "capability", "show-attached") == [{"number": 11, "name": "EnableAppDevelopment"}]


@promise("capable")
def cloud_test_ends_development(desk):
    assert desk.good("device", "enable-cloud-test") == []
    desk.bad("Device error 10.18", "device", "show-os-version")


# ---- applications and images ---------------------------------------------------------------------

@promise("capable")
def applications_are_seen_started_and_stopped(desk):
    assert desk.good("device", "app", "show-status") == [{"state": "running", "componentId": BLINK}]
    assert desk.good("device", "app", "stop", "--component-id", BLINK)[0]["state"] == "stopped"
    assert desk.good("device", "sideload", "start", "--componentid", BLINK)[0]["state"] == "running"
    assert desk.good("device", "app", "show-quota")[0] == {"UsageKB": 0, "LimitKB": 8, "componentId": BLINK}
    assert "currentMemoryUsageInBytes" in desk.good("device", "app", "show-memory-stats")
    assert desk.good("device", "app", "show-status", "-i", NOBODY)[0]["state"] == "notPresent"
    line = desk.bad("Device error 14.12", "device", "app", "stop", "-i", NOBODY)
    assert "list-installed" in line
    desk.bad("ARGUMENT", "device", "app", "stop", "-i", "1234")
    desk.bad("ARGUMENT", "device", "app", "start", "--debug-mode")
    table = desk.run("device", "app", "show-status").stdout
    assert re.match(r"componentId +state +gdbPort +outPort\n" + BLINK + r" +running +- +-\n", table), table


@promise("capable")
def what_an_application_said_is_shown(desk):
    assert desk.run("device", "app", "log").stdout == "ding\ndong\n"
    assert desk.run("device", "app", "log", "-i", BLINK).stdout == "ding\ndong\n"
    desk.bad("Device error 14.12", "device", "app", "log", "-i", NOBODY)
    follow = subprocess.Popen([TATU, "device", "app", "log", "--follow"], env=desk.env, stdout=subprocess.PIPE, text=True)
    assert follow.stdout.readline() == "ding\n"
    time.sleep(1.5)
    follow.send_signal(signal.SIGTERM)
    assert follow.stdout.read() == "dong\n", "what was shown is not shown again"
    follow.wait(10)


def make_package(desk, version=1):
    manifest = {"SchemaVersion": 1, "Name": "blink", "ComponentId": BLINK, "EntryPoint": "/bin/app", "CmdArgs": [str(version)],
                "Capabilities": {}}
    os.makedirs(desk.path("root/bin"), exist_ok=True)
    program = desk.write("root/bin/app", b"\x7fELF" + bytes(5000))
    os.chmod(program, 0o755)
    desk.write("root/app_manifest.json", json.dumps(manifest))
    package = desk.path("blink.imagepackage")
    desk.good("image-package", "pack-application", "--input-directory", desk.path("root"), "--destination", package)
    return package


@promise("capable")
def sideloading_stages_and_installs(desk):
    package = make_package(desk)
    told = desk.good("device", "sideload", "deploy", "--image-package", package)
    assert told["componentId"] == BLINK and told["started"] is True
    assert desk.good("dev", "sl", "deploy", "-p", package, "--manual-start")["started"] is False
    desk.bad("NOT_FOUND", "device", "sideload", "deploy", "--image-package", desk.path("none"))
    desk.bad("SHORT", "device", "sideload", "deploy", "--image-package", desk.write("bad", b"x" * 50))
    with open(package, "rb") as file:
        content = bytearray(file.read())
    content[5000] ^= 1
    desk.bad("DIGEST", "device", "sideload", "deploy", "--image-package", desk.write("damaged", bytes(content)))
    desk.good("image-package", "pack-board-config", "--preset", "lan-enc28j60-isu0-int5", "--destination", desk.path("eth"))
    desk.bad("TYPE", "device", "sideload", "deploy", "--image-package", desk.path("eth"))
    huge = desk.write("huge", b"")
    os.truncate(huge, 4 << 20)
    desk.bad("LONG", "device", "sideload", "deploy", "--image-package", huge)


@promise("capable", "ota")
def a_busy_device_says_what_it_is_busy_with(desk):
    line = desk.bad("Device error 7.39", "device", "sideload", "deploy", "--image-package", make_package(desk))
    assert "a deployment is under way" in line


@promise("capable")
def deployment_timeout_is_kept(desk):
    assert desk.good("device", "sideload", "show-deployment-timeout")["deploymentTimeoutSeconds"] == 120
    desk.good("device", "sideload", "set-deployment-timeout", "--value", 30)
    assert desk.good("device", "sideload", "show-deployment-timeout")["deploymentTimeoutSeconds"] == 30
    for value in ("0", "never", "99999"):
        desk.bad("ARGUMENT", "device", "sideload", "set-deployment-timeout", "--value", value)


@promise("capable")
def sideloaded_applications_are_deleted_but_for_those_that_are_named(desk):
    desk.bad("NOT_FOUND", "device", "sideload", "delete", "--component-id", NOBODY)
    desk.bad("ARGUMENT", "device", "sideload", "delete", "-i", NOBODY, "--except-component-ids", BLINK)
    desk.bad("ARGUMENT", "device", "sideload", "delete", "--except-component-ids", "1234")
    assert desk.good("device", "sideload", "delete", "--except-component-ids", BLINK, NOBODY) == []
    assert [gone["componentId"] for gone in desk.good("device", "sideload", "delete")] == [BLINK]


@promise("capable")
def images_are_listed(desk):
    own = desk.good("device", "image", "list-installed")
    assert [(row["componentId"], row["imageType"]) for row in own] == [(BLINK, "Applications")]
    every = desk.good("device", "image", "list-installed", "--all")
    assert len(every) > len(own) and {"NormalWorldKernel", "SecurityMonitor"} <= {row["imageType"] for row in every}
    desk.bad("STATE", "device", "image", "list-targeted")


# ---- certificates --------------------------------------------------------------------------------

def certificate(name):
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.timezone.utc)
    made = (x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
            .serial_number(1).not_valid_before(now).not_valid_after(now + datetime.timedelta(days=9)).sign(key, hashes.SHA256()))
    pem = made.public_bytes(serialization.Encoding.PEM)
    return pem, key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


@promise("capable")
def certificates_come_and_go(desk):
    pem, key = certificate("desk")
    public, private = desk.write("c.pem", pem), desk.write("k.pem", key)
    add = ("device", "certificate", "add")
    assert desk.good("device", "certificate", "list") == []
    desk.good(*add, "--cert-type", "client", "--certificate", "me", "--public-key-file", public, "--private-key-file", private)
    desk.good(*add, "--cert-type", "rootca", "--cert-id", "root", "--public-key-filepath", public)
    assert sorted(desk.good("device", "certificate", "list")) == ["me", "root"]
    assert desk.good("device", "certificate", "show", "--certificate", "me")["subjectName"] == "/CN=desk"
    assert int(desk.good("device", "certificate", "show-quota")["AvailableSpace"]) < 24514
    desk.good("device", "certificate", "delete", "-i", "root")
    line = desk.bad("Device error 37.7", "device", "certificate", "show", "-i", "root")
    assert "certificate list" in line
    desk.bad("Device error 37.4", *add, "-t", "rootca", "-i", "x" * 17, "-p", public)
    desk.bad("Device error 37.13", *add, "-t", "rootca", "-i", "x", "-p", desk.write("no.pem", "no certificate"))
    desk.bad("ARGUMENT", *add, "-t", "client", "-i", "x", "-p", public)
    desk.bad("ARGUMENT", *add, "-t", "leaf", "-i", "x", "-p", public)
    desk.bad("NOT_FOUND", *add, "-t", "rootca", "-i", "x", "-p", desk.path("none"))


# ---- network -------------------------------------------------------------------------------------

@promise("capable")
def network_is_shown_and_changed(desk):
    assert "deviceAuthenticationIsReady" in desk.good("device", "network", "show-status")
    names = [row["interfaceName"] for row in desk.good("device", "network", "list-interfaces")]
    assert "eth0" in names, names
    desk.good("device", "network", "disable", "--interface", "eth0")
    desk.good("device", "network", "enable", "--interface", "eth0")
    desk.good("device", "network", "update-interface", "-n", "eth0", "--hardware-address", "02:11:22:33:44:55")
    assert "list-interfaces" in desk.bad("Device error 30.14", "device", "network", "enable", "--interface", "none0")
    desk.bad("Device error 30.6", "device", "network", "update-interface", "-n", "eth0", "--hardware-address", "one")
    rules = desk.good("device", "network", "list-firewall-rules")
    assert rules["rulesets"], rules
    assert desk.run("device", "network", "list-firewall-rules").stdout.startswith("hook")
    assert isinstance(desk.good("device", "network", "show-diagnostics"), list)


@promise("capable")
def proxy_is_applied_switched_and_forgotten(desk):
    proxy = ("device", "network", "proxy")
    assert desk.good(*proxy, "show") == {}
    desk.bad("NOT_FOUND", *proxy, "enable")
    told = desk.good(*proxy, "apply", "--address", "proxy.lan", "--port", 3128, "--authentication", "anonymous",
                     "--no-proxy-addresses", "a.lan, b.lan")
    assert told["enabled"] is True and told["noProxyAddresses"] == ["a.lan", "b.lan"]
    assert desk.good(*proxy, "disable")["enabled"] is False
    assert desk.good(*proxy, "enable")["enabled"] is True
    desk.good(*proxy, "apply", "--address", "proxy.lan", "--port", 3128, "--authentication", "basic", "--username", "me",
              "--password", "secret", "--enable", "false")
    assert "secret" not in desk.run(*proxy, "show").stdout
    desk.bad("STATE", *proxy, "enable")
    desk.bad("ARGUMENT", *proxy, "apply", "--address", "x", "--port", 0, "--authentication", "anonymous")
    desk.bad("ARGUMENT", *proxy, "apply", "--address", "x", "--port", 1, "--authentication", "anonymous", "--enable", "maybe")
    desk.bad("Device error 10.25", *proxy, "apply", "--address", "x", "--port", 1, "--authentication", "magic")
    desk.good(*proxy, "delete")
    assert desk.good(*proxy, "show") == {}


@promise("capable")
def wifi_networks_are_kept(desk):
    wifi = ("device", "wifi")
    assert desk.good(*wifi, "list") == []
    made = desk.good(*wifi, "add", "--ssid", "home", "--psk", "passphrase", "--config-name", "mine", "--targeted-scan")
    assert made["securityState"] == "psk" and made["targetedScan"] is True
    assert desk.good(*wifi, "add", "--ssid", "cafe")["securityState"] == "open"
    work = desk.good(*wifi, "add", "--ssid", "work", "--client-cert-id", "me", "--root-ca-cert-id", "root", "--client-id", "who")
    assert work["securityState"] == "eaptls"
    assert [row["ssid"] for row in desk.good(*wifi, "list")] == ["home", "cafe", "work"]
    assert desk.good(*wifi, "disable", "--id", made["id"])["configState"] == "disabled"
    assert desk.good(*wifi, "enable", "--id", made["id"])["configState"] == "enabled"
    assert desk.good(*wifi, "show", "-i", made["id"])["ssid"] == "home"
    desk.good(*wifi, "forget", "--id", made["id"])
    desk.bad("Device error 13.3", *wifi, "show", "--id", made["id"])
    desk.bad("Device error 13.25", *wifi, "add", "--ssid", "home", "--psk", "short")
    desk.bad("ARGUMENT", *wifi, "add", "--ssid", "home", "--psk", "passphrase", "--client-cert-id", "me")
    desk.bad("ARGUMENT", *wifi, "forget", "--id", "home")
    assert isinstance(desk.good(*wifi, "show-status"), dict)
    radio = [desk.run(*wifi, verb) for verb in ("scan", "reload-config")]
    for ran in radio:
        assert ran.returncode == 0 or re.match(r"error: Device error 1[23]\.1[78]: ", ran.stderr), ran.stderr


# ---- support -------------------------------------------------------------------------------------

@promise("capable")
def support_data_is_one_file_with_everything(desk):
    with open(os.path.join(desk.folder("bench"), "serial.log"), "w", encoding="utf-8") as log:
        log.write("[ROM] hello\n")
    told = desk.good("get-support-data", "--destination", desk.path("logs.zip"))
    assert told["refused"] <= 1, told
    with zipfile.ZipFile(desk.path("logs.zip")) as bundle:
        assert bundle.testzip() is None
        names = set(bundle.namelist())
        assert {"status.json", "images.json", "device_log.bin", "serial.log", "net_firewall.json"} <= names, names
        assert len(bundle.read("device_log.bin")) % 4096 == 0
        assert bundle.read("serial.log") == b"[ROM] hello\n"
        json.loads(bundle.read("images.json"))
    desk.bad("IO", "get-support-data", "--destination", "/nonexistent/logs.zip")


@promise()
def support_data_of_a_locked_device_says_what_was_refused(desk):
    told = desk.good("get-support-data", "--destination", desk.path("logs.zip"))
    assert told["refused"] > 5
    with zipfile.ZipFile(desk.path("logs.zip")) as bundle:
        assert b"Device error 10.18" in bundle.read("images.error.txt")
        json.loads(bundle.read("status.json"))


# ---- the discovery service -----------------------------------------------------------------------

def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def ask(port, method, path, host=None):
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    link.request(method, path, headers={"Host": host} if host else {})
    answer = link.getresponse()
    return answer.status, answer.read(), answer.headers


@promise("capable", boards=("left", "right"))
def discovery_tells_what_is_attached_to_whoever_is_here(desk):
    port = free_port()
    service = subprocess.Popen([TATU, "discovery", "--port", str(port)], env=desk.env, stderr=subprocess.PIPE, text=True)
    try:
        for _ in range(100):
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", port), 5).close()
                break
            time.sleep(0.1)
        status, body, headers = ask(port, "GET", "/api/service/devices")
        assert status == 200 and headers["Content-Type"] == "application/json"
        assert json.loads(body) == [{"IpAddress": "127.0.0.1", "DeviceConnectionPath": desk.folder("left")},
                                    {"IpAddress": "127.0.0.2", "DeviceConnectionPath": desk.folder("right")}]
        assert ask(port, "GET", "/api/service/devices", "localhost:48938")[0] == 200
        assert ask(port, "GET", "/api/service/devices", "evil.example")[0] == 403
        assert ask(port, "GET", "/elsewhere")[0] == 404
        assert ask(port, "POST", "/api/service/devices")[0] in (405, 501)
        desk.bad("BUSY", "discovery", "--port", port)
        desk.switch_off()
        assert json.loads(ask(port, "GET", "/api/service/devices")[1]) == []
        service.wait(30)  # the last board went: so does the service
        assert service.returncode == 0
    finally:
        service.kill()
        service.wait()
        service.stderr.close()


def main():
    failed = 0
    for function, options, boards in PROMISES:
        desk = None
        try:
            desk = Desk(options, boards)
            function(desk)
        except Exception as problem:  # pylint: disable=broad-except
            failed += 1
            print(f"{function.__name__}: {type(problem).__name__}: {problem}")
        finally:
            if desk is not None:
                desk.close()
    print(f"{len(PROMISES) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
