# Makes a database server of its own in a temporary folder and says where its socket lies. Then it does what it is told, a word a line:
# stop, start, freeze, thaw. It ends when its input does, also when whoever started it was killed, and takes its folder away.
set -e
folder=$(mktemp -d /tmp/adieu-pg-XXXXXX)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"$1/initdb" -D data -U adieu -A trust -E UTF8 --locale=C --no-sync >log 2>&1 || { cat log >&2; exit 1; }
start() {
    "$1/postgres" -D data -k "$folder" -c listen_addresses= -c fsync=off -c full_page_writes=off \
        -c max_connections=400 -c shared_buffers=64MB -c max_wal_size=256MB -c autovacuum=off >log 2>&1 </dev/null &
    server=$!
    until "$1/pg_isready" -q -h "$folder" -U adieu -d postgres; do
        kill -0 "$server" || { cat log >&2; exit 1; }
        sleep 0.05
    done
}
stop() {
    kill -QUIT "$server"
    wait "$server" || true
}
signal_all() {
    kill "-$1" "$server" $(ps -o pid= --ppid "$server")
}
start "$1"
echo "$folder"
while read -r word; do
    case $word in
        stop) stop ;;
        start) start "$1" ;;
        freeze) signal_all STOP ;;
        thaw) signal_all CONT ;;
    esac
    echo "$word"
done
signal_all CONT 2>/dev/null || true
kill -0 "$server" 2>/dev/null && stop
