#!/usr/bin/env bash
# Assembles the SDK in build/sdk from what tools/product.sh built. Set AzureSphereDefaultSDKDir to it.
set -euo pipefail
cd "$(dirname "$0")/.."
api_set=12 # the application runtime our images declare they need
sysroot=$(tools/setup/sysroot.sh)
new=build/sdk.new

rm -rf "$new"
mkdir -p "$new/CMakeFiles" "$new/Sysroots" "$new/bin" "$new/HardwareDefinitions"
cp -a "$sysroot" "$new/Sysroots/$api_set"
cp -r sdk/applibs/include/. "$new/Sysroots/$api_set/usr/include/"
for library in applibs tlsutils; do
    cp -a "build/os/sdk/lib$library.so" "build/os/sdk/lib$library.so.0" "$new/Sysroots/$api_set/usr/lib/"
done
cp sdk/cmake/*.cmake "$new/CMakeFiles/"
cp build/host/cli/tatu "$new/bin/"
sed -n "s/.*version: '\([^']*\)'.*/\1/p" meson.build | head -n 1 >"$new/VERSION"
rm -rf build/sdk
mv "$new" build/sdk
echo build/sdk
