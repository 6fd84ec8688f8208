#!/usr/bin/env bash
# build.sh [--out FOLDER] [--add LIST]...
#
# Assembles the root file system of files.txt, its hash tree, and the device tree that names its root hash, and puts
# them with the other bodies of a release into build/release. Signing is another's work. Prints the folder.
#
# For tests: --out names another folder, --add a list of more files, which may replace some of files.txt.
# shellcheck source-path=SCRIPTDIR/../../tools/setup source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../tools/setup/lib.sh"

HERE=$TATU_ROOT/os/rootfs
OUT=$TATU_ROOT/build/release
LISTS=("$HERE/files.txt")
BUILD=$TATU_ROOT/build/os
BLOCK=4096 # of dm-verity
TRAILER=$((1088 + 16)) # of an image package in its slot: metadata, signature, footer; proto/image.h, proto/map.h
export SOURCE_DATE_EPOCH=0

# The number of a #define of proto/map.h.
map_value() { sed -n "s/^#define $1 \(0x[0-9a-f]*\)\b.*/\1/p" "$TATU_ROOT/proto/map.h"; }

source_file() {
  case $1 in
    os:*) printf '%s/os/%s\n' "$BUILD" "${1#*:}" ;;
    sdk:*) printf '%s/sdk/%s\n' "$BUILD" "${1#*:}" ;;
    file:*) printf '%s\n' "${1#*:}" ;;
    sysroot:*) printf '%s/%s\n' "$SYSROOT" "${1#*:}" ;;
    *) die "unknown source $1 in ${LISTS[*]}" ;;
  esac
}

put_file() {
  local to=$1 mode=$2 file
  file=$(source_file "${3#\?}")
  if [[ ! -f $file ]]; then
    [[ $3 == \?* ]] || die "$file is not built" "run tools/build.sh os"
    log "left out: ${to#"$STAGE"}"
    return 0
  fi
  install -m 0755 -- "$file" "$to"
  "$SYSROOT/bin/tatu-armhf-strip" --strip-all -- "$to"
  chmod "$mode" -- "$to"
}

put() {
  local to=$STAGE$1 mode=$2 source=$3
  mkdir -p -- "$(dirname "$to")"
  if [[ ! -d $to ]]; then rm -f -- "$to"; fi
  case $source in
    dir) mkdir -p -- "$to" && chmod "$mode" -- "$to" ;;
    link:*) ln -s -- "${source#link:}" "$to" ;;
    text:*) printf '%s\n' "${source#text:}" >"$to" && chmod "$mode" -- "$to" ;;
    data:*) install -m "$mode" -- "${source#data:}" "$to" ;;
    *) put_file "$to" "$mode" "$source" ;;
  esac
}

stage() {
  local path mode source version
  version=$(sed -n "s/^ *version: '\([^']*\)',/\1/p" "$TATU_ROOT/meson.build")
  while read -r path mode source; do
    put "$path" "$mode" "${source/@VERSION@/$version}"
  done < <(sed -e 's/#.*//' -e '/^[[:space:]]*$/d' "${LISTS[@]}")
}

# A program whose library is missing would first be noticed on the device.
check_libraries() {
  local file library
  while read -r file; do
    while read -r library; do
      [[ -e $STAGE/usr/lib/$library || -L $STAGE/usr/lib/$library ]] ||
        die "${file#"$STAGE"} needs $library, which is not on the root file system" "add it to os/rootfs/files.txt"
    done < <("$SYSROOT/bin/tatu-armhf-readelf" -d "$file" 2>/dev/null | sed -n 's/.*Shared library: \[\(.*\)\]/\1/p')
  done < <(find "$STAGE" -type f)
}

# No shell, no way to become another user, nothing anybody may write.
check_rules() {
  local bad
  bad=$(find "$STAGE" \( -name sh -o -name 'bash*' -o -name 'busybox*' -o -name passwd -o -name shadow \) -o -perm /7000 -o \
    \( ! -type l -perm /0022 \) -o ! \( -type f -o -type d -o -type l \))
  [[ -z $bad ]] || die "this may not be on a root file system: $bad"
}

# Blocks of 32 KiB: larger ones save 1 % of flash and cost their size in memory at each read.
make_image() {
  mksquashfs "$STAGE" "$1" -noappend -all-root -no-xattrs -no-exports -comp zstd \
    -b 32K -reproducible -quiet -no-progress >&2
}

make_tree() {
  local image=$1 length
  length=$(stat -c %s -- "$image")
  ((length % BLOCK == 0)) || die "the file system is not whole blocks"
  veritysetup format --no-superblock --salt=- --hash=sha256 --data-block-size=$BLOCK --hash-block-size=$BLOCK \
    --data-blocks=$((length / BLOCK)) --hash-offset="$length" "$image" "$image" >"$WORK/verity.out"
  DATA_LEN=$length
  ROOT_HASH=$(sed -n 's/^Root hash:[[:space:]]*//p' "$WORK/verity.out")
  [[ $ROOT_HASH =~ ^[0-9a-f]{64}$ ]] || die "veritysetup gave no root hash"
}

# A wrong block restarts the board: the monitor then finds that this set does not verify and takes the other.
verity_table() {
  local blocks=$((DATA_LEN / BLOCK)) device=/dev/mtdblock0
  printf '0 %d verity 1 %s %s %d %d %d %d sha256 %s - 1 restart_on_corruption' $((DATA_LEN / 512)) "$device" "$device" \
    "$BLOCK" "$BLOCK" "$blocks" "$blocks" "$ROOT_HASH"
}

check_size() {
  local file=$1 slot=$2 size
  size=$(stat -c %s -- "$file")
  log "$(basename "$file"): $size bytes, $((slot - TRAILER - size)) free"
  ((size + TRAILER <= slot)) || die "$(basename "$file") does not fit its slot of $slot bytes"
}

copy_firmware() {
  local file
  for file in build/vault/silicon/vault/{vault-rom,vault-runtime}.bin build/monitor/monitor/{arom,monitor}.bin \
    build/monitor/recovery/recovery.bin; do
    if [[ -f $TATU_ROOT/$file ]]; then cp -- "$TATU_ROOT/$file" "$WORK/release/"; else log "left out: $file"; fi
  done
}

read_arguments() {
  while (($#)); do
    [[ $# -ge 2 ]] || die "$1 needs a value" "os/rootfs/build.sh [--out FOLDER] [--add LIST]..."
    case $1 in
      --out) OUT=$2 ;;
      --add) LISTS+=("$2") ;;
      *) die "unknown option $1" "os/rootfs/build.sh [--out FOLDER] [--add LIST]..." ;;
    esac
    shift 2
  done
}

main() {
  local kernel
  read_arguments "$@"
  SYSROOT=$("$TATU_SETUP/sysroot.sh")
  kernel=$("$TATU_ROOT/kernel/build.sh")
  lock "release-$(printf '%s' "$TATU_ROOT" | key)"
  WORK=$(scratch "release-$(printf '%s' "$TATU_ROOT" | key)")
  STAGE=$WORK/stage
  mkdir -p "$STAGE" "$WORK/release"
  stage
  check_libraries
  check_rules
  make_image "$WORK/release/root.bin"
  make_tree "$WORK/release/root.bin"
  printf 'data_len=%d\nroot_hash=%s\n' "$DATA_LEN" "$ROOT_HASH" >"$WORK/release/verity.txt"
  "$TATU_ROOT/kernel/dts/make.sh" "$WORK/release/device-tree.bin" "$(verity_table)"
  cp -- "$kernel/zImage" "$WORK/release/kernel.bin"
  copy_firmware
  check_size "$WORK/release/root.bin" "$(map_value TATU_FLASH_ROOT_SIZE)"
  check_size "$WORK/release/kernel.bin" "$(map_value TATU_FLASH_KERNEL_SIZE)"
  check_size "$WORK/release/device-tree.bin" "$(map_value TATU_FLASH_DTB_SIZE)"
  rm -rf -- "$OUT"
  mkdir -p -- "$(dirname "$OUT")"
  mv -- "$WORK/release" "$OUT"
  rm -rf -- "$WORK"
  printf '%s\n' "$OUT"
}

main "$@"
