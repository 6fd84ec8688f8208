#!/usr/bin/python3
"""Renewal of a device that is in trouble: safe mode, tickets, confirmed floors, a network that breaks.

renewal.py [--dir DIR] [--keep] [--long]   one line per promise; last "N passed, N failed"
--long: also a device that gets no ticket, which takes a quarter of an hour.
"""
import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time

from story import APP_WITHIN_S, LINUX_WITHIN_S, ROOT, Doorbell, StepFailed, wait_for

ATTEMPTS_BEFORE_SAFE = 6  # boots that did not come up healthy
HEALTHY_WITHIN_S = 60
GRACE_S = 86400
GRACE_MIN_S = 600
SUBJECT = os.path.join(ROOT, "test/device/subject")
MANY = range(1, 7)  # applications; the monitor holds four packages
IN_FIRST_ROUND = 4
PAD_BYTES = 128 << 10  # of an image of a later round, so that its download takes a while


class Line(threading.Thread):
    """The network between the board and the update listener. It can break in the middle of an answer, or be down."""

    def __init__(self):
        super().__init__(daemon=True)
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]
        self.service = None  # port
        self.cut_after = []  # bytes of an answer after which a connection breaks, one entry for each
        self.down = False
        self.cuts = 0
        self.start()

    def run(self):
        while True:
            board, _ = self.listening.accept()
            if self.down:
                board.close()
                continue
            limit = self.cut_after.pop(0) if self.cut_after else None
            service = socket.create_connection(("127.0.0.1", self.service))
            threading.Thread(target=self.carry, args=(board, service, None), daemon=True).start()
            threading.Thread(target=self.carry, args=(service, board, limit), daemon=True).start()

    def carry(self, source, sink, limit):
        carried = 0
        try:
            while data := source.recv(2048):
                if limit is not None and carried + len(data) > limit:
                    self.cuts += 1
                    break
                sink.sendall(data)
                carried += len(data)
        except OSError:
            pass
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


class Renewal(Doorbell):
    def __init__(self, options):
        super().__init__(options)
        self.line = Line()

    def sign_release(self, out, update_port, register):
        self.line.service = update_port
        super().sign_release(out, self.line.port, register)

    def start_board(self):
        self.tatu("board", "start", self.path("board"))

    def stop_board(self):
        self.tatu("board", "stop", self.path("board"))

    def events(self, kind):
        return [event for event in self.tatu("event", "list") if event["kind"] == kind]

    # ---- the promises --------------------------------------------------------------------------

    def a_board_comes_up_healthy(self):
        for _, _, step in self.steps()[:6]:
            step()
        self.serial_has(r"appman: healthy: all services are up", HEALTHY_WITHIN_S)

    def a_download_goes_on_where_the_network_broke(self):
        self.start_receiver()
        package, program = self.build_doorbell(1)
        size = os.path.getsize(package)
        image = self.tatu("image", "add", package)
        self.tatu("symbols", "add", program)
        since = len(self.serial())
        # What comes next may be a poll or the download: they break at a length that only the download reaches, behind
        # its first TLS record of 16 KiB. What is left of it then does not reach that length.
        self.line.cut_after = [size * 3 // 4] * 20
        self.tatu("deployment", "create", "--images", image["properties"]["imageId"])
        self.serial_has(r"updated: the download broke at [1-9]\d* of \d+ bytes", APP_WITHIN_S, since)
        self.serial_has(r"app doorbell: doorbell version 1 is ready", APP_WITHIN_S, since)
        self.line.cut_after = []
        if self.line.cuts == 0:
            raise StepFailed("the network did not break")
        if self.events("install-failed"):
            raise StepFailed("it was begun anew")

    def a_group_with_a_grace_arms_its_devices(self):
        self.tatu("device-group", "update", "--renewal-grace", GRACE_S)
        self.stop_board()
        self.start_board()
        self.serial_has(rf"updated: ticket: OK, grace {GRACE_S} s", APP_WITHIN_S)

    def a_device_is_disarmed_again(self):
        self.tatu("device-group", "update", "--renewal-grace", 0)
        self.stop_board()
        self.start_board()
        self.serial_has(r"updated: ticket: OK, grace 0 s", APP_WITHIN_S)

    def a_confirmed_release_raises_the_floors(self):
        self.serial_has(r"appman: healthy", HEALTHY_WITHIN_S)
        self.tatu("release", "confirm", "--release", self.path("release"), "--platform", self.path("platform"))
        self.stop_board()
        self.start_board()
        self.serial_has(r"updated: rollback floors: vault 1, monitor 1, OS 1, keystore 1", APP_WITHIN_S)
        event = wait_for("the event at the owner", lambda: self.events("floors-raised"), 60)[0]
        if event["text"] != "rollback floors rose: vault 1, monitor 1, OS 1, keystore 1":
            raise StepFailed(event["text"])
        self.serial_has(r"app doorbell: doorbell version 1 is ready", APP_WITHIN_S)

    def a_board_that_never_comes_up_starts_no_application(self):
        for _ in range(ATTEMPTS_BEFORE_SAFE):
            self.stop_board()
            self.start_board()
            self.serial_has(r"appman: reached", LINUX_WITHIN_S)  # and off again before it is healthy
        self.stop_board()
        self.start_board()
        self.serial_has(r"appman: safe mode; not launching applications", LINUX_WITHIN_S)
        self.serial_has(r"proven: verdict OK, update certificate", APP_WITHIN_S)
        event = wait_for("the event at the owner", lambda: self.events("not-launching"), 60)[0]
        if not event["text"].startswith("safe mode"):
            raise StepFailed(event["text"])
        if self.tatu("device", "show", self.facts["device"])["mode"] != "safe":
            raise StepFailed("its evidence does not say so")

    def and_is_back_once_it_is_healthy(self):
        self.serial_has(r"appman: healthy", HEALTHY_WITHIN_S)
        if "app doorbell: started" in self.serial():
            raise StepFailed("it started an application in safe mode")
        self.stop_board()
        self.start_board()
        self.serial_has(r"app doorbell: doorbell version 1 is ready", APP_WITHIN_S)
        wait_for("evidence of a normal boot",
                 lambda: self.tatu("device", "show", self.facts["device"])["mode"] == "normal", 60)

    def build_one_of_many(self, number, version):
        def change(source, manifest):
            manifest["Name"] = f"many{number}"
            manifest["ComponentId"] = f"5d0b7a52-9f3c-4c0e-8d21-0000000000{number:02}"
            manifest["CmdArgs"] = [str(version)]
            manifest["Capabilities"] = {"MutableStorage": {"SizeKB": 8}}
            if version == 2 and number > IN_FIRST_ROUND:
                with open(os.path.join(source, "pad"), "wb") as pad:
                    pad.write(os.urandom(PAD_BYTES))
                with open(os.path.join(source, "CMakeLists.txt"), encoding="utf-8") as file:
                    lines = file.read()
                with open(os.path.join(source, "CMakeLists.txt"), "w", encoding="utf-8") as file:
                    file.write(lines.replace("image_package(${PROJECT_NAME})", "image_package(${PROJECT_NAME} RESOURCE_FILES pad)"))
        out = self.build_application(f"many{number}-v{version}", SUBJECT, change)
        return self.tatu("image", "add", os.path.join(out, "subject.imagepackage"))["properties"]["imageId"]

    def deploy_many(self, version):
        images = [self.build_one_of_many(number, version) for number in MANY]
        since = len(self.serial())
        self.tatu("deployment", "create", "--images", *images)
        return since

    def runs(self, number, version, start, since=0):
        self.serial_has(rf"app many{number}: version {version}, start {start}\b", APP_WITHIN_S, since)

    def six_new_applications_go_in_rounds(self):
        since = self.deploy_many(1)
        for number in MANY:
            self.runs(number, 1, 1, since)

    def without_network_and_power_each_is_old_or_new_and_then_it_goes_on(self):
        since = self.deploy_many(2)
        self.serial_has(r"app many1: asked to stop", APP_WITHIN_S, since)
        self.line.down = True  # the first round is committed
        for number in MANY[:IN_FIRST_ROUND]:
            self.runs(number, 2, 2, since)
        self.tatu("board", "stop", self.path("board"), "--now")
        self.start_board()
        for number in MANY[:IN_FIRST_ROUND]:
            self.runs(number, 2, 3)
        for number in MANY[IN_FIRST_ROUND:]:
            self.runs(number, 1, 2)
        self.line.down = False
        for number in MANY[IN_FIRST_ROUND:]:
            self.runs(number, 2, 3)

    def a_device_without_tickets_restarts_and_starts_no_application(self):
        self.tatu("device-group", "update", "--renewal-grace", GRACE_MIN_S)
        self.stop_board()
        self.start_board()
        self.serial_has(rf"updated: ticket: OK, grace {GRACE_MIN_S} s", APP_WITHIN_S)
        self.serial_has(r"app doorbell: doorbell version 1 is ready", APP_WITHIN_S)
        since = len(self.serial())
        self.line.down = True
        self.serial_has(r"appman: renew mode; not launching applications", 2 * GRACE_MIN_S, since)
        if "app doorbell: started" in self.serial()[since:]:
            raise StepFailed("it started an application")

    def and_is_back_with_the_next_ticket(self):
        since = len(self.serial())
        self.line.down = False
        self.serial_has(r"updated: a ticket came: back to a normal boot", 2 * APP_WITHIN_S, since)
        self.serial_has(r"app doorbell: doorbell version 1 is ready", APP_WITHIN_S, since)
        if not any("no ticket came" in event["text"] for event in self.events("not-launching")):
            raise StepFailed("its owner was not told")

    def promises(self):
        long = [self.a_device_without_tickets_restarts_and_starts_no_application, self.and_is_back_with_the_next_ticket]
        return self.short() + (long if self.options.long else [])

    def short(self):
        return [self.a_board_comes_up_healthy, self.a_download_goes_on_where_the_network_broke,
                self.a_group_with_a_grace_arms_its_devices, self.a_device_is_disarmed_again,
                self.a_confirmed_release_raises_the_floors, self.a_board_that_never_comes_up_starts_no_application,
                self.and_is_back_once_it_is_healthy, self.six_new_applications_go_in_rounds,
                self.without_network_and_power_each_is_old_or_new_and_then_it_goes_on]


def main():
    parser = argparse.ArgumentParser(description="renewal of a device that is in trouble")
    parser.add_argument("--dir", help="folder for everything; a temporary one otherwise")
    parser.add_argument("--keep", action="store_true", help="keep the temporary folder")
    parser.add_argument("--long", action="store_true", help="also what takes a quarter of an hour")
    parser.add_argument("--first", type=int, metavar="N", help="only the first N promises")
    parser.set_defaults(json=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    renewal = Renewal(parser.parse_args())
    passed = failed = 0
    try:
        for promise in renewal.promises()[:renewal.options.first]:
            began = time.monotonic()
            try:
                promise()
                passed += 1
                print(f"held: {promise.__name__} ({time.monotonic() - began:.0f} s)", flush=True)
            except (StepFailed, OSError, ValueError, KeyError, subprocess.SubprocessError, json.JSONDecodeError) as problem:
                failed += 1
                renewal.options.keep = True
                print(f"FAILED {promise.__name__}: {problem}\n  everything is kept in {renewal.dir}", flush=True)
                if passed == 0:
                    break  # without a board nothing else can hold
    finally:
        renewal.stop_all()
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
