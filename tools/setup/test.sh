#!/usr/bin/env bash
# What the set-up does when Debian's sources are not to be had: one clear error with what to do, nothing half-written,
# and the next try works. Against archives of its own in a temporary folder: needs neither network nor root.
set -uo pipefail
cd "$(dirname "$0")" || exit 1
export LC_ALL=C

WORK=$(mktemp -d -t tatu-setup-test.XXXXXX)
trap 'rm -rf -- "$WORK"' EXIT
export TATU_CACHE=$WORK/cache
ARCHIVE=$WORK/archive
STATE=$TATU_CACHE/apt/bookworm
passed=0 failed=0

check() { # check NAME COMMAND...: the command must hold
  local name=$1
  shift
  if "$@"; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    printf 'FAILED %s: status %s, said:\n%s\n%s\n' "$name" "$STATUS" "$(cat "$WORK/out")" "$(cat "$WORK/err")"
  fi
}

run() { # run COMMAND...: leaves STATUS, out and err
  "$@" >"$WORK/out" 2>"$WORK/err" </dev/null
  STATUS=$?
}

# The last error says WORD; there is one, with one next step; a reader of standard output gets nothing.
fails_clearly() {
  ((STATUS == 1)) && [[ ! -s $WORK/out ]] && [[ $(grep -c 'error: ' "$WORK/err") == 1 ]] &&
    [[ $(grep -c '^  what to do: ' "$WORK/err") == 1 ]] && grep -q "error: .*$1" "$WORK/err"
}

# Neither a source, nor what pins one, nor a tree or a binary, nor a work folder.
left_nothing() { [[ -z $(find "$TATU_CACHE"/{source,qemu,tmp} -mindepth 1 2>/dev/null) ]]; }

# A machine whose apt has no sources at all, or the one line of DEAD.
without_archive() {
  mkdir -p "$WORK/apt/lists/partial"
  printf '%s\n' "${DEAD-}" >"$WORK/apt/sources.list"
  printf 'Dir::%s;\n' "Etc::sourcelist \"$WORK/apt/sources.list\"" 'Etc::sourceparts "-"' \
    "State::lists \"$WORK/apt/lists\"" 'Cache::pkgcache ""' 'Cache::srcpkgcache ""' >"$WORK/apt/conf"
  APT_CONFIG=$WORK/apt/conf "$@"
}

# Reads the index of our archive the way debian_open reads Debian's, which then finds it fresh.
open_archive() {
  mkdir -p "$STATE"/{lists,cache/archives}/partial "$ARCHIVE"
  : >"$STATE/status"
  (cd "$ARCHIVE" && dpkg-scansources . 2>/dev/null >Sources)
  printf 'deb-src [trusted=yes] file:%s ./\n' "$ARCHIVE" >"$STATE/sources.list"
  (
    # shellcheck source-path=SCRIPTDIR source=lib.sh
    . ./lib.sh
    # shellcheck source-path=SCRIPTDIR source=debian.sh
    . ./debian.sh
    DEBIAN_STATE=$STATE debian_apt apt-get -qq update
  ) >&2 && : >"$STATE/ready"
}

# put_source VERSION: a small source package of that name and version
put_source() {
  local tree=$WORK/qemu-$1
  mkdir -p "$ARCHIVE" "$tree/debian/source"
  printf '3.0 (native)\n' >"$tree/debian/source/format"
  printf 'Source: qemu\nMaintainer: Test <test@example.org>\n\nPackage: qemu\nArchitecture: all\nDescription: test\n' \
    >"$tree/debian/control"
  printf 'qemu (1:%s) bookworm; urgency=low\n\n  * Test.\n\n -- Test <test@example.org>  Mon, 01 Jan 2024 00:00:00 +0000\n' \
    "$1" >"$tree/debian/changelog"
  (cd "$ARCHIVE" && dpkg-source -b "$tree") >/dev/null 2>&1
}

fetch() { run ./source.sh qemu bookworm/7.2; }

got() { # got VERSION: it is there, whole, and named on standard output
  local version path
  read -r version path <"$WORK/out"
  ((STATUS == 0)) && [[ $version == "1:$1" && -f $path/debian/control ]]
}

check_no_archive() {
  run without_archive ./qemu.sh
  check "a machine without Debian's archive is told so" fails_clearly "no Debian archive"
  check "and nothing is half-written" left_nothing
  DEAD='deb http://127.0.0.1:1/debian bookworm main' run without_archive ./qemu.sh
  check "an archive that does not answer is one clear error" fails_clearly "no Debian archive"
  check "and nothing is half-written" left_nothing
}

check_no_package() {
  open_archive
  run ./qemu.sh
  check "an archive without the QEMU source is one clear error" fails_clearly "no source package qemu of the line 7.2"
  check "and nothing is half-written" left_nothing
  put_source 8.0
  open_archive
  fetch
  check "an archive with another line only is told so" fails_clearly "no source package qemu of the line 7.2"
  check "and nothing of it is taken" left_nothing
}

check_broken_package() {
  put_source 7.2
  open_archive
  mv "$ARCHIVE/qemu_7.2.tar.xz" "$WORK/kept"
  run ./qemu.sh
  check "a source that the index promises and the mirror lacks is one clear error" fails_clearly \
    "no source of qemu could be had"
  check "and nothing is half-written" left_nothing
  head -c 100 "$WORK/kept" >"$ARCHIVE/qemu_7.2.tar.xz"
  fetch
  check "a source that is cut off is one clear error" fails_clearly "no source of qemu could be had"
  check "and nothing is half-written" left_nothing
  tr '\000-\377' '\001-\377\000' <"$WORK/kept" >"$ARCHIVE/qemu_7.2.tar.xz"
  fetch
  check "a source with other bytes than the index says is refused" fails_clearly "no source of qemu could be had"
  check "and nothing is half-written" left_nothing
}

check_recovery() {
  mv "$WORK/kept" "$ARCHIVE/qemu_7.2.tar.xz"
  fetch
  check "the next try works once the source can be had" got 7.2
  rm -rf -- "$ARCHIVE"
  run without_archive ./source.sh qemu bookworm/7.2
  check "what was taken once is there without any archive" got 7.2
  rm "$STATE/ready"
  run without_archive ./source.sh qemu bookworm/7.2 --refresh
  check "looking for a newer one without an archive is one clear error" fails_clearly "no Debian archive"
  fetch
  check "and costs nothing of what was there" got 7.2
}

check_arguments() {
  run ./source.sh '../qemu' bookworm
  check "what is no package name is refused" fails_clearly "not a package name"
  run ./source.sh qemu 7.2
  check "what is no suite is refused" fails_clearly "not a suite"
  run ./source.sh qemu bookworm --fast
  check "an unknown option is refused" fails_clearly "unknown option"
}

check_no_archive
check_no_package
check_broken_package
check_recovery
check_arguments
echo "$passed passed, $failed failed"
((failed == 0))
