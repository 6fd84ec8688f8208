#!/usr/bin/env bash
# Projects of many kinds, built with the SDK; then a newcomer's minutes on two boards.
set -euo pipefail
passed=0 failed=0
for test in "sdk/test/cmake_test.py build/sdk" "test/e2e/desk.py"; do
    # shellcheck disable=SC2086
    counts=$(/usr/bin/python3 $test | tee /dev/stderr | tail -n 1) || true
    passed=$((passed + $(sed 's/ passed.*//' <<<"$counts")))
    failed=$((failed + $(sed 's/.*, \([0-9]*\) failed/\1/' <<<"$counts")))
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
