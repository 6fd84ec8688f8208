#!/usr/bin/env bash
# The README's two commands on a Debian 12 made from nothing.
set -uo pipefail
if test/setup/clean_machine.sh; then echo "1 passed, 0 failed"; else echo "0 passed, 1 failed"; exit 1; fi
