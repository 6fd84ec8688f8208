#!/usr/bin/env bash
# Proves the set-up: a Debian 12 tree made from nothing by debootstrap, a clone of this repository in
# it, and the README's two commands with cold caches. Nothing of this machine but its archive
# addresses gets in. Usage: clean_machine.sh [COMMAND...] (default: ./check, then ./run demo --headless --json)
set -euo pipefail
cd "$(dirname "$0")/../.."
root=$(mktemp -d "${TMPDIR:-/var/tmp}/tatu-clean.XXXXXX")
mounted=()

leave() {
    for place in "${mounted[@]}"; do umount -l "$place" || true; done
    [ -n "${KEEP:-}" ] || rm -rf --one-file-system "$root"
}
trap leave EXIT

mirror() { # the main archive of this machine's own apt configuration
    apt-get indextargets --format '$(CODENAME) $(REPO_URI)' | awk '$1 == "bookworm" { print $2; exit }'
}

security_mirror() {
    apt-get indextargets --format '$(CODENAME) $(REPO_URI)' | awk '$1 == "bookworm-security" { print $2; exit }'
}

command -v debootstrap >/dev/null || apt-get install -y -qq --no-install-recommends debootstrap >/dev/null
debootstrap --variant=minbase bookworm "$root" "$(mirror)" >/dev/null
echo "deb $(security_mirror) bookworm-security main" >>"$root/etc/apt/sources.list"
cp /etc/resolv.conf /etc/hosts "$root/etc/"
for place in proc sys dev; do
    mount --rbind "/$place" "$root/$place"
    mount --make-rslave "$root/$place"
    mounted+=("$root/$place")
done
git clone -q . "$root/tatu"
inside() { chroot "$root" env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin TERM=dumb CI="${CI:-}" sh -c "cd /tatu && $*"; }

if [ $# -gt 0 ]; then
    inside "$*"
else
    inside ./check
    inside ./run demo --headless --json
fi
