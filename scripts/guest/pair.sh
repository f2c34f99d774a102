# Runs a pingpong program's server and its client, which takes the server's address as its last argument.
#
#     sh pair.sh PORT ADDRESS COMMAND...      PORT is the one on which the server waits for the client
set -eu
port=$1
address=$2
shift 2

"$@" >/dev/null &
server=$!
until ss --listening --tcp --numeric --no-header "sport = :$port" | grep -q .; do
  kill -0 "$server" || exit 1
  sleep 0.1
done
"$@" "$address"
wait "$server"
