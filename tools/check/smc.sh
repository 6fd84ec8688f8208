#!/usr/bin/env bash
# A hostile normal world: every address by core and by bus master, calls by the million, a shared page that changes.
# TATU_TIER=commit takes a sample. SMC_SEED repeats a run.
set -euo pipefail
cd "$(dirname "$0")/../.."
sample=(--calls 2000000 --simulated 20000000 --random 256 --step 16384 --races 10000)
if [ "${TATU_TIER:-}" = commit ]; then
    sample=(--calls 80000 --simulated 3000000 --random 16 --step 262144 --races 1000)
fi
tools/build.sh host sim/smc >/dev/null 2>&1 || { echo "0 passed, 1 failed"; exit 1; }
exec /usr/bin/python3 test/smc/smc.py --qemu "$(readlink build/chip)" --seed "${SMC_SEED:-1}" "${sample[@]}"
