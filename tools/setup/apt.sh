#!/usr/bin/env bash
# Installs what packages.txt names and this machine lacks. Prints nothing when all is there.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

wanted() { sed -e 's/#.*//' -e 's/[[:space:]]*$//' -e '/^$/d' "$TATU_SETUP/packages.txt"; }

# A package that was removed but not purged is known to dpkg and still missing, hence the status.
# shellcheck disable=SC2016 # dpkg-query's own variables
missing() {
  comm -23 <(wanted | sort -u) <(wanted | xargs dpkg-query -W -f '${db:Status-Status} ${Package}\n' 2>/dev/null |
    sed -n 's/^installed //p' | sort -u)
}

# Names among the arguments that apt cannot install from the lists it has.
without_candidate() {
  comm -23 <(printf '%s\n' "$@" | sort) \
    <(apt-cache policy "$@" 2>/dev/null | awk '/^[^ ]/ { sub(/:$/, ""); name = $0 } /Candidate: [^(]/ { print name }' | sort)
}

update() { step "$TATU_CACHE/log/apt-update.log" "reading the package lists" apt-get update -q -o Acquire::Retries=3; }

# Old lists name versions that the mirror has dropped, so a failure is tried once more with new lists.
install() {
  DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends -o DPkg::Lock::Timeout=900 \
    -o Acquire::Retries=3 -- "$@" </dev/null >"$TATU_CACHE/log/apt-install.log" 2>&1
}

install_or_die() {
  log "installing $# packages"
  install "$@" && return 0
  update
  install "$@" && return 0
  grep -E '^(E|dpkg):' "$TATU_CACHE/log/apt-install.log" >&2 || true
  die "apt could not install: $*" "the reason is above, all of it in $TATU_CACHE/log/apt-install.log; then run this again"
}

main() {
  local -a need gone
  mapfile -t need < <(missing)
  ((${#need[@]})) || return 0
  ((EUID == 0)) || die "packages are missing and only root can install them" \
    "apt-get install --no-install-recommends ${need[*]}"
  lock apt-install
  mkdir -p "$TATU_CACHE/log"
  mapfile -t gone < <(without_candidate "${need[@]}")
  if ((${#gone[@]})); then
    update
    mapfile -t gone < <(without_candidate "${need[@]}")
  fi
  ((${#gone[@]} == 0)) || die "apt knows no package ${gone[*]}" \
    "this set-up is for Debian 12: see that its main archive is in the apt sources, then run apt-get update"
  install_or_die "${need[@]}"
  log "done"
}

main
