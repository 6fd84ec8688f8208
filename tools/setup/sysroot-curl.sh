# shellcheck shell=bash
# The sysroot's HTTP client: curl over mbedTLS, HTTP and HTTPS only. Sourced by sysroot.sh.
set -euo pipefail

CURL=(curl trixie/8)

curl_inputs() {
  "$TATU_SETUP/source.sh" "${CURL[@]}"
  files_text "$TATU_SETUP" sysroot-curl.sh
  mbedtls_inputs
}

# Everything that is not a GET or a POST over TLS is left out.
CURL_OPTIONS=(
  -DBUILD_SHARED_LIBS=ON -DBUILD_STATIC_LIBS=OFF -DBUILD_CURL_EXE=OFF -DBUILD_TESTING=OFF
  -DBUILD_LIBCURL_DOCS=OFF -DBUILD_MISC_DOCS=OFF -DENABLE_CURL_MANUAL=OFF
  -DHTTP_ONLY=ON -DCURL_USE_MBEDTLS=ON -DCURL_USE_OPENSSL=OFF -DCURL_ZLIB=OFF -DCURL_BROTLI=OFF -DCURL_ZSTD=OFF
  -DUSE_NGHTTP2=OFF -DUSE_LIBIDN2=OFF -DCURL_USE_LIBPSL=OFF -DCURL_USE_LIBSSH2=OFF -DCURL_DISABLE_LDAP=ON
  -DCURL_DISABLE_COOKIES=ON -DCURL_DISABLE_NTLM=ON -DCURL_DISABLE_NEGOTIATE_AUTH=ON -DCURL_DISABLE_DIGEST_AUTH=ON
  -DCURL_DISABLE_AWS=ON -DCURL_DISABLE_DOH=ON -DCURL_DISABLE_HSTS=ON -DCURL_DISABLE_ALTSVC=ON
  -DCURL_DISABLE_NETRC=ON -DCURL_DISABLE_MIME=ON -DCURL_DISABLE_FORM_API=ON -DCURL_DISABLE_BEARER_AUTH=ON
  -DCURL_DISABLE_WEBSOCKETS=ON -DENABLE_UNIX_SOCKETS=OFF -DENABLE_THREADED_RESOLVER=OFF -DENABLE_IPV6=ON
  -DCURL_CA_BUNDLE=none -DCURL_CA_PATH=none -DCURL_TARGET_WINDOWS_VERSION= -DCURL_LTO=OFF
)

# curl_build WORK ROOT
curl_build() {
  local source tls=${ENTRY[mbedtls]}
  read -r _ source < <("$TATU_SETUP/source.sh" "${CURL[@]}")
  cmake -S "$source" -B "$1/curl" -G Ninja \
    -DCMAKE_SYSTEM_NAME=Linux -DCMAKE_SYSTEM_PROCESSOR=arm -DCMAKE_C_COMPILER="$DEVICE_CC" \
    -DCMAKE_AR="$DEVICE_AR" -DCMAKE_BUILD_TYPE=None \
    -DCMAKE_C_FLAGS="-Os -g -ffunction-sections -fdata-sections -ffile-prefix-map=$1=. -ffile-prefix-map=$source=curl \
      -ffile-prefix-map=$tls= -I$tls/usr/include" \
    -DCMAKE_SHARED_LINKER_FLAGS="-Wl,--gc-sections -L$tls/usr/lib" \
    -DMBEDTLS_INCLUDE_DIR="$tls/usr/include" -DMBEDTLS_LIBRARY="$tls/usr/lib/libmbedtls.so" \
    -DMBEDX509_LIBRARY="$tls/usr/lib/libmbedx509.so" -DMBEDCRYPTO_LIBRARY="$tls/usr/lib/libmbedcrypto.so" \
    -DCMAKE_SKIP_RPATH=ON "${CURL_OPTIONS[@]}"
  ninja -C "$1/curl" -j "$TATU_JOBS"
  mkdir -p "$2/usr/lib" "$2/usr/include"
  cp -a "$1"/curl/lib/libcurl.so* "$2/usr/lib/"
  cp -a "$source/include/curl" "$2/usr/include/"
  rm -f "$2"/usr/include/curl/Makefile*
}
