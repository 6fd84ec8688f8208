#!/usr/bin/env bash
# The device models, driven from outside.
set -euo pipefail
exec /usr/bin/python3 silicon/soc/test/run.py "$(readlink build/chip)"
