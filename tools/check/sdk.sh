#!/usr/bin/env bash
# Projects of many kinds, built with the SDK.
set -euo pipefail
exec /usr/bin/python3 sdk/test/cmake_test.py build/sdk
