#!/usr/bin/env bash
# source.sh NAME SUITE[/LINE] [--refresh]
#
# Gets a Debian source package into the cache, Debian's patches applied: the newest point release that the suite
# (with its point and security updates) has, of the upstream line if one is named, e.g. `mbedtls trixie/3.6`.
# Prints "VERSION PATH". A version once taken stays until --refresh (or TATU_REFRESH=1), so that a build does not
# change under one's hands and a warm cache needs no network. The folder is read-only by agreement: copy, then build.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=debian.sh
. "$TATU_SETUP/debian.sh"

NAME='' SUITE='' LINE=''

parse() {
  local usage="source.sh NAME SUITE[/LINE] [--refresh]"
  (($# == 2 || $# == 3)) || die "wrong arguments" "$usage"
  [[ $1 =~ ^[a-z0-9][a-z0-9.+-]+$ ]] || die "not a package name: $1" "$usage"
  [[ $2 =~ ^[a-z]+(/[0-9][0-9.]*)?$ ]] || die "not a suite or suite/line: $2" "$usage"
  NAME=$1 SUITE=${2%%/*} LINE=${2#"${2%%/*}"} LINE=${LINE#/}
  case ${3-} in
    '') ;;
    --refresh) TATU_REFRESH=1 ;;
    *) die "unknown option $3" "$usage" ;;
  esac
}

# All versions of the package in the suite, one a line.
versions() {
  debian_apt apt-cache showsrc --only-source "$NAME" 2>/dev/null | sed -n 's/^Version: //p' | sort -u
}

source_path() { printf '%s/source/%s_%s' "$TATU_CACHE" "$NAME" "$(path_word "$1")"; }

# True if Debian version $1 belongs to the upstream line asked for.
in_line() {
  local upstream=${1#*:}
  [[ -z $LINE || $upstream == "$LINE" || $upstream == "$LINE"[.+~-]* ]]
}

# The versions of the line, the newest first.
candidates() {
  local sorted=() version i
  while read -r version; do
    in_line "$version" || continue
    for ((i = 0; i < ${#sorted[@]}; i++)); do
      if dpkg --compare-versions "$version" gt "${sorted[i]}"; then break; fi
    done
    sorted=("${sorted[@]:0:i}" "$version" "${sorted[@]:i}")
  done < <(versions)
  ((${#sorted[@]} == 0)) || printf '%s\n' "${sorted[@]}"
}

unpack() {
  cd -- "$1"
  debian_apt apt-get source -q --download-only --only-source -o Acquire::Retries=3 "$NAME=$2"
  dpkg-source --no-check -x ./*.dsc tree
}

# apt checked the .dsc and its tarballs against the signed index, hence --no-check above.
fetch() {
  local version=$1 path=$2 work
  work=$(scratch "source-$NAME")
  step "$TATU_CACHE/log/source-$NAME.log" "getting the source of $NAME $version" unpack "$work" "$version"
  publish "$work/tree" "$path"
  rm -rf -- "$work"
}

# Fetches the newest of the versions that the archive really holds: for some hours an index can promise a point
# release that its mirror does not have yet, or no longer. Prints the version; the reasons only if none could be had.
fetch_newest() {
  local version path status errors="$TATU_CACHE/log/source-$NAME.err"
  mkdir -p -- "$TATU_CACHE/log"
  : >"$errors"
  for version in "$@"; do
    path=$(source_path "$version")
    [[ -d $path ]] && break
    log "getting the source of $NAME $version"
    set +e
    (set -e && fetch "$version" "$path") 2>>"$errors"
    status=$?
    set -e
    ((status == 0)) && break
    log "the archive's index names $NAME $version, but it could not be had"
  done
  if [[ ! -d $path ]]; then
    # each try ended with an error line of its own; this function gives the one that counts
    grep -vE '^\[|^source\.sh: error: |^  what to do: ' -- "$errors" | cut -c1-300 >&2 || true
    die "no source of $NAME could be had" "the reasons are above; an archive that is out of step is so for hours: try again later"
  fi
  printf '%s\n' "$version"
}

main() {
  local pin version path found
  parse "$@"
  pin="$TATU_CACHE/source/$NAME@$SUITE${LINE:+-$LINE}"
  if [[ -s $pin && -z ${TATU_REFRESH-} ]]; then
    read -r version <"$pin"
    path=$(source_path "$version")
    if [[ -d $path ]]; then printf '%s %s\n' "$version" "$path"; return; fi
  fi
  lock "source-$NAME"
  debian_open "$SUITE"
  mapfile -t found < <(candidates)
  ((${#found[@]})) || die "Debian's $SUITE has no source package $NAME${LINE:+ of the line $LINE}" \
    "the archive may have moved on to another line: see what it has with apt-cache showsrc"
  version=$(fetch_newest "${found[@]}")
  printf '%s\n' "$version" >"$pin.new"
  mv -f -- "$pin.new" "$pin"
  printf '%s %s\n' "$version" "$(source_path "$version")"
}

main "$@"
