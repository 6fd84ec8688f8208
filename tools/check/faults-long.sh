#!/usr/bin/env bash
# The whole campaign of faults on the verify path, on all cores.
set -euo pipefail
FAULTS_SAMPLE=0 FAULTS_JOBS=$(nproc) exec tools/check/faults.sh
