#!/usr/bin/env bash
# Power fails at every lasting operation of every flow of vault and monitor, and of every flow of the OS that saves a file, then twice in a row by
# seed; then whole boards are killed in the middle of real updates. TATU_TIER=commit takes a sample. POWER_SEED repeats a run.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
seed=${POWER_SEED:-1}
sample=(--stride 1 --double 400)
files=(--stride 1 --double 1000)
kills=${POWER_KILLS:-200}
if [ "${TATU_TIER:-}" = commit ]; then
    sample=(--stride 40 --double 10)
    files=(--stride 1 --double 20)
    kills=${POWER_KILLS:-0}
fi
tools/build.sh host >/dev/null || { echo "0 passed, 1 failed"; exit 1; }
log=$(mktemp)
trap 'rm -f "$log"' EXIT
passed=0 failed=0

campaign() { # a program and its arguments; adds to the sum
    local more lost
    "$@" --seed "$seed" | tee "$log" | grep -vE '^[0-9]+ passed, '
    read -r more _ lost _ < <(grep -E '^[0-9]+ passed, [0-9]+ failed$' "$log" | tr -d , || echo "0 passed 1 failed")
    passed=$((passed + more))
    failed=$((failed + lost))
}

campaign build/host/sim/power "${sample[@]}"
for room in lib/os_lib apps/apps appman/appman netd/netd gatewayd/gatewayd updated/update; do
    campaign "build/host/os/${room}_power_test" "${files[@]}"
done
if [ "$kills" -gt 0 ]; then campaign /usr/bin/python3 test/e2e/kill_test.py --kills "$kills"; fi
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
