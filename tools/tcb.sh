#!/usr/bin/env bash
# Counts the trusted base: lines of code of every source file linked into vault ROM, vault runtime
# and monitor, and the bytes of their images; the engine models' lines beside. Budget in the last line.
set -euo pipefail
cd "$(dirname "$0")/.."
exec /usr/bin/python3 tools/tcb.py "$@"
