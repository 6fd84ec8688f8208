#!/usr/bin/env bash
# Boards made and run by the tatu command, with the real chip and firmware.
set -euo pipefail
exec /usr/bin/python3 cli/test/board_test.py
