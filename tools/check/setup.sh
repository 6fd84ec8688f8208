#!/usr/bin/env bash
# The set-up without what it needs: no archive, no QEMU source, a broken one.
exec tools/setup/test.sh
