#!/usr/bin/env bash
# Builds mbedTLS for the host with the device's configuration and prints its folder: library/*.a and include/. The tests
# of what uses it on the device link it; half a minute the first time.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=sysroot-mbedtls.sh
. "$TATU_SETUP/sysroot-mbedtls.sh"

compile() {
  mbedtls_tree "$1"
  make -s -C "$1/library" -j "$TATU_JOBS" static CFLAGS='-O2 -g'
}

main() {
  local to work
  to="$TATU_CACHE/mbedtls-host/$(mbedtls_inputs | key)"
  if [[ ! -d $to ]]; then
    lock mbedtls-host
    work=$(scratch mbedtls-host)
    step "$TATU_CACHE/log/mbedtls-host.log" "building mbedTLS for the host" compile "$work"
    publish "$work" "$to"
    prune "$TATU_CACHE/mbedtls-host"
  fi
  touch_entry "$to"
  printf '%s\n' "$to"
}

main
