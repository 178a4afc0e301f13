/* SPDX-License-Identifier: MIT */
/*
 * pthread_create and thrd_create: where a process begins to have contention. Here, and not in a constructor, the BPF
 * program is loaded: a process that stays single-threaded pays nothing. And here, not at the first contended lock: a
 * lock may be held by the program's malloc, while whoever creates a thread expects memory to be allocated. For the same reason a
 * process that has no source looks for one here again. (The machine-wide program can be joined elsewhere, too: shared.c.)
 */
#include "../state/state.h"
#include "glibc.h"
#include "report.h"
#include "symbols.h"

static void prepare(void)
{
    if (oncpu_state_wants_init()) {
        oncpu_init(); /* without success there is a mode for it */
        oncpu_report_source();
    }
}

static int drop_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *), void *argument)
{
    prepare();
    return oncpu_glibc()->create(thread, attributes, start, argument);
}

static int drop_thrd_create(thrd_t *thread, thrd_start_t start, void *argument)
{
    prepare();
    return oncpu_glibc()->thrd_create(thread, start, argument);
}

ONCPU_EXPORT_BOTH(drop_create, pthread_create, ONCPU_GLIBC_BASE)
ONCPU_EXPORT_BOTH(drop_thrd_create, thrd_create, "GLIBC_2.28")
