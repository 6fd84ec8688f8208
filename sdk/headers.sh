#!/usr/bin/env bash
# headers.sh INCLUDE: each public header stands alone, in C and C++, and refuses a version of its structs that is not there.
set -euo pipefail
include=$1

# compiler and its options; on standard input what is included
compile() {
    "$@" -D_GNU_SOURCE -I"$include" -Wall -Wextra -Wpedantic -Werror -Wno-unused-function -fsyntax-only -
}
including() {
    printf '#include <%s>\n' "$@"
}

cd "$include"
headers=(applibs/*.h tlsutils/*.h)
for header in "${headers[@]}"; do
    including "$header" "$header" | compile gcc -x c -std=c99
done
including "${headers[@]}" | compile gcc -x c -std=gnu17 -Wstrict-prototypes
including "${headers[@]}" | compile clang -x c -std=gnu11
including "${headers[@]}" | compile g++ -x c++ -std=c++11
including "${headers[@]}" | compile clang++ -x c++ -std=c++17
for name in UART:uart SPI:spi WIFICONFIG:wificonfig NETWORKING:networking; do
    header=applibs/${name#*:}.h version=${name%:*}_STRUCTS_VERSION
    including "$header" | compile gcc -x c "-D$version=1"
    if including "$header" | compile gcc -x c "-D$version=2" 2>/dev/null; then
        echo "headers.sh: $header takes $version 2" >&2
        exit 1
    fi
done
[ "${#headers[@]}" -ge 20 ]
