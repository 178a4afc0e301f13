#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The conditions of a run hold while it runs, are measured, and nothing of them is left, however the run ends.
set -euo pipefail
bench=$1

out=$(mktemp)
pid=
trap 'rm -f "$out"; [ -z "$pid" ] || kill -9 "$pid" 2>/dev/null || true' EXIT

die() { echo "$*"; cat "$out"; exit 1; }
run() { "$bench" run --locks pthread --unchecked --threads 2 --rounds 1 "$@"; }
# Python that sees the results as `all`, and the figures of the first round as `first`.
figures() {
    python3 -c "import json, sys
all = json.load(open(sys.argv[1]))
first = all['results'][0]['rounds'][0] if all['results'] else None
$1" "$out"
}
children() { pgrep -P "$1" || true; }

# Neighbours get CPU time, and whoever shares one CPU with them gets less than all of it.
run --round-ms 300 --cpus 1 --neighbours 2 --json "$out" >/dev/null 2>&1 || die "run failed"
figures 'share = first["neighbour_share"]; sys.exit(not 0 < share < 0.6)' || die "the neighbours' share"

# More CPUs than there are: not run, and said so.
run --round-ms 10 --cpus 1000 >"$out" 2>&1 || die "run failed"
grep -q '^Not run: on 1000 CPUs: this process may use' "$out" || die "1000 CPUs"

# A quota is kept, or it is said why there is none.
run --round-ms 1000 --quota 20 --json "$out" >/dev/null 2>&1 || die "run failed"
figures 'if not all["not_run"]:
    # Two periods may lie half outside the measured time.
    sys.exit(not 0 < first["cpu_ns"] * first["throughput"] * 1e-9 < 0.45)
sys.exit(all["not_run"][0]["what"] != "quota 20 %")' || die "20 % of a CPU"

# Neighbours end with a benchmark that is killed.
"$bench" run --locks pthread --unchecked --threads 2 --rounds 1 --round-ms 20000 --neighbours 2 >"$out" 2>&1 &
pid=$!
for ((i = 0; i < 100; i++)); do
    neighbours=$(children "$pid")
    [ "$(wc -w <<<"$neighbours")" -lt 2 ] || break
    sleep 0.1
done
[ "$(wc -w <<<"$neighbours")" = 2 ] || die "no neighbours"
kill -9 "$pid"
wait "$pid" 2>/dev/null || true
pid=
for neighbour in $neighbours; do
    for ((i = 0; i < 100; i++)); do
        [ -e "/proc/$neighbour" ] || break
        ! grep -q '^State:.*zombie' "/proc/$neighbour/status" 2>/dev/null || break
        sleep 0.1
    done
    [ "$i" -lt 100 ] || die "neighbour $neighbour is still there"
done
