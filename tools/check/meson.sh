#!/usr/bin/env bash
# Runs the meson tests of one build folder and counts them: meson.sh BUILD SUITE...
set -uo pipefail
dir=build/$1
shift
tools/build.sh "$(basename "$dir")" >/dev/null || { echo "0 passed, 1 failed"; exit 1; }
suites=()
for suite in "$@"; do suites+=(--suite "$suite"); done
meson test -C "$dir" --no-rebuild --print-errorlogs "${suites[@]}" 2>&1 | grep -vE '^(ninja|Ok:|Expected|Skipped|Unexpected|Timeout)'
/usr/bin/python3 - "$dir/meson-logs/testlog.json" <<'PY'
import json, re, sys
passed = failed = 0
for line in open(sys.argv[1], encoding="utf-8"):
    test = json.loads(line)
    if test["result"] == "SKIP":
        print(f"skipped: {test['name']}")
        continue
    # cmocka tells its single tests; a program that does not is one test
    words = re.findall(r"\[\s+(OK|FAILED)\s+\] (?!.*(?:passed|test\(s\)))", test.get("stdout", "") + test.get("stderr", ""))
    ok = test["result"] in ("OK", "EXPECTEDFAIL")
    passed += max(1, words.count("OK")) if ok else words.count("OK")
    failed += 0 if ok else max(1, words.count("FAILED"))
print(f"{passed} passed, {failed} failed")
sys.exit(failed != 0)
PY
