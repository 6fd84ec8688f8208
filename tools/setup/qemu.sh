#!/usr/bin/env bash
# Builds Debian's QEMU with our chip (silicon/soc) compiled in and prints the path of qemu-system-arm.
#
# mbedTLS's LMS is linked in, as the folder mbedtls-lms beside the chip's files.
#
# One configured build tree serves one QEMU version and one set of flags, so an edit of the chip costs a compile
# and a link. The binary is published under the hash of everything that is in it. TATU_SOC_DIR names another
# folder of chip sources (tests).
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

SOC=${TATU_SOC_DIR:-$TATU_ROOT/silicon/soc}
FLAGS=(
  --target-list=arm-softmmu --without-default-features --enable-system --enable-tcg
  --enable-fdt=system --enable-slirp --enable-nettle --disable-debug-info --disable-werror
)

# The chip's files: its own, and the headers of other rooms that uses.txt names by repository path.
soc_files() { (cd -- "$SOC" && find . -maxdepth 1 \( -name '*.[ch]' -o -name meson.build \) -printf '%P\n' | sort); }
used_headers() { if [[ -f $SOC/uses.txt ]]; then sed -e 's/#.*//' -e 's/[[:space:]]*$//' -e '/^$/d' "$SOC/uses.txt" | sort -u; fi; }

read_inputs() {
  [[ -f $SOC/meson.build ]] || die "no chip sources: $SOC/meson.build is not there" "set TATU_SOC_DIR or check the tree out again"
  mapfile -t OWN < <(soc_files)
  mapfile -t USED < <(used_headers)
  local path
  for path in "${USED[@]}"; do
    [[ -f $TATU_ROOT/$path ]] || die "uses.txt names $path, which is not in the repository"
  done
}

tree_key() { printf '%s\n' "$1" "${FLAGS[@]}" "$(uname -m)" "$(gcc -dumpfullversion)" | key; }

# binary_key TREE OWN-FOLDER USED-FOLDER
binary_key() {
  {
    printf '%s\n' "$1" "$LMS"
    files_text "$2" "${OWN[@]}"
    if ((${#USED[@]})); then files_text "$3" "${USED[@]}"; fi
  } | key
}

binary_path() { printf '%s/qemu/bin-%s/qemu-system-arm' "$TATU_CACHE" "$(binary_key "$@")"; }

# Unpacks and configures a build tree. The stamp comes last: a tree without it is begun again.
make_tree() {
  local tree=$1 source=$2 work
  [[ -f $tree/configured ]] && return 0
  rm -rf -- "$tree"
  work=$(scratch qemu)
  log "copying the source"
  cp -a -- "$source" "$work/source"
  mkdir -p -- "$work/source/hw/arm/tatu" "$work/build"
  : >"$work/source/hw/arm/tatu/meson.build"
  sed -i "s/^arm_ss = ss.source_set()\$/&\nsubdir('tatu')/" "$work/source/hw/arm/meson.build"
  grep -qx "subdir('tatu')" "$work/source/hw/arm/meson.build" ||
    die "this QEMU's hw/arm/meson.build has changed" "adapt make_tree in tools/setup/qemu.sh"
  publish "$work" "$tree"
  cd -- "$tree/build"
  step "$TATU_CACHE/log/qemu-configure.log" "configuring QEMU" ../source/configure "${FLAGS[@]}"
  : >"$tree/configured"
}

# Brings the chip's files in the build tree to the state of ours, touching only what differs.
sync_soc() {
  local to=$1 file
  ln -sfn -- "$LMS" "$to/mbedtls-lms"
  for file in "${OWN[@]}"; do copy_if_changed "$SOC/$file" "$to/$file"; done
  for file in "${USED[@]}"; do copy_if_changed "$TATU_ROOT/$file" "$to/$file"; done
  find "$to" -type f -printf '%P\n' | sort | comm -23 - <(printf '%s\n' "${OWN[@]}" "${USED[@]}" | sort -u) |
    while read -r file; do rm -f -- "$to/$file"; done
}

# Compiles what lies in the build tree and names the result after that, not after our folder: somebody may be
# editing it. Sets BINARY.
build() {
  local tree=$1 soc="$1/source/hw/arm/tatu" work
  sync_soc "$soc"
  BINARY=$(binary_path "$tree" "$soc" "$soc")
  step "$TATU_CACHE/log/qemu-build.log" "compiling (about 5 minutes the first time, seconds after an edit)" \
    ninja -C "$tree/build" -j "$TATU_JOBS" qemu-system-arm
  work=$(scratch qemu)
  cp -- "$tree/build/qemu-system-arm" "$work/"
  "$work/qemu-system-arm" --version >/dev/null || die "the new QEMU does not run"
  publish "$work" "$(dirname "$BINARY")"
}

main() {
  local version source tree
  read_inputs
  read -r version source < <("$TATU_SETUP/source.sh" qemu bookworm/7.2) || exit 1 # it said why
  LMS=$("$TATU_SETUP/mbedtls-lms.sh") || exit 1
  tree="$TATU_CACHE/qemu/tree-$(tree_key "$version")"
  BINARY=$(binary_path "$tree" "$SOC" "$TATU_ROOT")
  if [[ ! -x $BINARY ]]; then
    lock qemu
    make_tree "$tree" "$source"
    touch_entry "$tree"
    [[ -x $BINARY ]] || build "$tree"
    prune "$TATU_CACHE/qemu"
    log "ready: QEMU $version"
  fi
  touch_entry "$(dirname "$BINARY")"
  printf '%s\n' "$BINARY"
}

main
