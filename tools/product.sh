#!/usr/bin/env bash
# Builds the whole product, from the host's packages to the bodies of a release. What is slow comes
# from the cache. One progress line per step on stderr; seconds per step in build/steps.tsv.
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p build
: >build/steps.tsv

step() { # step NAME COMMAND...: runs it, its output to build/log/NAME.log
    local name=$1 started ended
    shift
    mkdir -p build/log
    started=$(date +%s.%N)
    printf '  %-34s' "$name" >&2
    if ! "$@" >"build/log/$name.out" 2>"build/log/$name.log"; then
        printf 'failed\n' >&2
        tail -n 25 "build/log/$name.log" "build/log/$name.out" >&2
        printf 'error: the step "%s" failed; its whole log is build/log/%s.log\n' "$name" "$name" >&2
        exit 1
    fi
    ended=$(date +%s.%N)
    printf '%6.1f s\n' "$(echo "$ended - $started" | bc)" >&2
    printf '%s\t%s\n' "$name" "$(echo "$ended - $started" | bc)" >>build/steps.tsv
}

first_packages() { # bc and time-keeping need nothing; the rest is by name
    tools/setup/apt.sh
}

link_result() { # link_result STEP LINK: the last line a step printed is a path
    ln -sfn "$(tail -n 1 "build/log/$1.out")" "build/$2"
}

command -v bc >/dev/null || { apt-get update -qq && apt-get install -y -qq --no-install-recommends bc; } >/dev/null 2>&1
step packages first_packages
step qemu tools/setup/qemu.sh
link_result qemu chip
step sysroot tools/setup/sysroot.sh
link_result sysroot sysroot
step kernel kernel/build.sh
link_result kernel kernel
step host tools/build.sh host
step vault tools/build.sh vault
step monitor tools/build.sh monitor
step os tools/build.sh os
step root os/rootfs/build.sh
step sdk sdk/build.sh
