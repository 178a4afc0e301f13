/* SPDX-License-Identifier: MIT */
/*
 * What a thread does that finds the lock held: how long it spins, how often it looks, when it sleeps. The protocol is
 * in sleep_once() and try_take(); everything else is policy, and may be wrong at no other price than time.
 */
#include "../state/records.h"
#include "../state/state.h"
#include "batch.h"
#include "handoff.h"
#include "interrupts.h"
#include "leave.h"
#include "policy.h"
#include "seats.h"
#include "spin.h"
#include "stats.h"

struct waiter {
    struct oncpu_lock lock;
    struct oncpu_thread_record *mine;
    struct oncpu_stats counts;
    uint64_t since; /* when the wait began */
    uint64_t now;   /* the last look at the clock */
    uint32_t self;  /* tid */
    uint32_t turns; /* of the lock, when the wait began */
    uint32_t lost;  /* turns that others had while it spun */
    bool can_claim;
    bool claims;
    struct oncpu_seat seat;
    uint64_t *mailbox; /* where a lock that it claims is offered; NULL: it cannot claim this one */
    uint32_t mark; /* what this waiter writes into a free word: HELD, or CONTENDED once it has tried to sleep (I2) */
};

/* Acquire: pairs with the release in oncpu_lock_release(), ours or glibc's. */
static bool try_take(const struct waiter *w)
{
    uint32_t word = __atomic_load_n(w->lock.word, __ATOMIC_RELAXED);

    return word == ONCPU_WORD_FREE &&
           __atomic_compare_exchange_n(w->lock.word, &word, w->mark, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

static uint32_t turns_of(const struct waiter *w)
{
    return __atomic_load_n(w->lock.turns, __ATOMIC_RELAXED);
}

/*
 * A short section ends while the waiter still gets ready to wait: so a few looks come first, without a clock and without
 * asking who the owner is.
 */
static bool glance(const struct waiter *w)
{
    bool taken = false;

    for (int n = oncpu_spin_allowed() ? oncpu_policy_glances(w->lock.word) : 0; n && !taken; n--) {
        oncpu_spin_ns(ONCPU_GLANCE_DISTANCE);
        taken = try_take(w);
    }
    return taken;
}

static bool may_claim(const struct waiter *w, uint64_t now)
{
    bool sleepers = __atomic_load_n(w->lock.word, __ATOMIC_RELAXED) == ONCPU_WORD_CONTENDED;

    return w->mailbox && oncpu_policy_claims(now - w->since, sleepers);
}

static void end_claim(struct waiter *w)
{
    if (w->claims)
        oncpu_claim_end(w->lock.claim, w->self);
    w->claims = false;
}

/* A waiter that has waited for long claims the lock, and takes it when it is offered. */
static bool take_offered(struct waiter *w, uint64_t now)
{
    if (!may_claim(w, now)) {
        end_claim(w);
        return false;
    }
    w->claims = oncpu_claim(w->lock.claim, w->self);
    if (!w->claims || !oncpu_offer_accept(w->mailbox, w->lock.word))
        return false;
    w->counts.handed++;
    if (w->mark == ONCPU_WORD_CONTENDED) /* relaxed: it is the owner's, and only a mark */
        __atomic_store_n(w->lock.word, ONCPU_WORD_CONTENDED, __ATOMIC_RELAXED);
    return true;
}

#define CLAIMS_WITHIN 10000u /* ns: a setting above that (ONCPU_HANDOFF_NS) comes too late for who comes from a rest */

static bool can_claim(const struct waiter *w)
{
    return w->mailbox && oncpu_policy_claims(CLAIMS_WITHIN, false);
}

/* What to do now. Who comes from a rest and cannot claim the lock, or not before another, leaves it alone again. */
static enum oncpu_verdict look(struct waiter *w, struct oncpu_policy *policy, uint64_t now)
{
    enum oncpu_verdict verdict;

    if (!oncpu_seat_keep(&w->seat, now))
        return ONCPU_SURPLUS;
    if (policy->rested && w->can_claim && !w->claims)
        return ONCPU_REFUSED;
    verdict = oncpu_policy_look(policy, &w->lock, now);
    return policy->rested && !w->can_claim && verdict == ONCPU_ENOUGH ? ONCPU_REFUSED : verdict;
}

/*
 * Spins until it has the lock (ONCPU_TAKEN), or the policy says that it is better not to. `end`: a bound of the caller's. Who comes
 * from a rest spins as long as its claim stands, or, if it cannot claim, for a moment.
 */
static enum oncpu_verdict spin(struct waiter *w, uint64_t end, bool rested)
{
    struct oncpu_policy policy;
    uint64_t begin = w->now;
    uint64_t now = begin;
    enum oncpu_verdict verdict = ONCPU_GO_ON;
    bool taken = false;

    oncpu_policy_begin(&policy, &w->lock, now, rested ? now - w->since + 1 : 0);
    while (!(taken = try_take(w) || take_offered(w, now)) && now < end) {
        verdict = look(w, &policy, now);
        if (verdict != ONCPU_GO_ON)
            break;
        oncpu_spin_ns(w->claims ? ONCPU_CLAIMANTS_DISTANCE : policy.distance);
        now = oncpu_now_ns();
    }
    if (verdict == ONCPU_OWNER_OFF_CPU || (verdict == ONCPU_ENOUGH && !w->mine))
        oncpu_leave_missed(policy.owner);
    w->counts.owner_off_cpu += verdict == ONCPU_OWNER_OFF_CPU;
    w->counts.spin_limit += verdict == ONCPU_ENOUGH;
    w->counts.spin_ns += now - begin;
    oncpu_interrupts_spun(now - begin);
    if (policy.apart)
        oncpu_batch_seen(w->lock.word, (turns_of(w) - policy.first_turns) % ONCPU_TURN_COUNTS, now - begin, now);
    w->now = now;
    w->lost += policy.lost;
    end_claim(w);
    return taken ? ONCPU_TAKEN : verdict;
}

/* The end of spinning that a deadline sets, by CLOCK_MONOTONIC; 0 if it has passed. */
static uint64_t spin_end(const struct oncpu_deadline *deadline)
{
    uint64_t now;
    uint64_t until;

    if (!deadline || (uint64_t)deadline->time->tv_sec >= UINT64_MAX / 1000000000u - 1)
        return UINT64_MAX;
    until = (uint64_t)deadline->time->tv_sec * 1000000000u + (uint64_t)deadline->time->tv_nsec;
    now = oncpu_clock_ns(deadline->clock);
    return until <= now ? 0 : oncpu_now_ns() + (until - now);
}

/*
 * Marks the word and sleeps until woken. Returns 0, with *taken if the mark took the lock, or ETIMEDOUT or EINVAL. The
 * mark is written before every sleep (I1); on a free word it is a lock (I2). Acquire: as in try_take().
 */
static int sleep_once(struct waiter *w, const struct oncpu_deadline *deadline, bool *taken)
{
    uint64_t switches = w->mine ? oncpu_thread_switches(w->mine) : 0;
    uint64_t begin;
    int error;

    *taken = __atomic_exchange_n(w->lock.word, ONCPU_WORD_CONTENDED, __ATOMIC_ACQUIRE) == ONCPU_WORD_FREE;
    if (*taken)
        return 0;
    w->mark = ONCPU_WORD_CONTENDED;
    begin = oncpu_now_ns();
    error = oncpu_futex_wait_of(w->lock.word, ONCPU_WORD_CONTENDED, deadline,
                                w->lock.slot ? ONCPU_FUTEX_SHARED : ONCPU_FUTEX_OWN);
    if (error == EAGAIN)
        return 0;
    w->counts.sleeps++;
    w->now = oncpu_now_ns();
    oncpu_state_slept(w->mine, switches, error ? 0 : w->now - begin);
    oncpu_state_i_run(w->mine);
    return error == EINTR ? 0 : error;
}

/*
 * Leaves the lock alone for `ns`, and claims it then. This sleep is not in the word: the owner need not wake anybody, and has the
 * lock to itself as if there were no others. Nobody depends on this thread meanwhile: it has not been woken (I1).
 */
static enum oncpu_verdict rest(struct waiter *w, uint32_t ns, uint64_t end)
{
    const uint64_t begin = w->now;
    const uint32_t turns = turns_of(w);
    struct oncpu_rest seen;

    oncpu_nap_until(begin + ns);
    w->counts.rests++;
    w->now = oncpu_now_ns();
    oncpu_state_i_run(w->mine);
    seen.now = w->now;
    seen.ns = w->now - begin;
    seen.turns = (turns_of(w) - turns) % ONCPU_TURN_COUNTS;
    seen.free = __atomic_load_n(w->lock.word, __ATOMIC_RELAXED) == ONCPU_WORD_FREE;
    oncpu_policy_rested(&seen);
    return spin(w, end, true);
}

/* Looks for a seat. Meanwhile the lock is left alone, but for the look that tells how fast it turns over. */
static enum oncpu_verdict sit(struct waiter *w, uint64_t end)
{
    enum oncpu_verdict verdict = ONCPU_SURPLUS;
    uint32_t turns = turns_of(w);
    uint32_t seats;

    for (uint32_t asked = 0; verdict == ONCPU_SURPLUS && w->now < end; asked++) {
        seats = oncpu_policy_seats(w->lock.word, asked, w->lost);
        if (!seats)
            break;
        if (oncpu_seat_take(&w->seat, w->lock.word, seats, w->now))
            return ONCPU_GO_ON;
        oncpu_spin_ns(ONCPU_SEAT_WAIT);
        if (try_take(w))
            verdict = ONCPU_TAKEN;
        w->now = oncpu_now_ns();
        w->lost = (turns_of(w) - turns) % ONCPU_TURN_COUNTS;
    }
    return verdict;
}

static enum oncpu_verdict spin_seated(struct waiter *w, uint64_t end)
{
    enum oncpu_verdict verdict;
    uint64_t begin;

    w->now = begin = oncpu_now_ns(); /* it may have offered its CPU meanwhile */
    verdict = sit(w, end);
    w->counts.spin_ns += w->now - begin;
    if (verdict == ONCPU_GO_ON)
        verdict = spin(w, end, false);
    oncpu_seat_leave(&w->seat);
    return verdict;
}

/* The first part of a wait that does not begin with a rest. *ns: the rest with which it goes on. */
static enum oncpu_verdict spin_first(struct waiter *w, uint64_t end, uint32_t *ns)
{
    uint64_t begin = w->now;
    enum oncpu_verdict verdict = oncpu_policy_has_seats() ? spin_seated(w, end) : spin(w, end, false);

    if (verdict != ONCPU_SURPLUS)
        return verdict;
    *ns = oncpu_policy_surplus(w->lock.word, w->now, w->now - begin, w->lost);
    return *ns == ONCPU_AT_ONCE ? ONCPU_ENOUGH : ONCPU_REFUSED;
}

/* Half of what a deadline leaves, at most: there must be time to claim the lock. */
static uint32_t bounded(uint32_t ns, const struct waiter *w, uint64_t end)
{
    uint64_t left = w->now < end ? end - w->now : 0;

    return left / 2 < ns ? (uint32_t)(left / 2) : ns;
}

/* What comes before any sleep in the futex. */
static bool wait_outside(struct waiter *w, uint64_t end)
{
    enum oncpu_verdict verdict = ONCPU_REFUSED;
    uint32_t ns = oncpu_policy_first(w->lock.word, w->now);

    if (ns == ONCPU_AT_ONCE || !oncpu_spin_allowed())
        return try_take(w);
    if (ns == 0)
        verdict = spin_first(w, end, &ns);
    while (verdict == ONCPU_REFUSED && ns && w->now < end) {
        verdict = rest(w, bounded(ns, w, end), end);
        if (verdict == ONCPU_REFUSED)
            ns = oncpu_policy_next_rest(ns, w->now - w->since);
    }
    return verdict == ONCPU_TAKEN;
}

static void note(const struct waiter *w, bool taken)
{
    oncpu_policy_note(&(struct oncpu_wait){
        .word = w->lock.word,
        .begin = w->since,
        .end = w->now,
        .turns = (turns_of(w) - w->turns) % ONCPU_TURN_COUNTS,
        .lost = w->lost,
        .rested = w->counts.rests > 0,
        .handed = w->counts.handed > 0,
        .can_claim = w->can_claim,
        .taken = taken,
    });
}

static bool spins_again(const struct waiter *w)
{
    return oncpu_spin_allowed() && oncpu_policy_spins_again(w->now - w->since);
}

static int wait(struct waiter *w, const struct oncpu_deadline *deadline)
{
    uint64_t end = spin_end(deadline);
    bool taken = wait_outside(w, end);
    int error = 0;

    if (taken || w->counts.spin_limit || w->counts.rests)
        note(w, taken);
    while (!taken && !error) {
        error = sleep_once(w, deadline, &taken);
        if (!taken)
            taken = spins_again(w) ? spin(w, end, false) == ONCPU_TAKEN : try_take(w);
    }
    if (taken) {
        oncpu_policy_got(w->now);
        oncpu_leave_plan(w->lock.claim, w->mine, w->now);
    }
    return taken ? 0 : error;
}

/* As glibc has it: a time before 1970 has passed, whatever tv_nsec says (nptl, futex-internal.c). */
static int check(const struct timespec *time)
{
    if (time->tv_sec < 0)
        return ETIMEDOUT;
    return time->tv_nsec < 0 || time->tv_nsec > 999999999 ? EINVAL : 0;
}

/* To make it takes calls (mmap, madvise) that a sandbox may not allow. */
static uint64_t *mailbox_for(uint32_t self)
{
    return oncpu_state_in_sandbox() ? oncpu_record_mailbox(self) : oncpu_record_mailbox_for(self);
}

static int wait_long(struct waiter *w, const struct oncpu_deadline *deadline)
{
    w->self = oncpu_self_tid();
    w->mailbox = w->lock.claim ? mailbox_for(w->self) : NULL;
    w->mine = oncpu_state_self();
    w->can_claim = can_claim(w);
    oncpu_state_i_run(w->mine);
    /* where nobody has a record; not by this thread's own: a flag that flaps would disturb every owner */
    oncpu_self_tell_cpu(__atomic_load_n(&oncpu_state_source, __ATOMIC_RELAXED) == ONCPU_SOURCE_NONE);
    w->turns = turns_of(w);
    w->now = oncpu_now_ns();
    w->since = w->now - (uint64_t)(ONCPU_GLANCE_DISTANCE * oncpu_policy_glances(w->lock.word));
    return wait(w, deadline);
}

int oncpu_lock_wait(struct oncpu_lock lock, const struct oncpu_deadline *deadline)
{
    struct waiter w = {.lock = lock, .mark = ONCPU_WORD_HELD};
    int error = deadline ? check(deadline->time) : 0;

    if (error)
        return error;
    if (!glance(&w))
        error = wait_long(&w, deadline);
    if (!error)
        oncpu_batch_got(w.lock.word, w.lock.turns);
    w.counts.contended = 1;
    w.counts.slept = w.counts.sleeps + w.counts.rests > 0;
    w.counts.spun = !error && !w.counts.slept;
    w.counts.timed_out = error == ETIMEDOUT;
    oncpu_stats_add(&w.counts);
    return error;
}

static void wake(const uint32_t *word, int whose)
{
    oncpu_futex_wake_of(word, 1, whose);
    /* somebody slept on a lock of this thread's: it is an owner whose state others want to know */
    oncpu_state_self();
}

int oncpu_lock_wake(const uint32_t *word)
{
    wake(word, ONCPU_FUTEX_OWN);
    return 0;
}

void oncpu_lock_wake_shared(const uint32_t *word)
{
    wake(word, ONCPU_FUTEX_SHARED);
}
