#!/usr/bin/env bash
# Builds the device's Linux from Debian's linux-source, our configuration and our drivers, and prints the output folder:
# zImage, vmlinux (for gdb), System.map, config, version.
#
# One tree serves one source version and compiler, so an edit costs what changed. The output is published under the
# hash of everything that went into it.
# shellcheck source-path=SCRIPTDIR/../tools/setup source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../tools/setup/lib.sh"

KERNEL=$TATU_ROOT/kernel
CROSS=arm-linux-gnueabihf-
# The image must not depend on who built it, where and when.
export KBUILD_BUILD_TIMESTAMP='1970-01-01 00:00:00 UTC' KBUILD_BUILD_USER=tatu KBUILD_BUILD_HOST=tatu KBUILD_BUILD_VERSION=1

# Repository path and place in the kernel tree of each folder we add.
PLACES=("drivers/tatu drivers/tatu" "fs/asxipfs fs/asxipfs" "uapi include/uapi/linux")

our_files() { (cd -- "$KERNEL" && find config drivers fs uapi -type f \( -name '*.config' -o -name '*.[ch]' -o -name Kconfig -o -name Makefile \) | sort); }

# Adds a line after the first line that matches, once. The new file replaces the old one: the old one is a hard link
# into the source as Debian ships it.
hook() {
  local file=$1 after=$2 line=$3
  grep -qxF -- "$line" "$file" && return 0
  grep -q -- "$after" "$file" || die "this kernel's $file has changed" "adapt make_tree in kernel/build.sh"
  awk -v after="$after" -v line="$line" '{ print } !done && $0 ~ after { print line; done = 1 }' "$file" >"$file.new"
  mv -- "$file.new" "$file"
}

make_tree() {
  local tree=$1 source=$2 work
  [[ -d $tree ]] && return 0
  work=$(scratch kernel)
  log "linking a tree"
  cp -al -- "$source" "$work/source"
  hook "$work/source/drivers/Kconfig" '^source "drivers/amba/Kconfig"' 'source "drivers/tatu/Kconfig"'
  hook "$work/source/drivers/Makefile" '^obj-y.*[+]= irqchip/' 'obj-y += tatu/'
  hook "$work/source/fs/Kconfig" '^source "fs/cramfs/Kconfig"' 'source "fs/asxipfs/Kconfig"'
  # shellcheck disable=SC2016 # make's own variable
  hook "$work/source/fs/Makefile" '^obj-[$].CONFIG_CRAMFS' 'obj-$(CONFIG_ASXIPFS) += asxipfs/'
  mkdir -p "$work/build"
  publish "$work" "$tree"
}

sync_files() {
  local source=$1 place from to file
  for place in "${PLACES[@]}"; do
    read -r from to <<<"$place"
    find "$KERNEL/$from" -type f -printf '%P\n' | while read -r file; do
      copy_if_changed "$KERNEL/$from/$file" "$source/$to/$file"
    done
  done
}

kmake() {
  local tree=$1
  shift
  nice make -C "$tree/source" O="$tree/build" ARCH=arm CROSS_COMPILE="$CROSS" -j "$TATU_JOBS" "$@"
}

# Kconfig drops what it cannot give without a word; each line asked for must be in the result.
check_config() {
  local line name want have bad=0
  while IFS= read -r line; do
    name=${line%%=*} want=${line#*=}
    if [[ $want == n ]]; then want=''; fi
    have=$(sed -n "s/^$name=//p" "$2")
    [[ $have == "$want" ]] && continue
    log "asked for $line, the configuration has ${have:-n}"
    bad=1
  done < <(grep '^CONFIG_' "$1")
  ((bad == 0)) || die "the kernel's configuration is not what was asked for" "see kernel/config; the lines are above"
}

configure() {
  local tree=$1
  cat "$KERNEL"/config/*.config >"$tree/wanted.new"
  if ! cmp -s "$tree/wanted.new" "$tree/wanted" || [[ ! -f $tree/build/.config ]]; then
    rm -f "$tree/wanted"
    step "$TATU_CACHE/log/kernel-config.log" "configuring" \
      kmake "$tree" KCONFIG_ALLCONFIG="$tree/wanted.new" allnoconfig
    mv -- "$tree/wanted.new" "$tree/wanted"
  else
    step "$TATU_CACHE/log/kernel-config.log" "configuring" kmake "$tree" olddefconfig
  fi
  check_config "$tree/wanted" "$tree/build/.config"
}

build() {
  local tree=$1 to=$2 version=$3 work
  sync_files "$tree/source"
  configure "$tree"
  step "$TATU_CACHE/log/kernel-build.log" "compiling (about 4 minutes the first time, seconds after an edit)" \
    kmake "$tree" zImage
  work=$(scratch kernel)
  cp -- "$tree/build/arch/arm/boot/zImage" "$tree/build/vmlinux" "$tree/build/System.map" "$work/"
  cp -- "$tree/build/.config" "$work/config"
  printf '%s\n' "$version" >"$work/version"
  publish "$work" "$to"
}

main() {
  local version source tree to compiler files
  [[ -z ${1-} ]] || die "unknown argument $1" "kernel/build.sh takes none"
  read -r version source < <("$TATU_SETUP/kernel-source.sh") || die "no kernel source"
  compiler=$("${CROSS}gcc" --version | head -n 1)
  mapfile -t files < <(our_files)
  tree="$TATU_CACHE/kernel/tree-$(printf '%s\n' "$version" "$compiler" | key)"
  to="$TATU_CACHE/kernel/out-$({ printf '%s\n' "$version" "$compiler"; files_text "$KERNEL" build.sh "${files[@]}"; } | key)"
  if [[ ! -f $to/zImage ]]; then
    lock kernel
    make_tree "$tree" "$source"
    touch_entry "$tree"
    [[ -f $to/zImage ]] || build "$tree" "$to" "$version"
    prune "$TATU_CACHE/kernel"
    log "ready: Linux $version"
  fi
  touch_entry "$to"
  printf '%s\n' "$to"
}

main "$@"
