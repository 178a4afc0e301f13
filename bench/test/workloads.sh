#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Every workload does something and loses nothing; and each notices a lock that does not lock.
set -euo pipefail
bench=$1

workloads=$("$bench" list | awk 'seen && /^  [^ ]/ { print $1 } /^[a-z]*:/ { seen = /^workloads:/ }')
[ "$(wc -w <<<"$workloads")" -ge 10 ] || { echo "oncpu-bench list names too few workloads"; exit 1; }

# names_of ARGUMENT...: the locks that `list` names, but for the broken ones.
names_of() {
    "$bench" list "$@" | awk 'seen && /^  [^ ]/ && $1 !~ /^broken/ { print $1 } /^[a-z]*:/ { seen = /^locks:/ }' | paste -sd,
}

out=$(mktemp)
trap 'rm -f "$out"' EXIT

# Which locks failed by doing nothing? Fails if one did for another reason.
idle() {
    python3 -c 'import json, sys
failed = [r for r in json.load(open(sys.argv[1]))["results"] if r["error"]]
print(",".join(r["subject"] for r in failed))
sys.exit(not (failed and all(r["error"].startswith("nothing was done") for r in failed)))' "$out"
}

# The lock that everybody has must have been measured.
measured() {
    python3 -c 'import json, sys
rounds = [r["rounds"] for r in json.load(open(sys.argv[1]))["results"] if r["subject"] == "pthread"]
sys.exit(not (rounds and rounds[0] and rounds[0][0]["operations"] > 0))' "$out"
}

# A lock may starve a workload for some 10 ms, so nothing done is a failure only in the end; something lost is at once.
works() {
    local locks ms
    case $1 in
    producer_consumer | process_shared) locks=$(names_of --all) ;; # what else a lock says that it can do
    *) locks=$(names_of) ;;
    esac
    for ms in 30 300 3000; do
        "$bench" run --workload "$1" --locks "$locks" --unchecked --threads 3 --rounds 1 --round-ms $ms --json "$out" \
            >/dev/null 2>&1 && return 0
        locks=$(idle) || return 1
        [[ ,$locks, == *,pthread,* ]] || locks=pthread,$locks
    done
    return 1
}

sound() {
    for workload in $workloads; do
        works "$workload" || { echo "$workload failed:"; cat "$out"; exit 1; }
        measured || { echo "$workload measured nothing:"; cat "$out"; exit 1; }
    done
}

# With one CPU, nobody comes by in a section of nanoseconds: more rounds would not help.
broken() {
    [ "$(nproc)" -gt 1 ] || { echo "skipped: one CPU"; exit 77; }
    for workload in $workloads; do
        case $workload in
        uncontended | single_threaded) continue ;; # nobody else wants the lock
        esac
        caught=
        for ((try = 0; try < 30; try++)); do
            "$bench" run --workload "$workload" --locks broken --unchecked --threads 4 --rounds 2 --round-ms 50 \
                >"$out" 2>/dev/null || true
            if grep -q 'not mutually exclusive' "$out"; then
                caught=1
                break
            fi
        done
        [ "$caught" ] || { echo "$workload did not notice the broken lock:"; cat "$out"; exit 1; }
    done
}

"$2"
