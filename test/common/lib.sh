# SPDX-License-Identifier: MIT
# For tests in bash: skip and fail, as check.h has them for tests in C, and checks of what a command does.

# skip REASON...: the machine lacks something. Where CI=true promises a machine that has everything, that is a failure.
skip() {
    if [[ ${CI:-} == true ]]; then
        echo "failed, because CI=true allows no skip: $*" >&2
        exit 1
    fi
    echo "skipped: $*" >&2
    exit 77
}

fail() {
    echo "failed: $*" >&2
    exit 1
}

# need COMMAND...
need() {
    local command
    for command in "$@"; do
        command -v -- "$command" >/dev/null || skip "no $command here"
    done
}

# own_folder: $work, which goes when the test ends, and what is enabled with $oncpu in it; that of this machine makes no difference.
own_folder() {
    work=$(mktemp -d) || exit 1
    chmod 755 "$work" # other users run what is copied there
    export ONCPU_DIR=$work/pins
    unset LD_PRELOAD ONCPU_SOURCE ONCPU_VERBOSE
    trap remove_own_folder EXIT
}

remove_own_folder() {
    [[ ! -e $ONCPU_DIR ]] || "$oncpu" disable
    rm -rf --one-file-system -- "$work"
}

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

# check_grep FILE GREP-ARGUMENT...
check_grep() {
    local file=$1
    shift
    grep -q "$@" -- "$file" && return
    cat "$file" >&2
    fail "no '${!#}' in ${file##*/}"
}

# check_has FILE TEXT
check_has() {
    check_grep "$1" -F -e "$2"
}

# check_matches FILE REGEX
check_matches() {
    check_grep "$1" -E -e "$2"
}
