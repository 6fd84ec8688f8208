#!/usr/bin/env bash
# Hostile applications on the booted board; each try is a test. TATU_TIER=commit leaves out the long parts: forged images, a store that was
# changed while the board was off.
set -euo pipefail
parts=()
if [ "${TATU_TIER:-}" = commit ]; then
    parts=(--only attack,take_everything,take_of_the_kernel,ask_for_stack,flood)
fi
exec /usr/bin/python3 test/attacks/attacks_test.py "${parts[@]}"
