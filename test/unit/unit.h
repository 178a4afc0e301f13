/* SPDX-License-Identifier: MIT */
/*
 * What the unit tests have in common: Criterion, and the rule for machines without thread states.
 */
#ifndef ONCPU_TEST_UNIT_H
#define ONCPU_TEST_UNIT_H

#include "check.h"
#include "child.h"
#include "clock.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <oncpu/oncpu.h>

/* Begins a test that needs thread states. */
#define NEED_SOURCE()                                                                                                  \
    do {                                                                                                               \
        if (oncpu_init())                                                                                              \
            SKIP(oncpu_source_reason());                                                                               \
    } while (0)

#define SKIP(reason)                                                                                                   \
    do {                                                                                                               \
        if (!test_may_skip())                                                                                          \
            cr_assert_fail("CI=true allows no skip: %s", (reason));                                                    \
        cr_skip_test("%s", (reason));                                                                                  \
    } while (0)

/*
 * The kind of program of its own that a process here loads: the tests that know it run for both, the one by ONCPU_SOURCE=uptr in
 * ctest's environment.
 */
static inline enum oncpu_source own_source(void)
{
    const char *wanted = getenv("ONCPU_SOURCE");

    return wanted && !strcmp(wanted, "uptr") ? ONCPU_SOURCE_UPTR : ONCPU_SOURCE_ARRAY;
}

static inline int open_descriptors(void)
{
    DIR *directory = opendir("/proc/self/fd");
    int found = 0;

    CHECK(directory);
    while (readdir(directory))
        found++;
    closedir(directory);
    return found;
}

static inline void in_own_process(void (*body)(void))
{
    cr_assert_eq(test_in_child(body), 0);
}

static inline void find_source(void)
{
    _exit(oncpu_init() ? TEST_SKIPPED : 0);
}

/* The children below shall load a program of their own, so the process that forks them must not have one. */
#define NEED_SOURCE_IN_CHILDREN()                                                                                      \
    do {                                                                                                               \
        if (test_in_child(find_source))                                                                                \
            SKIP("no source of thread states");                                                                        \
    } while (0)

#endif
