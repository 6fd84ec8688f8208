#!/usr/bin/env bash
# exports.sh LIBRARY EXPECTED OUT: what a library is called and exports must be what is checked in.
set -euo pipefail
{
    readelf -dW "$1" | sed -n 's/.*Library soname: \[\(.*\)\].*/soname \1/p'
    # _init and _fini are of the C library's start files
    readelf --dyn-syms -W "$1" | awk '$5 == "GLOBAL" && $6 == "DEFAULT" && $7 != "UND" && $8 !~ /^_(init|fini)$/ { print $8 }' |
        LC_ALL=C sort
} >"$3.new"
if ! diff -u <(grep -v '^#' "$2") "$3.new" >&2; then
    echo "exports.sh: $1 does not export what $2 expects (- expected, + there)" >&2
    exit 1
fi
mv "$3.new" "$3"
