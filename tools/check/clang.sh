#!/usr/bin/env bash
exec "$(dirname "$0")/meson.sh" clang unit
