#!/usr/bin/env bash
# kernel-source.sh [--refresh]
#
# Unpacks Debian's linux-source package of the long-term line we follow into the cache and prints "VERSION PATH".
# The tree is as Debian patched it, read-only by agreement: build with O=, copy before patching.
# The version stays until --refresh (or TATU_REFRESH=1), as for source.sh.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=debian.sh
. "$TATU_SETUP/debian.sh"

LINE=6.12
PACKAGE=linux-source-$LINE

unpack() {
  cd -- "$1"
  debian_apt apt-get download -q -o Acquire::Retries=3 "$PACKAGE=$2"
  dpkg-deb --fsys-tarfile ./*.deb | tar -xO "./usr/src/$PACKAGE.tar.xz" | tar -xJ
  rm -f -- ./*.deb
}

main() {
  local pin="$TATU_CACHE/kernel-source/$LINE.version" version path work
  case ${1-} in
    '') ;;
    --refresh) TATU_REFRESH=1 ;;
    *) die "unknown option $1" "kernel-source.sh [--refresh]" ;;
  esac
  if [[ -s $pin && -z ${TATU_REFRESH-} ]]; then
    read -r version <"$pin"
    path="$TATU_CACHE/kernel-source/linux-$(path_word "$version")"
    if [[ -d $path ]]; then printf '%s %s\n' "$version" "$path"; return; fi
  fi
  lock kernel-source
  debian_open bookworm
  version=$(debian_apt apt-cache policy "$PACKAGE" 2>/dev/null | sed -n 's/^  Candidate: \([^(]\)/\1/p')
  [[ $version ]] || die "Debian 12 carries no package $PACKAGE" \
    "see that its security archive is in the apt sources; the line may have ended: change LINE in kernel-source.sh"
  path="$TATU_CACHE/kernel-source/linux-$(path_word "$version")"
  if [[ ! -d $path ]]; then
    work=$(scratch kernel-source)
    step "$TATU_CACHE/log/kernel-source.log" "getting Linux $version" unpack "$work" "$version"
    publish "$work/$PACKAGE" "$path"
    log "ready: Linux $version"
  fi
  printf '%s\n' "$version" >"$pin.new"
  mv -f -- "$pin.new" "$pin"
  printf '%s %s\n' "$version" "$path"
}

main "$@"
