#!/usr/bin/python3
"""A board for development on this desk, with all that it needs around it: keys, a release, a service in the background.

desk.py NAME [--json]   makes the board if it is not there, starts it, opens it for development; --json: one line
desk.py --end           switches off this desk's boards and its service
What is kept: the folder desk/ of the configuration ($TATU_CONFIG, else ~/.config/tatu).
"""
import argparse
import contextlib
import fcntl
import hashlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TATU = os.path.join(ROOT, "build/bin/tatu")
SERVICE = os.path.join(ROOT, "build/host/service/tatu-service")
BODIES = os.path.join(ROOT, "build/release")
ROMS = {"vault-rom.bin": os.path.join(ROOT, "build/vault/silicon/vault/vault-rom.bin"),
        "arom.bin": os.path.join(ROOT, "build/monitor/monitor/arom.bin")}
BOARD_SEES_US_AT = "10.0.2.2"
NAME = "desk"  # of its catalog, product and maker
WAIT_MS = 180000


class Failed(Exception):
    """One line for whoever called."""


def digest_of(paths):
    total = hashlib.sha256()
    for path in paths:
        with open(path, "rb") as file:
            total.update(hashlib.sha256(file.read()).digest())
    return total.hexdigest()


class Desk:
    def __init__(self):
        self.config = os.environ.get("TATU_CONFIG") or os.path.join(os.path.expanduser("~"), ".config/tatu")
        self.env = dict(os.environ, TATU_CONFIG=self.config)
        os.makedirs(self.path(), mode=0o700, exist_ok=True)

    def path(self, *names):
        return os.path.join(self.config, "desk", *names)

    def tatu(self, *words, env=None):
        ran = subprocess.run([TATU, *map(str, words), "-o", "json"], env=env or self.env, capture_output=True, text=True,
                             stdin=subprocess.DEVNULL)
        if ran.returncode != 0:
            raise Failed(ran.stderr.strip().removeprefix("error: ") or f"tatu {' '.join(map(str, words))} failed")
        return json.loads(ran.stdout) if ran.stdout.strip() else None

    @contextlib.contextmanager
    def alone(self):
        with open(self.path("lock"), "w", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def ask(self, *words, env=None):
        """The same of a board that may just be starting, on a host that may be busy."""
        end = time.monotonic() + WAIT_MS / 1000
        while True:
            try:
                return self.tatu(*words, env=env)
            except Failed as problem:
                if not re.match(r"TIMEOUT|UNREACHABLE|Device error 10\.5", str(problem)) or time.monotonic() > end:
                    raise
                time.sleep(1)

    # ---- the service ----

    def addresses(self):
        with contextlib.suppress(OSError, ValueError), open(self.path("service/service.json"), encoding="utf-8") as file:
            return json.load(file)
        return None

    def is_up(self):
        told = self.addresses()
        if told is None:
            return False
        host, port = told["operator"].rsplit(":", 1)
        with contextlib.suppress(OSError), socket.create_connection((host, int(port)), 5):
            os.kill(told["pid"], 0)
            return True
        return False

    def start_service(self):
        """Boards know it by its ports, so it gets the same ones each time."""
        if self.is_up():
            return
        told = self.addresses() or {}
        ports = [option for side in ("operator", "front", "update")
                 for option in ("--" + side, told.get(side, "127.0.0.1:0"))]
        with contextlib.suppress(FileNotFoundError):
            os.remove(self.path("service/service.json"))
        with open(self.path("service.log"), "a", encoding="utf-8") as log:
            child = subprocess.Popen([SERVICE, "--data", self.path("service"), *ports, "--host", BOARD_SEES_US_AT],
                                     stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        end = time.monotonic() + 60
        while not self.is_up():
            if child.poll() is not None or time.monotonic() > end:
                raise Failed(f"the desk's service did not start; see {self.path('service.log')}")
            time.sleep(0.2)

    def log_in(self):
        """With this configuration, when it is logged in nowhere else; otherwise with one of the desk's own."""
        url = "https://" + self.addresses()["operator"]
        config = {}
        with contextlib.suppress(OSError, ValueError), open(os.path.join(self.config, "config.json"), encoding="utf-8") as file:
            config = json.load(file)
        if config.get("token") and config.get("service") != url:
            self.env_service = dict(self.env, TATU_CONFIG=self.path("cli"))
            os.makedirs(self.path("cli"), mode=0o700, exist_ok=True)
            self.share_developer_key()
        else:
            self.env_service = self.env
        self.tatu("login", "--service", url, "--token-file", self.path("service/operator.token"),
                  "--ca", self.path("service/keys/root.crt"), env=self.env_service)

    def share_developer_key(self):
        mine, there = os.path.join(self.config, "developer.pem"), self.path("cli/developer.pem")
        if os.path.exists(mine) and not os.path.exists(there):
            shutil.copy(mine, there)
            os.chmod(there, 0o600)

    # ---- keys and a release ----

    def make_keys(self):
        if not os.path.exists(self.path("platform/release.lms.leaves")):
            shutil.rmtree(self.path("platform"), ignore_errors=True)
            self.tatu("platform", "init", "--dir", self.path("platform"))
        if not os.path.exists(self.path("maker/maker.json")):
            shutil.rmtree(self.path("maker"), ignore_errors=True)
            self.tatu("maker", "init", "--dir", self.path("maker"), "--name", NAME)
        self.tatu("maker", "register", "--maker", self.path("maker"), env=self.env_service)

    def sign_release(self):
        """One of what was built last; boards that are there keep theirs."""
        parts = sorted(os.path.join(BODIES, name) for name in os.listdir(BODIES))
        stamp = digest_of([path for path in parts if os.path.isfile(path)] + sorted(ROMS.values()))
        with contextlib.suppress(OSError), open(self.path("release.stamp"), encoding="utf-8") as file:
            if file.read() == stamp and os.path.exists(self.path("release/release.json")):
                return
        ports = {side: self.addresses()[side].rsplit(":", 1)[1] for side in ("front", "update")}
        shutil.rmtree(self.path("release"), ignore_errors=True)
        self.tatu("release", "sign", "--platform", self.path("platform"), "--bodies", BODIES, "--host", BOARD_SEES_US_AT,
                  "--front", ports["front"], "--update", ports["update"], "--version", "desk-" + stamp[:8],
                  "--security-version", 1, "--out", self.path("release"), env=self.env_service)
        self.tatu("release", "register", "--release", self.path("release"), env=self.env_service)
        for name, source in ROMS.items():
            shutil.copy(source, self.path(name))
        with open(self.path("release.stamp"), "w", encoding="utf-8") as file:
            file.write(stamp)

    def make_catalog(self):
        """The developer key owns its devices, so that packages run as the build made them."""
        env = self.env_service
        self.tatu("catalog", "create", NAME, "--own-key", env=env)
        self.tatu("product", "create", NAME, "--catalog", NAME, env=env)
        told = self.tatu("config", "show", env=env)
        for name, value in (("catalog", NAME), ("product", NAME), ("device-group", "Development")):
            if name not in told:
                self.tatu("config", "set", name, value, env=env)

    # ---- a board ----

    def is_made(self, name):
        return any(board["name"] == name for board in self.tatu("board", "list"))

    def start_board(self, name):
        if not self.is_made(name):
            self.tatu("board", "create", name)
        if self.tatu("board", "status", name)["state"] == "off":
            self.tatu("board", "start", name)
        self.tatu("board", "wait", name, "port 443", "--ms", WAIT_MS)

    def open_board(self, name):
        """Claimed by the desk's catalog, and open for applications of the developer."""
        folder = self.tatu("board", "status", name)["board"]
        where = ("--catalog", NAME, "--product", NAME, "--device-group", "Development")
        self.ask("device", "claim", "--board", folder, *where, env=self.env_service)
        self.ask("device", "enable-development", "--device", name)

    def enable_apart(self, name):
        """The same, by the desk's own login: the board is known to this configuration alone."""
        source = os.path.join(self.config, "boards", name)
        link = self.path("cli/boards", name)
        os.makedirs(os.path.dirname(link), mode=0o700, exist_ok=True)
        if not os.path.lexists(link):
            os.symlink(source, link)
        where = ("--catalog", NAME, "--product", NAME, "--device-group", "Development")
        self.ask("device", "claim", "--board", name, *where, env=self.env_service)
        self.ask("device", "enable-development", "--device", name, env=self.env_service)

    def have(self, name):
        self.start_service()
        self.log_in()
        self.make_keys()
        self.sign_release()
        self.make_catalog()
        self.start_board(name)
        if self.env_service is self.env:
            self.open_board(name)
        else:
            self.enable_apart(name)
        self.ask("board", "certificate", name)
        board = self.tatu("board", "status", name)
        return {"name": name, "ip": board["address"], "deviceId": board["deviceId"], "panel": self.panel_of(name, board),
                "serialLog": os.path.join(board["board"], "serial.log"), "port": board["port"]}

    def panel_of(self, _name, board):
        return os.path.join(board["board"], "panel.sock")

    def end(self):
        for board in self.tatu("board", "list"):
            if board["state"] == "on":
                self.tatu("board", "stop", board["name"] if "/boards/" in board["board"] else board["board"])
        if self.is_up():
            os.kill(self.addresses()["pid"], signal.SIGTERM)


def main():
    parser = argparse.ArgumentParser(description="a board for development")
    parser.add_argument("name", nargs="?", help="the board's name")
    parser.add_argument("--json", action="store_true", help="one JSON line")
    parser.add_argument("--end", action="store_true", help="switch off this desk's boards and its service")
    options = parser.parse_args()
    if (options.name is None) != options.end:
        parser.error("give the name of a board, or --end")
    desk = Desk()
    try:
        with desk.alone():
            if options.end:
                desk.end()
                return 0
            told = desk.have(options.name)
    except (Failed, OSError) as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 1
    if options.json:
        print(json.dumps(told))
    else:
        for key, value in told.items():
            print(f"{key}: {value}")
        print(f"\nnext: tatu new hello, cmake, tatu device sideload deploy --image-package FILE\n"
              f"SDK: export AzureSphereDefaultSDKDir={ROOT}/build/sdk PATH={ROOT}/build/bin:$PATH")
    return 0


if __name__ == "__main__":
    sys.exit(main())
