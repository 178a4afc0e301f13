/* SPDX-License-Identifier: MIT */
/*
 * How often who spins is interrupted, and for which locks that was too often.
 */
#include "interrupts.h"

#include "address.h"

#define WEIGHT 4u       /* of an interrupt, where each wait takes 1 away, ... */
#define FADE_SHIFT 15   /* ... and as much for each 32 us that it took */
#define ENOUGH 32u      /* 11 waits in a row, each with an interrupt; ... */
#define ENOUGH_AGAIN 8u /* ... two or three, where it was so until a moment ago */
#define PERIOD_SHIFT 24 /* of ns, 17 ms: when one is over all try again, at the same time */
#define PLACES_SHIFT 6

static __thread struct {
    const uint32_t *word; /* the lock's: never read */
    uint32_t weight;
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
    seen.weight += WEIGHT;
    if (seen.weight < (again ? ENOUGH_AGAIN : ENOUGH))
        return;
    seen.weight = 0;
    __atomic_store_n(place, said_in(word, period), __ATOMIC_RELAXED);
}

void oncpu_interrupts_fade(uint64_t waited)
{
    uint64_t fade = 1u + (waited >> FADE_SHIFT);

    seen.weight -= fade < seen.weight ? (uint32_t)fade : seen.weight;
}

bool oncpu_interrupts_on(const uint32_t *word, uint64_t now)
{
    return __atomic_load_n(place_of(word), __ATOMIC_RELAXED) == said_in(word, now >> PERIOD_SHIFT);
}
