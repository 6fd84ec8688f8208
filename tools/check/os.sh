#!/usr/bin/env bash
# The device OS on the chip: appman as process 1, applications beside stand-ins of the services, then the device API of a booted board, whole.
# TATU_TIER=commit leaves out netd on a chip with all its interfaces, and a board behind a proxy.
set -uo pipefail
. tools/check/several.sh
run_test os/appman/test/chip_test.py
run_test os/appman/test/apps_test.py
run_test test/device/device_test.py
if [ "${TATU_TIER:-}" != commit ]; then run_test os/netd/test/chip_test.py; run_test test/device/proxy_test.py; fi
tell_sum
