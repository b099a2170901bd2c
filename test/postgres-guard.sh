# Runs one throw-away PostgreSQL server for as long as its stdin stays open, then stops it and removes its folder.
# The test run holds the other end: whichever way it ends, also by kill -9, the pipe closes and nothing is left behind.
# Prints "ready" when the server takes connections; on failure the reason goes to stderr.
#
#   sh postgres-guard.sh BIN FOLDER      FOLDER exists, is empty and belongs to the user this runs as
set -u
bin=$1
folder=$2
export LC_ALL=C

finish() {
  # Immediate: the data is thrown away, so there is nothing to write down first.
  "$bin/pg_ctl" stop -D "$folder/data" -m immediate >/dev/null 2>&1
  cd / && rm -rf "$folder"
}
fail() {
  echo "$1" >&2
  cat "$folder/log" >&2
  exit 1
}
trap finish EXIT
trap 'exit 1' TERM
# Also not by the test run's death in the middle of the start: then writing to it would end this shell at once.
trap '' INT HUP PIPE

cd "$folder" || exit 1
"$bin/initdb" -D data -U postgres --auth=trust --encoding=UTF8 --locale=C --no-sync >log 2>&1 || fail "initdb failed"

# Only a socket, in a folder that belongs to this user alone: no port to collide on, and no other user gets in.
cat >>data/postgresql.conf <<CONF
listen_addresses = ''
unix_socket_directories = '$folder'
max_connections = 100
fsync = off
synchronous_commit = off
full_page_writes = off
shared_buffers = 32MB
CONF
"$bin/pg_ctl" start -w -t 60 -D "$folder/data" -l "$folder/log" >/dev/null 2>&1 || fail "PostgreSQL did not start"

echo ready
cat >/dev/null
