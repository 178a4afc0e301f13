# SPDX-License-Identifier: MIT
# What the tests of oncpu-bench share: where it is, a folder of their own, and a look at what it says.
set -u
export LC_ALL=C
source "$(dirname -- "${BASH_SOURCE[0]}")/../../test/common/lib.sh"

bench=${ONCPU_BENCH:?the path of oncpu-bench}
libraries=${ONCPU_TEST_LIBRARIES:?the folder of the libraries to preload}
oncpu=${ONCPU_COMMAND:-}
work=$(mktemp -d) || exit 1
clean_up() {
    [[ ! -e $ONCPU_DIR ]] || "$oncpu" disable
    rm -rf --one-file-system -- "$work"
}
trap clean_up EXIT
unset LD_PRELOAD ONCPU_SOURCE ONCPU_VERBOSE ONCPU_PTHREAD_LIB
export ONCPU_DIR=$work/pins # what is enabled on this machine makes no difference

# check_status EXPECTED COMMAND...: its output is $work/out and $work/err.
check_status() {
    local expected=$1 status
    shift
    "$@" >"$work/out" 2>"$work/err" </dev/null
    status=$?
    ((status == expected)) && return
    cat "$work/out" "$work/err" >&2
    fail "exit status $status, not $expected: $*"
}

# check_has FILE REGEX
check_has() {
    grep -qE -- "$2" "$1" && return
    cat "$1" >&2
    fail "no '$2' in ${1##*/}"
}

# names_of ARGUMENT...: the locks that `list` names.
names_of() {
    "$bench" list "$@" | sed -n '/^locks:/,/^workloads:/s/^  \([^ ]\+\) .*/\1/p'
}
