# SPDX-License-Identifier: MIT
# What the tests of the command share: where it is, a folder of their own, and a look into the doctor's JSON.
set -u
export LC_ALL=C
source "$(dirname -- "${BASH_SOURCE[0]}")/../common/lib.sh"

oncpu=${ONCPU_COMMAND:?the path of oncpu}
dropin=${ONCPU_DROPIN:?the path of liboncpu-pthread.so}
built=${ONCPU_TEST_PROGRAMS:?the folder of the test programs}
own_folder

# status_of COMMAND...: as wait(2) has it, a signal's number negative; bash cannot tell SIGKILL from exit status 137.
status_of() {
    python3 -c 'import subprocess, sys; print(subprocess.call(sys.argv[1:]))' "$@" 2>/dev/null
}

# doctor PREFIX...: what the doctor says, a line for each value of its JSON: PATH, a tab, VALUE. Its exit status is `status`.
doctor() {
    "$@" "$here/oncpu" doctor --json >"$work/out" 2>"$work/err" </dev/null
    status=$?
    [[ ! -s $work/err ]] || { cat "$work/err" >&2; fail "the doctor wrote to standard error"; }
    python3 -m json.tool <"$work/out" >/dev/null || fail "no JSON"
    python3 -c '
import json, sys
def show(path, value):
    if isinstance(value, dict):
        for key in value:
            show(path + [key], value[key])
    else:
        print(" ".join(path), value if isinstance(value, str) else json.dumps(value), sep="\t")
show([], json.load(open(sys.argv[1])))' "$work/out" >"$work/values" || fail "the JSON is no object of objects"
}

# json PATH...: what it said there, such as: json facts seccomp value
json() {
    awk -F '\t' -v path="$*" '$1 == path {print $2; found = 1} END {exit !found}' "$work/values" || fail "no $* in the JSON"
}

# check_json EXPECTED PATH...
check_json() {
    local expected=$1 found
    shift
    found=$(json "$@")
    [[ $found == "$expected" ]] || fail "$* is '$found', not '$expected'"
}

# check_verdict PREFIX...: runs the doctor, and a program beside it, with the same prefix (setpriv, unshare, ...): they must agree.
check_verdict() {
    local status said
    doctor "$@"
    case $(json bpf) in
    true) ((status == 0)) || fail "BPF, but exit status $status" ;;
    false) ((status == 1)) || fail "no BPF, but exit status $status" ;;
    *) fail "neither true nor false" ;;
    esac
    said=$("$@" "$here/oncpu" run --verbose -- "$here/cli-contended" 1 2>&1 | sed -n 's/^oncpu: source //p')
    [[ $said == "$(json source)"?(": $(json reason)") ]] || fail "the doctor says $(json source), a program '$said'"
    check_json true facts dropin_check value
}

# Copies the command to where every user may run it; sets `here`.
install_here() {
    here=$work/installed
    mkdir -p "$here" && cp "$oncpu" "$dropin" "$built/cli-contended" "$built/cli-filtered" "$here/" || fail "no copy"
    chmod -R a+rX "$here"
}

as_nobody=(setpriv --reuid 65534 --regid 65534 --clear-groups)
