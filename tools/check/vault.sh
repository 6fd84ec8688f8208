#!/usr/bin/env bash
# The vault firmware in the chip: fab, boot, refusals.
set -euo pipefail
exec /usr/bin/python3 silicon/vault/test/chip_test.py --qemu "$(readlink build/chip)"
