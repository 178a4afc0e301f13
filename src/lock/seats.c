/* SPDX-License-Identifier: MIT */
/*
 * The places of the seats: a table by the lock's address, as a pthread_mutex_t has no room for them.
 */
#include "seats.h"

#include "address.h"

#define TABLE_SHIFT 6
#define LOCK_BITS 16
#define LOCK_MASK ((UINT64_C(1) << LOCK_BITS) - 1)

/*
 * A place: in the low bits which lock it is, never 0, and above them when its holder was there last, ns. Each has a cache line of
 * its own: its holder writes it between two looks at the lock. All accesses are relaxed: nothing follows from them but how one waits.
 */
struct place {
    _Alignas(64) uint64_t held;
};

static struct place table[1u << TABLE_SHIFT][ONCPU_SEATS];

static uint64_t lock_of(const uint32_t *word)
{
    return (oncpu_address_mixed(word) >> (64 - TABLE_SHIFT - LOCK_BITS) & LOCK_MASK) | 1u;
}

/* Whether somebody is there. Clocks of two CPUs can differ; and what was left there days ago is not of a time to come. */
static bool is_taken(uint64_t held, uint64_t now)
{
    const int64_t stale = (int64_t)((uint64_t)ONCPU_SEAT_STALE << LOCK_BITS);
    int64_t age = (int64_t)((now << LOCK_BITS) - (held & ~LOCK_MASK));

    return held && age < stale && age > -stale;
}

/* All look for the first place that is free, so that two who come at one moment do not both get the last seat by taking two places. */
bool oncpu_seat_take(struct oncpu_seat *seat, const uint32_t *word, uint32_t count, uint64_t now)
{
    struct place *places = table[oncpu_address_mixed(word) >> (64 - TABLE_SHIFT)];
    uint64_t lock = lock_of(word);
    uint64_t there[ONCPU_SEATS];
    uint32_t sitting = 0;

    *seat = (struct oncpu_seat){.held = now << LOCK_BITS | lock};
    for (uint32_t i = 0; i < ONCPU_SEATS; i++) {
        there[i] = __atomic_load_n(&places[i].held, __ATOMIC_RELAXED);
        sitting += is_taken(there[i], now) && (there[i] & LOCK_MASK) == lock;
    }
    for (uint32_t i = 0; i < ONCPU_SEATS && sitting < count; i++) {
        if (is_taken(there[i], now))
            continue;
        if (__atomic_compare_exchange_n(&places[i].held, &there[i], seat->held, false, __ATOMIC_RELAXED,
                                        __ATOMIC_RELAXED)) {
            seat->at = &places[i].held;
            return true;
        }
        sitting += (there[i] & LOCK_MASK) == lock; /* somebody was faster */
    }
    return sitting < count;
}

bool oncpu_seat_keep(struct oncpu_seat *seat, uint64_t now)
{
    if (!seat->at)
        return true;
    if (__atomic_load_n(seat->at, __ATOMIC_RELAXED) != seat->held)
        return false;
    seat->held = now << LOCK_BITS | (seat->held & LOCK_MASK);
    __atomic_store_n(seat->at, seat->held, __ATOMIC_RELAXED); /* who took it in between loses it, or both have it */
    return true;
}

void oncpu_seat_leave(struct oncpu_seat *seat)
{
    if (seat->at && __atomic_load_n(seat->at, __ATOMIC_RELAXED) == seat->held)
        __atomic_store_n(seat->at, 0, __ATOMIC_RELAXED);
    seat->at = 0;
}
