/* SPDX-License-Identifier: MIT */
/*
 * Threads that register and end at once, a few at a time: the user's count of slots goes to zero and back all the while.
 *
 * usage: churn SECONDS
 */
#include "check.h"
#include "clock.h"

#include <errno.h>
#include <oncpu/oncpu.h>
#include <pthread.h>

#define AT_A_TIME 3

static uint64_t end;

static void *join(void *refused)
{
    int error = oncpu_thread_register();

    CHECK(!error || error == -EDQUOT || error == -ENOSPC || error == -EAGAIN);
    if (error)
        ++*(unsigned *)refused;
    return NULL;
}

static void *churn(void *unused)
{
    unsigned refused = 0;
    unsigned done = 0;
    pthread_t thread;

    (void)unused;
    for (; test_now_ns() < end; done++) {
        CHECK(pthread_create(&thread, NULL, join, &refused) == 0);
        pthread_join(thread, NULL);
    }
    CHECK(done > 0 && refused < done);
    return NULL;
}

int main(int argc, char **argv)
{
    pthread_t threads[AT_A_TIME];

    end = test_now_ns() + (argc > 1 ? (uint64_t)atoi(argv[1]) : 1) * TEST_SECOND;
    CHECK(oncpu_init() == 0 && oncpu_source() == ONCPU_SOURCE_ARRAY);
    for (int i = 0; i < AT_A_TIME; i++)
        CHECK(pthread_create(&threads[i], NULL, churn, NULL) == 0);
    for (int i = 0; i < AT_A_TIME; i++)
        pthread_join(threads[i], NULL);
    return 0;
}
