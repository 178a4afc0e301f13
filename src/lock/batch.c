/* SPDX-License-Identifier: MIT */
/*
 * The pace of a lock, turn by turn and in batches, as one thread sees it.
 */
#include "batch.h"

#include "address.h"
#include "lock.h"

#define WINDOWS 4u       /* the pace turn by turn is that of the fastest of so many windows, at first; ... */
#define WINDOWS_MOST 64u /* ... of twice as many each time that batches would not be faster by ... */
#define TIMES 5u         /* ... this, ... */
#define PARTS 4u         /* ... by this */
#define WINDOW_MOST                                                                                                    \
    32000u /* ns: in a longer one nobody wanted the lock for a while, or this thread was not on its CPU */
#define PROBE_LEAST (ONCPU_BATCH_NS / 2u)         /* ns: the lock was left alone, ... */
#define PROBE_MOST (UINT64_C(4) * ONCPU_BATCH_NS) /* ... and this thread on its CPU */
#define PROBE_TURNS 6u   /* fewer in ONCPU_BATCH_NS: turns are too long for threads that poll to be kept waiting */
#define LONG_TURN 150u   /* ns: where they take longer alone, batches are longer, too */
#define TRIES 16u        /* after so many waits without a probe it has failed */
#define STANDS 33000000u /* ns: so long what a probe has shown is true */
#define EPOCH_SHIFT 22   /* of ns, 4.2 ms: when one is over all begin anew, at the same time */
#define EPOCHS 0x8000u   /* they are counted modulo this: the bit says of a place that batches are the long ones */
#define PLACES_SHIFT 6

__thread uint32_t oncpu_batch_waits;

static __thread struct {
    const uint32_t *word; /* the lock's: never read */
    enum { TOGETHER, PROBES, APART } state;
    uint16_t epoch;      /* it is APART in this one, ... */
    uint32_t length;     /* ... for so long (ns) each time */
    uint32_t turns;      /* the window began with this count of turns, ... */
    uint64_t since;      /* ... at this time; 0: it has not begun */
    uint32_t best_turns; /* the fastest window had so many, ... */
    uint64_t best_ns;    /* ... in so long */
    uint32_t windows;    /* since the last probe */
    uint32_t patience;   /* after so many there is another */
    uint32_t tries;      /* to have one */
    uint32_t turn;       /* what a turn took (ns) in the faster way, at the last probe, 0: not known; ... */
    uint64_t learned;    /* ... when that was */
} seen __attribute__((tls_model("initial-exec")));

/*
 * What one thread has found out is true for all: here it says in which epoch a lock is to be had in batches, and how
 * long those are. The upper half is of the lock's address. Relaxed: nothing follows from it but how one waits.
 */
static uint32_t places[1u << PLACES_SHIFT];

static uint32_t *place_of(const uint32_t *word)
{
    return &places[oncpu_address_mixed(word) >> (64 - PLACES_SHIFT)];
}

static uint32_t in_batches(const uint32_t *word, uint16_t epoch)
{
    return (uint32_t)(oncpu_address_mixed(word) >> (64 - PLACES_SHIFT - 16)) << 16 | epoch;
}

static uint16_t epoch_of(uint64_t now)
{
    return (uint16_t)((now >> EPOCH_SHIFT) % EPOCHS);
}

static void begin_anew(const uint32_t *word, uint32_t patience)
{
    if (seen.word != word)
        seen.turn = 0;
    seen.word = word;
    seen.state = TOGETHER;
    seen.since = 0;
    seen.best_turns = 0;
    seen.best_ns = 1;
    seen.windows = 0;
    seen.tries = 0;
    seen.patience = patience;
}

static void be_apart(uint16_t epoch, bool are_long)
{
    seen.state = APART;
    seen.epoch = epoch;
    seen.length = are_long ? ONCPU_BATCH_LONG_NS : ONCPU_BATCH_NS;
}

static void find_apart(const uint32_t *word, bool are_long, uint64_t now)
{
    be_apart(epoch_of(now), are_long);
    __atomic_store_n(place_of(word), in_batches(word, seen.epoch) | (are_long ? EPOCHS : 0), __ATOMIC_RELAXED);
}

/* Whether another thread has found it out. */
static bool is_found_apart(const uint32_t *word, uint64_t now)
{
    uint32_t place = __atomic_load_n(place_of(word), __ATOMIC_RELAXED);

    if ((place & ~EPOCHS) != in_batches(word, epoch_of(now)))
        return false;
    be_apart(epoch_of(now), place & EPOCHS);
    return true;
}

bool oncpu_batch_on(const uint32_t *word)
{
    return seen.state != TOGETHER && seen.word == word;
}

uint32_t oncpu_batch_first(const uint32_t *word, uint64_t now)
{
    if (seen.state == APART && epoch_of(now) != seen.epoch)
        begin_anew(seen.word, WINDOWS);
    if (!oncpu_batch_on(word))
        return 0;
    return seen.state == APART ? seen.length : ONCPU_BATCH_NS;
}

/* Rounded up: 0 is "not known". */
static void learn(uint32_t turns, uint64_t ns, uint64_t now)
{
    uint64_t together = seen.best_turns ? seen.best_ns / seen.best_turns : UINT32_MAX - 1u;
    uint64_t apart = turns ? ns / turns : UINT32_MAX - 1u;

    seen.turn = (uint32_t)(apart < together ? apart : together) + 1u;
    seen.learned = now;
}

uint32_t oncpu_batch_turn(const uint32_t *word, uint64_t now)
{
    if (seen.word != word)
        begin_anew(word, WINDOWS);
    if (seen.turn && now - seen.learned < STANDS)
        return seen.turn;
    if (seen.state == TOGETHER)
        seen.state = PROBES;
    return 0;
}

static void fail(void)
{
    begin_anew(seen.word, seen.patience < WINDOWS_MOST ? seen.patience * 2u : WINDOWS_MOST);
}

void oncpu_batch_seen(const uint32_t *word, uint32_t turns, uint64_t ns, uint64_t now)
{
    bool fits = ns >= PROBE_LEAST && ns <= PROBE_MOST;

    if (seen.state != PROBES || seen.word != word)
        return;
    if (!fits && ++seen.tries < TRIES)
        return;
    if (fits)
        learn(turns, ns, now);
    if (seen.windows < seen.patience) { /* it was asked for: it is not for the lock's pace yet */
        seen.state = TOGETHER;
        seen.tries = 0;
        seen.since = 0;
    } else if (fits && turns * seen.best_ns * PARTS > seen.best_turns * ns * TIMES &&
               (uint64_t)turns * ONCPU_BATCH_NS >= PROBE_TURNS * ns) {
        find_apart(word, ns > (uint64_t)turns * LONG_TURN, now);
    } else {
        fail();
    }
}

/* The fastest one counts: in others this thread, or all, had something else to do for a moment. */
static void end_window(uint32_t turns, uint64_t ns)
{
    if (turns * seen.best_ns > seen.best_turns * ns) {
        seen.best_turns = turns;
        seen.best_ns = ns;
    }
    if (++seen.windows >= seen.patience)
        seen.state = PROBES;
}

void oncpu_batch_window(const uint32_t *word, uint32_t turns, uint64_t now)
{
    if (seen.word != word)
        begin_anew(word, WINDOWS);
    if (seen.state != TOGETHER || is_found_apart(word, now))
        return;
    if (seen.since && now - seen.since <= WINDOW_MOST)
        end_window((turns - seen.turns) % ONCPU_TURN_COUNTS, now - seen.since);
    seen.turns = turns;
    seen.since = now;
}
