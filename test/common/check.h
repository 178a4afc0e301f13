/* SPDX-License-Identifier: MIT */
/*
 * Checks for code that runs outside a test framework: in programs of their own, and in forked children. Also the one
 * place that decides what a test does when the machine lacks something: it is skipped, and where CI=true promises a
 * machine that has everything, it fails.
 */
#ifndef ONCPU_TEST_CHECK_H
#define ONCPU_TEST_CHECK_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TEST_SKIPPED 77 /* SKIP_RETURN_CODE in CTest */

/* _exit: a child must not run its parent's exit handlers, and other threads may still be at work. */
static inline __attribute__((noreturn)) void test_failed(const char *file, int line, const char *what)
{
    fprintf(stderr, "%s:%d: failed: %s\n", file, line, what);
    fflush(NULL);
    _exit(1);
}

#define CHECK(condition) ((condition) ? (void)0 : test_failed(__FILE__, __LINE__, #condition))

static inline bool test_may_skip(void)
{
    const char *ci = getenv("CI");

    return !ci || strcmp(ci, "true") != 0;
}

/* Ends a test program for want of something. */
static inline __attribute__((noreturn)) void test_skip(const char *reason)
{
    bool may = test_may_skip();

    fprintf(stderr, "%s: %s\n", may ? "skipped" : "failed, because CI=true allows no skip", reason);
    fflush(NULL);
    _exit(may ? TEST_SKIPPED : 1);
}

#endif
