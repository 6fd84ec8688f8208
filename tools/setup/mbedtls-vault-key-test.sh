#!/usr/bin/env bash
# Proves mbedtls-vault-key.md: its code, our mbedTLS configuration built for the host, and openssl as the server.
# With the same library: that os/tls accepts and refuses signatures as it must.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=sysroot-mbedtls.sh
. "$TATU_SETUP/sysroot-mbedtls.sh"

WORK=$(mktemp -d)
SERVER=''
# shellcheck disable=SC2016 # expanded when the script ends
TATU_AT_EXIT+=('[[ -z $SERVER ]] || kill "$SERVER"' 'rm -rf -- "$WORK"')

compile_library() {
  mbedtls_tree "$1"
  make -s -C "$1/library" -j "$TATU_JOBS" static CFLAGS='-O2 -g'
}

# The library for the host, once in the cache. Prints its folder.
library() {
  local to work
  to="$TATU_CACHE/mbedtls-host/$(mbedtls_inputs | key)"
  if [[ ! -d $to ]]; then
    lock mbedtls-host
    work=$(scratch mbedtls-host)
    step "$TATU_CACHE/log/mbedtls-host.log" "building mbedTLS for the host" compile_library "$work"
    publish "$work" "$to"
    prune "$TATU_CACHE/mbedtls-host"
  fi
  touch_entry "$to"
  printf '%s\n' "$to"
}

# Prints the code block of the page that carries the file name.
code() { awk -v head='```c '"$1" '$0 == head { on = 1; next } /^```/ { on = 0 } on' "$TATU_SETUP/mbedtls-vault-key.md"; }

compile_proof() {
  local lib=$1
  code vault_key.h >"$WORK/vault_key.h"
  code vault_key.c >"$WORK/vault_key.c"
  mkdir -p "$WORK/mbedtls/private"
  cp "$lib/library/pk_wrap.h" "$WORK/mbedtls/private/"
  gcc -std=gnu17 -Wall -Wextra -Werror -g -fsanitize=address,undefined -I"$WORK" -I"$lib/include" \
    "$TATU_SETUP/mbedtls-vault-key-proof.c" "$WORK/vault_key.c" \
    "$lib"/library/libmbed{tls,x509,crypto}.a -o "$WORK/proof"
}

# certify KEY COMMON-NAME OUT
certify() {
  openssl req -new -key "$WORK/$1.key" -subj "/CN=$2" |
    openssl x509 -req -CA "$WORK/ca.pem" -CAkey "$WORK/ca.key" -days 1 -out "$WORK/$3.pem" 2>/dev/null
}

make_keys() {
  local name
  for name in ca server vault wrong; do openssl ecparam -name prime256v1 -genkey -noout -out "$WORK/$name.key"; done
  openssl req -x509 -new -key "$WORK/ca.key" -subj /CN=ca -days 1 -out "$WORK/ca.pem"
  certify server localhost server
  certify vault device device
  openssl ec -in "$WORK/vault.key" -pubout -outform DER 2>/dev/null | tail -c 65 >"$WORK/vault.point"
}

# Starts a server that demands a client certificate, with the given options; sets SERVER and PORT.
start_server() {
  local try
  : >"$WORK/server.log" # or the loop below would read the last server's port
  openssl s_server -accept 127.0.0.1:0 -cert "$WORK/server.pem" -key "$WORK/server.key" -CAfile "$WORK/ca.pem" \
    -Verify 2 -verify_return_error -www "$@" >>"$WORK/server.log" 2>&1 &
  SERVER=$!
  for try in {1..50}; do
    PORT=$(sed -n 's/^ACCEPT 127.0.0.1:\([0-9]*\)$/\1/p' "$WORK/server.log")
    [[ $PORT ]] && return 0
    sleep 0.1
  done
  die "no server after $try tries"
}

stop_server() {
  kill "$SERVER"
  wait "$SERVER" 2>/dev/null || true
  SERVER=''
}

# expect NAME MODE LINE...: runs the proof, which must print all the lines
expect() {
  local name=$1 mode=$2 line
  "$WORK/proof" "$PORT" "$mode" "$WORK" >"$WORK/out" 2>&1 || true
  for line in "${@:3}"; do
    grep -qxF -- "$line" "$WORK/out" && continue
    cat "$WORK/out" >&2
    die "$name, $mode: no line \"$line\""
  done
  log "ok: $name, $mode"
}

ALERT='SSL - A fatal alert message was received from our peer'

tls13() {
  start_server -tls1_3
  expect tls1.3 good 'vault said 0' 'TLSv1.3 TLS1-3-AES-128-GCM-SHA256' 'read HTTP/1.0 200 ok'
  expect tls1.3 refuse 'vault said 7' 'handshake: SSL - The handshake negotiation failed'
  expect tls1.3 wrong 'vault said 0' "read: $ALERT"
  stop_server
}

# tls12 CIPHER OUR-NAME
tls12() {
  start_server -tls1_2 -cipher "$1"
  expect "tls1.2 $1" good 'vault said 0' "TLSv1.2 $2" 'read HTTP/1.0 200 ok'
  expect "tls1.2 $1" refuse 'vault said 7'
  expect "tls1.2 $1" wrong 'vault said 0' "handshake: $ALERT"
  stop_server
}

# The device's own verifier (os/tls) on this library, over the rows of test/signatures.
signatures() {
  local lib=$1
  cat >"$WORK/judge.c" <<'C'
#include "os/tls/tls.h"
#include <p256.h>
int main(void)
{
    unsigned rows = 0;
    return tatu_try_p256(tatu_tls_verify_digest, &rows) != 0 || rows < 80;
}
C
  gcc -std=gnu17 -D_GNU_SOURCE -Wall -Wextra -Werror -g -fsanitize=address,undefined -I"$TATU_ROOT" \
    -I"$TATU_ROOT/test/signatures" -DSIGNATURES="\"$TATU_ROOT/test/signatures/p256.txt\"" -I"$lib/include" \
    "$WORK/judge.c" "$TATU_ROOT"/os/tls/src/hash.c "$TATU_ROOT"/base/src/{base,hex}.c "$lib/library/libmbedcrypto.a" \
    -o "$WORK/judge"
  "$WORK/judge" >&2 || die "the device's verifier judges a signature wrong"
  log "ok: signatures of every kind"
}

main() {
  local lib
  lib=$(library)
  signatures "$lib"
  compile_proof "$lib"
  make_keys
  tls13
  tls12 ECDHE-ECDSA-AES128-GCM-SHA256 TLS-ECDHE-ECDSA-WITH-AES-128-GCM-SHA256
  tls12 ECDHE-ECDSA-AES256-GCM-SHA384 TLS-ECDHE-ECDSA-WITH-AES-256-GCM-SHA384
  openssl req -in "$WORK/device.csr" -noout -verify >/dev/null 2>&1 || die "the certificate request's signature is bad"
  log "ok: certificate request"
}

main
