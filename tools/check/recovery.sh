#!/usr/bin/env bash
# Recovery in the chip: by a host of the test's own that answers well and ill, then by 'tatu device recover'.
set -uo pipefail
. tools/check/several.sh
run_test recovery/test/chip_test.py --qemu "$(readlink build/chip)"
run_test recovery/test/cli_test.py --qemu "$(readlink build/chip)"
tell_sum
