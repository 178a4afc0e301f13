/* SPDX-License-Identifier: MIT */
/*
 * Description: a mutex lives on a page of its own; whoever locks and unlocks it last destroys it and takes the page
 * away, while the previous owner's unlock may not have returned yet.
 * Holds: POSIX XSH pthread_mutex_destroy (EXAMPLES, "Destroying Mutexes": safe as soon as it is unlocked).
 */
#include "check.h"
#include <sys/mman.h>

enum { ROUNDS = 12000 };

struct page {
    pthread_mutex_t mutex;
    int left; /* how many threads are still to come */
};

static struct page *offered;
static int marked;

static struct page *new_page(void)
{
    struct page *page = mmap(NULL, sizeof(*page), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    CHECK(page != MAP_FAILED);
    CHECK_EQ(0, pthread_mutex_init(&page->mutex, NULL));
    page->left = 2;
    return page;
}

/* A page without access faults for certain; an unmapped one could be another mapping by then, as in a real program. */
static void take_away(struct page *page, int round)
{
    CHECK_EQ(0, pthread_mutex_destroy(&page->mutex));
    if (round % 2)
        CHECK_EQ(0, munmap(page, sizeof(*page)));
    else
        CHECK_EQ(0, mprotect(page, sizeof(*page), PROT_NONE));
}

/* Both come as they like. */
static void race(struct page *page, int round)
{
    CHECK_EQ(0, pthread_mutex_lock(&page->mutex));
    int left = --page->left;
    if (round % 16 == 0)
        sched_yield(); /* so that the other one sleeps, and this unlock wakes it */
    CHECK_EQ(0, pthread_mutex_unlock(&page->mutex));
    if (left == 0)
        take_away(page, round);
}

/*
 * The mutex is held. A wait that times out at once leaves the word marked, so that the owner's unlock makes a system
 * call; meanwhile this thread takes the mutex, and then the page.
 */
static void take_over(struct page *page, int round)
{
    const struct timespec past = {1, 0};

    CHECK_EQ(ETIMEDOUT, pthread_mutex_clocklock(&page->mutex, CLOCK_MONOTONIC, &past));
    __atomic_store_n(&marked, 1, __ATOMIC_RELEASE); /* with the load in give_up() */
    while (pthread_mutex_trylock(&page->mutex) == EBUSY)
        continue;
    CHECK_EQ(0, pthread_mutex_unlock(&page->mutex));
    take_away(page, round);
}

static void give_up(struct page *page)
{
    while (!__atomic_load_n(&marked, __ATOMIC_ACQUIRE)) /* with the store in take_over() */
        sched_yield();
    CHECK_EQ(0, pthread_mutex_unlock(&page->mutex));
}

static void *partner(void *arg)
{
    for (int round = 0; round < ROUNDS; round++) {
        struct page *page;

        /* Acquire: pairs with the release in main(), which publishes the page's content. */
        while ((page = __atomic_load_n(&offered, __ATOMIC_ACQUIRE)) == NULL)
            sched_yield();
        __atomic_store_n(&offered, NULL, __ATOMIC_RELEASE); /* with the load in main() */
        if (round % 4 < 2)
            race(page, round);
        else
            take_over(page, round);
    }
    return arg;
}

int main(void)
{
    begin();
    pthread_t thread = go(partner, NULL);
    for (int round = 0; round < ROUNDS; round++) {
        struct page *page = new_page();
        int racing = round % 4 < 2;

        __atomic_store_n(&marked, 0, __ATOMIC_RELAXED); /* published by the next store */
        if (!racing)
            CHECK_EQ(0, pthread_mutex_lock(&page->mutex));
        __atomic_store_n(&offered, page, __ATOMIC_RELEASE); /* with the load in partner() */
        if (racing)
            race(page, round);
        else
            give_up(page);
        while (__atomic_load_n(&offered, __ATOMIC_ACQUIRE)) /* with the store in partner() */
            sched_yield();
    }
    join(thread);
    return 0;
}
