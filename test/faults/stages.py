"""The stages of the verify path: on each one's chip nothing may boot."""
import struct
from collections import namedtuple

from silicon.harness import TYPES, FuseFile, M, flip, new_key
from silicon.harness.gdb import ACORE, VAULT

SLED_LEN = 1024
VAULT_ENTRY = 0x100
# What must not run, runs on for ever wherever it is entered: vectors, then "b ." in each place.
VAULT_SLED = struct.pack("<II", 0x2001f000, M["MAP_VSRAM_BASE"] + VAULT_ENTRY + 1) + b"\xfe\xe7" * (SLED_LEN // 2 - 4)
ACORE_SLED = b"\xfe\xff\xff\xea" * (SLED_LEN // 4)

IN_VROM = (VAULT, M["MAP_VROM_BASE"], M["MAP_VROM_SIZE"])
IN_VSRAM = (VAULT, M["MAP_VSRAM_BASE"], M["MAP_VSRAM_SIZE"])
IN_SECRAM = (ACORE, M["MAP_SECRAM_BASE"], M["MAP_SECRAM_SIZE"])
IN_VAULT_FLASH = (VAULT, M["MAP_VFLASH_BASE"], M["FLASH_SIZE"])
IN_RAM = (ACORE, M["MAP_RAM_BASE"], M["MAP_RAM_SIZE_DEFAULT"])

# most      trials in a full campaign, by the seed; 0: all
# sleds     bodies by slot that are sleds; the firmware is in the others
# spoil     makes a chip that boots into the sled one that must not
# faulted   where the instructions are that this stage is about: (core, start, length)
# last      and those of which, having been faulted in a stage before, only the last executions are
# forbidden where a core must never be
# reached   the first instruction there, watched by a breakpoint
# kept      memory that is as a boot into the sled left it when a trial begins
# released  the A-core may run
# offer     makes what a host answers on the recovery port, packages by type; None: there is nobody
# machine   properties of the chip
Stage = namedtuple("Stage", "name about most sleds spoil faulted last forbidden reached kept released offer machine",
                   defaults=(None, {}))


def change(slot, sets=(0, 1)):
    """The signed image with one bit changed, in these sets; the other has nothing at all."""
    def spoil(chip):
        for which in (0, 1):
            chip.image.packages[which, slot] = flip(chip.image.packages[which, slot], SLED_LEN - 4)
        for place in [place for place in chip.image.packages if place[0] not in sets]:
            del chip.image.packages[place]
    return spoil


def lay_traps(chip):
    """What the ROM reads besides, the image tables, is full of addresses: of what must not run, and of the jump."""
    change("VAULT")(chip)
    trap = struct.pack("<II", M["MAP_VSRAM_BASE"] + VAULT_ENTRY + 1, chip.jump_at)
    for at in (M["FLASH_TABLE0_AT"], M["FLASH_TABLE1_AT"]):
        chip.image.put(at, trap * (M["FLASH_SECTOR_SIZE"] // len(trap)))


def outdate(slot, floor):
    """A good image of version 1, where the fuses ask for 2."""
    def spoil(chip):
        for which in (0, 1):
            newer = chip.keys.boot_set(chip.bodies, version=2)
            chip.image.install(which, {name: whole for name, whole in newer.items() if name != slot})
        FuseFile(chip.fuses).burn(M["FUSE_FLOOR"] + 8 * M[floor], 0b11)
    return spoil


def trust_an_attacker(chip, keystore):
    """The keystore, and a runtime by the release key of an attacker that is in it."""
    for which in (0, 1):
        chip.image.packages[which, "KEYSTORE"] = keystore
        chip.image.packages[which, "VAULT"] = chip.keys.package("VAULT", chip.bodies["VAULT"], key=chip.attacker)


def replace_keystore(chip):
    """By an attacker's root: right in itself, but its hash is not the fused one."""
    trust_an_attacker(chip, chip.keys.keystore(root=chip.attacker, more=[chip.attacker]))


def change_keystore(chip):
    """The root signed another key than the attacker's that is in it."""
    signed, changed = (chip.keys.keystore(more=[key]) for key in (new_key(), chip.attacker))
    metadata_at = signed.index(b"4X4M")
    trust_an_attacker(chip, changed[:metadata_at] + signed[metadata_at:])


def change_program(chip):
    chip.program = flip(chip.program, SLED_LEN - 4)


def offer_set(chip):
    return {TYPES[slot]: chip.image.packages[0, slot] for slot in ("KEYSTORE", "VAULT")}


def offer_program(chip):
    """To a runtime without any monitor."""
    for which in (0, 1):
        chip.image.packages.pop((which, "MONITOR"), None)
    return {TYPES["RECOVERY"]: chip.program}


def rom(name, about, spoil, most=0, **more):
    return Stage(name, about, most, {"VAULT": VAULT_SLED}, spoil, (IN_VROM,), (), (IN_VSRAM, IN_VAULT_FLASH),
                 M["MAP_VSRAM_BASE"] + VAULT_ENTRY, (VAULT, M["MAP_VSRAM_BASE"] + 0x10000, 0x10000), False, **more)


def runtime(name, about, spoil, most=0, **more):
    return Stage(name, about, most, {"MONITOR": ACORE_SLED}, spoil, (IN_VSRAM,), (), (IN_SECRAM,), M["MAP_SECRAM_BASE"],
                 (VAULT, M["MAP_VSRAM_BASE"] + 0x10000, 0x10000), False, **more)


def monitor(name, about, spoil, most=0):
    return Stage(name, about, most, dict.fromkeys(("KERNEL", "DTB", "ROOT"), ACORE_SLED), spoil, (IN_SECRAM,),
                 (IN_VSRAM,), (IN_RAM,), M["LOAD_KERNEL"], IN_SECRAM, True)


STAGES = [
    rom("rom-runtime", "runtime changed, the other set empty", change("VAULT", sets=(0,))),
    rom("rom-runtimes", "runtime changed in both sets, tables full of addresses", lay_traps, 2000),
    rom("rom-keystore", "an attacker's release key in both keystores", change_keystore, 4000),
    rom("rom-root", "keystores by an attacker's root", replace_keystore, 3000),
    rom("rom-old", "runtimes below the floor", outdate("VAULT", "FUSE_FLOOR_VAULT")),
    rom("rom-port", "runtime changed, over the recovery port", change("VAULT"), 500, offer=offer_set,
        machine={"recovery": "on"}),
    runtime("runtime-monitor", "monitor changed, the other set empty", change("MONITOR", sets=(0,))),
    runtime("runtime-monitors", "monitor changed in both sets", change("MONITOR"), 1000),
    runtime("runtime-old", "monitors below the floor", outdate("MONITOR", "FUSE_FLOOR_MONITOR")),
    runtime("runtime-port", "recovery program changed, over the recovery port", change_program, 500,
            offer=offer_program),
    monitor("monitor-kernel", "kernel changed, the other set empty", change("KERNEL", sets=(0,))),
    monitor("monitor-kernels", "kernel changed in both sets", change("KERNEL"), 1000),
    monitor("monitor-root", "root file system changed in both sets", change("ROOT"), 1000),
    monitor("monitor-old", "kernels below the floor", outdate("KERNEL", "FUSE_FLOOR_OS"), 1000),
]
