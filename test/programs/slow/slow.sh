# SPDX-License-Identifier: MIT
# What the slow tests share on top of ../program.sh: the source of thread states, which is their argument, and servers.
source "$(dirname -- "${BASH_SOURCE[0]}")/../program.sh"

PATH=$PATH:/usr/sbin:/sbin
python=/usr/bin/python3 # the distribution's: what runs it is known
source=${1:?bpf or none}
preload=(env "LD_PRELOAD=$dropin" ONCPU_VERBOSE=1)
[[ $source == bpf ]] || preload+=(ONCPU_SOURCE=none)
: >"$work/said" >"$work/log"

# under COMMAND...: it has the drop-in; its stderr, and what the drop-in says there, are added to $work/said.
under() {
    "${preload[@]}" "$@" 2>>"$work/said"
}

# The drop-in was in use, and with the source that was asked for. Some programs send their stderr to a log.
check_said() {
    local lines
    lines=$(grep -h '^oncpu: source ' "$work"/said "$work"/log* | sort -u)
    [[ -n $lines ]] || { explain; fail "the drop-in said nothing"; }
    if [[ $source == none ]]; then
        [[ $lines == 'oncpu: source none'* ]] || fail "it says '$lines' under ONCPU_SOURCE=none"
    elif [[ $lines != *'oncpu: source '[!n]* ]]; then
        skip "no thread states: $lines"
    fi
}

explain() {
    tail -n 40 "$work"/said "$work"/log* >&2 2>/dev/null
}

# serve COMMAND...: in the background, under the drop-in, in a session of its own.
serve() {
    setsid "${preload[@]}" "$@" >"$work/log" 2>>"$work/said" &
    server=$!
}

server_is_gone() {
    ! kill -0 "$server"
}

# A server that dies by SIGKILL leaves its children behind: it is asked first.
clean_up_servers() {
    if [[ -n $server ]]; then
        kill -TERM "$server" 2>/dev/null
        until_true 5 server_is_gone || true
        kill -KILL -- "-$server" 2>/dev/null
    fi
    clean_up
}
trap clean_up_servers EXIT

# end_server SIGNAL: it ends by itself, and well.
end_server() {
    local status
    kill -"$1" "$server"
    until_true 60 server_is_gone || { explain; fail "the server does not end"; }
    wait "$server"
    status=$?
    server=
    ((status == 0)) || { explain; fail "the server ended with status $status"; }
}
