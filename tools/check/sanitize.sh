#!/usr/bin/env bash
exec "$(dirname "$0")/meson.sh" asan unit
