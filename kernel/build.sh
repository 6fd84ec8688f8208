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
PLACES=("drivers/tatu drivers/tatu" "fs/asxipfs fs/asxipfs" "security/tatu security/tatu" "include include/linux" "uapi include/uapi/linux")

our_files() { (cd -- "$KERNEL" && find config drivers fs include security uapi -type f \( -name '*.config' -o -name '*.[ch]' -o -name Kconfig -o -name Makefile \) | sort); }

# Adds a line after the first line that matches, once. The new file replaces the old one: the old one is a hard link
# into the source as Debian ships it.
hook() {
  local file=$1 after=$2 line=$3
  grep -qxF -- "$line" "$file" && return 0
  grep -q -- "$after" "$file" || die "this kernel's $file has changed" "adapt make_tree in kernel/build.sh"
  AFTER=$after LINE=$line awk '{ print } !done && $0 ~ ENVIRON["AFTER"] { print ENVIRON["LINE"]; done = 1 }' "$file" >"$file.new"
  mv -- "$file.new" "$file"
}

make_tree() {
  local tree=$1 source=$2 work
  [[ -d $tree ]] && return 0
  work=$(scratch kernel)
  log "linking a tree"
  cp -al -- "$source" "$work/source"
  mkdir -p "$work/build"
  publish "$work" "$tree"
}

# The lines by which the kernel knows of our folders; a tree of an earlier day may lack some.
hook_files() {
  local source=$1
  hook "$source/drivers/Kconfig" '^source "drivers/amba/Kconfig"' 'source "drivers/tatu/Kconfig"'
  hook "$source/drivers/Makefile" '^obj-y.*[+]= irqchip/' 'obj-y += tatu/'
  hook "$source/fs/Kconfig" '^source "fs/cramfs/Kconfig"' 'source "fs/asxipfs/Kconfig"'
  # shellcheck disable=SC2016 # make's own variable
  hook "$source/fs/Makefile" '^obj-[$].CONFIG_CRAMFS' 'obj-$(CONFIG_ASXIPFS) += asxipfs/'
  hook "$source/security/Kconfig" '^source "security/landlock/Kconfig"' 'source "security/tatu/Kconfig"'
  # shellcheck disable=SC2016 # make's own variable
  hook "$source/security/Makefile" '^obj-[$].CONFIG_SECURITY_LANDLOCK' 'obj-$(CONFIG_SECURITY_TATU) += tatu/'
  # Modules are counted by name: there is a slot for each.
  hook "$source/include/linux/lsm_count.h" '^#include <linux/args.h>' '#define TATU_ENABLED 1,'
  hook "$source/include/linux/lsm_count.h" '^[[:space:]]*LANDLOCK_ENABLED' $'\t\tTATU_ENABLED\t\t\\'
  # JFFS2 keeps a piece of 68 bytes and more for each write that no later one covers: an application that writes single
  # bytes here and there filled the whole store with a file of 64 KiB. Each write now replaces its page.
  hook "$source/fs/jffs2/file.c" '^[[:space:]]*BUG_ON[(]!folio_test_uptodate[(]folio[)][)];' \
    $'\taligned_start = 0; end = max_t(loff_t, end, min_t(loff_t, PAGE_SIZE, inode->i_size - folio_pos(folio)));'
  hook "$source/fs/jffs2/file.c" '^[[:space:]]*writtenlen -= min[(]writtenlen, [(]start - aligned_start[)][)];' \
    $'\twrittenlen = min(writtenlen, copied); end = start + copied;'
  # The variant of the PL022 with chip selects of its own has five, and each message is for one of them: the driver
  # counts one, and drives that of the message before.
  hook "$source/drivers/spi/spi-pl022.c" '^[[:space:]]*struct pl022 [*]pl022 = spi_controller_get_devdata[(]spi->controller[)];' \
    $'\tpl022->cur_cs = spi_get_chipselect(spi, 0); /* tatu */'
  hook "$source/drivers/spi/spi-pl022.c" '^[[:space:]]*host->bus_num = platform_info->bus_id;' \
    $'\thost->num_chipselect = pl022->vendor->internal_cs_ctrl ? 5 : 1; /* tatu */'
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
  hook_files "$tree/source"
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
