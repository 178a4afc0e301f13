/* SPDX-License-Identifier: MIT */
/*
 * Seats: there are so many for one lock and no more, and who does not say that it is there loses its own. No clock takes part.
 */
#include "lock/seats.h"

#include "unit.h"

#include <pthread.h>
#include <sched.h>

enum { THREADS = 8, ROUNDS = 20000, LOCKS = 4096 };
#define NOW 123456789000u
#define LATER (NOW + ONCPU_SEAT_STALE + 1)

static uint32_t locks[LOCKS];
static uint32_t *const lock = &locks[0];

static void take_all(struct oncpu_seat seats[ONCPU_SEATS])
{
    for (uint32_t i = 0; i < ONCPU_SEATS; i++) {
        cr_assert(oncpu_seat_take(&seats[i], lock, ONCPU_SEATS, NOW));
        cr_assert_not_null(seats[i].at);
    }
}

Test(seats, there_are_so_many_and_no_more)
{
    struct oncpu_seat seats[ONCPU_SEATS];
    struct oncpu_seat mine;

    take_all(seats);
    cr_assert_not(oncpu_seat_take(&mine, lock, ONCPU_SEATS, NOW));
    cr_assert_null(mine.at);
    oncpu_seat_leave(&seats[1]);
    cr_assert(oncpu_seat_take(&mine, lock, ONCPU_SEATS, NOW));
    cr_assert_not(oncpu_seat_take(&seats[1], lock, ONCPU_SEATS, NOW));
}

Test(seats, fewer_can_be_asked_for)
{
    struct oncpu_seat first;
    struct oncpu_seat mine;

    cr_assert(oncpu_seat_take(&first, lock, 1, NOW));
    cr_assert_not(oncpu_seat_take(&mine, lock, 1, NOW));
    cr_assert(oncpu_seat_take(&mine, lock, 2, NOW));
}

/* As one does that lost its CPU, or has jumped out of a signal handler. */
Test(seats, who_is_silent_loses_its_seat)
{
    struct oncpu_seat seats[ONCPU_SEATS];
    struct oncpu_seat mine;

    take_all(seats);
    cr_assert(oncpu_seat_keep(&seats[0], LATER - 2));
    cr_assert(oncpu_seat_take(&mine, lock, ONCPU_SEATS, LATER));
    cr_assert_eq(mine.at, seats[1].at, "the first one has said that it is there");
    cr_assert_not(oncpu_seat_keep(&seats[1], LATER));
    oncpu_seat_leave(&seats[1]);
    cr_assert(oncpu_seat_keep(&mine, LATER), "who has lost it takes it from nobody");
}

Test(seats, who_keeps_its_seat_keeps_it_for_long)
{
    struct oncpu_seat first;
    struct oncpu_seat mine;

    cr_assert(oncpu_seat_take(&first, lock, 1, NOW));
    for (uint64_t now = NOW; now < NOW + 1000 * ONCPU_SEAT_STALE; now += ONCPU_SEAT_STALE / 2) {
        cr_assert(oncpu_seat_keep(&first, now));
        cr_assert_not(oncpu_seat_take(&mine, lock, 1, now));
    }
}

/* The time in a place has 48 bits: 78 hours. */
Test(seats, an_abandoned_seat_never_comes_back_to_life)
{
    const uint64_t hour = 3600000000000u;
    struct oncpu_seat left;

    cr_assert(oncpu_seat_take(&left, lock, 1, NOW));
    for (uint64_t hours = 1; hours < 200; hours++) {
        struct oncpu_seat mine;
        uint64_t was = *left.at;

        cr_assert(oncpu_seat_take(&mine, lock, 1, NOW + hours * hour));
        oncpu_seat_leave(&mine);
        *left.at = was;
    }
}

Test(seats, a_clock_that_is_behind_takes_nobodys)
{
    struct oncpu_seat first;
    struct oncpu_seat mine;

    cr_assert(oncpu_seat_take(&first, lock, 1, NOW));
    cr_assert_not(oncpu_seat_take(&mine, lock, 1, NOW - 1000));
}

/* Whoever finds the places taken for other locks spins: it must not wait for what is none of its business. */
Test(seats, other_locks_take_none_away)
{
    struct oncpu_seat seats[ONCPU_SEATS];
    struct oncpu_seat mine;
    unsigned without = 0;

    take_all(seats);
    for (int i = 1; i < LOCKS; i++) {
        cr_assert(oncpu_seat_take(&mine, &locks[i], 1, NOW));
        without += mine.at == NULL;
        cr_assert(oncpu_seat_keep(&mine, NOW));
        oncpu_seat_leave(&mine);
    }
    cr_assert_gt(without, 0);
    cr_assert_lt(without, LOCKS / 8);
}

/* The first place may be another lock's: the bound is none of the place. */
Test(seats, a_lock_has_its_own_where_another_has_the_first)
{
    for (int i = 1; i < LOCKS; i++) {
        struct oncpu_seat others;
        struct oncpu_seat first;
        struct oncpu_seat mine;

        cr_assert(oncpu_seat_take(&others, lock, 1, NOW));
        cr_assert(oncpu_seat_take(&first, &locks[i], 1, NOW));
        cr_assert_not_null(first.at);
        cr_assert_not(oncpu_seat_take(&mine, &locks[i], 1, NOW));
        oncpu_seat_leave(&first);
        oncpu_seat_leave(&others);
    }
}

static unsigned sitting;
static unsigned most;
static unsigned refused;

static void *sit(void *argument)
{
    const uint32_t *count = argument;
    struct oncpu_seat mine;

    for (int i = 0; i < ROUNDS; i++) {
        if (!oncpu_seat_take(&mine, lock, *count, NOW)) {
            __atomic_fetch_add(&refused, 1, __ATOMIC_RELAXED);
            continue;
        }
        unsigned now = __atomic_add_fetch(&sitting, 1, __ATOMIC_SEQ_CST);
        unsigned before = __atomic_load_n(&most, __ATOMIC_RELAXED);

        while (now > before &&
               !__atomic_compare_exchange_n(&most, &before, now, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
            ;
        if (i % 16 == 0)
            sched_yield();
        __atomic_sub_fetch(&sitting, 1, __ATOMIC_SEQ_CST);
        oncpu_seat_leave(&mine);
    }
    return argument;
}

/* At one and the same time, so that no seat grows old. */
static void all_sit(uint32_t count)
{
    pthread_t threads[THREADS];

    for (int i = 0; i < THREADS; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, sit, &count), 0);
    for (int i = 0; i < THREADS; i++)
        cr_assert_eq(pthread_join(threads[i], NULL), 0);
    cr_assert_eq(most, count);
    cr_assert_gt(refused, 0);
}

Test(seats, threads_have_all_of_them_and_no_more)
{
    all_sit(ONCPU_SEATS);
}

/* Two that come at one moment must not take two places. */
Test(seats, nor_more_than_they_ask_for)
{
    all_sit(1);
}
