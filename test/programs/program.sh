# SPDX-License-Identifier: MIT
# What the tests of programs share: a folder of their own, the drop-in preloaded, and what it said of its source.
set -u
export LC_ALL=C
source "$(dirname -- "${BASH_SOURCE[0]}")/../common/lib.sh"

dropin=${ONCPU_DROPIN:?the path of liboncpu-pthread.so}
built=${ONCPU_TEST_PROGRAMS:-.}
work=$(mktemp -d) || exit 1
server=
unset LD_PRELOAD ONCPU_SOURCE ONCPU_VERBOSE

# Whatever way a test ends: no process and no file of it stays.
clean_up() {
    [[ -z $server ]] || kill -KILL "$server" 2>/dev/null
    rm -rf -- "$work"
}
trap clean_up EXIT

# preloaded COMMAND...: only the command itself sees the drop-in; its stderr, with what the drop-in says, is $work/said.
preloaded() {
    env LD_PRELOAD="$dropin" ONCPU_VERBOSE=1 "$@" 2>"$work/said"
}

# The drop-in was in use, and had a source of thread states.
check_said_source() {
    local line
    line=$(grep -m1 '^oncpu: source ' "$work/said") || { cat "$work/said" >&2; fail "the drop-in said nothing"; }
    [[ $line != 'oncpu: source none'* ]] || skip "no thread states: $line"
}

# with_and_without FUNCTION...: with thread states, and then as where there is no BPF. The function runs what is preloaded.
with_and_without() {
    "$@"
    check_said_source
    export ONCPU_SOURCE=none
    "$@"
    unset ONCPU_SOURCE
    grep -q '^oncpu: source none' "$work/said" || { cat "$work/said" >&2; fail "it had thread states without BPF"; }
}

# until_true SECONDS COMMAND...
until_true() {
    local end=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        ((SECONDS < end)) || return 1
        sleep 0.05
    done
}
