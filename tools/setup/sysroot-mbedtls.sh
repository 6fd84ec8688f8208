# shellcheck shell=bash
# The sysroot's TLS library: mbedTLS 3.6 with our configuration. Sourced by sysroot.sh.
set -euo pipefail

MBEDTLS=(mbedtls trixie/3.6)

mbedtls_inputs() {
  "$TATU_SETUP/source.sh" "${MBEDTLS[@]}"
  files_text "$TATU_SETUP" sysroot-mbedtls.sh mbedtls_config.h mbedtls_random.c
}

# A copy of the source with our configuration and our source of randomness in it: mbedtls_tree FOLDER
mbedtls_tree() {
  local source
  read -r _ source < <("$TATU_SETUP/source.sh" "${MBEDTLS[@]}")
  mkdir -p "$1/tests"
  cp -a "$source"/{library,include,3rdparty,scripts,framework} "$1/"
  cp "$TATU_SETUP/mbedtls_config.h" "$1/include/mbedtls/"
  cp "$TATU_SETUP/mbedtls_random.c" "$1/library/tatu_random.c"
  sed -i 's/^OBJS_CRYPTO= /&tatu_random.o /' "$1/library/Makefile"
  grep -q 'tatu_random.o' "$1/library/Makefile"
}

# mbedtls_build WORK ROOT: as shared libraries, and as archives for programs that link them in.
# pk_wrap.h is the library's own header; mbedtls-vault-key.md says who needs it.
mbedtls_build() {
  mbedtls_tree "$1/mbedtls"
  make -C "$1/mbedtls/library" -j "$TATU_JOBS" SHARED=1 CC="$DEVICE_CC" AR="$DEVICE_AR" \
    CFLAGS="-Os -g -ffunction-sections -fdata-sections -ffile-prefix-map=$1=."
  mkdir -p "$2/usr/lib" "$2/usr/include/mbedtls/private"
  cp -a "$1"/mbedtls/library/libmbed*.{a,so*} "$2/usr/lib/"
  cp -a "$1"/mbedtls/include/{mbedtls,psa} "$2/usr/include/"
  cp "$1/mbedtls/library/pk_wrap.h" "$2/usr/include/mbedtls/private/"
}
