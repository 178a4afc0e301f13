# SPDX-License-Identifier: MIT
# What the tests of oncpu-bench share: where it is, a folder of their own, and a look at what it says.
set -u
export LC_ALL=C
source "$(dirname -- "${BASH_SOURCE[0]}")/../../test/common/lib.sh"

bench=${ONCPU_BENCH:?the path of oncpu-bench}
libraries=${ONCPU_TEST_LIBRARIES:?the folder of the libraries to preload}
oncpu=${ONCPU_COMMAND:-}
own_folder
unset ONCPU_PTHREAD_LIB

# names_of ARGUMENT...: the locks that `list` names.
names_of() {
    "$bench" list "$@" | sed -n '/^locks:/,/^workloads:/s/^  \([^ ]\+\) .*/\1/p'
}
