#!/usr/bin/env bash
# bubblewrap from Debian's source, static, for the board: what our containers are measured against. Prints its path. It is no
# part of the product. Nobody names a capability to it here, so of libcap three calls of the kernel are enough.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=../tools/setup/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../tools/setup/lib.sh"

calls() {
  cat <<'END'
#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>
typedef int cap_value_t;
static inline int capget(cap_user_header_t head, cap_user_data_t data) { return (int)syscall(SYS_capget, head, data); }
static inline int capset(cap_user_header_t head, const cap_user_data_t data) { return (int)syscall(SYS_capset, head, data); }
static inline int cap_from_name(const char *name, cap_value_t *out) { (void)name; (void)out; return -1; }
END
}

build() {
  local source=$1 sysroot=$2 work=$3
  mkdir -p "$work/sys"
  calls >"$work/sys/capability.h"
  printf '#define PACKAGE_STRING "bubblewrap"\n' >"$work/config.h"
  "$sysroot/bin/tatu-armhf-gcc" -static -Os -D_GNU_SOURCE -I"$work" -I"$source" -o "$work/bwrap" \
    "$source"/{bubblewrap,bind-mount,network,utils}.c
}

main() {
  local version source sysroot to work
  read -r version source < <("$TATU_SETUP/source.sh" bubblewrap bookworm)
  sysroot=$("$TATU_SETUP/sysroot.sh")
  to="$TATU_CACHE/bubblewrap/$(printf '%s\n' "$version" "$sysroot" "$(sha256sum <"${BASH_SOURCE[0]}")" | key)"
  if [[ ! -d $to ]]; then
    lock bubblewrap
    work=$(scratch bubblewrap)
    step "$TATU_CACHE/log/bubblewrap.log" "building bubblewrap $version" build "$source" "$sysroot" "$work"
    publish "$work" "$to"
  fi
  touch_entry "$to"
  printf '%s/bwrap\n' "$to"
}

main
