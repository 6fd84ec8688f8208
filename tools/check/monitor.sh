#!/usr/bin/env bash
# The monitor in the chip: boot, calls, attacks of a normal world.
set -euo pipefail
exec /usr/bin/python3 monitor/test/chip_test.py --qemu "$(readlink build/chip)"
