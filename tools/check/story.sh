#!/usr/bin/env bash
# The story of the README on a board that boots; each step is a test.
set -uo pipefail
lines=$(/usr/bin/python3 test/e2e/story.py --headless --json)
status=$?
echo "$lines"
passed=$(grep -c '"ok": true' <<<"$lines")
failed=$(grep -c '"ok": false' <<<"$lines")
echo "$passed passed, $failed failed"
exit "$status"
