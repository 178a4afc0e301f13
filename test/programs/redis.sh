# SPDX-License-Identifier: MIT
# What the tests of redis-server share: it with I/O threads, and its clients. Its malloc, jemalloc, uses mutexes itself.

requests=10000
: "${work:?}"

cli() {
    redis-cli -s "$work/socket" "$@"
}

# start_redis COMMAND...: the server is started by the command.
start_redis() {
    "$@" redis-server --port 0 --unixsocket "$work/socket" --unixsocketperm 777 --dir "$work" --io-threads 4 \
        --io-threads-do-reads yes --save '' --appendonly no --daemonize no >"$work/log" 2>"$work/said" &
    server=$!
    until_true 20 cli ping || { cat "$work/log" "$work/said" >&2; fail "the server does not answer"; }
}

# Enough clients at once that the I/O threads take part, and the sum of what they did.
use_redis() {
    redis-benchmark -s "$work/socket" -c 50 -n $requests -P 4 -q -r 100000 -t ping,set,get >/dev/null ||
        fail "redis-benchmark"
    redis-benchmark -s "$work/socket" -c 50 -n $requests -q incr the-count >/dev/null || fail "redis-benchmark incr"
    [[ $(cli get the-count) == "$requests" ]] || fail "counted $(cli get the-count) of $requests"
    [[ $(cli config get io-threads | tail -n1) == 4 ]] || fail "no I/O threads"
}

# It ends by itself, and well.
stop_redis() {
    cli shutdown nosave
    until_true 20 is_gone || fail "the server does not end"
    wait "$server"
    local status=$?
    server=
    ((status == 0)) || { cat "$work/log" >&2; fail "the server ended with status $status"; }
}

is_gone() {
    ! kill -0 "$server"
}
