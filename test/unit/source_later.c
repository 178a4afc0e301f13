/* SPDX-License-Identifier: MIT */
/*
 * When a process that has no source looks for one again: once a second at most, only where something new is pinned, and never in
 * a sandbox. The pins here are files of no use, and the process may load no program of its own, so that each attempt is in vain.
 */
#include "state/state.h"

#include "unit.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#define LOOK_NS (900 * TEST_MS) /* less than a second: the clock is a coarse one */

static char folder[] = "/tmp/oncpu-later-XXXXXX";
static char pin[64];
static uint64_t tried;

static void make_folder(void)
{
    CHECK(mkdtemp(folder));
    CHECK(chmod(folder, 0777) == 0);
    snprintf(pin, sizeof(pin), "%s/register", folder);
}

static void remove_folder(void)
{
    unlink(pin);
    rmdir(folder);
}

TestSuite(source_later, .init = make_folder, .fini = remove_folder);

static void have_no_privileges(void)
{
    CHECK(geteuid() != 0 || setresuid(65534, 65534, 65534) == 0);
}

static void try_in_vain(const char *wanted)
{
    have_no_privileges();
    setenv("ONCPU_DIR", folder, 1);
    if (wanted)
        setenv("ONCPU_SOURCE", wanted, 1);
    CHECK(oncpu_state_wants_init());
    tried = test_now_ns();
    CHECK(oncpu_init() == -ENOTSUP);
}

static void pin_something(void)
{
    int fd = open(pin, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

    CHECK(fd >= 0);
    close(fd);
}

/* As often as it is asked in two seconds, and a bit more. Says how often it would look. */
static unsigned wants_in_two_seconds(void)
{
    uint64_t begin = test_now_ns();
    unsigned wants = 0;

    while (test_now_ns() - begin < 2200 * TEST_MS) {
        uint64_t asked = test_now_ns();
        errno = 17;
        if (oncpu_state_wants_init()) {
            CHECK(test_now_ns() - tried >= LOOK_NS);
            tried = asked;
            wants++;
        }
        CHECK(errno == 17);
        test_sleep_ns(TEST_MS);
    }
    return wants;
}

static void sees_what_is_new(void)
{
    try_in_vain("array");
    CHECK(wants_in_two_seconds() == 0);
    pin_something();
    CHECK(EVENTUALLY(oncpu_state_wants_init()));
    CHECK(oncpu_init() == -ENOTSUP);
    CHECK(*oncpu_source_reason());
}

Test(source_later, a_new_pin_is_seen)
{
    in_own_process(sees_what_is_new);
}

/* The file is there all the time, and nobody asks for another attempt: the answer is the same at each look. */
static void looks_seldom(void)
{
    try_in_vain("array");
    pin_something();
    CHECK(wants_in_two_seconds() <= 3);
}

Test(source_later, looks_once_a_second)
{
    in_own_process(looks_seldom);
}

static void never_with(const char *wanted)
{
    try_in_vain(wanted);
    pin_something();
    CHECK(wants_in_two_seconds() == 0);
}

static void never_where_none_is_asked_for(void)
{
    never_with("none");
}

static void install_filter(void)
{
    struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    struct sock_fprog filter = {1, &allow};

    CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
    CHECK(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0) == 0);
}

static void never_under_a_filter(void)
{
    install_filter();
    never_with(NULL);
}

static void never_in_a_sandbox_that_comes_later(void)
{
    try_in_vain("array");
    pin_something();
    oncpu_state_sandboxed();
    CHECK(wants_in_two_seconds() == 0);
}

Test(source_later, not_where_the_environment_says_none)
{
    in_own_process(never_where_none_is_asked_for);
}

Test(source_later, not_under_a_filter)
{
    in_own_process(never_under_a_filter);
}

Test(source_later, not_in_a_sandbox)
{
    in_own_process(never_in_a_sandbox_that_comes_later);
}

/* Without threads a process joins what is there, or leaves everything as it was: it may still load a program of its own. */
static void joins_nothing(void)
{
    const char *before = oncpu_source_reason();
    int descriptors = open_descriptors();

    setenv("ONCPU_DIR", folder, 1);
    for (int i = 0; i < 2; i++) {
        errno = 17;
        CHECK(!oncpu_state_join());
        CHECK(errno == 17);
        pin_something();
        test_sleep_ns(1100 * TEST_MS);
        CHECK(!oncpu_state_join()); /* it is new, and of no use */
        CHECK(unlink(pin) == 0);
    }
    CHECK(open_descriptors() == descriptors);
    CHECK(oncpu_source() == ONCPU_SOURCE_NONE);
    CHECK(!strcmp(oncpu_source_reason(), before));
    CHECK(oncpu_state_wants_init());
}

Test(source_later, joining_in_vain_decides_nothing)
{
    in_own_process(joins_nothing);
}

static void child_looks_itself(void)
{
    CHECK(EVENTUALLY(oncpu_state_wants_init()));
}

static void forks_in_vain(void)
{
    try_in_vain("array");
    pin_something();
    CHECK(test_in_child(child_looks_itself) == 0);
}

Test(source_later, a_child_looks_too)
{
    in_own_process(forks_in_vain);
}

/* What was said once stays readable, and as it was, whatever is said later. */
static void reasons_stay(void)
{
    const char *first;
    char copy[256];

    have_no_privileges();
    setenv("ONCPU_SOURCE", "array", 1);
    setenv("ONCPU_DIR", pin, 1);
    pin_something(); /* ENOTDIR */
    CHECK(oncpu_init() == -ENOTSUP);
    first = oncpu_source_reason();
    snprintf(copy, sizeof(copy), "%s", first);
    CHECK(unlink(pin) == 0 && symlink(pin, pin) == 0); /* ELOOP */
    CHECK(oncpu_init() == -ENOTSUP);
    CHECK(strcmp(oncpu_source_reason(), copy) != 0);
    CHECK(strcmp(first, copy) == 0);
    CHECK(unlink(pin) == 0);
    pin_something();
    CHECK(oncpu_init() == -ENOTSUP);
    CHECK(oncpu_source_reason() == first);
}

Test(source_later, reasons_stay_readable)
{
    in_own_process(reasons_stay);
}
