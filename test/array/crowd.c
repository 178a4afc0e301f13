/* SPDX-License-Identifier: MIT */
/*
 * Many threads that register, and stay until standard input ends: how many got a record, and why the others did not. They take
 * a lock with or without one.
 *
 * usage: crowd THREADS
 */
#include "check.h"

#include <errno.h>
#include <oncpu/oncpu.h>
#include <pthread.h>

static pthread_barrier_t all_tried;
static oncpu_mutex_t lock;
static unsigned counter;
static unsigned registered;
static unsigned over_quota;
static unsigned no_space;
static unsigned other;
static int last_other;

static void note(int error)
{
    if (!error)
        registered++;
    else if (error == -EDQUOT)
        over_quota++;
    else if (error == -ENOSPC)
        no_space++;
    else
        other++, last_other = error;
}

static void *join(void *until)
{
    int error = oncpu_thread_register();
    char none;

    for (int i = 0; i < 20; i++) {
        oncpu_mutex_lock(&lock);
        counter++;
        if (!i)
            note(error);
        oncpu_mutex_unlock(&lock);
    }
    CHECK(!error == (oncpu_thread_self() != NULL));
    CHECK(!error == (oncpu_thread_find(gettid()) != NULL));
    pthread_barrier_wait(&all_tried);
    CHECK(read(*(int *)until, &none, 1) == 0);
    return NULL;
}

int main(int argc, char **argv)
{
    unsigned count = argc > 1 ? (unsigned)atoi(argv[1]) : 1;
    pthread_t *threads = calloc(count, sizeof(*threads));
    int end[2];

    CHECK(threads && pipe(end) == 0 && pthread_barrier_init(&all_tried, NULL, count + 1) == 0);
    CHECK(oncpu_init() == 0 && oncpu_source() == ONCPU_SOURCE_ARRAY);
    for (unsigned i = 0; i < count; i++)
        CHECK(pthread_create(&threads[i], NULL, join, &end[0]) == 0);
    pthread_barrier_wait(&all_tried);
    CHECK(counter == 20 * count && registered + over_quota + no_space + other == count);
    printf("registered=%u over_quota=%u no_space=%u other=%u\n", registered, over_quota, no_space, other);
    if (other)
        fprintf(stderr, "other: %s\n", strerror(-last_other));
    fflush(stdout);
    while (getchar() != EOF)
        ;
    close(end[1]);
    for (unsigned i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
    return 0;
}
