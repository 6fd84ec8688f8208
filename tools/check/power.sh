#!/usr/bin/env bash
# Power fails at every lasting operation of every flow of vault and monitor, then twice in a row by seed; then whole boards are killed in the
# middle of real updates. TATU_TIER=commit takes a sample. POWER_SEED repeats a run.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
seed=${POWER_SEED:-1}
sample=(--stride 1 --double 400)
kills=${POWER_KILLS:-200}
if [ "${TATU_TIER:-}" = commit ]; then
    sample=(--stride 40 --double 10)
    kills=${POWER_KILLS:-0}
fi
tools/build.sh host >/dev/null || { echo "0 passed, 1 failed"; exit 1; }
log=$(mktemp)
trap 'rm -f "$log"' EXIT
build/host/sim/power "${sample[@]}" --seed "$seed" | tee "$log" | grep -vE '^[0-9]+ passed, '
read -r passed _ failed _ < <(grep -E '^[0-9]+ passed, [0-9]+ failed$' "$log" | tr -d , || echo "0 passed 1 failed")
if [ "$kills" -gt 0 ]; then
    /usr/bin/python3 test/e2e/kill_test.py --kills "$kills" --seed "$seed" | tee "$log" | grep -vE '^[0-9]+ passed, '
    read -r more _ lost _ < <(grep -E '^[0-9]+ passed, [0-9]+ failed$' "$log" | tr -d , || echo "0 passed 1 failed")
    passed=$((passed + more))
    failed=$((failed + lost))
fi
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
