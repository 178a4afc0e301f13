# SPDX-License-Identifier: MIT
# For tests in bash: skip and fail, as check.h has them for tests in C.

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
