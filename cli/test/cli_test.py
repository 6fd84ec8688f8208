#!/usr/bin/python3
"""What the `tatu` command promises at a terminal: packing, signing, errors, and its talk with a service.

cli_test.py TATU    prints one line per failed promise and, last, "N passed, N failed".
The packages are read back and the signatures checked by a second implementation (Python).
"""
import base64
import contextlib
import datetime
import functools
import hashlib
import http.server
import json
import os
import re
import shutil
import ssl
import stat
import struct
import subprocess
import sys
import tempfile
import threading
import uuid

import cbor2
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.x509.oid import NameOID

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
from silicon.harness import lms  # noqa: E402  (the path is what it needs)

TATU = os.path.abspath(sys.argv[1])
PROMISES = []
FLASH_SIZE = 0x1000000
SLOTS = {2: (0x000000, 0x10000), 4: (0x010000, 0x10000), 19: (0x020000, 0x1000),
         6: (0x021000, 0xf000), 7: (0x030000, 0x2d0000), 8: (0x300000, 0x300000)}


def promise(function):
    PROMISES.append(function)
    return function


class Desk:
    """A folder to work in and the command with its own configuration."""

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="tatu-cli-test.")
        self.env = {"PATH": os.environ["PATH"], "TATU_CONFIG": self.path("config"),
                    "SOURCE_DATE_EPOCH": "1790000000"}
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS"):
            if name in os.environ:
                self.env[name] = os.environ[name]

    def path(self, *names):
        return os.path.join(self.dir, *names)

    def write(self, name, content):
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(content if isinstance(content, (bytes, bytearray)) else content.encode())
        return path

    def run(self, *args, env=None):
        return subprocess.run([TATU, *map(str, args)], env={**self.env, **(env or {})},
                              capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)

    def good(self, *args):
        ran = self.run(*args, "-o", "json")
        assert ran.returncode == 0, f"tatu {args}: {ran.stderr}"
        return json.loads(ran.stdout) if ran.stdout.strip() else None

    def bad(self, name, *args, status=1, env=None):
        """The command fails with this error name and one clear line."""
        ran = self.run(*args, env=env)
        assert ran.returncode == status, f"tatu {args}: status {ran.returncode}: {ran.stderr}"
        assert ran.stderr.count("\n") == 1 and ran.stderr.startswith(f"error: {name}: "), ran.stderr
        assert "; " in ran.stderr or "see " in ran.stderr, f"no next step: {ran.stderr}"
        return ran.stderr


def public_key(raw):
    return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), b"\x04" + raw)


def check_signature(raw_key, signature, message):
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    public_key(raw_key).verify(utils.encode_dss_signature(r, s), message, ec.ECDSA(hashes.SHA256()))


def check_second(key, package):
    """The LMS signature of firmware; which one-time key made it."""
    signature, length = package[-64 - 4 - lms.SIGNATURE_SIZE:-64 - 4], package[-64 - 4:-64]
    covered = package[:-64 - 4 - lms.SIGNATURE_SIZE] + length
    assert lms.verify(key, hashlib.sha256(covered).digest(), signature)
    return struct.unpack(">I", signature[:4])[0]


def second_signatures(desk, record, folder="release"):
    """The one-time keys of the release key that a release took."""
    names = [image["imageTypeName"] for image in record["images"] if image["imageTypeName"] != "keystore"]
    key = bytes.fromhex(record["releaseLmsKey"])
    return [check_second(key, read(desk.path(folder, name + ".imagepackage"))) for name in names]


def read_package(package):
    """Sections of an image package, read from its end."""
    metadata_len = struct.unpack_from("<I", package, len(package) - 68)[0]
    at = len(package) - 64 - metadata_len
    magic, count = struct.unpack_from("<II", package, at)
    assert magic == 0x4d345834
    sections, body_len, at = {}, at, at + 8
    for _ in range(count):
        name, size = struct.unpack_from("<2sH", package, at)
        assert name not in sections
        sections[name.decode()] = package[at + 4:at + 4 + size]
        at += 4 + size
    assert at == len(package) - 68
    return body_len, sections


def make_application(desk, **changes):
    manifest = {"SchemaVersion": 1, "Name": "doorbell", "EntryPoint": "/bin/app",
                "ComponentId": "25025d2c-66da-4448-bae1-ac26fcdd3627", "CmdArgs": [],
                "Capabilities": {}, **changes}
    desk.write("approot/bin/app", b"\x7fELF" + bytes(range(256)) * 40)
    os.chmod(desk.path("approot/bin/app"), 0o755)
    desk.write("approot/data/sounds/ring.txt", "ding\n")
    return desk.write("app_manifest.json", json.dumps(manifest))


def pack(desk, manifest, out="app.imagepackage"):
    return desk.good("image-package", "pack-application", "--input", desk.path("approot"),
                     "--manifest", manifest, "--out", desk.path(out))


def make_keys(desk):
    raw = {name: ec.generate_private_key(ec.SECP256R1()).public_key().public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)[1:].hex()
        for name in ("root", "time", "director")}
    desk.write("keys.json", json.dumps({"serviceRoot": {"publicKey": raw["root"], "certificate": ""},
                                        "time": {"publicKey": raw["time"]},
                                        "director": {"publicKey": raw["director"]}}))
    return raw


def make_bodies(desk, root=None):
    desk.write("bodies/vault-rom.bin", b"rom" * 1000)
    desk.write("bodies/vault-runtime.bin", b"runtime" * 1000)
    desk.write("bodies/monitor.bin", b"monitor" * 1000)
    desk.write("bodies/recovery.bin", b"recovery" * 1000)
    desk.write("bodies/device-tree.bin", b"dtb" * 1000)
    desk.write("bodies/kernel.bin", b"kernel" * 10000)
    desk.write("bodies/root.bin", root if root is not None else os.urandom(300 * 4096))


def sign(desk, **changes):
    options = {"--platform": desk.path("platform"), "--bodies": desk.path("bodies"),
               "--service-keys": desk.path("keys.json"), "--host": "10.0.2.2", "--front": 8443,
               "--update": 8444, "--version": "26.11", "--security-version": 3,
               "--out": desk.path("release"), **changes}
    return ["release", "sign", *[word for pair in options.items() for word in pair]]


@functools.lru_cache(maxsize=None)
def any_platform():
    """A platform for all who need one: its LMS keys take a second. Each gets a copy, which only a test may do."""
    folder = tempfile.TemporaryDirectory(prefix="tatu-cli-test.")
    subprocess.run([TATU, "platform", "init", "--dir", folder.name + "/platform"], check=True, capture_output=True)
    return folder


def make_release(desk):
    make_keys(desk)
    make_bodies(desk)
    shutil.copytree(any_platform().name + "/platform", desk.path("platform"))
    return desk.good(*sign(desk))


def read(path):
    with open(path, "rb") as file:
        return file.read()


# ---- command line ----------------------------------------------------------------------------

@promise
def help_lists_every_command_and_each_explains_itself(desk):
    listing = desk.run("help").stdout
    commands = [line[2:44].strip() for line in listing.splitlines() if line.startswith("  ")]
    assert len(commands) > 40, commands
    for command in commands:
        ran = desk.run(*command.split(), "--help")
        assert ran.returncode == 0 and ran.stdout.startswith(f"usage: tatu {command}"), command


@promise
def a_noun_alone_lists_its_commands(desk):
    for line in (["device-group"], ["device-group", "--help"]):
        ran = desk.run(*line)
        assert ran.returncode == 0 and ran.stderr == "", ran
        assert [row.split()[:2] for row in ran.stdout.splitlines()] == [
            ["device-group", verb] for verb in ("create", "update", "list", "show")], ran.stdout


@promise
def old_names_and_spellings_mean_the_same(desk):
    package = pack(desk, make_application(desk))
    path = desk.path("app.imagepackage")
    for words in (["image-package", "show", path], ["image-package", "show", "--image-package", path],
                  ["image", "show-package", "-f", path], ["image-package", "show", "--imagepackage", path]):
        assert desk.good(*words)["imageId"] == package["imageId"], words
    text = desk.run("image-package", "show", path, "-o", "table").stdout
    for line in ("Section: Identity", "  Image Type:          Applications", f"  Component ID:        {package['componentId']}",
                 "  Signing Type:        ECDsa256", "Section: Debug", "  Image Name:          doorbell", "Section: Temporary Image",
                 "  Remove image at boot: False", "  Under development:   False", "Section: ABI Depends",
                 "  Depends on:          ApplicationRuntime, Version 12"):
        assert line + "\n" in text, (line, text)
    assert "sdkVersion" in desk.good("show-sdk-version")
    desk.bad("ARGUMENT", "image-package", "show", path, "--image-package", path, status=2)


@promise
def packages_say_whether_they_are_under_development(desk):
    manifest = make_application(desk)
    for flags, word, lines in ((["--under-development"], 2, ("False", "True")), (["--remove-at-boot"], 1, ("True", "False")),
                               ([], 0, ("False", "False"))):
        desk.good("image-package", "pack-application", "--input", desk.path("approot"), "--manifest", manifest,
                  "--out", desk.path("app"), *flags)
        _, sections = read_package(read(desk.path("app")))
        assert sections["TP"] == struct.pack("<I", word)
        assert re.findall(r"(?:boot|development): +(True|False)", desk.run("image-package", "show", desk.path("app")).stdout) == list(lines)


@promise
def the_manifest_of_the_folder_is_taken_when_none_is_named(desk):
    manifest = make_application(desk)
    shutil.copy(manifest, desk.path("approot/app_manifest.json"))
    desk.good("image-package", "pack-application", "--input-directory", desk.path("approot"), "--destination", desk.path("app"))
    os.remove(desk.path("approot/app_manifest.json"))
    desk.bad("NOT_FOUND", "image-package", "pack-application", "--input", desk.path("approot"), "--out", desk.path("app"))


@promise
def whose_signature_a_package_carries_is_said_and_checked(desk):
    pack(desk, make_application(desk))
    package = bytearray(read(desk.path("app.imagepackage")))
    assert desk.good("image-package", "show", desk.path("app.imagepackage"))["signer"] == "developer key of this desk"
    at = package.rindex(b"SG\x18\0") + 4
    package[at:at + 20] = bytes.fromhex("a8d5cc6958f48710140d7a26160fc1cfc31f5df0")
    line = desk.bad("SIGNATURE", "image-package", "show", desk.write("forged", bytes(package)))
    assert "Azure Sphere SDK test key" in line
    package[at:at + 20] = b"\x11" * 20
    assert desk.good("image-package", "show", desk.write("stranger", bytes(package)))["signer"] == "unknown"
    body = bytearray(read(desk.path("app.imagepackage")))
    body[-1] ^= 1
    desk.bad("SIGNATURE", "image-package", "show", desk.write("flipped", bytes(body)))


@promise
def board_configurations_are_packed(desk):
    for number, preset in enumerate(("lan-enc28j60-isu0-int5", "lan-enc28j60-isu1-int2")):
        shown = desk.good("image-package", "pack-board-config", "--preset", preset, "--out", desk.path("eth"))
        assert (shown["imageType"], shown["imageTypeTitle"], shown["name"]) == (21, "CustomerBoardConfig", preset)
        body_len, _ = read_package(read(desk.path("eth")))
        tree = read(desk.path("eth"))[:body_len]
        head = struct.unpack(">10I", tree[:40])
        assert head[0] == 0xd00dfeed and head[1] == len(tree) and head[5:7] == (17, 16)
        assert f"isu{number}".encode() in tree and b"microchip,enc28j60" in tree
        desk.good("image-package", "pack-board-config", "--input", desk.write("tree.dtb", tree), "--out", desk.path("same"))
    desk.bad("ARGUMENT", "image-package", "pack-board-config", "--preset", "none", "--out", desk.path("x"))
    desk.bad("ARGUMENT", "image-package", "pack-board-config", "--out", desk.path("x"))
    desk.bad("FORMAT", "image-package", "pack-board-config", "--input", desk.write("bad", "no tree"), "--out", desk.path("x"))


@promise
def lines_are_completed_from_the_table(desk):
    def following(*words):
        return desk.run("completion", "next", "--", *words).stdout.split()
    assert "device" in following("") and following("dev") == ["device-group", "device"] or following("dev") == ["device", "device-group"]
    assert following("device", "sideload", "") == ["deploy", "delete", "show-deployment-timeout", "set-deployment-timeout"]
    assert following("device", "app", "start", "--d") == ["--device", "--debug-mode"]
    assert following("device", "app", "start", "-o", "") == ["json", "table"]
    script = desk.run("completion", "bash").stdout
    folder = os.path.dirname(TATU)
    told = subprocess.run(["bash", "-c", f'{script}\nCOMP_WORDS=(tatu device app st) COMP_CWORD=3; _tatu; echo "${{COMPREPLY[@]}}"'],
                          env={**desk.env, "PATH": folder + ":" + desk.env["PATH"]}, capture_output=True, text=True, check=True).stdout
    assert told.split() == ["start", "stop"], told
    desk.bad("ARGUMENT", "completion", "fish")


@promise
def every_command_has_its_page(desk):
    desk.good("manual", "--folder", desk.path("man"))
    commands = [line[2:44].strip() for line in desk.run("help").stdout.splitlines() if line.startswith("  ")]
    assert sorted(os.listdir(desk.path("man"))) == sorted(["tatu.1"] + ["tatu-" + c.replace(" ", "-") + ".1" for c in commands])
    page = read(desk.path("man/tatu-device-app-start.1")).decode()
    assert ".B \\-\\-debug\\-mode" in page and "Start applications" in page


@promise
def wrong_command_lines_end_with_status_2_and_one_line(desk):
    for words in (["boil"], ["board", "fry"], ["platform", "init"], ["platform", "init", "--dir"],
                  ["platform", "init", "--dir", "a", "--dir", "b"], ["board", "status"],
                  ["board", "status", "a", "b"], ["board", "status", "a", "--fast"],
                  ["board", "status", "a", "-o", "yaml"], ["image", "list"],
                  ["deployment", "create", "--images"], ["config", "set", "catalog"]):
        desk.bad("ARGUMENT", *words, status=2)
    assert desk.run().returncode == 2


@promise
def numbers_outside_their_range_are_refused(desk):
    for words in (["board", "press", "x", "84"], ["board", "press", "x", "-1"],
                  ["board", "press", "x", "1", "--ms", "0"], ["board", "flip", "x", "0x1000000"],
                  ["board", "flip", "x", "12a"]):
        status = 2 if "-1" in words else 1
        desk.bad("ARGUMENT", *words, status=status)


@promise
def a_renewal_grace_is_zero_or_within_its_limits(desk):
    for value in ("599", "31536001", "-1", "1d"):
        desk.bad("ARGUMENT", "device-group", "update", "g", "--catalog", "c", "--product", "p", "--renewal-grace", value)


@promise
def foreign_bytes_never_reach_the_terminal(desk):
    line = desk.bad("NOT_FOUND", "image-package", "show", "/tmp/\x1b[31mred\u009b1m\x07")
    assert not any(ord(c) < 32 or 0x7f <= ord(c) < 0xa0 for c in line.rstrip("\n")), repr(line)


@promise
def settings_are_kept_in_a_file_of_the_owner_alone(desk):
    desk.good("config", "set", "catalog", "home")
    assert stat.S_IMODE(os.stat(desk.path("config/config.json")).st_mode) == 0o600
    assert stat.S_IMODE(os.stat(desk.path("config")).st_mode) == 0o700
    assert desk.good("config", "show")["catalog"] == "home"
    desk.bad("ARGUMENT", "config", "set", "colour", "red")
    os.chmod(desk.path("config/config.json"), 0o644)
    desk.bad("DENIED", "config", "show")
    os.chmod(desk.path("config/config.json"), 0o600)
    desk.write("config/config.json", "{")
    desk.bad("FORMAT", "config", "show")


# ---- keys ------------------------------------------------------------------------------------

@promise
def platform_keys_are_private_and_never_overwritten(desk):
    made = desk.good("platform", "init", "--dir", desk.path("platform"))
    before = read(desk.path("platform/root.pem"))
    for name, key in (("root.pem", "rootKey"), ("release.pem", "releaseKey")):
        assert stat.S_IMODE(os.stat(desk.path("platform", name)).st_mode) == 0o600
        private = serialization.load_pem_private_key(read(desk.path("platform", name)), None)
        point = private.public_key().public_bytes(serialization.Encoding.X962,
                                                  serialization.PublicFormat.UncompressedPoint)
        assert point[1:].hex() == made[key]
    for name, key in (("root.lms", "rootLmsKey"), ("release.lms", "releaseLmsKey")):
        assert stat.S_IMODE(os.stat(desk.path("platform", name)).st_mode) == 0o600
        assert len(made[key]) == 2 * lms.PUBLIC_SIZE and read(desk.path("platform", name))[60:116].hex() == made[key]
    assert stat.S_IMODE(os.stat(desk.path("platform")).st_mode) == 0o700
    desk.bad("EXISTS", "platform", "init", "--dir", desk.path("platform"))
    assert read(desk.path("platform/root.pem")) == before


@promise
def an_lms_key_is_derived_from_its_seed_as_rfc_8554_says(desk):
    desk.good("platform", "init", "--dir", desk.path("platform"))
    state, leaves = read(desk.path("platform/root.lms")), read(desk.path("platform/root.lms.leaves"))
    key = lms.LmsKey(state[12:60], real=2)  # of the others' places it knows nothing
    for q in (0, 1):
        ots = leaves[32 * q:32 * q + 32]
        assert lms.leaf(state[12:28], 1024 + q, ots) == key.tree[1024 + q]


@promise
def a_one_time_key_signs_once(desk):
    record = make_release(desk)
    again = desk.good(*sign(desk))
    each = 1024 - record["releaseSignaturesLeft"]  # of a release
    taken = second_signatures(desk, again)
    assert each <= min(taken) <= max(taken) < 2 * each and len(set(taken)) == len(taken)
    runs = [subprocess.Popen([TATU, *map(str, sign(desk, **{"--out": desk.path(f"release{n}")}))], env=desk.env,
                             stdout=subprocess.DEVNULL) for n in range(4)]
    assert [run.wait(60) for run in runs] == [0] * 4
    for n in range(4):
        taken += second_signatures(desk, json.loads(read(desk.path(f"release{n}/release.json"))), f"release{n}")
    assert len(set(taken)) == len(taken) and max(taken) < 6 * each, "a one-time key was used twice"
    assert struct.unpack_from("<I", read(desk.path("platform/release.lms")), 8)[0] == 6 * each
    left = desk.good(*sign(desk))
    assert left["releaseSignaturesLeft"] == 1024 - 7 * each and left["rootSignaturesLeft"] == 1024 - 7


@promise
def a_used_up_or_damaged_lms_key_does_not_sign(desk):
    make_release(desk)
    path, leaves = desk.path("platform/release.lms"), desk.path("platform/release.lms.leaves")
    state = read(path)[:-32]

    def put(bytes_):
        with open(path, "wb") as file:
            file.write(bytes_ + hashlib.sha256(bytes_).digest())

    shutil.rmtree(desk.path("release"))
    put(state[:8] + struct.pack("<I", 1024) + state[12:])
    desk.bad("FULL", *sign(desk))
    put(state[:8] + struct.pack("<I", 1020) + state[12:])
    desk.bad("FULL", *sign(desk))  # one less than the release needs
    put(state[:8] + struct.pack("<I", 1025) + state[12:])
    desk.bad("FORMAT", *sign(desk))
    for bad in (b"", state, state + bytes(32), b"TLMX" + state[4:]):
        desk.write("platform/release.lms", bad)
        desk.bad("FORMAT", *sign(desk))
    put(state[:60] + bytes(56))
    desk.bad("FORMAT", *sign(desk))
    put(state)
    os.chmod(path, 0o640)
    desk.bad("DENIED", *sign(desk))
    os.chmod(path, 0o600)
    assert not os.path.exists(desk.path("release"))
    good = read(leaves)
    for bad in (b"", good[:-1], good[:64] + b"\0" + good[65:]):  # made again from the seed
        desk.write("platform/release.lms.leaves", bad)
        second_signatures(desk, desk.good(*sign(desk)))
        assert read(leaves) == good
    os.unlink(leaves)
    second_signatures(desk, desk.good(*sign(desk)))
    assert read(leaves) == good


@promise
def a_private_key_that_others_may_read_is_refused(desk):
    manifest = make_application(desk)
    desk.good("maker", "init", "--dir", desk.path("maker"))
    os.chmod(desk.path("maker/maker.pem"), 0o644)
    desk.bad("DENIED", "image-package", "pack-application", "--input", desk.path("approot"), "--manifest",
             manifest, "--out", desk.path("a"), "--key", desk.path("maker/maker.pem"))
    desk.write("no.pem", "no key")
    os.chmod(desk.path("no.pem"), 0o600)
    desk.bad("FORMAT", "image-package", "pack-application", "--input", desk.path("approot"), "--manifest",
             manifest, "--out", desk.path("a"), "--key", desk.path("no.pem"))


# ---- application packages --------------------------------------------------------------------

@promise
def a_package_reads_back_with_its_files_and_its_signature(desk):
    pack(desk, make_application(desk))
    package = read(desk.path("app.imagepackage"))
    body_len, sections = read_package(package)
    private = serialization.load_pem_private_key(read(desk.path("config/developer.pem")), None)
    assert stat.S_IMODE(os.stat(desk.path("config/developer.pem")).st_mode) == 0o600
    raw = private.public_key().public_bytes(serialization.Encoding.X962,
                                            serialization.PublicFormat.UncompressedPoint)[1:]
    check_signature(raw, package[-64:], package[:-64])
    assert sections["SG"] == hashlib.sha256(raw).digest()[:20] + struct.pack("<I", 1)
    image_type, zero = struct.unpack_from("<HH", sections["ID"])
    assert (image_type, zero) == (10, 0)
    assert uuid.UUID(bytes_le=sections["ID"][4:20]) == uuid.UUID("25025d2c-66da-4448-bae1-ac26fcdd3627")
    assert sections["ND"] == struct.pack("<III", 1, 12, 3)
    built, name = struct.unpack("<Q32s", sections["DB"])
    assert (built, name.rstrip(b"\0")) == (1790000000, b"doorbell")
    assert body_len % 4096 == 0
    shown = desk.good("image-package", "show", desk.path("app.imagepackage"))
    assert {f["path"] for f in shown["files"]} == {"app_manifest.json", "bin/app", "data/sounds/ring.txt"}
    assert shown["digest"] == hashlib.sha256(package).hexdigest()


@promise
def the_hash_tree_of_a_package_is_the_one_veritysetup_makes(desk):
    pack(desk, make_application(desk))
    package = read(desk.path("app.imagepackage"))
    body_len, sections = read_package(package)
    data_len, block = struct.unpack_from("<II", sections["VT"])
    assert block == 4096 and 0 < data_len < body_len
    check_verity(desk, package[:data_len], package[data_len:body_len], sections["VT"][8:40])


def check_verity(desk, data, tree, root):
    desk.write("data.img", data)
    tool = shutil.which("veritysetup", path=os.environ["PATH"] + ":/usr/sbin:/sbin")
    assert tool, "veritysetup is missing (package cryptsetup-bin)"
    out = subprocess.run([tool, "format", "--no-superblock", "--salt=-", "--hash=sha256", "--format=1",
                          "--data-block-size=4096", "--hash-block-size=4096", desk.path("data.img"),
                          desk.path("tree.img")], capture_output=True, text=True, check=True).stdout
    theirs = [line.split()[-1] for line in out.splitlines() if line.startswith("Root hash")][0]
    assert theirs == root.hex()
    assert read(desk.path("tree.img"))[:len(tree)] == tree


@promise
def the_same_content_gives_the_same_image_id_and_other_content_another(desk):
    manifest = make_application(desk)
    first = pack(desk, manifest)
    again = pack(desk, manifest, "again")
    assert first["imageId"] == again["imageId"]
    desk.write("approot/data/sounds/ring.txt", "dong\n")
    assert pack(desk, manifest, "other")["imageId"] != first["imageId"]
    assert uuid.UUID(first["imageId"]).version == 8 or uuid.UUID(first["imageId"]).variant == uuid.RFC_4122


@promise
def bad_manifests_are_refused_by_name(desk):
    cases = ({"SchemaVersion": 2}, {"Name": ""}, {"ComponentId": "4711"},
             {"EntryPoint": "bin/app"}, {"EntryPoint": "/bin/gone"}, {"EntryPoint": "/data"},
             {"EntryPoint": "/data/sounds/ring.txt"}, {"Capabilities": []})
    for changes in cases:
        manifest = make_application(desk, **changes)
        desk.bad("MANIFEST", "image-package", "pack-application", "--input", desk.path("approot"),
                 "--manifest", manifest, "--out", desk.path("out"))
    manifest = desk.write("app_manifest.json", '{"Name": 1')
    desk.bad("MANIFEST", "image-package", "pack-application", "--input", desk.path("approot"),
             "--manifest", manifest, "--out", desk.path("out"))
    manifest = make_application(desk, Capabilities={"ReadMinds": True})
    desk.bad("CAPABILITY", "image-package", "pack-application", "--input", desk.path("approot"),
             "--manifest", manifest, "--out", desk.path("out"))
    assert not os.path.exists(desk.path("out"))


@promise
def pins_of_a_board_take_the_place_of_their_names(desk):
    def define(name, peripherals, imports=()):
        return desk.write(name, json.dumps({
            "Metadata": {"Type": "Azure Sphere Hardware Definition", "Version": 1},
            "Description": {"Name": name}, "Imports": [{"Path": path} for path in imports],
            "Peripherals": peripherals}))
    chip = [{"Name": f"CHIP_GPIO{n}", "Type": "Gpio", "MainCoreHeaderValue": f"({n})", "AppManifestValue": n}
            for n in (8, 12)]
    chip.append({"Name": "CHIP_ISU0", "Type": "Uart", "MainCoreHeaderValue": "0", "AppManifestValue": "ISU0"})
    define("hw/chip.json", chip)
    define("hw/board.json", [{"Name": "BUTTON", "Type": "Gpio", "Mapping": "CHIP_GPIO12", "Comment": "low\x1b"}],
           ["chip.json"])
    board = define("bell.json", [{"Name": "BELL", "Type": "Gpio", "Mapping": "BUTTON"},
                                 {"Name": "PORT", "Type": "Uart", "Mapping": "CHIP_ISU0"}],
                   ["hw/board.json", "hw/chip.json"])
    manifest = make_application(desk, Capabilities={"Gpio": ["$BELL", 8], "Uart": ["$PORT"]})
    words = ["image-package", "pack-application", "--input", desk.path("approot"), "--manifest", manifest,
             "--out", desk.path("a")]
    desk.good(*words, "--hardware-definition", board)
    text = read(desk.path("a"))
    at = text.index(b'{\n  "SchemaVersion"')
    packed = json.JSONDecoder().raw_decode(text[at:at + 2000].decode("latin-1"))[0]
    assert packed["Capabilities"] == {"Gpio": [12, 8], "Uart": ["ISU0"]}
    desk.bad("MANIFEST", *words)
    desk.bad("MANIFEST", *words, "--hardware-definition", desk.path("hw/board.json"))
    header = desk.path("inc/hw/bell.h")
    desk.good("hardware-definition", "generate-header", "--definition", board, "--out", header, "--with-imports")
    desk.write("use.c", f'#include "{header}"\nint bell[BELL == 12 ? 1 : -1];\n')
    subprocess.run(["cc", "-fsyntax-only", desk.path("use.c")], check=True)
    for peripherals in ([{"Name": "A B", "Type": "Gpio", "MainCoreHeaderValue": "1"}],
                        [{"Name": "A", "Type": "Gpio", "MainCoreHeaderValue": "1;system()"}],
                        [{"Name": "A", "Type": "Gpio", "Mapping": "NOTHING"}],
                        [{"Name": "A", "Type": "Uart", "Mapping": "CHIP_GPIO8"}],
                        [{"Name": "A", "Type": "Gpio", "Mapping": "A"}],
                        [{"Name": "A", "Type": "Gpio", "MainCoreHeaderValue": "1"}] * 2):
        bad = define("bad.json", peripherals, ["hw/chip.json"])
        desk.bad("FORMAT", "hardware-definition", "generate-header", "--definition", bad, "--out", header)
    desk.bad("NOT_FOUND", "hardware-definition", "generate-header", "--definition",
             define("bad.json", [], ["gone.json"]), "--out", header)


@promise
def what_is_neither_file_nor_folder_is_not_packed(desk):
    manifest = make_application(desk)
    os.symlink("/etc/passwd", desk.path("approot/data/link"))
    desk.bad("FORMAT", "image-package", "pack-application", "--input", desk.path("approot"),
             "--manifest", manifest, "--out", desk.path("out"))
    desk.bad("NOT_FOUND", "image-package", "pack-application", "--input", desk.path("nowhere"),
             "--manifest", manifest, "--out", desk.path("out"))


@promise
def damaged_packages_are_refused_by_name(desk):
    pack(desk, make_application(desk))
    package = bytearray(read(desk.path("app.imagepackage")))
    desk.write("short", package[:40])
    desk.bad("SHORT", "image-package", "show", desk.path("short"))
    desk.write("cut", package[:-10])
    desk.bad("LONG", "image-package", "show", desk.path("cut"))
    at = package.rindex(b"4X4M")
    desk.write("magic", package[:at] + b"4X5M" + package[at + 4:])
    desk.bad("FORMAT", "image-package", "show", desk.path("magic"))
    desk.write("long", bytes(0x300001))
    desk.bad("LONG", "image-package", "show", desk.path("long"))
    package[100] ^= 1
    desk.write("file-system", package)
    desk.bad("DIGEST", "image-package", "show", desk.path("file-system"))


# ---- releases --------------------------------------------------------------------------------

@promise
def a_release_has_six_signed_images_in_both_sets(desk):
    record = make_release(desk)
    flash = read(desk.path("release/flash.bin"))
    assert len(flash) == FLASH_SIZE
    root, release = bytes.fromhex(record["rootKey"]), bytes.fromhex(record["releaseKey"])
    root_lms, release_lms = bytes.fromhex(record["rootLmsKey"]), bytes.fromhex(record["releaseLmsKey"])
    covered = bytearray(FLASH_SIZE)
    for base in (0, 0x800000):
        for image_type, (at, size) in SLOTS.items():
            slot = flash[base + at:base + at + size]
            magic, length, inverted, zero = struct.unpack("<IIII", slot[-16:])
            assert (magic, inverted, zero) == (0x544c5354, length ^ 0xffffffff, 0), image_type
            package = slot[:length]
            assert slot[length:-16] == b"\xff" * (size - 16 - length)
            check_signature(root if image_type == 19 else release, package[-64:], package[:-64])
            check_second(root_lms if image_type == 19 else release_lms, package)
            _, sections = read_package(package)
            assert list(sections)[-1] == "S2" and sections["S2"][:4] == struct.pack("<HH", 1, 0)
            assert struct.unpack_from("<H", sections["ID"])[0] == image_type
            assert struct.unpack("<II", sections["TV"]) == (3, 0)
            covered[base + at:base + at + size] = b"\1" * size
    # nor an image table: a new board has none
    assert all(c or f == 0xff for c, f in zip(covered, flash)), "bytes outside of the slots"


@promise
def the_keystore_holds_the_keys_and_the_place_of_the_service(desk):
    record = make_release(desk)
    keys = json.loads(read(desk.path("keys.json")))
    body = read(desk.path("release/keystore.imagepackage"))
    assert struct.unpack_from("<II", body) == (0x59454b54, 2)
    assert body[8:72].hex() == record["rootKey"] and body[72:128].hex() == record["rootLmsKey"]
    assert struct.unpack_from("<I", body, 128)[0] == 1
    assert body[132:196].hex() == record["releaseKey"] and body[196:252].hex() == record["releaseLmsKey"]
    assert struct.unpack_from("<II", body, 252) == (1, 0)
    assert body[260:324].hex() == keys["serviceRoot"]["publicKey"]
    assert body[324:388].hex() == keys["time"]["publicKey"]
    assert body[388:452].hex() == keys["director"]["publicKey"]
    assert body[452:462] == struct.pack("<H", 8) + b"10.0.2.2"
    assert struct.unpack_from("<HH", body, 462) == (8443, 8444)


@promise
def reference_values_are_the_digests_of_the_images_signed_by_the_release_key(desk):
    record = make_release(desk)
    sealed = cbor2.loads(read(desk.path("release/reference.cose")))
    assert sealed.tag == 18
    protected, unprotected, payload, signature = sealed.value
    assert cbor2.loads(protected) == {1: -7}
    key = bytes.fromhex(record["releaseKey"])
    assert unprotected == {4: hashlib.sha256(key).digest()[:20]}
    check_signature(key, signature, cbor2.dumps(["Signature1", protected, b"tatu-reference-1", payload]))
    values = cbor2.loads(payload)
    assert values[1] == "26.11" and values[4] is True
    assert values[2] == hashlib.sha256(b"rom" * 1000 + b"tatu-1").digest()
    assert record["implementation"] == values[2].hex()
    names = {image["imageType"]: image["imageTypeName"] for image in record["images"]}
    assert [entry[0] for entry in values[3]] == [2, 4, 19, 6, 7, 8]
    for image_type, version, digest in values[3]:
        package = read(desk.path("release", names[image_type] + ".imagepackage"))
        assert (version, digest) == (3, hashlib.sha256(package).digest())


@promise
def the_root_file_system_must_be_the_one_its_tree_was_made_for(desk):
    make_release(desk)
    package = read(desk.path("release/root.imagepackage"))
    body_len, sections = read_package(package)
    data_len = struct.unpack_from("<I", sections["VT"])[0]
    assert data_len == 300 * 4096
    root = sections["VT"][8:40]
    check_verity(desk, package[:data_len], package[data_len:body_len], root)
    text = f"data_len={data_len}\nroot_hash={root.hex()}\n"
    whole = bytearray(package[:body_len])
    make_bodies(desk, bytes(whole))
    desk.write("bodies/verity.txt", text)
    desk.good(*sign(desk))
    assert read(desk.path("release/root.imagepackage"))[:body_len] == whole
    whole[5] ^= 1
    make_bodies(desk, bytes(whole))
    desk.bad("DIGEST", *sign(desk))
    whole[5] ^= 1
    whole[-1] ^= 1
    make_bodies(desk, bytes(whole))
    desk.bad("DIGEST", *sign(desk))
    desk.write("bodies/verity.txt", "nothing")
    desk.bad("FORMAT", *sign(desk))


@promise
def a_release_that_cannot_be_made_names_why(desk):
    make_release(desk)
    shutil.rmtree(desk.path("release"))
    desk.bad("NOT_FOUND", *sign(desk, **{"--platform": desk.path("nowhere")}))
    desk.bad("ARGUMENT", *sign(desk, **{"--security-version": 65}))
    desk.bad("ARGUMENT", *sign(desk, **{"--front": 0}))
    desk.bad("LONG", *sign(desk, **{"--host": "h" * 65}))
    desk.bad("ARGUMENT", *sign(desk, **{"--host": "two words"}))
    desk.bad("LONG", *sign(desk, **{"--version": "v" * 17}))
    desk.bad("STATE", *sign(desk, **{"--service-keys": "https://elsewhere:1/"}))
    desk.write("keys.json", '{"serviceRoot":{"publicKey":"00"}}')
    desk.bad("FORMAT", *sign(desk))
    make_keys(desk)
    desk.write("bodies/monitor.bin", bytes(0x10001))
    desk.bad("LONG", *sign(desk))
    desk.write("bodies/monitor.bin", bytes(0x10000 - 100))
    desk.bad("LONG", *sign(desk))
    os.unlink(desk.path("bodies/monitor.bin"))
    desk.bad("NOT_FOUND", *sign(desk))
    assert not os.path.exists(desk.path("release/release.json"))


# ---- boards ----------------------------------------------------------------------------------

@promise
def a_board_needs_a_release_of_its_rom_and_a_chip(desk):
    make_release(desk)
    desk.good("maker", "init", "--dir", desk.path("maker"), "--name", "works")
    desk.write("arom.bin", b"arom")
    desk.write("other.bin", b"other rom")
    words = ["board", "create", desk.path("board"), "--release", desk.path("release"), "--maker",
             desk.path("maker"), "--arom", desk.path("arom.bin")]
    rom = ["--rom", desk.path("bodies/vault-rom.bin")]
    desk.bad("NOT_FOUND", *words, *rom, env={"TATU_QEMU": "/nowhere/chip"})
    desk.bad("MEASUREMENT", *words, "--rom", desk.path("other.bin"), env={"TATU_QEMU": "/bin/false"})
    desk.bad("IO", *words, *rom, env={"TATU_QEMU": "/bin/false"})
    assert not os.path.exists(desk.path("board"))
    desk.bad("NOT_FOUND", "board", "start", desk.path("board"), env={"TATU_QEMU": "/bin/false"})


# ---- talk with a service ---------------------------------------------------------------------

class Service:
    """Answers as a table says and remembers what it was asked."""

    def __init__(self, desk, answers, age_h=0):
        self.asked, self.answers = [], answers
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test service")])
        now = datetime.datetime.utcnow() - datetime.timedelta(hours=age_h)
        certificate = (x509.CertificateBuilder().subject_name(name).issuer_name(name)
                       .public_key(key.public_key()).serial_number(x509.random_serial_number())
                       .not_valid_before(now - datetime.timedelta(hours=1))
                       .not_valid_after(now + datetime.timedelta(hours=1))
                       .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), False)
                       .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
                       .sign(key, hashes.SHA256()))
        self.ca = desk.write("ca.pem", certificate.public_bytes(serialization.Encoding.PEM))
        desk.write("service.key", key.private_bytes(serialization.Encoding.PEM,
                                                    serialization.PrivateFormat.PKCS8,
                                                    serialization.NoEncryption()))
        service = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                service.asked.append((self.command, self.path, self.headers.get("Authorization"), body))
                status, value = service.answers(self.command, self.path, body)
                text = value if isinstance(value, bytes) else json.dumps(value).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_GET = do_PUT = do_POST = do_PATCH = do_DELETE = answer

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.ca, desk.path("service.key"))
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.url = f"https://localhost:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


@contextlib.contextmanager
def logged_in(desk, answers):
    def all_answers(method, path, body):
        return (200, {"serviceRoot": {}}) if path == "/tatu/v1/keys" else answers(method, path, body)
    service = Service(desk, all_answers)
    try:
        desk.write("token", "very-secret-token\n")
        desk.good("login", "--service", service.url + "/", "--token-file", desk.path("token"), "--ca",
                  service.ca)
        service.asked.clear()
        yield service
    finally:
        service.stop()


ARM = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/tatu/providers/Microsoft.AzureSphere/catalogs"
API = "?api-version=2024-04-01"


@promise
def each_command_asks_what_the_operator_api_says(desk):
    image = "0b7c1d3c-5f0e-8a00-8b00-000000000001"
    device = "ab" * 64
    rows = [
        (["catalog", "create", "home"], "PUT", f"{ARM}/home{API}", {"location": "global", "tags": {}}),
        (["catalog", "list"], "GET", f"{ARM}{API}", None),
        (["catalog", "show", "--catalog", "home"], "GET", f"{ARM}/home{API}", None),
        (["product", "create", "door bell"], "PUT", f"{ARM}/home/products/door%20bell{API}",
         {"properties": {"description": ""}}),
        (["product", "list"], "GET", f"{ARM}/home/products{API}", None),
        (["device-group", "create", "Field Test", "--product", "p", "--application-update", "UpdateAll"], "PUT",
         f"{ARM}/home/products/p/deviceGroups/Field%20Test{API}", {"properties": {"updatePolicy": "UpdateAll"}}),
        (["device-group", "list", "--product", "p"], "GET", f"{ARM}/home/products/p/deviceGroups{API}", None),
        (["device-group", "update", "Field Test", "--product", "p", "--renewal-grace", "86400"], "PATCH",
         f"/tatu/v1/catalogs/tatu/home/products/p/deviceGroups/Field%20Test?subscription={ARM.split('/')[2]}",
         {"renewalGraceSeconds": 86400}),
        (["device", "claim", "--device-id", device, "--product", "p", "--device-group", "g"], "PUT",
         f"{ARM}/home/products/p/deviceGroups/g/devices/{device}{API}", {"properties": {}}),
        (["device", "list"], "GET", "/tatu/v1/devices?resourceGroup=tatu&catalog=home", None),
        (["device", "show", device], "GET", f"/tatu/v1/devices/{device}", None),
        (["image", "list"], "GET", f"{ARM}/home/images{API}", None),
        (["deployment", "create", "--product", "p", "--device-group", "g", "--images", image, image], "PUT",
         f"{ARM}/home/products/p/deviceGroups/g/deployments/.default{API}",
         {"properties": {"deployedImages": [{"properties": {"imageId": image}}] * 2}}),
        (["crash", "list", "--device", device], "GET",
         f"/tatu/v1/crashes?resourceGroup=tatu&catalog=home&device={device}", None),
        (["crash", "show", "7"], "GET", "/tatu/v1/crashes/7", None),
        (["event", "list", "--catalog", "../x&y"], "GET",
         "/tatu/v1/events?resourceGroup=tatu&catalog=..%2Fx%26y", None),
    ]
    with logged_in(desk, lambda *_: (200, {"value": [], "name": "n"})) as service:
        desk.good("config", "set", "catalog", "home")
        for words, method, path, body in rows:
            service.asked.clear()
            desk.good(*words)
            assert len(service.asked) == 1, (words, service.asked)
            asked = service.asked[0]
            assert asked[:3] == (method, path, "Bearer very-secret-token"), (words, asked)
            assert body is None or json.loads(asked[3]) == body, (words, asked)


@promise
def an_image_is_uploaded_as_it_is_under_its_own_id(desk):
    shown = pack(desk, make_application(desk))
    with logged_in(desk, lambda *_: (201, {"name": "x"})) as service:
        desk.good("image", "add", desk.path("app.imagepackage"), "--catalog", "home")
        method, path, _, body = service.asked[0]
        assert (method, path) == ("PUT", f"{ARM}/home/images/{shown['imageId']}{API}")
        sent = base64.b64decode(json.loads(body)["properties"]["image"], validate=True)
        assert sent == read(desk.path("app.imagepackage"))
        service.asked.clear()
        for name, err, content in (("no-package", "FORMAT", bytes(500)), ("cut", "LONG", sent[:-1]),
                                   ("stump", "SHORT", sent[:40]), ("nothing", "SHORT", b""),
                                   ("file", "DIGEST", sent[:100] + bytes([sent[100] ^ 1]) + sent[101:]),
                                   ("large", "LONG", bytes(0x300001))):
            desk.write(name, content)
            desk.bad(err, "image", "add", desk.path(name), "--catalog", "home")
        assert not service.asked, "what is damaged is not sent"


@promise
def all_pages_of_a_list_are_one_list_and_the_token_goes_to_the_service_only(desk):
    def answers(_method, path, _body):
        if "skip=2" in path:
            return 200, {"value": [{"name": "c"}]}
        if "evil" in path:
            return 200, {"value": [], "nextLink": "https://localhost.example/x"}
        return 200, {"value": [{"name": "a"}, {"name": "b"}],
                     "nextLink": f"{links['url']}{ARM}/home/products{API}&$skip=2"}
    links = {}
    with logged_in(desk, answers) as service:
        links["url"] = service.url
        listed = desk.good("product", "list", "--catalog", "home")
        assert [row["name"] for row in listed] == ["a", "b", "c"]
        desk.bad("REJECTED", "product", "list", "--catalog", "evil")


@promise
def errors_of_the_service_keep_their_name_and_get_a_next_step(desk):
    def answers(_method, path, _body):
        if "gone" in path:
            return 404, {"error": {"code": "ResourceNotFound", "message": "There is no catalog 'gone'.\x1b[2J"}}
        if "odd" in path:
            return 502, b"<html>"
        if "full" in path:
            return 507, {"error": {"code": "StorageFull", "message": "There is no room left."}}
        if "large" in path:
            return 413, {"error": {"code": "RequestTooLarge", "message": "An application has at most 1 MiB."}}
        return 200, b"not json"
    with logged_in(desk, answers):
        line = desk.bad("ResourceNotFound", "catalog", "show", "gone")
        assert "There is no catalog 'gone'" in line and "\x1b" not in line
        assert "room" in desk.bad("StorageFull", "catalog", "show", "full").split("; ")[1]
        assert "smaller" in desk.bad("RequestTooLarge", "catalog", "show", "large").split("; ")[1]
        desk.bad("REJECTED", "catalog", "show", "odd")
        desk.bad("FORMAT", "catalog", "show", "else")


@promise
def the_catalog_ca_is_written_as_a_certificate(desk):
    answer = {"properties": {}}
    with logged_in(desk, lambda *_: (200, answer)) as service:
        certificate = x509.load_pem_x509_certificate(read(service.ca))
        der = certificate.public_bytes(serialization.Encoding.DER)
        answer["properties"]["certificate"] = base64.b64encode(der).decode()
        desk.good("catalog", "ca", "home", "--out", desk.path("out.pem"))
        assert x509.load_pem_x509_certificate(read(desk.path("out.pem"))) == certificate
        assert desk.run("catalog", "ca", "home").stdout == read(desk.path("out.pem")).decode()
        answer["properties"]["certificate"] = "!!!!"
        desk.bad("FORMAT", "catalog", "ca", "home")


@promise
def only_the_pinned_authority_is_believed_and_nothing_is_kept_of_a_failed_login(desk):
    with logged_in(desk, lambda *_: (200, {"value": []})):
        other = Service(desk, lambda *_: (200, {}))
        try:
            desk.write("first-ca.pem", read(desk.path("ca.pem")))
            config = json.loads(read(desk.path("config/config.json")))
            config["service"] = other.url
            desk.write("config/config.json", json.dumps(config))
            os.chmod(desk.path("config/config.json"), 0o600)
            line = desk.bad("CERTIFICATE", "catalog", "list")
            assert "very-secret-token" not in line
            assert not other.asked
        finally:
            other.stop()
    before = read(desk.path("config/config.json"))
    desk.bad("UNREACHABLE", "login", "--service", "https://127.0.0.1:1", "--token-file", desk.path("token"),
             "--ca", desk.path("ca.pem"))
    desk.bad("ARGUMENT", "login", "--service", "http://127.0.0.1:1", "--token-file", desk.path("token"),
             "--ca", desk.path("ca.pem"))
    desk.bad("FORMAT", "login", "--service", "https://127.0.0.1:1", "--token-file", desk.path("token"),
             "--ca", desk.path("token"))
    desk.write("token", "two words")
    desk.bad("FORMAT", "login", "--service", "https://127.0.0.1:1", "--token-file", desk.path("token"),
             "--ca", desk.path("ca.pem"))
    assert read(desk.path("config/config.json")) == before


@promise
def a_certificate_of_another_time_points_at_the_clock(desk):
    for age_h, word in ((50, "expired"), (-50, "not valid yet")):
        service = Service(desk, lambda *_: (200, {"serviceRoot": {}}), age_h)
        try:
            desk.write("token", "very-secret-token\n")
            line = desk.bad("CERTIFICATE", "login", "--service", service.url, "--token-file", desk.path("token"),
                            "--ca", service.ca)
            assert word in line and "check the clock" in line, line
            assert not service.asked and not os.path.exists(desk.path("config/config.json"))
        finally:
            service.stop()


@promise
def secrets_are_in_no_output(desk):
    with logged_in(desk, lambda *_: (401, {"error": {"code": "AuthenticationFailed", "message": "no"}})):
        desk.good("config", "set", "catalog", "home")
        seen = "".join(ran.stdout + ran.stderr for ran in (
            desk.run("config", "show"), desk.run("config", "show", "-o", "json"), desk.run("catalog", "list")))
        assert "very-secret-token" not in seen and "AuthenticationFailed" in seen
        desk.good("logout")
        desk.bad("STATE", "catalog", "list")


@promise
def maker_and_release_are_registered_as_the_operator_api_says(desk):
    record = make_release(desk)
    maker = desk.good("maker", "init", "--dir", desk.path("maker"), "--name", "works")
    with logged_in(desk, lambda *_: (201, {"name": "x"})) as service:
        desk.good("maker", "register", "--maker", desk.path("maker"))
        desk.good("release", "register", "--release", desk.path("release"))
        (m1, p1, _, b1), (m2, p2, _, b2), (m3, p3, _, b3) = service.asked
        assert (m1, p1, json.loads(b1)) == ("PUT", "/tatu/v1/makers/works", {"publicKey": maker["publicKey"]})
        assert (m2, p2) == ("PUT", f"/tatu/v1/release-keys/release-{record['releaseKey'][:8]}")
        assert json.loads(b2) == {"publicKey": record["releaseKey"]}
        assert (m3, p3) == ("PUT", "/tatu/v1/references")
        assert json.loads(b3) == {"reference": read(desk.path("release/reference.cose")).hex()}


@promise
def a_confirmation_names_the_release_its_implementation_and_floors(desk):
    record = make_release(desk)
    with logged_in(desk, lambda *_: (200, {"release": record["version"]})) as service:
        desk.good("release", "confirm", "--release", desk.path("release"), "--platform", desk.path("platform"))
        (method, path, _, body), = service.asked
        said = json.loads(body)
        assert (method, path, said["release"]) == ("PUT", "/tatu/v1/confirmations", record["version"])
        protected, _, payload, signature = cbor2.loads(bytes.fromhex(said["confirmation"])).value
        assert cbor2.loads(payload) == {1: bytes.fromhex(record["implementation"]), 2: [record["securityVersion"]] * 4}
        check_signature(bytes.fromhex(record["releaseKey"]), signature,
                        cbor2.dumps(["Signature1", protected, b"tatu-confirm-1", payload]))
        desk.write("release/release.json", b"{}")
        desk.bad("FORMAT", "release", "confirm", "--release", desk.path("release"), "--platform", desk.path("platform"))
        assert len(service.asked) == 1


def main():
    failed = 0
    for function in PROMISES:
        desk = Desk()
        try:
            function(desk)
        except (AssertionError, InvalidSignature, KeyError, ValueError, TypeError, OSError, struct.error,
                subprocess.SubprocessError) as problem:
            failed += 1
            print(f"{function.__name__}: {type(problem).__name__}: {problem}")
        finally:
            shutil.rmtree(desk.dir, ignore_errors=True)
    print(f"{len(PROMISES) - failed} passed, {failed} failed")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
