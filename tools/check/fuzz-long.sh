#!/usr/bin/env bash
# Each decoder under libFuzzer for FUZZ_SECONDS (60) seconds, from its corpus. New inputs stay in build/fuzz-corpus.
set -uo pipefail
seconds=${FUZZ_SECONDS:-60}
passed=0 failed=0

targets() { # program and corpus folder of each, as the build replays them
    meson introspect --tests build/fuzz | /usr/bin/python3 -c '
import json, os, sys
for test in json.load(sys.stdin):
    if any(suite.endswith("fuzz") for suite in test["suite"]):
        program, corpus = test["cmd"][:2]
        print(program, os.path.realpath(corpus if os.path.isdir(corpus) else os.path.dirname(corpus)))'
}

tools/build.sh fuzz >/dev/null || { echo "0 passed, 1 failed"; exit 1; }
while read -r program seeds; do
    name=$(basename "$program" _fuzz)
    mkdir -p "build/fuzz-corpus/$name"
    if ASAN_OPTIONS=detect_leaks=0 "$program" -max_total_time="$seconds" -timeout=10 \
        -artifact_prefix="build/fuzz-corpus/$name-" "build/fuzz-corpus/$name" "$seeds" \
        >"build/fuzz-corpus/$name.log" 2>&1; then
        echo "$name: $(grep -oE '^#[0-9]+' "build/fuzz-corpus/$name.log" | tail -n 1) runs"
        passed=$((passed + 1))
    else
        tail -n 5 "build/fuzz-corpus/$name.log"
        echo "$name: failed; to repeat: $program $(ls -t "build/fuzz-corpus/$name-"* 2>/dev/null | head -n 1)"
        failed=$((failed + 1))
    fi
done < <(targets)
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
