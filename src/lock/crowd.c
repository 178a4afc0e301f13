/* SPDX-License-Identifier: MIT */
/*
 * The places where crowds are counted.
 */
#include "crowd.h"

#include "address.h"

#include <stdbool.h>

#define PLACES 64u
#define PERIOD_SHIFT 22 /* of ns: 4.2 ms, longer than any rest */

/* A place: 16 bits each, of the lock's address, of the period, of the threads in the period before, and in this one. */
struct crowd {
    uint16_t lock;
    uint16_t period;
    uint16_t before;
    uint16_t threads;
};

static uint64_t places[PLACES]; /* all that is to be found out of a lock is in one word */

#define MINE 4u

/* Where this thread said it last, of each of a few locks; those beside each other have different places (policy.c, surplus.c, trial.c). */
static __thread struct said {
    const uint32_t *word;
    uint16_t period;
} said[MINE] __attribute__((tls_model("initial-exec")));

static uint64_t *place_of(const uint32_t *word)
{
    return &places[oncpu_address_mixed(word) >> 58];
}

static struct said *mine_of(const uint32_t *word)
{
    return &said[(uintptr_t)word / sizeof(*word) % MINE];
}

static uint64_t packed(struct crowd crowd)
{
    return (uint64_t)crowd.lock << 48 | (uint64_t)crowd.period << 32 | (uint64_t)crowd.before << 16 | crowd.threads;
}

/* What the place says of this lock in this period. */
static struct crowd now_at(uint64_t place, const uint32_t *word, uint64_t now)
{
    const struct crowd there = {(uint16_t)(place >> 48), (uint16_t)(place >> 32), (uint16_t)(place >> 16),
                                (uint16_t)place};
    struct crowd crowd = {(uint16_t)(oncpu_address_mixed(word) >> 42), (uint16_t)(now >> PERIOD_SHIFT), 0, 0};

    if (there.lock != crowd.lock)
        return crowd;
    if (there.period == crowd.period)
        return there;
    if ((uint16_t)(there.period + 1u) == crowd.period)
        crowd.before = there.threads;
    return crowd;
}

void oncpu_crowd_enter(const uint32_t *word, uint64_t now)
{
    uint64_t *place = place_of(word);
    uint64_t there = __atomic_load_n(place, __ATOMIC_RELAXED);
    struct crowd crowd = now_at(there, word, now);
    struct said *mine = mine_of(word);

    if (mine->word == word && mine->period == crowd.period)
        return;
    if (crowd.threads < ONCPU_CROWD_MOST)
        crowd.threads++;
    /* whoever was faster, and had this fail, may go uncounted until its next rest */
    if (__atomic_compare_exchange_n(place, &there, packed(crowd), false, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
        mine->word = word;
        mine->period = crowd.period;
    }
}

uint32_t oncpu_crowd_others(const uint32_t *word, uint64_t now)
{
    struct crowd crowd = now_at(__atomic_load_n(place_of(word), __ATOMIC_RELAXED), word, now);
    uint32_t threads = crowd.before > crowd.threads ? crowd.before : crowd.threads;
    const struct said *mine = mine_of(word);
    bool me = mine->word == word && (uint16_t)(crowd.period - mine->period) <= 1;

    return me && threads ? threads - 1 : threads;
}
