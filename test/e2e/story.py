#!/usr/bin/python3
"""The story: a doorbell on a secured device, end to end, on a board that boots.

story.py [--headless] [--json] [--dir DIR] [--keep] [--until STEP]
Each step really happens; a step that does not hold ends the story with exit status 1.
"""
import argparse
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TATU = os.path.join(ROOT, "build/host/cli/tatu")
SERVICE = os.path.join(ROOT, "build/host/service/tatu-service")
RECEIVER = os.path.join(ROOT, "build/host/receiver/tatu-receiver")


class StepFailed(Exception):
    pass


def wait_for(what, condition, seconds):
    """Polls until condition() gives something true; that value."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.1)
    raise StepFailed(f"{what}: not within {seconds} s")


def read_lines(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read().splitlines()
    except FileNotFoundError:
        return []


class Story:
    def __init__(self, options):
        self.options = options
        self.dir = options.dir or tempfile.mkdtemp(prefix="tatu-story.")
        os.makedirs(self.dir, mode=0o700, exist_ok=True)
        self.children = []
        self.env = dict(os.environ, TATU_CONFIG=self.path("cli"),
                        TATU_QEMU=os.path.realpath(os.path.join(ROOT, "build/chip")))
        self.facts = {}

    def path(self, *names):
        return os.path.join(self.dir, *names)

    def tatu(self, *args, refused=False):
        """Runs one CLI command; its parsed JSON. With refused=True it must fail, and its error line is the answer."""
        ran = subprocess.run([TATU, *map(str, args), "-o", "json"], env=self.env,
                             capture_output=True, text=True, timeout=120)
        if refused:
            if ran.returncode == 0:
                raise StepFailed(f"tatu {' '.join(map(str, args))}: was not refused")
            return ran.stderr.strip()
        if ran.returncode != 0:
            raise StepFailed(f"tatu {' '.join(map(str, args))}: {ran.stderr.strip()}")
        return json.loads(ran.stdout) if ran.stdout.strip() else None

    def start(self, name, *command):
        log = open(self.path(name + ".log"), "w", encoding="utf-8")
        child = subprocess.Popen(list(map(str, command)), stdout=log, stderr=subprocess.STDOUT,
                                 stdin=subprocess.DEVNULL, env=self.env)
        self.children.append(child)
        return child

    def stop_all(self):
        for board in ("board", "foreign"):
            if os.path.exists(self.path(board, "board.json")):
                subprocess.run([TATU, "board", "stop", self.path(board)], env=self.env, capture_output=True)
        for child in self.children:
            child.terminate()
        for child in self.children:
            try:
                child.wait(10)
            except subprocess.TimeoutExpired:
                child.kill()
        if not self.options.keep and not self.options.dir:
            shutil.rmtree(self.dir, ignore_errors=True)

    def serial(self, board="board"):
        return "\n".join(read_lines(self.path(board, "serial.log")))

    def serial_has(self, pattern, seconds, since=0, board="board"):
        """Waits for a line of the serial log (after byte `since`); the match."""
        return wait_for(f"serial log: {pattern}",
                        lambda: re.search(pattern, self.serial(board)[since:]), seconds)

    def run(self, steps):
        ok = True
        for number, (name, say, function) in enumerate(steps, 1):
            if not self.options.json:
                print(f"{number:2}. {say} … ", end="", flush=True)
            began = time.monotonic()
            try:
                detail = function() or {}
            except (StepFailed, OSError, ValueError, KeyError, subprocess.SubprocessError) as problem:
                ok, detail = False, {"error": str(problem)}
            seconds = round(time.monotonic() - began, 2)
            if self.options.json:
                print(json.dumps({"step": name, "ok": ok, "seconds": seconds, "detail": detail}), flush=True)
            else:
                print(("held" if ok else "FAILED") + f"  ({seconds} s)")
                for key, value in detail.items():
                    print(f"      {key}: {value}")
            if not ok:
                if not self.options.json:
                    print(f"      everything is kept in {self.dir}")
                self.options.keep = True
                return False
        return True


BUTTON, LIGHT = 12, 8
PRESS_MS, LONG_PRESS_MS = 500, 2500  # on a busy machine the application looks late
LINUX_WITHIN_S, APP_WITHIN_S = 60, 90


class Doorbell(Story):
    """The steps, in the order of the README."""

    NAMES = ["service", "fab", "power", "linux", "claim", "prove", "deploy", "ring", "crash", "fix", "attack-flash",
             "attack-evidence"]
    LISTEN = "127.0.0.1"  # where the service listens to devices

    # ---- 1 the service -----------------------------------------------------------------------

    def service_starts(self):
        self.start("service", SERVICE, "--data", self.path("service"), "--operator", "127.0.0.1:0",
                   "--front", self.LISTEN + ":0", "--update", self.LISTEN + ":0", "--host", "10.0.2.2")
        wait_for("service.json", lambda: os.path.exists(self.path("service", "service.json")), 20)
        with open(self.path("service", "service.json"), encoding="utf-8") as file:
            ports = json.load(file)
        self.facts["ports"] = {name: int(ports[name].rsplit(":", 1)[1]) for name in ("operator", "front", "update")}
        url = "https://" + ports["operator"]
        self.tatu("login", "--service", url, "--token-file", self.path("service", "operator.token"),
                  "--ca", self.path("service", "keys", "root.crt"))
        wrong = [name for name in ("service", "service/keys", "service/operator.token")
                 if os.stat(self.path(name)).st_mode & 0o077]
        if wrong:
            raise StepFailed(f"others may read {wrong}")
        return {"service": url, "keys": "0600 in a folder of 0700"}

    # ---- 2 fab and power ---------------------------------------------------------------------

    def sign_release(self, out, update_port, register):
        self.tatu("release", "sign", "--platform", self.path("platform"), "--bodies", os.path.join(ROOT, "build/release"),
                  "--host", "10.0.2.2", "--front", self.facts["ports"]["front"], "--update", update_port,
                  "--version", "26.11" if register else "26.11x", "--security-version", 1, "--out", self.path(out))
        if register:
            self.tatu("release", "register", "--release", self.path(out))

    def create_board(self, name, release):
        return self.tatu("board", "create", self.path(name), "--release", self.path(release), "--maker", self.path("maker"),
                         "--rom", os.path.join(ROOT, "build/vault/silicon/vault/vault-rom.bin"),
                         "--arom", os.path.join(ROOT, "build/monitor/monitor/arom.bin"))

    def board_is_made(self):
        self.tatu("platform", "init", "--dir", self.path("platform"))
        self.tatu("maker", "init", "--dir", self.path("maker"), "--name", "workshop")
        self.tatu("maker", "register", "--maker", self.path("maker"))
        self.sign_release("release", self.facts["ports"]["update"], register=True)
        board = self.create_board("board", "release")
        self.facts["device"] = board["deviceId"]
        return {"deviceId": board["deviceId"][:16] + "…", "endorsed by": "workshop"}

    def board_powers_up(self):
        self.tatu("board", "start", self.path("board"))
        stages = [r"\[ROM\] [^\n]*", r"\[VAULT\] [^\n]*monitor[^\n]*", r"\[MON\] [^\n]*kernel[^\n]*"]
        return {f"stage {n}": self.serial_has(stage, LINUX_WITHIN_S).group(0) for n, stage in enumerate(stages, 1)}

    def linux_reaches_appman(self):
        line = self.serial_has(r"appman: reached[^\n]*", LINUX_WITHIN_S).group(0)
        return {"serial": line}

    # ---- 4, 5 owner, evidence ----------------------------------------------------------------

    def owner_claims(self):
        self.serial_has(r"gatewayd: [^\n]*port 443", LINUX_WITHIN_S)
        catalog = self.tatu("catalog", "create", "home")
        self.facts["tenant"] = catalog["properties"]["tenantId"]
        self.tatu("config", "set", "catalog", "home")
        self.tatu("product", "create", "doorbell")
        self.tatu("config", "set", "product", "doorbell")
        self.tatu("config", "set", "device-group", "Production")
        self.tatu("catalog", "ca", "--out", self.path("catalog-ca.pem"))
        self.facts["claimed at"] = len(self.serial())
        self.tatu("device", "claim", "--board", self.path("board"))
        return {"catalog": self.facts["tenant"]}

    def device_proves(self):
        shown = wait_for("evidence of the claimed device", self.proven, 60)
        line = self.serial_has(r"proven: verdict OK, update certificate[^\n]*", 30, self.facts["claimed at"]).group(0)
        return {"verdict": shown["verdictName"], "release": shown.get("release"), "serial": line}

    def proven(self):
        shown = self.tatu("device", "show", self.facts["device"])
        return shown if shown.get("claimed") and shown.get("verdict") == 0 else None

    # ---- 6 application -----------------------------------------------------------------------

    def build_application(self, name, sources, change, options=()):
        """Copies the sources, lets change(folder, manifest) make them what is wanted, builds with the SDK; the output."""
        source = self.path(name)
        shutil.copytree(sources, source)
        manifest_path = os.path.join(source, "app_manifest.json")
        with open(manifest_path, encoding="utf-8") as file:
            manifest = json.load(file)
        change(source, manifest)
        with open(manifest_path, "w", encoding="utf-8") as file:
            json.dump(manifest, file, indent=2)
        env = dict(self.env, AzureSphereDefaultSDKDir=os.path.join(ROOT, "build/sdk"))
        for command in (["cmake", "--preset", "ARM-Debug", *options], ["cmake", "--build", "--preset", "ARM-Debug"]):
            ran = subprocess.run(command, cwd=source, env=env, capture_output=True, text=True)
            if ran.returncode != 0:
                raise StepFailed(f"{' '.join(command)}: {(ran.stdout + ran.stderr)[-2000:]}")
        return os.path.join(source, "out/ARM-Debug")

    def build_doorbell(self, version):
        def change(source, manifest):
            os.makedirs(os.path.join(source, "certs"), exist_ok=True)
            shutil.copy(self.path("service", "keys", "root.crt"), os.path.join(source, "certs/receiver.pem"))
            manifest["CmdArgs"] = [f"https://10.0.2.2:{self.facts['receiver']}/ring"]
            manifest["Capabilities"]["DeviceAuthentication"] = self.facts["tenant"]
        out = self.build_application(f"doorbell-v{version}", os.path.join(ROOT, "sdk/samples/doorbell"), change,
                                     [f"-DDOORBELL_VERSION={version}"])
        return os.path.join(out, "doorbell.imagepackage"), os.path.join(out, "doorbell")

    def issue_receiver_certificate(self):
        """The owner's own root gives the owner's own receiver its server certificate."""
        key, request, leaf, chain = (self.path("receiver" + end) for end in (".key", ".csr", ".leaf.crt", ".crt"))
        root_crt, root_key = self.path("service", "keys", "root.crt"), self.path("service", "keys", "root.pem")
        extensions = self.path("receiver.ext")
        with open(extensions, "w", encoding="utf-8") as file:
            file.write("basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n"
                       "extendedKeyUsage=serverAuth\nsubjectAltName=IP:10.0.2.2,IP:127.0.0.1\n")
        for command in (["req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key,
                         "-subj", "/CN=receiver", "-out", request],
                        ["x509", "-req", "-in", request, "-CA", root_crt, "-CAkey", root_key, "-CAcreateserial",
                         "-days", "2", "-extfile", extensions, "-out", leaf]):
            subprocess.run(["openssl", *command], check=True, capture_output=True)
        with open(chain, "w", encoding="utf-8") as out:
            for part in (leaf, root_crt):
                with open(part, encoding="utf-8") as file:
                    out.write(file.read())
        return chain, key

    def start_receiver(self):
        log = self.path("receiver.log")
        chain, key = self.issue_receiver_certificate()
        self.start("receiver", RECEIVER, "--ca", self.path("catalog-ca.pem"), "--listen", "127.0.0.1:0",
                   "--cert", chain, "--key", key)
        ready = wait_for("receiver", lambda: [e for e in self.told() if e["event"] == "ready"], 10)
        self.facts["receiver"] = int(ready[0]["address"].rsplit(":", 1)[1])

    def told(self):
        """What the receiver said so far."""
        return [json.loads(line) for line in read_lines(self.path("receiver.log")) if line.startswith("{")]

    def deploy(self, version):
        package, program = self.build_doorbell(version)
        image = self.tatu("image", "add", package)
        self.tatu("symbols", "add", program)
        self.tatu("deployment", "create", "--images", image["properties"]["imageId"])
        return image["properties"]["imageId"], os.path.getsize(package)

    def doorbell_is_deployed(self):
        self.start_receiver()
        since = len(self.serial())
        image_id, size = self.deploy(1)
        self.serial_has(r"app doorbell: doorbell version 1 is ready", APP_WITHIN_S)
        line = self.serial_has(r"proven: verdict OK, update certificate, 1 customer certificate[^\n]*", 30, since).group(0)
        return {"image": image_id, "bytes": size, "serial": line}

    # ---- 7, 8, 9 ring, crash, fix ------------------------------------------------------------

    def rings(self):
        return [entry for entry in self.told() if entry["event"] == "ring"]

    def press(self, milliseconds):
        before = len(self.rings())
        watched = self.tatu("board", "press", self.path("board"), BUTTON, "--ms", milliseconds, "--watch-ms", 1500)
        return before, watched

    def button_rings(self):
        before, watched = self.press(PRESS_MS)
        ring = wait_for("the receiver's ring", lambda: self.rings()[before:], 30)[0]
        if ring["deviceId"] != self.facts["device"]:
            raise StepFailed(f"the ring came from another device: {ring}")
        light = [entry for entry in watched["changes"] if entry.get("gpio", entry.get("line")) == LIGHT]
        if not light:
            raise StepFailed(f"the light did not blink: {watched}")
        return {"ring": ring["count"], "light": f"changed {len(light)} times"}

    def crashes(self):
        return self.tatu("crash", "list")

    def long_press_crashes(self):
        since = len(self.serial())
        self.press(LONG_PRESS_MS)
        pressed = time.monotonic()
        crash = wait_for("the crash at the owner", self.crashes, 60)[0]
        seconds = round(time.monotonic() - pressed, 1)
        shown = self.tatu("crash", "show", crash["id"])
        frame = next((f for f in shown["frames"] if f.get("function") == "press_choose_chime"), None)
        if frame is None or "press_v1.c" not in frame.get("file", ""):
            raise StepFailed(f"the stack does not name the bug: {shown['frames']}")
        self.serial_has(r"app doorbell: doorbell version 1 is ready", APP_WITHIN_S, since)
        return {"crash": f"signal {shown['signal']} in {frame['function']} at {os.path.basename(frame['file'])}:{frame['line']}",
                "visible after": f"{seconds} s", "application": "restarted"}

    def fix_is_deployed(self):
        since = len(self.serial())
        count = len(self.crashes())
        self.deploy(2)
        self.serial_has(r"app doorbell: doorbell version 2 is ready", APP_WITHIN_S, since)
        before, _ = self.press(LONG_PRESS_MS)
        ring = wait_for("the ring of a long press", lambda: self.rings()[before:], 30)[0]
        if "[ROM]" in self.serial()[since:]:
            raise StepFailed("the whole board restarted")
        if len(self.crashes()) != count:
            raise StepFailed("it crashed again")
        return {"ring": ring["count"], "restarted": "only the application"}

    # ---- 10 attacks --------------------------------------------------------------------------

    def flipped_kernel_boots_backup(self):
        self.tatu("board", "stop", self.path("board"))
        self.tatu("board", "flip", self.path("board"), 0x30000 + 0x1000)
        self.tatu("board", "start", self.path("board"))
        refused = self.serial_has(r"\[MON\] set A: kernel refused[^\n]*", LINUX_WITHIN_S).group(0)
        self.serial_has(r"appman: set B \(fallback\)[^\n]*", LINUX_WITHIN_S)
        report = wait_for("the report at the owner", self.boot_report, 60)
        return {"serial": refused, "report": report["text"]}

    def boot_report(self):
        events = self.tatu("event", "list")
        return next((event for event in events if event["kind"] == "boot-image-refused"), None)

    def foreign_software_is_kept_out(self):
        """A board whose release nobody registered, and whose update port is the receiver: what it proves
        gets it an update certificate, and that is what it shows to the receiver."""
        self.sign_release("foreign-release", self.facts["receiver"], register=False)
        device = self.create_board("foreign", "foreign-release")["deviceId"]
        self.tatu("board", "start", self.path("foreign"))
        self.serial_has(r"gatewayd: [^\n]*port 443", LINUX_WITHIN_S, board="foreign")
        self.tatu("device", "claim", "--board", self.path("foreign"))
        line = self.serial_has(r"proven: verdict MEASUREMENT, update certificate, 0 customer[^\n]*", 60, board="foreign").group(0)
        refusal = wait_for("the receiver's refusal", self.refusals, 60)[0]
        self.tatu("board", "stop", self.path("foreign"))
        return {"device": device[:16] + "…", "serial": line, "receiver": refusal}

    def refusals(self):
        return [entry["reason"] for entry in self.told() if entry["event"] == "refused"]

    def steps(self):
        told = [
            ("the service starts", self.service_starts),
            ("a board is made at the fab", self.board_is_made),
            ("it powers up: vault, monitor, kernel", self.board_powers_up),
            ("Linux reaches appman", self.linux_reaches_appman),
            ("the owner claims the board", self.owner_claims),
            ("it proves what it runs: a certificate for updates", self.device_proves),
            ("doorbell version 1 is built, deployed, started, certified", self.doorbell_is_deployed),
            ("the button rings at the receiver", self.button_rings),
            ("a long press crashes it; the owner reads the stack", self.long_press_crashes),
            ("version 2 is deployed and holds", self.fix_is_deployed),
            ("attack: one flipped byte in the kernel", self.flipped_kernel_boots_backup),
            ("attack: evidence that does not match", self.foreign_software_is_kept_out),
        ]
        return [(name, *step) for name, step in zip(self.NAMES, told, strict=True)]


def stay_up(story):
    service = f"https://127.0.0.1:{story.facts['ports']['operator']}"
    if story.options.json:
        print(json.dumps({"service": service, "folder": story.dir}), flush=True)
        signal.pause()
    print(f"\nthe service is at {service}; press b to ring, Ctrl-C to end", flush=True)
    if sys.stdin.isatty():
        subprocess.run([TATU, "board", "watch", story.path("board"), "--note", f"service {service}   folder {story.dir}"],
                       env=story.env)
    else:
        signal.pause()


def read_options(names):
    parser = argparse.ArgumentParser(description="the story, on a board that boots")
    parser.add_argument("--headless", action="store_true", help="end after the story")
    parser.add_argument("--json", action="store_true", help="one JSON line per step")
    parser.add_argument("--dir", help="folder for everything; a temporary one otherwise")
    parser.add_argument("--keep", action="store_true", help="keep the temporary folder")
    parser.add_argument("--until", metavar="STEP", choices=names, help="stop after this step: " + ", ".join(names))
    return parser.parse_args()


def end_by_signal(number, _frame):
    sys.exit(128 + number)


def main():
    options = read_options(Doorbell.NAMES)
    signal.signal(signal.SIGTERM, end_by_signal)
    signal.signal(signal.SIGHUP, end_by_signal)  # the terminal was closed
    story = Doorbell(options)
    held = False
    try:
        steps = story.steps()
        if options.until:
            steps = steps[:Doorbell.NAMES.index(options.until) + 1]
        held = story.run(steps)
        if held and not options.headless:
            stay_up(story)
    except KeyboardInterrupt:
        if not held:
            return 130
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # an impatient second Ctrl-C would leave a board behind
        story.stop_all()
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
