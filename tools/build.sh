#!/usr/bin/env bash
# Configures (once) and builds one of: host, asan, clang, fuzz, os, vault, monitor. Prints the folder.
set -euo pipefail
cd "$(dirname "$0")/.."
kind=${1:?usage: tools/build.sh host|asan|clang|fuzz|os|vault|monitor [ninja target...]}
shift
dir=build/$kind

configure() {
    case $kind in
    host) CC=gcc meson setup "$dir" -Dbuildtype=debugoptimized ;;
    asan) CC=gcc meson setup "$dir" -Dbuildtype=debug -Db_sanitize=address,undefined ;;
    clang) CC=clang meson setup "$dir" -Dbuildtype=debugoptimized ;;
    fuzz) CC=clang meson setup "$dir" -Dbuildtype=debugoptimized -Db_sanitize=address,undefined \
            -Db_lundef=false -Dfuzzer=true ;;
    os) sysroot=$(tools/setup/sysroot.sh)
        mkdir -p build
        sed "s|@SYSROOT@|$sysroot|g" tools/cross/os.ini.in >build/os.ini
        meson setup "$dir" --cross-file build/os.ini -Dbuildtype=minsize -Ddebug=true ;;
    vault) meson setup "$dir" --cross-file tools/cross/m4.ini -Dbuildtype=plain ;;
    monitor) meson setup "$dir" --cross-file tools/cross/a7.ini -Dbuildtype=plain ;;
    *) echo "build.sh: no such build: $kind" >&2; exit 2 ;;
    esac
}

if [ ! -f "$dir/build.ninja" ]; then
    rm -rf "$dir"
    configure >"/tmp/tatu-configure-$kind.$$" 2>&1 || { cat "/tmp/tatu-configure-$kind.$$" >&2; exit 1; }
    rm -f "/tmp/tatu-configure-$kind.$$"
fi
/usr/bin/python3 tools/doors.py "$dir/doors"
ninja -C "$dir" "$@" >&2
if [ "$kind" = host ]; then # where people and scripts look for it
    mkdir -p build/bin
    ln -sfn ../host/cli/tatu build/bin/tatu
fi
echo "$dir"
