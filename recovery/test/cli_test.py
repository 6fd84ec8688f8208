#!/usr/bin/python3
"""tatu device recover, on boards of the bench with the real chip, vault, monitor and recovery program; and against ports
that answer ill.

cli_test.py [--tatu FILE] [--qemu FILE] [--vault FOLDER] [--monitor FOLDER] [--bodies FOLDER] [NAME...]

Device tree, kernel and root file system are random bytes: what is recovered boots up to the monitor. One test takes the
parts of a real release (--bodies) and boots up to process 1."""
import hashlib
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

sys.path.append(os.path.abspath(os.path.join(os.path.dirname(__file__), "../..")))
from host import DONE, HELLO, READ, frame  # noqa: E402  (the path is what they need)
from silicon.harness import ERRORS, ROOT, Firmware, M, new_key, public, suite  # noqa: E402

SIZES = {"device-tree.bin": 9000, "kernel.bin": 1900000, "root.bin": 2300000}  # as a release has them
KEYSTORES = (M["FLASH_KEYSTORE_AT"], M["FLASH_SET_STRIDE"] + M["FLASH_KEYSTORE_AT"])


class Desk:
    """A folder with a platform, a maker, a release and boards."""

    def __init__(self, options):
        self.dir = tempfile.mkdtemp(prefix="tatu-recover-")
        self.tatu, self.real = options.tatu, options.bodies
        self.env = {"PATH": os.environ["PATH"], "TATU_CONFIG": self.path("config"), "TATU_QEMU": options.qemu}
        firmware = Firmware(options.vault, options.monitor)
        self.arom = firmware.arom
        program = os.path.join(options.monitor or os.path.join(ROOT, "build/monitor"), "recovery/recovery.bin")
        os.makedirs(self.path("bodies"))
        for name, path in (("vault-rom.bin", firmware.vault_rom), ("vault-runtime.bin", firmware.vault_runtime),
                           ("monitor.bin", firmware.monitor_binary), ("recovery.bin", program)):
            shutil.copy(path, self.path("bodies", name))
        noise = random.Random(1)
        for name, size in SIZES.items():
            with open(self.path("bodies", name), "wb") as file:
                file.write(noise.randbytes(size))
        with open(self.path("keys.json"), "w", encoding="utf-8") as file:
            json.dump({name: {"publicKey": public(new_key()).hex()} for name in ("serviceRoot", "time", "director")},
                      file)
        self.good("maker", "init", "--dir", self.path("maker"), "--name", "bench")
        self.release("release", "platform")
        self.boards = []

    def path(self, *names):
        return os.path.join(self.dir, *names)

    def run(self, *args, timeout_s=240):
        return subprocess.run([self.tatu, *map(str, args)], env=self.env, capture_output=True, text=True,
                              timeout=timeout_s, stdin=subprocess.DEVNULL)

    def good(self, *args):
        ran = self.run(*args, "-o", "json")
        assert ran.returncode == 0, f"tatu {args}: {ran.stderr}"
        return json.loads(ran.stdout) if ran.stdout.strip() else None

    def bad(self, name, *args):
        """One line that begins with the error and says what to do next."""
        ran = self.run(*args)
        assert ran.returncode != 0 and ran.stderr.startswith(f"error: {name}: "), (args, ran.stderr)
        assert ran.stderr.count("\n") == 1 and "; " in ran.stderr, ran.stderr
        return ran.stderr

    def release(self, out, platform, bodies=None, version=1):
        if not os.path.exists(self.path(platform)):
            self.good("platform", "init", "--dir", self.path(platform))
        self.good("release", "sign", "--platform", self.path(platform), "--bodies", bodies or self.path("bodies"),
                  "--service-keys", self.path("keys.json"), "--host", "10.0.2.2", "--front", 1, "--update", 2,
                  "--version", "26.11", "--security-version", version, "--out", self.path(out))

    def board(self, name, release="release", bodies=None):
        path = self.path(name)
        self.good("board", "create", path, "--release", self.path(release), "--maker", self.path("maker"),
                  "--rom", os.path.join(bodies or self.path("bodies"), "vault-rom.bin"), "--arom", self.arom)
        self.boards.append(path)
        return path

    def spoil(self, board):
        """Neither set starts any more."""
        for at in KEYSTORES:
            self.good("board", "flip", board, at + 50)

    def wipe(self, board):
        """A flash as a new part has it, but for what the factory wrote."""
        with open(os.path.join(board, "flash.bin"), "r+b") as file:
            file.write(b"\xff" * M["FLASH_FACTORY_AT"])
            file.seek(M["FLASH_FACTORY_AT"] + M["FLASH_FACTORY_SIZE"])
            file.write(b"\xff" * (M["FLASH_SIZE"] - file.tell()))

    def recover(self, board, *more):
        return self.good("device", "recover", "--board", board, "--images", self.path("release"), *more)

    def wait(self, board, text, start=0):
        ran = self.run("board", "wait", board, text, "--ms", 60000, "--from", start, "-o", "json")
        assert ran.returncode == 0, f"{ran.stderr}{self.log(board)[start:]}"
        return json.loads(ran.stdout)["end"]

    def log(self, board):
        return self.run("board", "log", board).stdout

    def boots(self, board):
        """After the recovery; the monitor starts, and then finds that our kernel is none or starts it."""
        end = self.wait(board, "[REC] installed")
        self.wait(board, "[VAULT] set A: monitor verified", end)
        self.wait(board, "[MON] ", end)

    def installed(self, board, release="release"):
        """Both sets are the release's, and applications and tables are gone."""
        with open(os.path.join(board, "flash.bin"), "rb") as file:
            flash = file.read()
        with open(self.path(release, "flash.bin"), "rb") as file:
            wanted = file.read()
        end = M["FLASH_SET_SIZE"]
        for at in (0, M["FLASH_SET_STRIDE"]):
            assert flash[at:at + end] == wanted[at:at + end], "a set is not the release's"

    def close(self):
        for board in self.boards:
            self.run("board", "stop", board, "--now")
        shutil.rmtree(self.dir, ignore_errors=True)


# ---- boards

def board_that_is_off_and_wiped_is_recovered_in_time(desk):
    """The figure: a release of full size through the command."""
    board = desk.board("wiped")
    before = desk.good("board", "status", board)["deviceId"]
    desk.wipe(board)
    started = time.time()
    told = desk.recover(board)
    seconds = time.time() - started
    desk.boots(board)
    desk.installed(board)
    assert desk.good("board", "status", board)["deviceId"] == before
    assert seconds < 120, f"{seconds:.0f} s"
    desk.good("board", "stop", board)
    desk.good("board", "start", board)  # and it stays so
    desk.wait(board, "[VAULT] set A: monitor verified")
    desk.good("board", "stop", board, "--now")
    return f"{told['bytes']} bytes sent, both sets written, in {told['ms'] / 1000:.1f} s"


def real_release_boots_linux_again(desk):
    desk.release("real", "platform", bodies=desk.real)
    board = desk.board("linux", "real", desk.real)
    desk.wipe(board)
    told = desk.good("device", "recover", "--board", board, "--images", desk.path("real"))
    end = desk.wait(board, "[REC] installed")
    desk.wait(board, "appman: ", end)
    desk.good("board", "stop", board)
    return f"{told['bytes']} bytes sent, both sets written, in {told['ms'] / 1000:.1f} s"


def board_that_runs_is_brought_into_recovery(desk):
    board = desk.board("running")
    desk.good("board", "start", board)
    desk.wait(board, "[MON] ")
    desk.recover(board)
    desk.boots(board)
    desk.installed(board)


def board_whose_os_is_bad_in_both_sets_asks_by_itself(desk):
    board = desk.board("no-os")
    for start in (0, M["FLASH_SET_STRIDE"]):
        desk.good("board", "flip", board, start + M["FLASH_KERNEL_AT"] + 50)
    desk.good("board", "start", board)
    end = desk.wait(board, "[MON] stopped, NO_BOOT_SET")
    desk.wait(board, "[ROM] recovery, NO_BOOT_SET", end)
    desk.good("device", "recover", "--port", os.path.join(board, "recovery.sock"), "--images", desk.path("release"))
    assert "recovery, strap" not in desk.log(board)
    desk.boots(board)
    desk.installed(board)


def board_with_its_strap_up_is_recovered(desk):
    board = desk.board("strapped")
    desk.good("board", "start", board, "--recovery")
    desk.wait(board, "[ROM] recovery, strap")
    ran = desk.run("device", "recover", "--board", board, "--images", desk.path("release"))
    assert ran.returncode == 0, ran.stderr
    for line in ("keystore ", "vault-runtime ", "recovery ", "recovery-manifest ", "installing ", "100 %"):
        assert line in ran.stdout, f"no progress line '{line}' in {ran.stdout}"
    desk.boots(board)


def recovery_that_was_killed_goes_on(desk):
    board = desk.board("killed")
    desk.wipe(board)
    for seconds in (1.0, 3.0):
        command = [desk.tatu, "device", "recover", "--board", board, "--images", desk.path("release")]
        with subprocess.Popen(command, env=desk.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as running:
            time.sleep(seconds)
            running.send_signal(signal.SIGKILL)
    desk.recover(board)
    desk.boots(board)
    desk.installed(board)


def board_that_was_killed_is_recovered_again(desk):
    board = desk.board("cut")
    desk.spoil(board)
    command = [desk.tatu, "device", "recover", "--board", board, "--images", desk.path("release")]
    with subprocess.Popen(command, env=desk.env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as running:
        desk_wait_running(desk, board)
        desk.wait(board, "[REC] recovery-manifest verified")
        desk.good("board", "stop", board, "--now")
        error = running.communicate(timeout=60)[1].decode()
    assert error.startswith("error: IO: the board went off; "), error
    desk.recover(board)
    desk.boots(board)
    desk.installed(board)


def desk_wait_running(desk, board):
    for _ in range(200):
        if desk.good("board", "status", board)["state"] == "on":
            return
        time.sleep(0.05)


def release_of_another_platform_is_refused(desk):
    desk.release("foreign", "other-platform")
    board = desk.board("refusing")
    before = hashlib.sha256(open(os.path.join(board, "flash.bin"), "rb").read()).digest()
    error = desk.bad("KEY_UNKNOWN", "device", "recover", "--board", board, "--images", desk.path("foreign"))
    assert "boot ROM refused the keystore image" in error, error
    assert hashlib.sha256(open(os.path.join(board, "flash.bin"), "rb").read()).digest() == before


def mixed_release_is_refused(desk):
    shutil.copytree(desk.path("release"), desk.path("mixed"))
    with open(desk.path("bodies/kernel.bin"), "rb") as file:
        kernel = file.read()
    with open(desk.path("bodies/kernel.bin"), "wb") as file:
        file.write(kernel[::-1])
    desk.release("second", "platform")
    shutil.copy(desk.path("second/kernel.imagepackage"), desk.path("mixed"))
    board = desk.board("mixing")
    for at in (0, M["FLASH_SET_STRIDE"]):  # or it would take its own kernel
        desk.good("board", "flip", board, at + M["FLASH_KERNEL_AT"] + 100)
    error = desk.bad("DIGEST", "device", "recover", "--board", board, "--images", desk.path("mixed"))
    assert "the kernel image" in error, error
    desk.good("board", "stop", board, "--now")
    desk.good("board", "start", board)
    desk.wait(board, "[VAULT] set A: monitor verified")
    desk.good("board", "stop", board, "--now")


def missing_image_is_named(desk):
    shutil.copytree(desk.path("release"), desk.path("partial"))
    os.unlink(desk.path("partial/recovery.imagepackage"))
    board = desk.board("wanting")
    error = desk.bad("NOT_FOUND", "device", "recover", "--board", board, "--images", desk.path("partial"))
    assert "recovery.imagepackage" in error, error


# ---- command lines and ports

def command_line_is_checked(desk):
    for board in desk.boards:  # none is attached then
        desk.run("board", "stop", board, "--now")
    desk.bad("NOT_FOUND", "device", "recover", "--images", desk.path("release"))
    desk.bad("ARGUMENT", "device", "recover", "--board", "a", "--port", "b", "--images", desk.path("release"))
    desk.bad("NOT_FOUND", "device", "recover", "--board", desk.path("nowhere"), "--images", desk.path("release"))
    desk.bad("NOT_FOUND", "device", "recover", "--port", desk.path("nowhere"))  # and no release was registered
    desk.bad("IO", "device", "recover", "--port", desk.path("nowhere"), "--images", desk.path("release"))


def at_port(desk, name, *messages, answers=0):
    """What the command says to a port that sends these bytes, and how many frames it sent back."""
    path = desk.path(name)
    got = []

    def serve(listening):
        with listening, listening.accept()[0] as wire:
            for message in messages:
                wire.sendall(message)
            wire.settimeout(20)
            while sum(chunk.count(b"\0") for chunk in got) < 2 * answers:
                got.append(wire.recv(65536))
            time.sleep(0.2)

    listening = socket.socket(socket.AF_UNIX)
    listening.bind(path)
    listening.listen(1)
    thread = threading.Thread(target=serve, args=(listening,))
    thread.start()
    ran = desk.run("device", "recover", "--port", path, "--images", desk.path("release"))
    thread.join()
    return ran, b"".join(got)


def hello(version=1, stage=1, err=0):
    return frame(HELLO, version.to_bytes(4, "little") + bytes([stage, 0, 0, 0]) + err.to_bytes(4, "little"))


def read_of(number, offset=0, most=1024):
    return frame(READ, number.to_bytes(2, "little") + most.to_bytes(2, "little") + offset.to_bytes(4, "little"))


def ports_that_answer_ill_end_in_one_clear_line(desk):
    rows = [
        ("version", [hello(version=2)], 0, "VERSION"),
        ("type", [hello(), read_of(31)], 1, "NOT_FOUND"),
        ("far-type", [hello(), read_of(999)], 1, "TYPE"),
        ("done", [hello(), frame(DONE, ERRORS["IO"].to_bytes(4, "little"))], 0, "IO"),
        ("unknown", [hello(), frame(DONE, (99999).to_bytes(4, "little"))], 0, "UNKNOWN"),
        ("gone", [b"garbage" * 1000, hello()[:9]], 0, "IO"),
    ]
    for name, messages, answers, error in rows:
        ran, _ = at_port(desk, "port-" + name, *messages, answers=answers)
        assert ran.returncode == 1 and ran.stderr.startswith(f"error: {error}: "), (name, ran.stderr)
        assert ran.stderr.count("\n") == 1 and "; " in ran.stderr, (name, ran.stderr)


def port_is_answered_and_done_ends_it(desk):
    noise = random.Random(3).randbytes(5000)
    ran, got = at_port(desk, "port-good", noise, hello(), read_of(19), frame(DONE, bytes(4)), answers=1)
    assert ran.returncode == 0, ran.stderr
    assert got.count(b"\0") == 2 and len(got) > 1030, got


TESTS = [board_that_is_off_and_wiped_is_recovered_in_time, real_release_boots_linux_again,
         board_that_runs_is_brought_into_recovery, board_whose_os_is_bad_in_both_sets_asks_by_itself,
         board_with_its_strap_up_is_recovered, recovery_that_was_killed_goes_on,
         board_that_was_killed_is_recovered_again, release_of_another_platform_is_refused, mixed_release_is_refused,
         missing_image_is_named, command_line_is_checked, ports_that_answer_ill_end_in_one_clear_line,
         port_is_answered_and_done_ends_it]


def main():
    options = suite.options(__doc__, tatu=os.path.join(ROOT, "build/host/cli/tatu"), vault=None, monitor=None,
                            bodies=os.path.join(ROOT, "build/release"))
    desk = Desk(options)
    try:
        return suite.run([(test.__name__.replace("_", " "), lambda test=test: test(desk)) for test in TESTS],
                         options.names)
    finally:
        desk.close()


if __name__ == "__main__":
    sys.exit(main())
