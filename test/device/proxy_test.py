#!/usr/bin/python3
"""The booted board behind a real HTTP proxy (tinyproxy): its proof, its records and its updates go through what the device
API set, with a password where one is wanted, past it where an exception says so, and nowhere when it does not work.

proxy_test.py [--dir DIR] [--keep] [--only PART,...]   one line per promise; last "N passed, N failed"
"""
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from device_test import DeviceApi  # noqa: E402 (the path is what finds it)
from promises import PROBLEMS, run_parts  # noqa: E402
from story import APP_WITHIN_S, LINUX_WITHIN_S, StepFailed, read_lines, wait_for  # noqa: E402

PORT = 3128
HOST = "10.0.2.2"  # the host as the board sees it; here the proxy sees it so as well
USER, WORD = "doorbell", "knock-knock"
ROUND_S = 90  # of updated's back-off
PROVEN = r"proven: verdict (OK|DENIED)"  # DENIED where the capability of this test was seen: a Production group refuses it


class BehindProxy(DeviceApi):
    child = None
    LISTEN = "0.0.0.0"  # the proxy comes from another address than the board; the network is the test's own

    # ---- the proxy on the host ----

    def start_proxy(self, *more):
        lines = [f"Port {PORT}", "Listen 127.0.0.1", "Timeout 60", "MaxClients 20", "LogLevel Info",
                 f'LogFile "{self.path("tinyproxy.log")}"', *(f"ConnectPort {self.facts['ports'][name]}" for name in ("front", "update")),
                 *more]
        with open(self.path("tinyproxy.conf"), "w", encoding="ascii") as file:
            file.write("\n".join(lines) + "\n")
        before = len(self.proxy_log())
        self.child = self.start("tinyproxy", "tinyproxy", "-d", "-c", self.path("tinyproxy.conf"))
        wait_for("the proxy", lambda: "Accepting connections" in self.proxy_log()[before:], 10)

    def stop_proxy(self):
        if self.child is None:
            return
        self.children.remove(self.child)
        self.child.terminate()
        self.child.wait(10)
        self.child = None

    def proxy_log(self):
        return "\n".join(read_lines(self.path("tinyproxy.log")))

    def tunnels(self, name, since=0):
        """How many tunnels to one of the service's ports the proxy was asked for and made."""
        log = self.proxy_log()[since:]
        return len(re.findall(rf"CONNECT {re.escape(HOST)}:{self.facts['ports'][name]} ", log)) if "Established" in log else 0

    def wait_for_tunnel(self, name, since, count=1, seconds=ROUND_S):
        wait_for(f"a tunnel to {name}", lambda: self.tunnels(name, since) >= count, seconds)

    # ---- the board ----

    def set_proxy(self, **more):
        body = {"enabled": True, "address": HOST, "port": PORT, "authenticationType": "anonymous", **more}
        self.open.setProxy(body=body).expect(200)

    def mark(self):
        return len(self.serial())

    def start_anew(self):
        """From here on is the log of a new start."""
        since = self.mark()
        try:
            self.open.restart().expect(200)
        except ConnectionError:  # on a busy machine it starts before the answer is out
            pass
        self.serial_has(r"\[ROM\]", LINUX_WITHIN_S, since)
        return since

    def prove_again(self):
        since = self.start_anew()
        self.serial_has(r"signed time \d+", LINUX_WITHIN_S + ROUND_S, since)
        self.serial_has(PROVEN, ROUND_S, since)
        wait_for("the device API", lambda: self.open.getProxy().status == 200, 30)

    def deploy_one(self):
        self.start_receiver()
        self.deploy(1)
        self.serial_has(r"app doorbell: doorbell version 1 is ready", APP_WITHIN_S)

    # ---- promises ----

    def anonymous(self):
        self.start_proxy()
        self.set_proxy()
        self.attempt("updated asks through the proxy that was just set", self.wait_for_tunnel, "update", 0)
        self.attempt("a board that starts proves itself through it", self.prove_again)
        self.attempt("signed time, nonce and evidence: three tunnels", self.wait_for_tunnel, "front", 0, 3)
        since = len(self.proxy_log())
        self.attempt("an application is deployed through it", self.deploy_one)
        self.attempt("its image came that way", self.wait_for_tunnel, "update", since, 2)

    def password(self):
        self.stop_proxy()
        self.start_proxy(f"BasicAuth {USER} {WORD}")
        since = self.mark()
        self.set_proxy()
        self.attempt("a proxy that wants a password lets nobody through without", self.serial_has,
                     rf"updated: by the proxy {re.escape(HOST)}: DENIED", ROUND_S, since)
        self.set_proxy(authenticationType="basic", username=USER, password=WORD + "!")
        since = self.mark()
        self.attempt("nor with a wrong one", self.serial_has, rf"updated: by the proxy {re.escape(HOST)}: DENIED", ROUND_S, since)
        since = len(self.proxy_log())
        self.set_proxy(authenticationType="basic", username=USER, password=WORD)
        self.attempt("with the right one updated comes through", wait_for, "a tunnel", lambda: re.search(
            r"Established connection", self.proxy_log()[since:]), ROUND_S)
        self.attempt("and attestd", self.prove_again)
        self.attempt("the password is on no log", self.no_password)

    def no_password(self):
        for text in (self.serial(), self.proxy_log()):
            if WORD in text:
                raise StepFailed("it is there")

    def gone(self):
        self.stop_proxy()
        since = self.mark()
        self.attempt("without the proxy nothing is reached", self.serial_has,
                     rf"updated: by the proxy {re.escape(HOST)}: UNREACHABLE", ROUND_S, since)
        since = self.start_anew()
        self.attempt("there is no way around it", self.serial_has,
                     r"attestd: signed time by the proxy: UNREACHABLE", LINUX_WITHIN_S + ROUND_S, since)
        self.attempt("and no proof", lambda: self.equal(re.search("proven", self.serial()[since:]), None))
        self.attempt("the desk can set another", lambda: wait_for("the API", lambda: self.open.getProxy().status == 200, 30))

    def exceptions(self):
        since = self.mark()
        self.set_proxy(noProxyAddresses=["example.org", HOST])
        self.attempt("an exception goes straight, with the proxy gone", self.serial_has, PROVEN, ROUND_S, since)
        since = self.mark()
        self.set_proxy(noProxyAddresses=["example.org", "10.0.2.22"])
        self.attempt("of another address it is none", self.serial_has,
                     rf"updated: by the proxy {re.escape(HOST)}: UNREACHABLE", ROUND_S, since)
        self.set_proxy(enabled=False)
        self.attempt("one that is not enabled is none", self.prove_again)

    PARTS = ("anonymous", "password", "gone", "exceptions")

    def all(self, only):
        self.prepare()
        for part in self.PARTS:
            if part in only:
                try:
                    getattr(self, part)()
                except PROBLEMS as problem:
                    self.promise(part, f"{type(problem).__name__} {problem}")


if __name__ == "__main__":
    if os.environ.get("TATU_PROXY_NAMESPACE") is None:  # a network of the test's own, where the proxy has the board's view
        sys.exit(subprocess.call(
            ["unshare", "--net", "sh", "-c", f'ip link set lo up && ip addr add {HOST}/32 dev lo && exec "$0" "$@"',
             sys.executable, *sys.argv], env=dict(os.environ, TATU_PROXY_NAMESPACE="1")))
    sys.exit(run_parts(BehindProxy, "the booted board behind a real HTTP proxy", BehindProxy.PARTS))
