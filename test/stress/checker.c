/* SPDX-License-Identifier: MIT */
/*
 * The checker: mixed users of the lock, a queue with consumers that wait, and a ring of threads that hand on one token.
 * No wake-up in the ring can be made up for by a later one, so that a lost one leaves the ring standing.
 */
#include "checker.h"

#include "check.h"
#include "clock.h"
#include "random.h"

#include <pthread.h>
#include <sched.h>

enum { MAX_THREADS = 1024, QUEUE_ROOM = 32 };

/* All of it is used under the lock only. Volatile, so that broken locks are seen to be broken. */
static struct {
    volatile uint64_t first;
    volatile uint32_t inside;
    volatile uint64_t queued;
    volatile uint64_t put;
    volatile uint64_t got;
    volatile bool queue_closed;
    volatile uint32_t producers;
    volatile uint32_t ring_turn;
    volatile uint32_t ring_size;
    volatile uint64_t ring_passes;
    volatile bool ring_done;
    volatile uint64_t last; /* far from the first: another cache line */
} state;

static struct user {
    pthread_t thread;
    uint32_t number;
    uint32_t ring_place;
    uint64_t seed;
    uint64_t entered;
} users[MAX_THREADS];

static const struct checker_lock *the_lock;
static int stop;          /* atomic, relaxed */
static uint32_t overlaps; /* atomic, relaxed */
static int running;       /* atomic; the last touch of each thread is a release */

static bool stopped(void)
{
    return __atomic_load_n(&stop, __ATOMIC_RELAXED);
}

static void overlap(void)
{
    __atomic_fetch_add(&overlaps, 1, __ATOMIC_RELAXED);
}

static void dwell(struct user *user)
{
    uint64_t dice = test_random(&user->seed);

    if (dice % 256 == 0)
        test_sleep_ns(dice / 256 % 200000);
    else if (dice % 64 == 1)
        sched_yield();
    else
        for (volatile uint64_t n = dice / 256 % 100; n; n--)
            ;
}

static void enter(struct user *user)
{
    if (state.inside)
        overlap();
    state.inside = user->number;
    user->entered++;
}

static void leave(const struct user *user)
{
    if (state.inside != user->number)
        overlap();
    state.inside = 0;
}

/* In the section: something that goes wrong when two do it at once. */
static void visit(struct user *user)
{
    enter(user);
    uint64_t before = state.first;
    dwell(user);
    if (state.first != before || state.last != before)
        overlap();
    state.first = before + 1;
    state.last = before + 1;
    leave(user);
}

static bool lock_somehow(struct user *user)
{
    uint64_t dice = test_random(&user->seed);

    switch (dice % 8) {
    case 0:
        return the_lock->trylock();
    case 1:
        return the_lock->timedlock(dice / 8 % 100000);
    case 2:
        return the_lock->timedlock(dice / 8 % 5000000);
    default:
        the_lock->lock();
        return true;
    }
}

static void put_one(void)
{
    if (state.queued == QUEUE_ROOM)
        return;
    state.queued++;
    state.put++;
    the_lock->signal(CHECKER_QUEUE);
}

static void get_one(void)
{
    if (!state.queued)
        return;
    state.queued--;
    state.got++;
}

/* Uses the lock in all ways; now and then puts something into the queue, or waits shortly for something to take. */
static void mix(struct user *user)
{
    while (!stopped()) {
        uint64_t dice = test_random(&user->seed);

        if (!lock_somehow(user))
            continue;
        visit(user);
        if (dice % 4 == 0)
            put_one();
        if (dice % 16 == 1) {
            if (!state.queued)
                the_lock->timedwait(CHECKER_QUEUE, dice / 16 % 2000000);
            visit(user);
            get_one();
        }
        the_lock->unlock();
        if (dice % 32 == 2)
            test_sleep_ns(dice / 32 % 100000);
    }
    the_lock->lock();
    if (--state.producers == 0) {
        state.queue_closed = true;
        the_lock->broadcast(CHECKER_QUEUE);
    }
    the_lock->unlock();
}

static void consume(struct user *user)
{
    the_lock->lock();
    while (!state.queue_closed) {
        while (!state.queued && !state.queue_closed)
            the_lock->wait(CHECKER_QUEUE);
        visit(user);
        get_one();
        the_lock->unlock();
        dwell(user);
        the_lock->lock();
    }
    the_lock->unlock();
}

/* Only the thread that has the token may end the ring: who waits in it hears of the end in no other way. */
static void go_round(struct user *user)
{
    the_lock->lock();
    for (;;) {
        while (state.ring_turn != user->ring_place && !state.ring_done)
            the_lock->wait(CHECKER_RING);
        if (state.ring_done)
            break;
        visit(user);
        state.ring_passes++;
        state.ring_done = stopped();
        state.ring_turn = (state.ring_turn + 1) % state.ring_size;
        the_lock->broadcast(CHECKER_RING);
    }
    the_lock->unlock();
}

enum role { MIX, CONSUME, RING };

/* One in eight consumes, and at most three go round: the rest makes the contention. */
static enum role role_of(uint32_t number)
{
    if (number % 4 == 3 && number < 12)
        return RING;
    return number % 8 == 2 ? CONSUME : MIX;
}

static void *use(void *argument)
{
    struct user *user = argument;

    switch (role_of(user->number)) {
    case RING:
        go_round(user);
        break;
    case CONSUME:
        consume(user);
        break;
    case MIX:
        mix(user);
        break;
    }
    __atomic_sub_fetch(&running, 1, __ATOMIC_RELEASE); /* pairs with all_back() */
    return NULL;
}

static void start(const struct checker_run *run)
{
    the_lock = run->lock;
    CHECK(run->threads >= 4 && run->threads <= MAX_THREADS);
    running = run->threads;
    for (uint32_t i = 0; i < (uint32_t)run->threads; i++) {
        users[i] = (struct user){.number = i + 1, .seed = i + 1, .ring_place = state.ring_size};
        state.ring_size += role_of(i + 1) == RING;
        state.producers += role_of(i + 1) == MIX;
    }
    for (int i = 0; i < run->threads; i++)
        CHECK(pthread_create(&users[i].thread, NULL, use, &users[i]) == 0);
}

static bool all_back(uint64_t grace_ns)
{
    uint64_t end = test_now_ns() + grace_ns;

    while (__atomic_load_n(&running, __ATOMIC_ACQUIRE))
        if (!test_patient(end))
            return false;
    return true;
}

static unsigned add_up(const struct checker_run *run)
{
    unsigned faults = 0;
    uint64_t visits = 0;

    for (int i = 0; i < run->threads; i++) {
        CHECK(pthread_join(users[i].thread, NULL) == 0);
        visits += users[i].entered;
    }
    if (state.first != visits || state.last != visits || state.put != state.got + state.queued)
        faults |= CHECKER_COUNT;
    if (!visits || !state.put || !state.ring_passes)
        faults |= CHECKER_IDLE;
    printf("%s: %d threads, %lu visits (%lu counted), %lu put, %lu taken, %lu left, %lu times round the ring\n",
           run->lock->name, run->threads, (unsigned long)visits, (unsigned long)state.first, (unsigned long)state.put,
           (unsigned long)state.got, (unsigned long)state.queued, (unsigned long)(state.ring_passes / state.ring_size));
    return faults;
}

unsigned checker_run(const struct checker_run *run)
{
    pthread_t disturber;
    unsigned faults = 0;

    if (run->disturb)
        CHECK(pthread_create(&disturber, NULL, run->disturb, &stop) == 0);
    start(run);
    test_sleep_ns(run->run_ns);
    __atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
    if (!all_back(run->grace_ns))
        faults |= CHECKER_STUCK;
    else
        faults |= add_up(run);
    if (run->disturb)
        CHECK(pthread_join(disturber, NULL) == 0);
    if (__atomic_load_n(&overlaps, __ATOMIC_RELAXED))
        faults |= CHECKER_OVERLAP;
    printf("%s:%s%s%s%s%s\n", run->lock->name, faults ? "" : " nothing wrong",
           faults & CHECKER_OVERLAP ? " OVERLAP" : "", faults & CHECKER_COUNT ? " COUNT" : "",
           faults & CHECKER_STUCK ? " STUCK" : "", faults & CHECKER_IDLE ? " IDLE" : "");
    return faults;
}
