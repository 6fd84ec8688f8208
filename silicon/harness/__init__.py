"""A chip to test on: its process, files, wires and makers. README.md shows how."""
from silicon.harness.chip import Chip
from silicon.harness.fab import CLASS_LAB, CLASS_VIRTUAL, Device
from silicon.harness.firmware import Firmware, build_bare, build_kernel, qemu, run_tool, symbol
from silicon.harness.fuses import FuseFile
from silicon.harness.gdb import Gdb
from silicon.harness.images import Flash, Keys, flip, new_key, package, public, read_release, sign
from silicon.harness.numbers import CC, ERRORS, M, ROOT, TYPES
from silicon.harness.wires import FAR_S, Link, Qtest, Refused

__all__ = ["CC", "CLASS_LAB", "CLASS_VIRTUAL", "Chip", "Device", "ERRORS", "FAR_S", "Firmware", "Flash",
           "FuseFile", "Gdb", "Keys", "Link", "M", "Qtest", "ROOT", "Refused", "TYPES", "build_bare", "build_kernel",
           "flip", "new_key", "package", "public", "qemu", "read_release", "run_tool", "sign", "symbol"]
