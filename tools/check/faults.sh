#!/usr/bin/env bash
# Instructions skipped and bits flipped on the way from reset to the jump, in the chip: what is not signed never boots.
# TATU_TIER=commit takes a sample of the main stages. FAULTS_SEED chooses other trials.
set -euo pipefail
cd "$(dirname "$0")/../.."
sample=0 # all trials
stages=() # all of them
if [ "${TATU_TIER:-}" = commit ]; then
    sample=150
    stages=(rom-runtime rom-old runtime-monitor runtime-old monitor-kernel monitor-old)
fi
export TMPDIR=${TMPDIR:-/dev/shm} # each change of a fuse waits for the disk
exec /usr/bin/python3 test/faults/faults.py --seed "${FAULTS_SEED:-1}" --jobs "$(nproc)" --sample "$sample" "${stages[@]}"
