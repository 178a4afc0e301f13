/* SPDX-License-Identifier: MIT */
/*
 * The trials, and how long turns take without them.
 */
#include "trial.h"

#include "address.h"
#include "batch.h"
#include "crowd.h"

#define HINTS 128       /* after so many, about, ... */
#define NO_HINT 2       /* ... of which a wait that is none takes away so many, there is a trial; */
#define GAIN 7u         /* that turns take so many times less ... */
#define GAIN_PART 4     /* ... by this is a success; */
#define HINTS_MOST 1024 /* so long it is waited for others, or for the pace of batches */
#define PAUSE                                                                                                          \
    20000000u /* ns: what lies before it is forgotten; who leaves its CPU to many others is away for milliseconds */
#define SETTLES 2500000u  /* ns: after a trial some rest on, and owners have their slices */
#define TURN_MOST 850u    /* ns: where they take longer there is none, but rests (policy.c) */
#define WAIT_MOST 500000u /* ns: in a longer wait a lock may have had more turns than it counts, or nobody wanted it */
#define OTHERS                                                                                                         \
    2u /* so many must find the lock saturated, too: of two threads that poll one would keep it from the other */
#define OTHERS_MOST 32u   /* of more nobody would rest (policy.c) */
#define UNIT_SHIFT 20     /* of ns, 1 ms: ... */
#define TRIAL_UNITS 4u    /* ... the time of a trial, with what is left of the first; ... */
#define GOOD_UNITS 16u    /* ... of the time after one that was a success, ... */
#define BAD_UNITS 64u     /* ... and until the next one after one that was not, ... */
#define DOUBLINGS_MOST 4u /* ... twice as long each time, so often */
#define SLICE 400000u     /* ns: in less an owner's caches are not warm; but ... */
#define SLICE_LEAST 150000u
#define ROUND 5000000u     /* ... this is shared by all, if there are many */
#define TRIAL_REST 300000u /* ns: so long it must be, at least, for caches to be warm most of the time, ... */
#define TRIAL_EACH 40000u  /* ... and for who rests not to be in the owner's way each time */
#define TRIAL_REST_MOST 1200000u
#define PLACES_SHIFT 6

/* The waits that this thread has seen since the last trial, or since it knows the lock. */
static __thread struct {
    const uint32_t *word; /* the lock's: never read */
    int hints;
    uint64_t turns; /* that were had while it waited, ... */
    uint64_t ns;    /* ... so long together */
    uint64_t last;  /* when the last one ended */
} seen __attribute__((tls_model("initial-exec")));

/* PROMISING: a trial in which turns have been seen to be short once, which may be by chance. */
enum kind { NOTHING, TRIED, PROMISING, GOOD };

/*
 * A place: of the lock's address (16 bits), the kind (2), how many trials in a row were in vain (4), what a turn took before (ns, 10),
 * and the unit in which it is over (32).
 */
struct trial {
    uint16_t lock;
    uint16_t kind;
    uint16_t failed;
    uint16_t turn;
    uint32_t until;
};

/*
 * All that is to be found out of a lock is in one word. Relaxed: nothing follows from it but how one waits. Locks that share a place take
 * it from each other, but wait for the time after a trial in vain, whichever of them had it.
 */
static uint64_t places[1u << PLACES_SHIFT];

/* When turns were seen to be short in this trial for the first time, in 1024 ns. */
static uint32_t firsts[1u << PLACES_SHIFT];

static uint32_t place_of(const uint32_t *word)
{
    return (uint32_t)(oncpu_address_mixed(word) >> (64 - PLACES_SHIFT));
}

static uint16_t name_of(const uint32_t *word)
{
    return (uint16_t)(oncpu_address_mixed(word) >> (64 - PLACES_SHIFT - 16));
}

static uint32_t unit_of(uint64_t now)
{
    return (uint32_t)(now >> UNIT_SHIFT);
}

static struct trial trial_at(const uint32_t *word)
{
    uint64_t place = __atomic_load_n(&places[place_of(word)], __ATOMIC_RELAXED);

    return (struct trial){(uint16_t)(place >> 48), place >> 46 & 3u, place >> 42 & 15u, place >> 32 & 1023u,
                          (uint32_t)place};
}

static void say(const uint32_t *word, struct trial trial)
{
    uint64_t place = (uint64_t)name_of(word) << 48 | (uint64_t)trial.kind << 46 | (uint64_t)trial.failed << 42 |
                     (uint64_t)trial.turn << 32 | trial.until;

    __atomic_store_n(&places[place_of(word)], place, __ATOMIC_RELAXED);
}

/* Units are counted modulo 2^32, 52 days. A thread's clock may be that of a moment ago. */
static bool is_on(struct trial trial, uint32_t unit)
{
    return trial.kind != NOTHING && trial.until - unit - 1u <= GOOD_UNITS;
}

static bool was_in_vain(struct trial trial)
{
    return trial.kind == TRIED || trial.kind == PROMISING;
}

enum oncpu_trial oncpu_trial_of(const uint32_t *word, uint64_t now)
{
    struct trial trial = trial_at(word);

    if (trial.lock != name_of(word) || !is_on(trial, unit_of(now)))
        return ONCPU_NOT_TRIED;
    return trial.kind == GOOD ? ONCPU_FOUND_GOOD : ONCPU_ON_TRIAL;
}

uint32_t oncpu_trial_slice(uint32_t others)
{
    uint32_t part = ROUND / (others + 1u);

    return part > SLICE ? SLICE : part < SLICE_LEAST ? SLICE_LEAST : part;
}

uint32_t oncpu_trial_rest(enum oncpu_trial trial, uint32_t others)
{
    uint64_t all = (uint64_t)others * TRIAL_EACH;

    if (trial == ONCPU_FOUND_GOOD)
        return oncpu_trial_slice(others) * (others ? others : 1u) / 2u;
    return all < TRIAL_REST ? TRIAL_REST : all > TRIAL_REST_MOST ? TRIAL_REST_MOST : (uint32_t)all;
}

static void begin_trial(const uint32_t *word, uint32_t turn, uint64_t now)
{
    struct trial trial = trial_at(word);
    uint32_t unit = unit_of(now);

    if (is_on(trial, unit) ||
        (was_in_vain(trial) && unit - trial.until < BAD_UNITS << (trial.failed % (DOUBLINGS_MOST + 1u))))
        return;
    trial.failed = !was_in_vain(trial) ? 0 : trial.failed < DOUBLINGS_MOST ? trial.failed + 1u : DOUBLINGS_MOST;
    trial.kind = TRIED;
    trial.turn = (uint16_t)turn;
    trial.until = unit + TRIAL_UNITS;
    say(word, trial);
}

static void forget(const uint32_t *word)
{
    seen.word = word;
    seen.hints = 0;
    seen.turns = 0;
    seen.ns = 0;
}

/* The address at which those are counted who find the lock saturated: those who rest for it, or have no seat, have others (policy.c,
 * surplus.c). */
static const uint32_t *crowd_of(const uint32_t *word)
{
    return word + 2;
}

/* Whether two others find it saturated, and not so many that nobody would rest. */
static bool has_others(const uint32_t *word, uint64_t now)
{
    uint32_t others;

    oncpu_crowd_enter(crowd_of(word), now);
    others = oncpu_crowd_others(crowd_of(word), now);
    return others >= OTHERS && others <= OTHERS_MOST;
}

/* Whether what turns take now is what they take while nobody rests, and did not do so a moment ago. */
static bool is_undisturbed(const uint32_t *word, uint64_t now)
{
    struct trial trial = trial_at(word);

    return trial.lock != name_of(word) || (!is_on(trial, unit_of(now)) && !is_on(trial, unit_of(now - SETTLES)));
}

void oncpu_trial_note(const uint32_t *word, bool hint, uint32_t turns, uint64_t waited, uint64_t now)
{
    uint64_t turn;
    uint32_t batch;

    if (seen.word != word || now > seen.last + waited + PAUSE)
        forget(word);
    seen.last = now;
    if (waited < WAIT_MOST) {
        seen.turns += turns + 1u;
        seen.ns += waited;
    }
    seen.hints += hint ? 1 : seen.hints < NO_HINT ? -seen.hints : -NO_HINT;
    if (seen.hints == 0 || !is_undisturbed(word, now))
        forget(word);
    if (seen.hints < HINTS)
        return;
    turn = seen.turns ? seen.ns / seen.turns : TURN_MOST;
    batch = turn < TURN_MOST && has_others(word, now) ? oncpu_batch_turn(word, now) : 0;
    if (batch)
        begin_trial(word, (uint32_t)(turn < batch ? turn : batch), now);
    if (batch || turn >= TURN_MOST || seen.hints > HINTS_MOST)
        forget(word);
}

/* Twice, in rests that followed each other: one may have seen anything. */
void oncpu_trial_rested(const uint32_t *word, uint64_t turn, uint64_t begin, uint64_t now)
{
    struct trial trial = trial_at(word);
    uint32_t *first = &firsts[place_of(word)];
    uint32_t unit = unit_of(now);

    forget(word);
    if (trial.lock != name_of(word) || !is_on(trial, unit) || turn * GAIN > (uint64_t)trial.turn * GAIN_PART)
        return;
    if (trial.kind == TRIED) {
        __atomic_store_n(first, (uint32_t)(now >> 10), __ATOMIC_RELAXED);
        trial.kind = PROMISING;
        say(word, trial);
    } else if (trial.kind == PROMISING &&
               (uint32_t)(begin >> 10) - __atomic_load_n(first, __ATOMIC_RELAXED) < UINT32_MAX / 2) {
        trial.kind = GOOD;
        trial.until = unit + GOOD_UNITS;
        say(word, trial);
    }
}
