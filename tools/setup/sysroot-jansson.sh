# shellcheck shell=bash
# The sysroot's JSON library, for manifests. Sourced by sysroot.sh.
set -euo pipefail

JANSSON=(jansson bookworm/2)

jansson_inputs() {
  "$TATU_SETUP/source.sh" "${JANSSON[@]}"
  files_text "$TATU_SETUP" sysroot-jansson.sh
}

jansson_build() {
  local source
  read -r _ source < <("$TATU_SETUP/source.sh" "${JANSSON[@]}")
  cmake -S "$source" -B "$1/jansson" -DCMAKE_SYSTEM_NAME=Linux -DCMAKE_C_COMPILER="$DEVICE_CC" -DCMAKE_AR="$DEVICE_AR" \
    -DCMAKE_BUILD_TYPE=None -DCMAKE_C_FLAGS="-Os -g -ffile-prefix-map=$source=jansson -ffile-prefix-map=$1=." \
    -DCMAKE_INSTALL_PREFIX=/usr -DCMAKE_INSTALL_LIBDIR=lib -DJANSSON_BUILD_SHARED_LIBS=ON -DJANSSON_BUILD_DOCS=OFF \
    -DJANSSON_EXAMPLES=OFF -DJANSSON_WITHOUT_TESTS=ON
  make -C "$1/jansson" -j "$TATU_JOBS"
  make -C "$1/jansson" DESTDIR="$2" install
}
