#!/bin/sh
# Runs dsmip with the runtime that it is installed with. What that compiles makes the next start faster: each user keeps
# it in a cache of its own, services in the one that systemd gives them.
DENO_DIR=${CACHE_DIRECTORY:-${XDG_CACHE_HOME:-${HOME:-/nonexistent}/.cache}/dsmip}
DSMIP=/usr/bin/dsmip
DSMIP_MADE_AS="Debian package"
DENO_NO_UPDATE_CHECK=1
export DSMIP DSMIP_MADE_AS DENO_DIR DENO_NO_UPDATE_CHECK
exec /usr/lib/dsmip/dsmip run @RUN_FLAGS@ /usr/lib/dsmip/main.js "$@"
