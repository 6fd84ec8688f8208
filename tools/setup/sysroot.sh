#!/usr/bin/env bash
# Builds the device's C library, headers, compiler wrapper and target libraries and prints the sysroot's path.
#
# Each part is a file sysroot-PART.sh with two functions: PART_inputs prints all that decides its content (the key),
# PART_build WORK ROOT fills a root. Parts after the first are compiled by the first and do not see each other, so a
# change of one costs only that one. The sysroot is their union and works wherever it lies.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

PARTS=(base mbedtls jansson curl)
for part in "${PARTS[@]}"; do
  # shellcheck source=/dev/null
  . "$TATU_SETUP/sysroot-$part.sh"
done

declare -A ENTRY # part -> its place in the cache

# The inputs of base are inputs of every part: it compiled them.
find_entries() {
  local part inputs base=''
  for part in "${PARTS[@]}"; do
    inputs=$("${part}_inputs")
    [[ $part == base ]] && base=$inputs
    ENTRY[$part]="$TATU_CACHE/sysroot/$part-$(printf '%s\n' "$base" "$inputs" | key)"
  done
}

make_part() {
  local part=$1 to=${ENTRY[$1]} work
  [[ -d $to ]] && return 0
  work=$(scratch sysroot)
  mkdir -p "$work/root"
  # shellcheck disable=SC2034 # the parts use them
  DEVICE_CC="${ENTRY[base]}/bin/tatu-armhf-gcc" DEVICE_AR="${ENTRY[base]}/bin/tatu-armhf-ar"
  step "$TATU_CACHE/log/sysroot-$part.log" "building $part" "${part}_build" "$work" "$work/root"
  find_entries
  [[ ${ENTRY[$part]} == "$to" ]] || die "the sources of $part changed while it was built" "run this again"
  publish "$work/root" "$to"
  rm -rf -- "$work"
}

assemble() {
  local to=$1 work part
  work=$(scratch sysroot)
  for part in "${PARTS[@]}"; do cp -a -- "${ENTRY[$part]}/." "$work/"; done
  publish "$work" "$to"
}

main() {
  local part to
  find_entries
  to="$TATU_CACHE/sysroot/sysroot-$(printf '%s\n' "${ENTRY[@]##*/}" | sort | key)"
  if [[ ! -d $to ]]; then
    lock sysroot
    for part in "${PARTS[@]}"; do
      make_part "$part"
      touch_entry "${ENTRY[$part]}"
    done
    [[ -d $to ]] || assemble "$to"
    touch_entry "$to"
    prune "$TATU_CACHE/sysroot"
    log "ready"
  fi
  touch_entry "$to"
  printf '%s\n' "$to"
}

main
