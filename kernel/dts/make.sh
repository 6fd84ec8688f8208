#!/usr/bin/env bash
# make.sh OUT TABLE: compiles the device tree, with the root file system's dm-verity table on the command line.
set -euo pipefail
out=${1:?usage: make.sh OUT TABLE}
table=${2:?usage: make.sh OUT TABLE}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)

arguments=$(grep -v '^#' "$here/bootargs" | paste -s -d ' ')
arguments=${arguments/@TABLE@/$table}
# The nodes have no unit addresses because the preprocessor cannot write 9100000 from an expression.
cpp -nostdinc -undef -P -I "$root" -DBOOTARGS="\"${arguments//\"/\\\"}\"" -x assembler-with-cpp "$here/tatu.dts" |
  dtc -q -I dts -O dtb -o "$out" -W no-unit_address_vs_reg -W no-simple_bus_reg -
