#!/usr/bin/python3
"""A newcomer's minutes: two boards by name, an application from 'tatu new', deployed, pressed, seen, taken away.

desk.py [--dir DIR] [--keep]   with what tools/product.sh built; one line per promise; last "N passed, N failed"
"""
import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TATU = os.path.join(ROOT, "build/bin/tatu")
BUTTON_A, LED1_RED = 12, 8


class Desk:
    def __init__(self, options):
        self.options = options
        self.dir = options.dir or tempfile.mkdtemp(prefix="tatu-desk.")
        self.env = dict(os.environ, TATU_CONFIG=self.path("config"), AzureSphereDefaultSDKDir=os.path.join(ROOT, "build/sdk"))
        self.env.pop("TATU_DISCOVERY", None)
        self.held, self.failed, self.boards = 0, [], {}

    def path(self, *names):
        return os.path.join(self.dir, *names)

    def attempt(self, name, function):
        try:
            function()
            self.held += 1
            print(f"held: {name}", flush=True)
        except (AssertionError, OSError, ValueError, KeyError, subprocess.SubprocessError) as problem:
            self.failed.append(name)
            print(f"FAILED: {name}: {type(problem).__name__}: {problem}", flush=True)

    def run(self, *words, cwd=None, timeout=1200):
        return subprocess.run(list(map(str, words)), env=self.env, cwd=cwd, capture_output=True, text=True, timeout=timeout,
                              stdin=subprocess.DEVNULL)

    def tatu(self, *words):
        """Patient with a board on a busy host."""
        for _ in range(20):
            ran = self.run(TATU, *words, "-o", "json")
            if ran.returncode == 0:
                return json.loads(ran.stdout) if ran.stdout.strip() else None
            if not re.match(r"error: (TIMEOUT|UNREACHABLE|Device error 10\.5):", ran.stderr):
                break
            time.sleep(1)
        raise AssertionError(ran.stderr.strip())

    def wait(self, what, condition, seconds=180):
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, f"{what}: not within {seconds} s"
            time.sleep(0.5)

    # ---- steps ----

    def make_boards(self):
        for name in ("first", "second"):
            ran = self.run(os.path.join(ROOT, "tools/desk.py"), name, "--json")
            assert ran.returncode == 0, ran.stderr
            assert ran.stdout.count("\n") == 1
            told = json.loads(ran.stdout)
            assert {"name", "ip", "deviceId", "panel", "serialLog"} <= set(told) and os.path.exists(told["serialLog"]), told
            self.boards[name] = told
        assert self.boards["first"]["ip"] != self.boards["second"]["ip"]

    def asked_again(self):
        again = json.loads(self.run(os.path.join(ROOT, "tools/desk.py"), "first", "--json").stdout)
        assert again["deviceId"] == self.boards["first"]["deviceId"]

    def discovered(self):
        with urllib.request.urlopen("http://localhost:48938/api/service/devices", timeout=10) as answer:
            devices = json.loads(answer.read())
        assert {board["ip"] for board in self.boards.values()} <= {device["IpAddress"] for device in devices}, devices

    def certificate(self):
        pem = self.run(TATU, "board", "certificate", "first").stdout
        with open(self.path("first.crt"), "w", encoding="utf-8") as file:
            file.write(pem)
        where = self.boards["first"]
        ran = self.run("curl", "-s", "--max-time", 60, "--cacert", self.path("first.crt"), "--resolve",
                       f"x.devices.sphere.azure.local:{where['port']}:{where['ip']}",
                       f"https://x.devices.sphere.azure.local:{where['port']}/status")
        assert ran.returncode == 0 and "uptime" in ran.stdout, ran

    def development(self):
        for name in self.boards:
            assert {1, 11} <= {row["number"] for row in self.tatu("device", "capability", "show-attached", "--device", name)}

    def build(self):
        ran = self.run(TATU, "new", "hello", cwd=self.dir)
        assert ran.returncode == 0, ran.stderr
        for words in (["cmake", "--preset", "ARM-Debug"], ["cmake", "--build", "--preset", "ARM-Debug"]):
            ran = self.run(*words, cwd=self.path("hello"))
            assert ran.returncode == 0, ran.stdout + ran.stderr

    def package(self):
        return self.path("hello/out/ARM-Debug/hello.imagepackage")

    def deploy(self):
        self.tatu("device", "sideload", "set-deployment-timeout", "--value", 600)
        self.component = self.tatu("device", "sideload", "deploy", "--image-package", self.package(), "--device", "first")["componentId"]
        self.wait("it runs", lambda: "is ready" in self.log())

    def log(self):
        return self.run(TATU, "device", "app", "log", "--component-id", self.component, "--device", "first").stdout

    def press(self):
        told = self.tatu("board", "press", "first", BUTTON_A, "--ms", 3000, "--watch-ms", 3000)
        assert [change["level"] for change in told["changes"] if change["line"] == LED1_RED][:2] in ([0, 1], [1, 0]), told
        self.wait("it was told", lambda: "button A is pressed" in self.log())

    def redeploy(self):
        source = self.path("hello/main.c")
        with open(source, encoding="utf-8") as file:
            text = file.read()
        with open(source, "w", encoding="utf-8") as file:
            file.write(text.replace("is ready", "is better and ready"))
        ran = self.run("cmake", "--build", "--preset", "ARM-Debug", cwd=self.path("hello"))
        assert ran.returncode == 0, ran.stderr
        self.tatu("device", "sideload", "deploy", "--image-package", self.package(), "--device", "first")
        self.wait("the new one runs", lambda: "is better and ready" in self.log())

    def stop_and_start(self):
        where = ("--component-id", self.component, "--device", "first")
        assert self.tatu("device", "app", "stop", *where)[0]["state"] == "stopped"
        assert self.tatu("device", "app", "start", *where)[0]["state"] == "running"

    def foreign_packages_are_refused(self):
        key = self.path("stranger.pem")
        self.run("openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", key)
        os.chmod(key, 0o600)
        root = self.path("hello/out/ARM-Debug/approot-hello")
        ran = self.run(TATU, "image-package", "pack-application", "--input", root, "--manifest", self.path("hello/app_manifest.json"),
                       "--hardware-definition", "mt3620_rdb.json", "--search", os.path.join(ROOT, "build/sdk/HardwareDefinitions"),
                       "--key", key, "--out", self.path("stranger"))
        assert ran.returncode == 0, ran.stderr
        ran = self.run(TATU, "device", "sideload", "deploy", "--image-package", self.path("stranger"), "--device", "first")
        assert ran.returncode == 1 and ran.stderr.startswith("error: Device error 7.15: "), ran.stderr

    def cloud_test(self):
        assert self.tatu("device", "enable-cloud-test", "--device", "first") == []
        assert self.tatu("device", "image", "list-installed", "--device", "first") == []

    def ended(self):
        self.run(os.path.join(ROOT, "tools/desk.py"), "--end")
        assert [board["state"] for board in self.tatu("board", "list")] == ["off", "off"]
        self.tatu("board", "destroy", "first", "second")
        assert self.tatu("board", "list") == []

    def all(self):
        self.attempt("two boards are there by one command each", self.make_boards)
        self.attempt("asked for again it is the same board", self.asked_again)
        self.attempt("they are discovered", self.discovered)
        self.attempt("a tool pins the certificate that is shown", self.certificate)
        self.attempt("they are open for development", self.development)
        self.attempt("a new application builds", self.build)
        self.attempt("it is deployed and runs", self.deploy)
        self.attempt("a press lights the LED and is told", self.press)
        self.attempt("changed it is deployed again", self.redeploy)
        self.attempt("it is stopped and started", self.stop_and_start)
        self.attempt("a stranger's package is refused", self.foreign_packages_are_refused)
        self.attempt("cloud test ends development", self.cloud_test)
        self.attempt("boards and service end, boards are destroyed", self.ended)


def main():
    parser = argparse.ArgumentParser(description="a newcomer's minutes")
    parser.add_argument("--dir", help="folder for everything; a temporary one otherwise")
    parser.add_argument("--keep", action="store_true", help="keep the temporary folder")
    desk = Desk(parser.parse_args())
    try:
        desk.all()
    finally:
        desk.run(os.path.join(ROOT, "tools/desk.py"), "--end")
        if not desk.options.dir and not desk.options.keep and not desk.failed:
            shutil.rmtree(desk.dir, ignore_errors=True)
        elif desk.failed:
            print(f"everything is kept in {desk.dir}")
    print(f"{desk.held} passed, {len(desk.failed)} failed")
    return 1 if desk.failed else 0


if __name__ == "__main__":
    sys.exit(main())
