# shellcheck shell=bash
# Starts Postgres in its pod. The first time it makes the database as Aurora's server would, owned by a role without special rights.
set -euo pipefail
if [ ! -f "$PGDATA/.complete" ]; then
  rm -rf "$PGDATA"
  initdb -U postgres --no-sync --auth-local=trust --auth-host=scram-sha-256 --pwfile=<(printf '%s' "$SUPERUSER_PASSWORD") >/dev/null
  echo 'host all all all scram-sha-256' >>"$PGDATA/pg_hba.conf"
  pg_ctl start -w -o "-c listen_addresses= -c unix_socket_directories=/tmp -c fsync=off" >/dev/null
  psql -qh /tmp -U postgres -v ON_ERROR_STOP=1 -v password="$AURORA_PASSWORD" <<'S'
CREATE ROLE aurora LOGIN NOSUPERUSER CREATEDB PASSWORD :'password';
CREATE DATABASE aurora OWNER aurora;
S
  for file in schema seed; do psql -qh /tmp -U aurora -d aurora -v ON_ERROR_STOP=1 -f "/etc/testbed/$file.sql"; done
  pg_ctl stop -w -m fast >/dev/null
  touch "$PGDATA/.complete"
fi
# No durability against a power cut is wanted here; TimeZone as in Aurora's image.
exec postgres -c listen_addresses='*' -c unix_socket_directories=/tmp -c fsync=off -c TimeZone=UTC -c max_connections=200
