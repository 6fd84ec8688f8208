#!/usr/bin/env bash
# Recovery in the chip: by a host of the test's own that answers well and ill, then by 'tatu device recover'.
set -uo pipefail
passed=0
failed=0
status=0
for test in chip_test.py cli_test.py; do
    last=$(/usr/bin/python3 "recovery/test/$test" --qemu "$(readlink build/chip)" | tee -a /dev/stderr | tail -n 1) || status=1
    case $last in *' passed, '*' failed') ;; *) last='0 passed, 1 failed' ;; esac
    passed=$((passed + ${last%% *}))
    last=${last#*, }
    failed=$((failed + ${last%% *}))
done
echo "$passed passed, $failed failed"
[ "$status" -eq 0 ] && [ "$failed" -eq 0 ]
