#!/usr/bin/env bash
# Each decoder under libFuzzer for FUZZ_RUNS (1000000) executions by FUZZ_SEED (1), from its corpus in the tree; two of which each
# execution starts a whole vault or monitor for less (SLOW). One that does not get there within FUZZ_CAP (600) seconds has failed.
# What it finds is in build/fuzz-corpus. Arguments: these targets alone.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
export FUZZ_RUNS=${FUZZ_RUNS:-1000000} FUZZ_SEED=${FUZZ_SEED:-1} FUZZ_CAP=${FUZZ_CAP:-600}

targets() { # name, executions, program and corpus of each, as the build replays them; what takes longest first
    meson introspect --tests build/fuzz | /usr/bin/python3 -c '
import json, os, sys
SLOW = {"vault_command": 25, "monitor_smc": 7}
LONG = [*SLOW, "manifest_body", "proto_asxipfs", "recovery", "gatewayd_exchange", "service_request", "gatewayd_x509"]
rows = []
for test in json.load(sys.stdin):
    if any(suite.endswith("fuzz") for suite in test["suite"]):
        program, corpus = test["cmd"][:2]
        name = os.path.basename(program).removesuffix("_fuzz")
        if not sys.argv[1:] or name in sys.argv[1:]:
            corpus = os.path.realpath(corpus if os.path.isdir(corpus) else os.path.dirname(corpus))
            runs = int(os.environ["FUZZ_RUNS"]) // SLOW.get(name, 1)
            rows.append((LONG.index(name) if name in LONG else len(LONG), name, runs, program, corpus))
for row in sorted(rows):
    print(*row[1:])' "$@"
}

run_one() { # run_one NAME RUNS PROGRAM CORPUS: one line that says how many, and whether that is all
    local found=build/fuzz-corpus/$1 log=build/fuzz-corpus/$1.log runs status
    rm -rf -- "$found" "$found"-*
    mkdir -p "$found"
    "$3" -runs="$2" -seed="$FUZZ_SEED" -max_total_time="$FUZZ_CAP" -timeout=10 -reload=0 \
        -artifact_prefix="$found-" "$found" "$4" >"$log" 2>&1
    status=$?
    runs=$(sed -n 's/^Done \([0-9]*\) runs in \([0-9]*\) second.*/\1 runs in \2 s/p' "$log")
    if [ "$status" -ne 0 ]; then
        tail -n 5 "$log"
        echo "FAILED $1; to repeat: $3 $(find build/fuzz-corpus -maxdepth 1 -name "$1-*" | head -n 1)"
    elif [ "${runs%% *}" -lt "$2" ]; then
        echo "FAILED $1: $runs, of $2"
    else
        echo "held: $1: $runs"
    fi
}
export -f run_one

tools/build.sh fuzz >/dev/null || { echo "0 passed, 1 failed"; exit 1; }
mkdir -p build/fuzz-corpus
targets "$@" | xargs -P "$(nproc)" -L 1 bash -c 'run_one "$@"' run_one | tee build/fuzz-corpus/all
passed=$(grep -c '^held: ' build/fuzz-corpus/all)
failed=$(grep -c '^FAILED ' build/fuzz-corpus/all)
sed -n 's/.*: \([0-9]*\) runs in.*/\1/p' build/fuzz-corpus/all | awk '{ sum += $1 } END { printf "%d executions by seed %s\n", sum, ENVIRON["FUZZ_SEED"] }'
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
