#!/bin/sh
# Runs dsmip with the runtime that it is installed with. What that compiles is kept where the user may write: it makes
# the next start faster, and is no loss.
if [ -n "${CACHE_DIRECTORY-}" ]; then
  DENO_DIR=$CACHE_DIRECTORY
elif [ -w /var/cache/dsmip ]; then
  DENO_DIR=/var/cache/dsmip
else
  DENO_DIR=${XDG_CACHE_HOME:-${HOME:-/nonexistent}/.cache}/dsmip
fi
DSMIP=/usr/bin/dsmip
DSMIP_MADE_AS="Debian package"
DENO_NO_UPDATE_CHECK=1
export DSMIP DSMIP_MADE_AS DENO_DIR DENO_NO_UPDATE_CHECK
exec /usr/lib/dsmip/dsmip run @RUN_FLAGS@ /usr/lib/dsmip/main.js "$@"
