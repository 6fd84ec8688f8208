#!/usr/bin/env bash
# Instructions skipped and bits flipped on the way from reset to the jump, in the chip: what is not signed never boots.
# FAULTS_SAMPLE trials of each of three stages by FAULTS_SEED; 0: every stage, whole, which takes long (faults-long.sh).
set -euo pipefail
stages=(rom-runtime runtime-monitor monitor-kernel)
sample=${FAULTS_SAMPLE:-120}
if [ "$sample" = 0 ]; then stages=(); fi
export TMPDIR=${TMPDIR:-/dev/shm} # each change of a fuse waits for the disk
exec /usr/bin/python3 test/faults/faults.py --sample "$sample" --seed "${FAULTS_SEED:-1}" --jobs "${FAULTS_JOBS:-1}" "${stages[@]}"
