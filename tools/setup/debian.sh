# shellcheck shell=bash
# Reads Debian's archive through an apt state of our own: sourced, after lib.sh.
#
# The system's apt configuration says where the archive is and how to reach it (mirror, proxy); we take that from
# it and never write to it. Our state lives in the cache, one folder per suite, so no root is needed either.
set -euo pipefail

DEBIAN_KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg
DEBIAN_LISTS_FRESH_MIN=60 # one set-up asks for several packages; one update serves them all

# Prints the URI of the archive whose Release file carries the label: "Debian" or "Debian-Security".
# shellcheck disable=SC2016 # apt's own variables
debian_uri() {
  apt-get indextargets --format '$(LABEL)|$(REPO_URI)' "${@:2}" 'Created-By: Packages' 'Origin: Debian' |
    awk -F'|' -v label="$1" '$1 == label && !found { print $2; found = 1 }'
}

# A machine whose package lists were cleaned away has no labels to read: fetch the lists of its own sources
# to a place of ours, once.
debian_find_uris() {
  local state=$1
  DEBIAN_MAIN=$(debian_uri Debian)
  DEBIAN_SECURITY=$(debian_uri Debian-Security)
  [[ $DEBIAN_MAIN && $DEBIAN_SECURITY ]] && return 0
  mkdir -p "$state/system/partial"
  log "reading the system's package sources"
  apt-get -qq update -o Dir::State::lists="$state/system" -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= \
    -o APT::Sandbox::User=root >&2 || true
  DEBIAN_MAIN=$(debian_uri Debian -o Dir::State::lists="$state/system")
  DEBIAN_SECURITY=$(debian_uri Debian-Security -o Dir::State::lists="$state/system")
  [[ $DEBIAN_MAIN ]] || die "no Debian archive can be read through this machine's apt configuration" \
    "run on Debian 12, with its archive in the apt sources and within reach"
}

# Writes the sources of one suite: the release, its point updates and its security updates.
debian_write_sources() {
  local suite=$1 file=$2 kind
  for kind in deb deb-src; do
    printf '%s [signed-by=%s] %s %s main\n' "$kind" "$DEBIAN_KEYRING" "$DEBIAN_MAIN" "$suite"
    printf '%s [signed-by=%s] %s %s main\n' "$kind" "$DEBIAN_KEYRING" "$DEBIAN_MAIN" "$suite-updates"
    [[ $DEBIAN_SECURITY ]] || continue
    printf '%s [signed-by=%s] %s %s main\n' "$kind" "$DEBIAN_KEYRING" "$DEBIAN_SECURITY" "$suite-security"
  done >"$file"
}

# Every apt call of ours goes through here. The package status is empty: what is installed must not matter.
debian_apt() {
  local command=$1
  shift
  "$command" -o Dir::Etc::sourcelist="$DEBIAN_STATE/sources.list" -o Dir::Etc::sourceparts=- \
    -o Dir::State::lists="$DEBIAN_STATE/lists" -o Dir::State::status="$DEBIAN_STATE/status" \
    -o Dir::Cache="$DEBIAN_STATE/cache" -o APT::Get::List-Cleanup=0 -o APT::Sandbox::User=root \
    -o Dir::Etc::preferences=- -o Dir::Etc::preferencesparts=- \
    -o Acquire::Languages=none -o Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled=false "$@"
}

# Makes the private state of a suite ready, or ends with one error. Sets DEBIAN_STATE. Takes lock apt-SUITE.
debian_open() {
  local suite=$1
  [[ -r $DEBIAN_KEYRING ]] || die "Debian's archive keys are missing" "apt-get install debian-archive-keyring"
  lock "apt-$suite"
  DEBIAN_STATE="$TATU_CACHE/apt/$suite"
  [[ -n $(find "$DEBIAN_STATE/ready" -mmin "-$DEBIAN_LISTS_FRESH_MIN" 2>/dev/null) ]] && return 0
  mkdir -p "$DEBIAN_STATE"/{lists,cache/archives}/partial
  : >"$DEBIAN_STATE/status"
  debian_find_uris "$DEBIAN_STATE"
  debian_write_sources "$suite" "$DEBIAN_STATE/sources.list"
  step "$TATU_CACHE/log/apt-$suite.log" "reading Debian's index of $suite" \
    debian_apt apt-get update -q --error-on=any -o Acquire::Retries=3
  : >"$DEBIAN_STATE/ready"
}
