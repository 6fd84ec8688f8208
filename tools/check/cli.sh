#!/usr/bin/env bash
# The tatu command as a process, and boards by it.
set -euo pipefail
TATU_QEMU=$(readlink build/chip) exec /usr/bin/python3 cli/test/cli_test.py
