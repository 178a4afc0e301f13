/* SPDX-License-Identifier: MIT */
/*
 * A thread that executes itself again and again, and registers each time: the kernel knows the thread, so it has the slot that
 * it had.
 *
 * usage: exec_again TIMES [SLOT]
 */
#include "check.h"
#include "state/source.h"

#include <oncpu/oncpu.h>

int main(int argc, char **argv)
{
    int left = argc > 1 ? atoi(argv[1]) : 0;
    const struct oncpu_thread_record *mine;
    char next[16];
    char slot[32];

    CHECK(oncpu_init() == 0 && oncpu_source() == ONCPU_SOURCE_ARRAY);
    CHECK(!oncpu_thread_self());
    CHECK(oncpu_thread_register() == 0);
    mine = oncpu_thread_self();
    CHECK(mine && mine->state == ONCPU_STATE_RUNNING);
    snprintf(slot, sizeof(slot), "%td", (const char *)mine - (const char *)oncpu_source_program()->pages);
    CHECK(argc < 3 || !strcmp(slot, argv[2]));
    if (!left)
        return 0;
    snprintf(next, sizeof(next), "%d", left - 1);
    execl("/proc/self/exe", argv[0], next, slot, (char *)NULL);
    test_failed(__FILE__, __LINE__, "execl");
}
