/* SPDX-License-Identifier: MIT */
/*
 * The trials, and how long turns take without them.
 */
#include "trial.h"

#include "address.h"
#include "lock.h"

#define HINTS 64             /* after so many, about, ... */
#define NO_HINT 2            /* ... of which a wait that is none takes away so many, there is a trial; */
#define GAIN 2u              /* that turns take so many times less is a success */
#define UNIT_SHIFT 20        /* of ns, 1 ms: ... */
#define TRIAL_UNITS 2u       /* ... the time of a trial, with what is left of the first; ... */
#define GOOD_UNITS 16u       /* ... of the time after one that was a success, ... */
#define BAD_UNITS 256u       /* ... and until the next one after one that was not */
#define TURN_MOST 1000u      /* ns: longer ones have no trials (policy.c) */
#define SERIES_MOST 2000000u /* ns: in longer ones a lock may have more turns than it counts */
#define PLACES_SHIFT 6

/* What this thread sees. */
static __thread struct {
    const uint32_t *word; /* the lock's: never read */
    int hints;
    uint32_t count; /* its turns are counted from here on, ... */
    uint64_t since; /* ... since this time */
} seen __attribute__((tls_model("initial-exec")));

enum kind { NOTHING, ON_TRIAL, GOOD };

/* A place: 16 bits each, of the lock's address, the kind, what a turn took before (ns), and the unit in which it is over. */
struct trial {
    uint16_t lock;
    uint16_t kind;
    uint16_t turn;
    uint16_t until;
};

/* All that is to be found out of a lock is in one word. Relaxed: a hint. Locks that share a place take it from each other. */
static uint64_t places[1u << PLACES_SHIFT];

static uint64_t *place_of(const uint32_t *word)
{
    return &places[oncpu_address_mixed(word) >> (64 - PLACES_SHIFT)];
}

static uint16_t name_of(const uint32_t *word)
{
    return (uint16_t)(oncpu_address_mixed(word) >> (64 - PLACES_SHIFT - 16));
}

static uint16_t unit_of(uint64_t now)
{
    return (uint16_t)(now >> UNIT_SHIFT);
}

static struct trial trial_of(const uint32_t *word)
{
    uint64_t place = __atomic_load_n(place_of(word), __ATOMIC_RELAXED);
    struct trial trial = {(uint16_t)(place >> 48), (uint16_t)(place >> 32), (uint16_t)(place >> 16), (uint16_t)place};

    if (trial.lock != name_of(word))
        trial.kind = NOTHING;
    return trial;
}

static void say(const uint32_t *word, enum kind kind, uint16_t turn, uint16_t until)
{
    uint64_t place = (uint64_t)name_of(word) << 48 | (uint64_t)kind << 32 | (uint64_t)turn << 16 | until;

    __atomic_store_n(place_of(word), place, __ATOMIC_RELAXED);
}

/* Units are counted modulo 2^16. */
static bool is_on(struct trial trial, uint16_t now)
{
    uint16_t left = (uint16_t)(trial.until - now);

    return trial.kind != NOTHING && left > 0 && left <= GOOD_UNITS;
}

static bool was_bad(struct trial trial, uint16_t now)
{
    return trial.kind == ON_TRIAL && (uint16_t)(now - trial.until) < BAD_UNITS;
}

bool oncpu_trial_on(const uint32_t *word, uint64_t now)
{
    return is_on(trial_of(word), unit_of(now));
}

static void begin_trial(const uint32_t *word, uint64_t turn, uint64_t now)
{
    struct trial trial = trial_of(word);
    uint16_t unit = unit_of(now);

    if (!is_on(trial, unit) && !was_bad(trial, unit))
        say(word, ON_TRIAL, (uint16_t)(turn < TURN_MOST ? turn : TURN_MOST), (uint16_t)(unit + TRIAL_UNITS));
}

void oncpu_trial_note(const uint32_t *word, bool hint, uint32_t count, uint64_t now)
{
    uint32_t turns = (count - seen.count) % ONCPU_TURN_COUNTS;

    if (seen.word != word || now - seen.since > SERIES_MOST)
        seen.hints = 0;
    seen.hints += hint ? 1 : seen.hints < NO_HINT ? -seen.hints : -NO_HINT;
    if (seen.word != word || !hint || seen.hints <= 1) {
        seen.word = word;
        seen.count = count;
        seen.since = now;
        return;
    }
    if (seen.hints < HINTS || turns == 0)
        return;
    seen.hints = 0;
    begin_trial(word, (now - seen.since) / turns, now);
}

void oncpu_trial_rested(const uint32_t *word, uint64_t turn, uint64_t now)
{
    struct trial trial = trial_of(word);

    if (trial.kind == ON_TRIAL && is_on(trial, unit_of(now)) && turn * GAIN <= trial.turn)
        say(word, GOOD, trial.turn, (uint16_t)(unit_of(now) + GOOD_UNITS));
}
