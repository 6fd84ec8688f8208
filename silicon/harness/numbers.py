"""Numbers of the contracts, read out of their headers."""
import os
import re
import subprocess

ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
CC = "arm-linux-gnueabihf-gcc"


def read_text(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return file.read()


def read_map():
    """The constants of proto/map.h without their prefix, those that are made of others too."""
    text = subprocess.run([CC, "-E", "-dM", os.path.join(ROOT, "proto/map.h")], check=True,
                          capture_output=True, text=True).stdout
    raw = dict(re.findall(r"^#define TATU_(\w+) ([\w()+*<| -]+)$", text, re.M))

    def value(name):
        parts = re.sub(r"TATU_(\w+)", lambda found: str(value(found.group(1))), raw[name])
        return eval(re.sub(r"\b(0x[0-9a-fA-F]+|\d+)u\b", r"\1", parts))  # pylint: disable=eval-used  our own header

    return {name: value(name) for name in raw}


def read_errors():
    """Number of each error by its name."""
    return {name: int(number) for number, name in re.findall(r"X\((\d+), (\w+),", read_text("base/base.h"))}


def read_types():
    """Number of each image type, named like its slot in the flash."""
    found = re.findall(r"TATU_IMAGE_(\w+) = (\d+),", read_text("proto/image.h"))
    return {"VAULT" if name == "VAULT_RUNTIME" else name: int(number) for name, number in found}


M = read_map()
ERRORS = read_errors()
TYPES = read_types()
SLOTS = ("VAULT", "MONITOR", "KEYSTORE", "DTB", "KERNEL", "ROOT")  # of a boot set
