/* SPDX-License-Identifier: MIT */
/*
 * A thread that executes itself again and again, and registers each time: the kernel knows the thread, so it has the slot that
 * it had, and the record follows it; also if it is not the first thread of its process, whose pid it then gets. At last it
 * executes something that does not register, and ends.
 *
 * usage: exec_again TIMES [SLOT]
 */
#include "check.h"
#include "clock.h"
#include "state/source.h"

#include <oncpu/oncpu.h>
#include <pthread.h>

static char **arguments;

static bool has_moved(const struct oncpu_thread_record *mine, uint64_t before)
{
    test_sleep_ns(TEST_MS);
    return __atomic_load_n(&mine->switches, __ATOMIC_RELAXED) > before;
}

/* Registers, sees that it is the slot of before, and goes on with one time less. */
static void *once(void *slot_of_before)
{
    int left = arguments[1] ? atoi(arguments[1]) : 0;
    const struct oncpu_thread_record *mine;
    char next[16];
    char slot[32];

    CHECK(!oncpu_thread_self());
    CHECK(oncpu_thread_register() == 0);
    mine = oncpu_thread_self();
    CHECK(mine && mine->state == ONCPU_STATE_RUNNING);
    CHECK(EVENTUALLY(has_moved(mine, mine->switches)));
    snprintf(slot, sizeof(slot), "%td", (const char *)mine - (const char *)oncpu_source_program()->pages);
    CHECK(!slot_of_before || !strcmp(slot, slot_of_before));
    snprintf(next, sizeof(next), "%d", left - 1);
    if (left)
        execl("/proc/self/exe", arguments[0], next, slot, (char *)NULL);
    else
        execl("/proc/self/exe", arguments[0], "end", (char *)NULL);
    test_failed(__FILE__, __LINE__, "execl");
}

int main(int argc, char **argv)
{
    pthread_t other;

    if (argc == 2 && !strcmp(argv[1], "end"))
        return 0;
    arguments = argv;
    CHECK(oncpu_init() == 0 && oncpu_source() == ONCPU_SOURCE_ARRAY);
    if (argc < 3 || atoi(argv[1]) % 2)
        once(argc < 3 ? NULL : argv[2]);
    /* The first thread has the slot of before; it goes, and the other one, which has a slot of its own, takes its pid. */
    CHECK(oncpu_thread_register() == 0);
    CHECK(pthread_create(&other, NULL, once, NULL) == 0);
    pthread_join(other, NULL);
    return 1;
}
