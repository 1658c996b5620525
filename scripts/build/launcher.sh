#!/bin/sh
# dsmip @VERSION@ for Linux on @MACHINE@ in one file: the program and its runtime are packed behind this script.
# The first start unpacks them into a cache folder that only its owner can write, later starts find them there.
# DSMIP_CACHE=FOLDER says where. Nothing is downloaded, and nothing else on the machine is changed.

machine=@MACHINE@
size=@SIZE@
packed=@PACKED@
packed_sha256=@PACKED_SHA256@
sums_sha256=@SUMS_SHA256@
name=@NAME@

fail() {
  echo "dsmip: $1" >&2
  exit 1
}

# Whether the folder $1 is ours, and no link to another: nobody else can have put it there.
is_ours() {
  [ -d "$1" ] && [ ! -L "$1" ] && [ -O "$1" ]
}

# What is different after any change to a file that is unpacked in $1; much cheaper than a checksum.
marks() {
  (cd "$1/program" && TZ=UTC0 LC_ALL=C stat -c '%n %a %u %i %s %z' . ./*)
}

# Whether what is unpacked in $1 is still as it was when its checksums were right.
is_untouched() {
  is_ours "$1" && [ -O "$1/marks" ] && [ "$(marks "$1" 2>&1)" = "$(cat "$1/marks")" ]
}

# Whether the files in $1 have their checksums.
is_sound() {
  (
    cd "$1/program" && echo "$sums_sha256  SHA256SUMS" | sha256sum -c && sha256sum -c SHA256SUMS
  ) >/dev/null 2>&1
}

# Runs the program that is unpacked in $home.
start() {
  DSMIP=$self
  DSMIP_MADE_AS=self-extracting
  DENO_DIR=$home/compiled
  DENO_NO_UPDATE_CHECK=1
  export DSMIP DSMIP_MADE_AS DENO_DIR DENO_NO_UPDATE_CHECK
  exec "$home/program/dsmip" run @RUN_FLAGS@ "$home/program/main.js" "$@"
}

# Calls $1 with each cache folder that may do, the best first, until it succeeds.
in_some_cache() {
  if [ -n "${DSMIP_CACHE-}" ]; then
    "$1" "$DSMIP_CACHE"
    return
  fi
  if [ -n "${XDG_CACHE_HOME-}" ] && "$1" "$XDG_CACHE_HOME/dsmip"; then return; fi
  if [ -O /var/cache ] && "$1" /var/cache/dsmip; then return; fi
  # A home that belongs to somebody else (sudo) is left alone.
  if [ -O "${HOME-}" ] && "$1" "$HOME/.cache/dsmip"; then return; fi
  if [ -O "${XDG_RUNTIME_DIR-}" ] && "$1" "$XDG_RUNTIME_DIR/dsmip"; then return; fi
  "$1" "/tmp/dsmip-$(id -u)"
}

find_untouched() {
  home=$1/$name
  is_ours "$1" && is_untouched "$home"
}

# Says why the cache folder $1 does not do.
refuse() {
  reasons="$reasons
  $1: $2"
  return 1
}

# Unpacks into the cache folder $1, unless that is done already. Others may do the same at the same time: each has a
# folder of its own, and the first that is complete gets the name.
unpack() {
  if ! mkdir -p "$1" 2>/dev/null; then
    refuse "$1" "cannot be made"
    return
  fi
  if ! is_ours "$1"; then
    refuse "$1" "belongs to another user, or is a link"
    return
  fi
  case $(stat -c %a "$1") in *[2367]? | *?[2367])
    refuse "$1" "others can write there; run: chmod go-w $1"
    return ;;
  esac
  home=$1/$name
  if is_ours "$home" && is_sound "$home"; then
    (marks "$home" >"$home/marks") 2>/dev/null
    return 0
  fi
  find "$1" -maxdepth 1 -name '.new-*' -mmin +60 -exec rm -rf {} + 2>/dev/null
  if ! temporary=$(mktemp -d "$1/.new-XXXXXX" 2>/dev/null); then
    refuse "$1" "cannot be written"
    return
  fi
  if unpack_in "$temporary/$name" && put_in_place "$1"; then
    rm -rf "$temporary"
    return
  fi
  rm -rf "$temporary"
  refuse "$1" "$why"
}

# Unpacks into the new folder $1 and tries the runtime; otherwise says why not.
unpack_in() {
  why=$( (mkdir "$1" "$1/program" "$1/compiled" &&
    tail -c "$packed" "$self" | gzip -dc | tar -xof - -C "$1/program") 2>&1)
  if ! is_sound "$1"; then
    why="not everything could be written there: $(echo "${why:-wrong checksum}" | head -n 1)"
    return 1
  fi
  if ! why=$("$1/program/dsmip" --version 2>&1); then
    why="programs do not run there: $(echo "$why" | head -n 1)"
    return 1
  fi
  why=$( (marks "$1" >"$1/marks") 2>&1)
}

# Gives $temporary its name in the cache folder $1. A folder with that name is another's who was faster, or damaged.
put_in_place() {
  mv "$temporary/$name" "$1/" 2>/dev/null && return
  is_untouched "$1/$name" && return
  why="cannot be renamed"
  mv "$1/$name" "$temporary/damaged" 2>/dev/null && mv "$temporary/$name" "$1/" 2>/dev/null
}

# Whether this machine can run what is in this file, and all of it is there.
check_machine_and_file() {
  [ "$(uname -s)" = Linux ] || fail "this file is for Linux, and this machine runs $(uname -s)"
  case $(uname -m) in
    "$machine" | @MACHINE_ALIAS@) ;;
    *) fail "this file is for $machine, and this machine is $(uname -m); get the file for $(uname -m)" ;;
  esac
  for tool in cat find gzip head id mkdir mktemp mv rm sha256sum stat tail tar wc; do
    command -v "$tool" >/dev/null || fail "the program $tool is missing; this file needs it to unpack itself"
  done
  [ -r "$self" ] || fail "$self cannot be read; make it readable, or run it as its owner"
  found=$(wc -c <"$self")
  [ "$found" -eq "$size" ] ||
    fail "$self is incomplete or damaged: it has $found octets instead of $size; get it again"
  [ "$(tail -c "$packed" "$self" | sha256sum)" = "$packed_sha256  -" ] ||
    fail "$self is damaged (its SHA-256 checksum is wrong); get it again"
}

main() {
  case $0 in /*) self=$0 ;; *) self=$PWD/$0 ;; esac
  if in_some_cache find_untouched; then start "$@"; fi
  check_machine_and_file
  mask=$(umask)
  umask 077
  temporary=
  trap '[ -z "$temporary" ] || rm -rf "$temporary"' EXIT
  trap 'exit 1' HUP INT TERM
  reasons=
  in_some_cache unpack || fail "cannot unpack the program (@UNPACKED_MB@ MB) into any of:$reasons
Make room or give permission there, or set DSMIP_CACHE to a folder of yours where programs may run."
  trap - EXIT HUP INT TERM
  umask "$mask"
  start "$@"
}

main "$@"
exit
