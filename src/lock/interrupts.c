/* SPDX-License-Identifier: MIT */
/*
 * How often who spins is interrupted, and for which locks that was too often.
 */
#include "interrupts.h"

#include "address.h"

/* The first ones in nanoseconds of spinning. */
#define ALLOWED 65536u              /* in so much of it there may be one interrupt; */
#define ENOUGH (6u * ALLOWED)       /* too many are: ten waits in a row, each with one, or so, ... */
#define ENOUGH_AGAIN (2u * ALLOWED) /* ... two or three, where it was so until a moment ago */
#define AWAY_PART 4u                /* what passes between two waits counts for this part of it, ... */
#define AWAY_MOST ALLOWED           /* ... up to this: the thread may have been off its CPU */
#define PERIOD_SHIFT 24             /* of ns, 17 ms: when one is over all try again, at the same time */
#define PLACES_SHIFT 6

static __thread struct {
    const uint32_t *word; /* the lock's: never read */
    uint64_t weight;      /* of the interrupts that are not forgotten */
    uint64_t waited;      /* when it began to wait last */
} seen __attribute__((tls_model("initial-exec")));

/*
 * In which period a lock is left alone; the upper half is of its address. Relaxed, all of it: nothing follows from it but how one
 * waits. Locks that share a place take it from each other.
 */
static uint32_t places[1u << PLACES_SHIFT];

static uint32_t *place_of(const uint32_t *word)
{
    return &places[oncpu_address_mixed(word) >> (64 - PLACES_SHIFT)];
}

static uint32_t said_in(const uint32_t *word, uint64_t period)
{
    return (uint32_t)(oncpu_address_mixed(word) >> (64 - PLACES_SHIFT - 16)) << 16 | (uint16_t)period;
}

void oncpu_interrupted(const uint32_t *word, uint64_t now)
{
    uint64_t period = now >> PERIOD_SHIFT;
    uint32_t *place = place_of(word);
    bool again = __atomic_load_n(place, __ATOMIC_RELAXED) == said_in(word, period - 1u);

    if (seen.word != word)
        seen.weight = 0;
    seen.word = word;
    seen.weight += ALLOWED;
    if (seen.weight < (again ? ENOUGH_AGAIN : ENOUGH))
        return;
    seen.weight = 0;
    __atomic_store_n(place, said_in(word, period), __ATOMIC_RELAXED);
}

void oncpu_interrupts_spun(uint64_t ns)
{
    seen.weight -= ns < seen.weight ? ns : seen.weight;
}

void oncpu_interrupts_wait(uint64_t now)
{
    uint64_t away = (now - seen.waited) / AWAY_PART;

    oncpu_interrupts_spun(away < AWAY_MOST ? away : AWAY_MOST);
    seen.waited = now;
}

bool oncpu_interrupts_on(const uint32_t *word, uint64_t now)
{
    return __atomic_load_n(place_of(word), __ATOMIC_RELAXED) == said_in(word, now >> PERIOD_SHIFT);
}
