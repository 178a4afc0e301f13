# SPDX-License-Identifier: MIT
# What the tests of the machine-wide program share: a world of their own, and the commands to be said in it.
#
# Each test runs in a mount namespace and a PID namespace of its own, with an empty /run. So it cannot meet what this machine
# has enabled; and whatever way it ends, its processes end with it, and with them the mount, the pins, and the program.
set -u
export LC_ALL=C
export PATH=$PATH:/usr/sbin:/sbin
source "$(dirname -- "${BASH_SOURCE[0]}")/../common/lib.sh"

may_use_bpf() {
    local capabilities
    capabilities=$(sed -n 's/^CapEff:\t*//p' /proc/self/status)
    (((16#$capabilities >> 21 & 1) && (16#$capabilities >> 38 & 1) && (16#$capabilities >> 39 & 1))) # SYS_ADMIN PERFMON BPF
}

if [[ -z ${ONCPU_TEST_INSIDE:-} ]]; then
    need unshare setpriv bpftool python3
    ((EUID == 0)) || skip "not root"
    may_use_bpf || skip "root without CAP_SYS_ADMIN, CAP_PERFMON and CAP_BPF"
    [[ -e /sys/kernel/btf/vmlinux ]] || skip "a kernel without BTF"
    unshare --mount --pid --fork true 2>/dev/null || skip "no namespaces here"
    ONCPU_TEST_INSIDE=1 exec unshare --mount --propagation private --pid --fork --kill-child --mount-proc \
        bash "$0" "$@"
fi

mount -t tmpfs -o mode=755 oncpu-test /run || fail "no empty /run"
work=/run/test
here=$work/programs # where every user can run them
mkdir -p "$here"
cp "${ONCPU_COMMAND:?the path of oncpu}" "${ONCPU_DROPIN:?the path of liboncpu-pthread.so}" \
    "${ONCPU_TEST_PROGRAMS:?the folder of the test programs}"/array-* "$here/" || fail "no copy of the programs"
chmod -R a+rX "$work"
oncpu=$here/oncpu
dropin=$here/${ONCPU_DROPIN##*/}
export ONCPU_DIR=$work/pins
unset LD_PRELOAD ONCPU_SOURCE ONCPU_VERBOSE

as_nobody=(setpriv --reuid 65534 --regid 65534 --clear-groups --bounding-set=-all --inh-caps=-all)
as_other=(setpriv --reuid 65533 --regid 65533 --clear-groups --bounding-set=-all --inh-caps=-all)

# eventually COMMAND...: until it succeeds
eventually() {
    local end=$((SECONDS + 60))
    until "$@"; do
        ((SECONDS < end)) || return 1
        sleep 0.05
    done
}

enable() {
    check_status 0 "$oncpu" enable "$@"
}

# status_of KEY: from status --json
status_of() {
    "$oncpu" status --json | python3 -c 'import json, sys; print(json.dumps(json.load(sys.stdin)[sys.argv[1]]))' "$1"
}

# registered_is N
registered_is() {
    [[ $(status_of registered) == "$1" ]]
}

# pins: their names; a bpffs can have files of the kernel's own besides (CONFIG_BPF_PRELOAD)
pins() {
    ls "$ONCPU_DIR" | grep -vE '\.debug$|^link_prepare$' | tr '\n' ' '
}

check_nobody_left() {
    eventually registered_is 0 || fail "$(status_of registered) threads are registered, and no process is there"
}

# attached: the links of machine-wide programs, which are not in any namespace; not those that processes have of their own, who
# share nothing out among users
attached() {
    python3 -c '
import json, subprocess
def show(kind):
    said = json.loads(subprocess.run(["bpftool", "--json", kind, "show"], capture_output=True).stdout)
    return [entry for entry in said if "id" in entry]
maps = {entry["id"]: entry.get("name", "") for entry in show("map")}
uses = {entry["id"]: set(entry.get("map_ids", [])) for entry in show("prog")}
tasks = {used for ids in uses.values() if any(maps.get(used) == "oncpu_users" for used in ids)
         for used in ids if maps.get(used, "").startswith("oncpu_array_tas")}
programs = {program for program, ids in uses.items() if ids & tasks}
print(sorted(entry["id"] for entry in show("link") if entry.get("prog_id") in programs))'
}

# disable: and nothing of it is left
disable() {
    check_status 0 "$oncpu" disable
    [[ ! -e $ONCPU_DIR ]] || fail "the folder is left"
    ! grep -qF " $ONCPU_DIR " /proc/self/mounts || fail "the mount is left"
}

# alone COMMAND...: without the ends of pipes that belong to other processes, which would not see them end
alone() {
    local end
    for end in "${ends[@]}"; do
        [[ -z ${!end:-} ]] || eval "exec ${!end}>&-"
    done
    exec "$@"
}

ends=()
mkfifo "$work/silence"
exec {silence}<>"$work/silence" # an input that never ends

# start NAME COMMAND...: a process that can be asked, and ends with its input: its pid is $NAME_pid
start() {
    local name=$1
    shift
    mkfifo "$work/$name.in" "$work/$name.out"
    (alone "$@") <"$work/$name.in" >"$work/$name.out" 2>"$work/$name.err" &
    eval "${name}_pid=\$!"
    ends+=("${name}_to" "${name}_from")
    eval "exec {${name}_to}>'$work/$name.in' {${name}_from}<'$work/$name.out'"
    rm "$work/$name.in" "$work/$name.out"
}

# hear NAME: its next line is $answer
hear() {
    local from=${1}_from
    read -r -t 120 answer <&"${!from}" || { cat "$work/$1.err" >&2; fail "$1 says nothing"; }
}

# ask NAME WORDS...: its answer is $answer
ask() {
    local to=${1}_to
    echo "${*:2}" >&"${!to}"
    hear "$1"
}

# source_is NAME SOURCE: what the process says of itself
source_is() {
    ask "$1" source
    [[ $answer == "$2" || $answer == "$2: "* ]]
}

# finish NAME: it ends well, at the end of its input
finish() {
    local to=${1}_to from=${1}_from pid=${1}_pid status last=
    eval "exec ${!to}>&-; $to="
    while read -r -t 120 answer <&"${!from}"; do last=$answer; done
    wait "${!pid}"
    status=$?
    eval "exec ${!from}<&-; $from="
    ((status == 0)) || { cat "$work/$1.err" >&2; fail "$1 ended with $status"; }
    answer=$last
}

# end NAME: by SIGKILL
end() {
    local to=${1}_to from=${1}_from pid=${1}_pid
    kill -KILL "${!pid}" || fail "$1 has ended before"
    wait "${!pid}" 2>/dev/null
    eval "exec ${!to}>&- ${!from}<&-; $to= $from="
}
