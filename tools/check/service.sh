#!/usr/bin/env bash
# The service as a process: devices, operators, bad input, kill -9.
set -euo pipefail
exec /usr/bin/python3 service/test/service_test.py
