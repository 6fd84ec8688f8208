#!/usr/bin/env bash
# Builds mbedTLS's LMS (RFC 8554) for the host as a static library and prints its folder: lib/libmbedcrypto.a and
# include/. The chip model and the CLI link it, and nettle with it; five seconds the first time.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=sysroot-mbedtls.sh
. "$TATU_SETUP/sysroot-mbedtls.sh"

lms_key() {
  {
    mbedtls_inputs
    files_text "$TATU_SETUP" mbedtls-lms.sh mbedtls_lms_config.h mbedtls_lms_sha256.c
    dpkg-query -W nettle-dev
    uname -m
    gcc -dumpfullversion
  } | key
}

# compile WORK: lmots.h is the library's own header; the CLI makes one-time keys by themselves with it, so that
# a signature does not cost the derivation of all 1024.
compile() {
  mbedtls_tree "$1/source"
  cp "$TATU_SETUP/mbedtls_lms_config.h" "$1/source/include/mbedtls/mbedtls_config.h"
  cp "$TATU_SETUP/mbedtls_lms_sha256.c" "$1/source/library/tatu_sha256.c"
  sed -i 's/^OBJS_CRYPTO= /&tatu_sha256.o /' "$1/source/library/Makefile"
  make -C "$1/source/library" -j "$TATU_JOBS" CC=gcc AR=ar libmbedcrypto.a \
    CFLAGS="-O2 -fPIC -ffunction-sections -fdata-sections -ffile-prefix-map=$1=."
  mkdir -p "$1/out/lib" "$1/out/include/mbedtls/private"
  cp "$1/source/library/libmbedcrypto.a" "$1/out/lib/"
  cp -a "$1"/source/include/{mbedtls,psa} "$1/out/include/"
  cp "$1/source/library/lmots.h" "$1/out/include/mbedtls/private/"
}

main() {
  local to work
  to="$TATU_CACHE/mbedtls-lms/$(lms_key)"
  if [[ ! -d $to ]]; then
    lock mbedtls-lms
    work=$(scratch mbedtls-lms)
    step "$TATU_CACHE/log/mbedtls-lms.log" "building mbedTLS's LMS for the host" compile "$work"
    publish "$work/out" "$to"
    prune "$TATU_CACHE/mbedtls-lms"
  fi
  touch_entry "$to"
  printf '%s\n' "$to"
}

main
