#!/usr/bin/env bash
# The device OS on the chip: appman as process 1, applications beside stand-ins of the services, then the device API of a booted board, whole.
# TATU_TIER=commit leaves out netd on a chip with all its interfaces.
set -uo pipefail
passed=0
failed=0
status=0
tests=(os/appman/test/chip_test.py os/appman/test/apps_test.py test/device/device_test.py)
if [ "${TATU_TIER:-}" != commit ]; then tests+=(os/netd/test/chip_test.py); fi
for test in "${tests[@]}"; do
    last=$(/usr/bin/python3 "$test" | tee -a /dev/stderr | tail -n 1) || status=1
    case $last in *' passed, '*' failed') ;; *) last='0 passed, 1 failed' ;; esac
    passed=$((passed + ${last%% *}))
    last=${last#*, }
    failed=$((failed + ${last%% *}))
done
echo "$passed passed, $failed failed"
[ "$status" -eq 0 ] && [ "$failed" -eq 0 ]
