#!/usr/bin/env bash
# A hostile application on the booted board; each try is a test.
set -euo pipefail
exec /usr/bin/python3 test/attacks/attacks_test.py
