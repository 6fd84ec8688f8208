# shellcheck shell=bash
# Shared by the scripts of this folder: sourced, never run.
#
# The cache is content-addressed: an entry's name is the hash of what went into it, an entry is either
# complete or absent, and nothing in it changes after it was published. Everything else here serves that.
set -euo pipefail
shopt -s inherit_errexit
umask 022
export LC_ALL=C

TATU_SETUP=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck disable=SC2034 # the scripts use it
TATU_ROOT=$(cd "$TATU_SETUP/../.." && pwd)
TATU_CACHE=${TATU_CACHE:-${XDG_CACHE_HOME:-${HOME:?set HOME or TATU_CACHE}/.cache}/tatu}
TATU_JOBS=${TATU_JOBS:-$(nproc)}

# Standard output carries results only; whoever calls us reads it.
log() { printf '[%4ds] %s: %s\n' "$SECONDS" "$(basename "$0" .sh)" "$*" >&2; }

die() {
  printf '%s: error: %s\n' "$(basename "$0")" "$1" >&2
  shift
  if (($#)); then printf '  what to do: %s\n' "$*" >&2; fi
  exit 1
}

# Hash of standard input, short enough for a path, long enough that nobody can build a second one by accident.
key() { sha256sum | cut -c1-24; }

# Content and names of files below a folder, as text to be hashed: files_text FOLDER FILE...
files_text() { (cd -- "$1" && shift && sha256sum -- "$@"); }

# A version as one word of a path: make and ninja give a meaning to ':' and '%'.
path_word() { printf '%s' "${1//[!A-Za-z0-9.+~-]/_}"; }

# Commands to run when the script ends, however it ends short of kill -9.
TATU_AT_EXIT=()
at_exit() {
  local command
  for command in "${TATU_AT_EXIT[@]}"; do eval "$command"; done
}
trap at_exit EXIT

# Holds the named lock until this process and its children are gone. The children count on purpose: a compiler
# that outlives a killed script still writes into the build tree.
lock() {
  mkdir -p "$TATU_CACHE/lock"
  exec {TATU_LOCK_FD}>"$TATU_CACHE/lock/$1"
  if ! flock -n "$TATU_LOCK_FD"; then
    log "waiting for another set-up of $1"
    flock "$TATU_LOCK_FD"
  fi
  TATU_AT_EXIT+=("rm -rf -- '$TATU_CACHE/tmp/$1'")
}

# An empty work folder on the cache's own file system; call it with the lock of the same name held. It goes away
# with the script; what kill -9 left in its place goes away here.
scratch() {
  local dir="$TATU_CACHE/tmp/$1"
  rm -rf -- "$dir"
  mkdir -p -- "$dir"
  printf '%s\n' "$dir"
}

# Marks an entry as used now, so that prune keeps it.
touch_entry() { touch -c -- "$1"; }

# Drops entries of a folder that nobody used for a month; call it with the lock of their kind held.
prune() { find "$1" -mindepth 1 -maxdepth 1 -mtime +30 -exec rm -rf -- {} +; }

# Makes a finished folder or file appear under its final name in one step; a twin that was first is kept.
publish() {
  local from=$1 to=$2
  mkdir -p -- "$(dirname "$to")"
  if [[ -e $to ]]; then rm -rf -- "$from"; else mv -T -- "$from" "$to"; fi
}

# Runs a build step quietly, its output in a file: step LOGFILE WHAT COMMAND... The command may be a function; it
# runs in a shell of its own and stops at its first error. (Bash ignores errors inside a condition, hence no `if`;
# for the same reason do not call step in one.)
step() {
  local out=$1 what=$2 status
  shift 2
  log "$what"
  mkdir -p -- "$(dirname "$out")"
  set +e
  (
    set -e
    "$@"
  ) >"$out" 2>&1 </dev/null
  status=$?
  set -e
  ((status == 0)) && return 0
  tail -n 25 -- "$out" | cut -c1-300 >&2
  die "$what failed" "the last lines are above, all of them in $out"
}

# Replaces a file only if its content differs, so that a build system's time stamps stay true.
copy_if_changed() {
  cmp -s -- "$1" "$2" && return 0
  mkdir -p -- "$(dirname "$2")"
  cp -- "$1" "$2"
}
