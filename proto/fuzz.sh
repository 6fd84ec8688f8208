#!/usr/bin/env bash
# Lets libFuzzer search one target for a while: proto/fuzz.sh TARGET SECONDS [MAX_LEN]. What it finds
# stays in build/fuzz/TARGET; a crash is reported with the file that repeats it.
set -euo pipefail
cd "$(dirname "$0")/.."
target=${1:?usage: proto/fuzz.sh TARGET SECONDS [MAX_LEN]}
seconds=${2:-60}
max_len=${3:-4096}
work=build/fuzz
mkdir -p "$work/$target"
tools/doors.py "$work/doors"
mapfile -t sources < <(find proto/src base/src -name '*.c' ! -name '*_test.c' ! -name '*_fuzz.c' ! -name 'vectors_main.c')
clang -std=gnu17 -g -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all -I"$work/doors/proto" \
    "${sources[@]}" "proto/src/${target}_fuzz.c" -o "$work/$target.bin"
exec "$work/$target.bin" -max_total_time="$seconds" -max_len="$max_len" -timeout=10 \
    -artifact_prefix="$work/$target-" "$work/$target" "proto/corpus/$target"
