#!/usr/bin/env bash
# appman as process 1 on the chip: rights, restarts, a crash kept as a record.
set -euo pipefail
exec /usr/bin/python3 os/appman/test/chip_test.py
