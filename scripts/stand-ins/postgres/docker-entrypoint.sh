#!/bin/bash
# The first start makes the database and runs /docker-entrypoint-initdb.d, as the real image does.
set -euo pipefail

main() {
  [[ ${1-} != -* ]] || set -- postgres "$@"
  [[ ${1-} == postgres ]] || exec "$@"
  if ((EUID == 0)); then
    mkdir -p "$PGDATA"
    chmod 700 "$PGDATA"
    find "$PGDATA" \! -user postgres -exec chown postgres '{}' +
    exec setpriv --reuid=postgres --regid=postgres --init-groups "$0" "$@"
  fi
  [[ -s $PGDATA/PG_VERSION ]] || first_start
  exec "$@"
}

first_start() {
  from_file POSTGRES_PASSWORD
  from_file POSTGRES_USER
  from_file POSTGRES_DB
  local method=${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}
  export PGUSER=${POSTGRES_USER:-postgres} PGPASSWORD=${POSTGRES_PASSWORD-}
  local database=${POSTGRES_DB:-$PGUSER}
  if [[ -z $PGPASSWORD && $method != trust ]]; then
    echo 'Error: Database is uninitialized and superuser password is not specified.' >&2
    echo '       You must specify POSTGRES_PASSWORD to a non-empty value for the superuser.' >&2
    exit 1
  fi
  eval "initdb --username=\"\$PGUSER\" --pwfile=<(printf '%s\n' \"\$PGPASSWORD\") ${POSTGRES_INITDB_ARGS-}"
  printf 'host all all all %s\n' "$method" >>"$PGDATA/pg_hba.conf"
  # Nobody outside may connect before the scripts have run.
  pg_ctl --pgdata "$PGDATA" --options="-c listen_addresses=''" --wait start
  [[ $database == postgres ]] || createdb --maintenance-db=postgres "$database"
  export PGDATABASE=$database
  local file
  for file in /docker-entrypoint-initdb.d/*; do
    run_script "$file"
  done
  pg_ctl --pgdata "$PGDATA" --mode=fast --wait stop
  unset PGUSER PGPASSWORD PGDATABASE
  echo 'PostgreSQL init process complete; ready for start up.'
}

run_script() {
  case $1 in
    *.sh) if [[ -x $1 ]]; then "$1"; else source "$1"; fi ;;
    *.sql) psql -v ON_ERROR_STOP=1 --no-psqlrc --file "$1" ;;
    *.sql.gz) gunzip -c "$1" | psql -v ON_ERROR_STOP=1 --no-psqlrc ;;
  esac
}

# NAME_FILE names a file that holds the value of NAME.
from_file() {
  local file=$1_FILE
  [[ -z ${!file-} ]] || export "$1=$(<"${!file}")"
}

main "$@"
