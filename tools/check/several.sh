# Sourced: runs tests that end with "N passed, M failed", and ends with their sum.
set -uo pipefail
passed=0
failed=0
status=0

run_test() { # run_test PROGRAM [ARGUMENT...]
    local last
    last=$(/usr/bin/python3 "$@" | tee -a /dev/stderr | tail -n 1) || status=1
    case $last in *' passed, '*' failed') ;; *) last='0 passed, 1 failed' ;; esac
    passed=$((passed + ${last%% *}))
    last=${last#*, }
    failed=$((failed + ${last%% *}))
}

tell_sum() {
    echo "$passed passed, $failed failed"
    [ "$status" -eq 0 ] && [ "$failed" -eq 0 ]
}
