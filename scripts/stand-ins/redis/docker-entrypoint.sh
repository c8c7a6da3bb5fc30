#!/bin/sh
set -eu

case "${1-}" in
  -* | *.conf) set -- redis-server "$@" ;;
esac
[ "${1-}" = redis-server ] || exec "$@"

# As in the real image: the container's network is the protection.
set -- "$@" --protected-mode no
[ "$(id -u)" = 0 ] || exec "$@"
find . \! -user redis -exec chown redis '{}' +
exec setpriv --reuid=redis --regid=redis --clear-groups "$@"
