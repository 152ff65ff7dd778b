#!/usr/bin/env bash
# Postgres 17 with pgvector from Debian's packages, without Docker: for CI and benchmarks, as root on Debian.
#   debian-postgres.sh start   prints a line: <process id> <data folder> <url>
#   debian-postgres.sh replica <port>   a physical standby of the server on that port of this machine; prints the same
#   debian-postgres.sh kill <process id> <data folder>   as a power cut would: SIGKILL to the server and to all that it started
#   debian-postgres.sh again <data folder> <port>   starts it anew where it was; prints the same
#   debian-postgres.sh stop <process id> <data folder>
# The packages are Debian 13's (trixie). On an older Debian they are put into a folder of their own, which is kept for the next time.
set -euo pipefail

root=${DRIZZLE_RAG_POSTGRES_ROOT:-${XDG_CACHE_HOME:-$HOME/.cache}/drizzle-rag/postgres-17}
bin=/usr/lib/postgresql/17/bin

inside() { chroot "$root" su postgres -s /bin/sh -c "$1"; }

start() {
  if [ ! -x "$root$bin/postgres" ] || [ ! -e "$root/usr/share/postgresql/17/extension/vector.control" ]; then
    command -v debootstrap >/dev/null || { apt-get update && apt-get install -y debootstrap; } >&2
    rm -rf "$root" && mkdir -p "$root"
    debootstrap --variant=minbase --include=postgresql-17,postgresql-17-pgvector,pgbouncer trixie "$root" >&2
  fi
  local data port
  port=$(free_port)
  data=/var/lib/postgresql/drizzle-rag-$port
  inside "rm -rf $data && $bin/initdb -D $data -A trust -U postgres --no-sync --locale=C.UTF-8" >/dev/null
  run "$data" "$port" "-c max_wal_size=4GB"
}

# A conflict with what is replayed ends a query of the replica at once, so that tests need not wait for one.
replica() {
  local data port
  port=$(free_port)
  data=/var/lib/postgresql/drizzle-rag-$port
  inside "$bin/pg_basebackup -h 127.0.0.1 -p $1 -U postgres -D $data -R -X stream --checkpoint=fast --no-sync" >&2
  run "$data" "$port" "-c max_standby_streaming_delay=0"
}

free_port() {
  node -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close(); })'
}

# run <data folder> <port> <more options>
run() {
  local data=$1 port=$2
  # Settings of a small server; durability does not matter here. Everything listens on the loopback interface alone.
  inside "$bin/pg_ctl -D $data -l $data/log -w start -o '-k /tmp -p $port -c listen_addresses=127.0.0.1 -c fsync=off -c shared_buffers=1GB -c max_connections=100 $3'" >/dev/null
  echo "$(head -n 1 "$root$data/postmaster.pid") $data postgres://postgres@127.0.0.1:$port/postgres"
}

kill_all() {
  local pid=$1 children
  own "$2"
  # Its own processes, by their parent: none is looked for by name.
  children=$(cat "/proc/$pid/task/$pid/children")
  kill -KILL "$pid" $children 2>/dev/null || true
  for each in $pid $children; do while kill -0 "$each" 2>/dev/null; do sleep 0.1; done; done
}

again() {
  own "$1"
  run "$1" "$2" ""
}

own() {
  [[ $1 == /var/lib/postgresql/drizzle-rag-* ]] || { echo "not a folder of this script: $1" >&2; exit 2; }
}

stop() {
  local pid=$1 data=$2
  own "$data"
  kill -INT "$pid" 2>/dev/null || true
  while kill -0 "$pid" 2>/dev/null; do sleep 0.1; done
  rm -rf "${root:?}$data"
}

case $1 in
  kill) kill_all "${@:2}" ;;
  *) "$@" ;;
esac
