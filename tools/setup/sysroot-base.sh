# shellcheck shell=bash
# The first part of the sysroot: kernel headers, musl, libgcc_s, the compiler wrapper. Sourced by sysroot.sh.
#
# musl is Debian 13's: Debian 12's 1.2.3 lacks the fixes of CVE-2025-26519, CVE-2026-6042 and CVE-2026-40200.
set -euo pipefail

MUSL=(musl trixie/1.2)
CROSS=arm-linux-gnueabihf
DEVICE_FLAGS=(-mcpu=cortex-a7 -mfpu=neon-vfpv4 -mfloat-abi=hard -mthumb)

base_inputs() {
  "$TATU_SETUP/source.sh" "${MUSL[@]}"
  "$TATU_SETUP/kernel-source.sh"
  dpkg-query -W "gcc-12-$CROSS" "binutils-$CROSS" "libgcc-12-dev-armhf-cross"
  files_text "$TATU_SETUP" sysroot-base.sh sysroot-gcc sysroot.specs sysroot-unhide.py
}

# The kernel's own copy rule wants rsync; the headers are all it has to move.
base_headers() {
  local source
  read -r _ source < <("$TATU_SETUP/kernel-source.sh")
  make -C "$source" ARCH=arm O="$1/linux" -j "$TATU_JOBS" headers
  (cd "$1/linux/usr/include" && find . -name '*.h' -print0 | xargs -0 cp --parents -t "$2/usr/include")
}

# With debug information: a crash report is unwound through libc on the host. Images are stripped.
base_musl() {
  local source
  read -r _ source < <("$TATU_SETUP/source.sh" "${MUSL[@]}")
  mkdir -p "$1/musl"
  cd "$1/musl" || return
  "$source/configure" --target=$CROSS --prefix=/usr --syslibdir=/lib --enable-debug --disable-wrapper \
    CC="$CROSS-gcc ${DEVICE_FLAGS[*]} -ffile-prefix-map=$source=musl -ffile-prefix-map=$1=." CROSS_COMPILE=$CROSS- \
    CFLAGS=-Os
  make -s -j "$TATU_JOBS"
  make -s DESTDIR="$2" install
  ln -sfn ../usr/lib/libc.so "$2/lib/ld-musl-armhf.so.1"
}

base_compiler() {
  local tool
  install -D "$TATU_SETUP/sysroot-gcc" "$2/bin/tatu-armhf-gcc"
  cp "$TATU_SETUP/sysroot.specs" "$2/lib/tatu.specs"
  for tool in ar ranlib nm strip objcopy objdump readelf; do ln -s "$(command -v $CROSS-$tool)" "$2/bin/tatu-armhf-$tool"; done
}

# Exports what a program may expect of libgcc_s; the fixed-point routines, most of the code, no C program calls.
# The old atomic operations go: they call into a page that our kernel does not map, one of them at load time.
base_libgcc() {
  local gcc="$2/bin/tatu-armhf-gcc" name
  cat >"$1/libgcc.map" <<'MAP'
{ global: _Unwind_*; __gnu_unwind_frame; __gcc_personality_v0; __emutls_*; __aeabi_*; __clear_cache; __bswap*;
  __*[sd]i[234]; __*[sd]f[234]; __*[sd]c3; __fix*; __float*; local: *; };
MAP
  for name in libgcc libgcc_eh; do
    python3 "$TATU_SETUP/sysroot-unhide.py" "$($CROSS-gcc -print-file-name=$name.a)" "$1/$name.a"
  done
  $CROSS-ar d "$1/libgcc.a" linux-atomic.o linux-atomic-64bit.o
  "$gcc" -shared -nostdlib -nostartfiles -Wl,-soname,libgcc_s.so.1 -Wl,--version-script="$1/libgcc.map" -Wl,--gc-sections \
    -Wl,-Bsymbolic -Wl,-z,defs -o "$2/usr/lib/libgcc_s.so.1" -Wl,--whole-archive "$1/libgcc.a" "$1/libgcc_eh.a" -Wl,--no-whole-archive -lc
  ln -s libgcc_s.so.1 "$2/usr/lib/libgcc_s.so"
}

# What every later step takes for granted is looked at once, here.
base_check() {
  local gcc="$2/bin/tatu-armhf-gcc" out="$1/check"
  printf '#include <stdio.h>\n#include <time.h>\n#include <linux/landlock.h>\n_Static_assert(sizeof(time_t) == 8, "");
int main(void) { puts("hello"); return 0; }\n' >"$out.c"
  "$gcc" -Os -Wall -Werror -o "$out" "$out.c"
  "$gcc" -Os -static -o "$out.static" "$out.c"
  base_expect "$out" 'interpreter: /lib/ld-musl-armhf.so.1' 'library: \[libc.so\]' 'Tag_ABI_VFP_args: VFP registers' \
    'Tag_CPU_arch: v7' 'Type: *DYN' BIND_NOW
  base_refuse "$out" 'library: \[libgcc'
  base_refuse "$out.static" NEEDED
  base_expect "$2/usr/lib/libgcc_s.so.1" 'library: \[libc.so\]' _Unwind_Backtrace __aeabi_unwind_cpp_pr0 __aeabi_uldivmod
  base_refuse "$2/usr/lib/libgcc_s.so.1" TEXTREL INIT_ARRAY
}

base_look() { $CROSS-readelf -hldA --dyn-syms -W "$1"; }
base_expect() {
  local text
  for text in "${@:2}"; do base_look "$1" | grep "$text" >/dev/null || die "$1 lacks $text"; done
}
base_refuse() {
  local text
  for text in "${@:2}"; do if base_look "$1" | grep "$text" >/dev/null; then die "$1 has $text"; fi; done
}

# base_build WORK ROOT
base_build() {
  mkdir -p "$2"/{bin,lib,usr/include,usr/lib}
  base_headers "$@"
  base_musl "$@"
  base_compiler "$@"
  base_libgcc "$@"
  base_check "$@"
}
