#!/usr/bin/env bash
# The kernel on the chip: boots, the monitor's device, the image file system against spoiled images.
set -euo pipefail
exec /usr/bin/python3 kernel/test/boot_test.py
