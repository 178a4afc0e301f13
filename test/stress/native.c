/* SPDX-License-Identifier: MIT */
/*
 * The native lock under the checker, with and without a source of thread states, with one that comes and goes, and with
 * one that is lost half-way.
 *
 * usage: native stay|none|switch|detach [THREADS [MILLISECONDS]]    the source: ONCPU_SOURCE
 */
#include "check.h"
#include "clock.h"
#include "native_lock.h"
#include "state/source.h"

static uint64_t half_ns;

static bool may_go_on(const int *stop)
{
    return !__atomic_load_n(stop, __ATOMIC_RELAXED);
}

static void *switch_source(void *stop)
{
    for (unsigned n = 0; may_go_on(stop); n++) {
        CHECK(oncpu_source_select(n % 2 ? ONCPU_SOURCE_AUTO : ONCPU_SOURCE_NONE) == 0);
        test_sleep_ns(n * 7919 % 2000 * 1000);
    }
    return NULL;
}

/* Takes the program away, waits until the lock has noticed, and gets a new one. */
static void *detach_source(void *stop)
{
    const struct oncpu_bpf_program *program;

    test_sleep_ns(half_ns);
    program = oncpu_source_program();
    CHECK(program && close(program->link.fd) == 0);
    while (oncpu_source() != ONCPU_SOURCE_NONE && may_go_on(stop))
        test_sleep_ns(TEST_MS);
    test_sleep_ns(half_ns / 4);
    CHECK(oncpu_init() == 0);
    return NULL;
}

static void need_source(void)
{
    if (oncpu_init())
        test_skip(oncpu_source_reason());
}

int main(int argc, char **argv)
{
    const char *mode = argc > 1 ? argv[1] : "";
    struct checker_run run = native_run(argc - 2, argv + 2);
    unsigned faults;

    half_ns = run.run_ns / 2;
    if (strcmp(mode, "none") != 0)
        need_source();
    if (!strcmp(mode, "switch"))
        run.disturb = switch_source;
    else if (!strcmp(mode, "detach"))
        run.disturb = detach_source;
    else if (strcmp(mode, "none") != 0 && strcmp(mode, "stay") != 0)
        return 2;
    faults = checker_run(&run);
    if (!strcmp(mode, "stay") && oncpu_source() == ONCPU_SOURCE_NONE) {
        printf("the source was given up although it is there: %s\n", oncpu_source_reason());
        faults |= 1;
    }
    fflush(NULL);
    _exit(faults ? 1 : 0);
}
