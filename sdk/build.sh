#!/usr/bin/env bash
# Assembles the SDK in build/sdk from what tools/product.sh built. Set AzureSphereDefaultSDKDir to it.
set -euo pipefail
cd "$(dirname "$0")/.."
api_set=12         # the application runtime that our images declare they need
older="4 5 6 7 8 9 10 11" # sets that projects name and that are part of it: applications of one run on all later ones
new=build/sdk.new
tatu=build/host/cli/tatu

add_sysroot() { # the API set, and the older numbers as other names of it
    local set=$new/Sysroots/$api_set number tool
    cp -a "$(tools/setup/sysroot.sh)" "$set"
    cp -r sdk/applibs/include/. "$set/usr/include/"
    for library in applibs tlsutils; do
        cp -a "build/os/sdk/lib$library.so" "build/os/sdk/lib$library.so.0" "$set/usr/lib/"
    done
    mkdir -p "$set/tools/gcc" # where scripts of the original look for its compiler
    for tool in gcc ar nm objcopy objdump ranlib readelf strip; do
        ln -s "../../bin/tatu-armhf-$tool" "$set/tools/gcc/arm-poky-linux-musleabi-$tool"
    done
    for number in $older; do ln -s "$api_set" "$new/Sysroots/$number"; done
}

add_hardware() { # definitions, and the headers that are made of them
    cp sdk/hardware/*.json "$new/HardwareDefinitions/"
    "$tatu" hardware-definition generate-header --hardware-definition-file "$new/HardwareDefinitions/mt3620_rdb.json" \
        --with-imports >/dev/null
}

add_native() { # the application library for this machine; the build's archive only points to its objects
    mkdir -p "$new/Native/lib"
    cp -r sdk/applibs/include "$new/Native/include"
    local archive
    archive=$(realpath "$new/Native/lib")/libapplibs.a
    (cd build/host && ar t sdk/libapplibs.a | xargs ar rcs "$archive")
}

rm -rf "$new"
mkdir -p "$new/CMakeFiles" "$new/Sysroots" "$new/bin" "$new/HardwareDefinitions" "$new/DebugTools" "$new/share/man/man1" \
    "$new/share/bash-completion/completions"
cp sdk/cmake/*.cmake "$new/CMakeFiles/"
cp "$tatu" "$new/bin/"
ln -s tatu "$new/bin/azsphere" # for scripts that call it so
add_sysroot
add_hardware
add_native
"$tatu" manual --folder "$new/share/man/man1" >/dev/null
"$tatu" completion bash >"$new/share/bash-completion/completions/tatu"
sed -n "s/.*version: '\([^']*\)'.*/\1/p" meson.build | head -n 1 >"$new/VERSION"
rm -rf build/sdk
mv "$new" build/sdk
echo "$PWD/build/sdk"
