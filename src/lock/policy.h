/* SPDX-License-Identifier: MIT */
/*
 * The waiting policy: go on spinning, or sleep; and when to look again.
 */
#ifndef ONCPU_LOCK_POLICY_H
#define ONCPU_LOCK_POLICY_H

#include "lock.h"

#include <oncpu/thread_state_abi.h>

#define ONCPU_CLAIMANTS_DISTANCE 30u /* ns between the looks of a claimant: the lock is idle until it notices */

enum oncpu_verdict {
    ONCPU_GO_ON,
    ONCPU_TAKEN,         /* by then it has the lock */
    ONCPU_OWNER_OFF_CPU, /* sleep: the owner does not run */
    ONCPU_ENOUGH,        /* sleep: it has taken long enough, or others are faster */
    ONCPU_REFUSED,       /* rest: the claim of a thread that comes from a rest was not heard, ... */
    ONCPU_SURPLUS,       /* ... or enough others spin for this lock */
};

/* What the part of a wait that comes before any sleep in the futex came to. */
struct oncpu_wait {
    const uint32_t *word; /* the lock's */
    uint64_t begin;
    uint64_t end;
    uint32_t turns; /* that others had */
    uint32_t lost;  /* ... while this thread spun */
    bool rested;
    bool handed;
    bool can_claim; /* this thread could be handed the lock */
    bool taken;
};

/* What a thread sees that comes from a rest. */
struct oncpu_rest {
    uint64_t now;   /* it is over; */
    uint64_t ns;    /* so long it took, */
    uint32_t turns; /* ... so many turns others had, */
    bool free;      /* ... and now the lock is free */
};

/* What one waiter has seen of the lock since it began to spin. */
struct oncpu_policy {
    uint32_t distance;                        /* ns until the next look: for the caller */
    uint32_t ceiling;                         /* where the distance stops growing */
    uint64_t begin;                           /* when it began to spin */
    uint64_t looked;                          /* when it looked last */
    int64_t late_least;                       /* by how much (ns) its looks are late at least */
    uint64_t owner_since;                     /* when it saw this owner first */
    uint32_t owner;                           /* tid */
    bool apart;                               /* it leaves the lock alone at first (batch.h) */
    bool rested;                              /* it comes from a rest: it spins for the sake of a claim, ... */
    uint64_t waited;                          /* ... and had waited for so long */
    uint32_t first_turns;                     /* of the lock, when it began */
    uint32_t turns;                           /* ... at the last look */
    uint32_t lost;                            /* turns that others had since it began */
    const struct oncpu_thread_record *record; /* the owner's */
};

/* How many looks, at such a distance (ns), come before anything else. */
int oncpu_policy_glances(const uint32_t *word);
#define ONCPU_GLANCE_DISTANCE 30u

/* How a wait for this lock begins: 0: spinning; ONCPU_AT_ONCE: sleeping in the futex; otherwise with a rest of so many ns. */
uint32_t oncpu_policy_first(const uint32_t *word, uint64_t now);
#define ONCPU_AT_ONCE UINT32_MAX

/* On how many cores waiters must have seats (seats.h) to spin: on two there is one who waits while the owner runs. */
bool oncpu_policy_has_seats(void);

/* How many seats there are for who has asked `asked` times before; 0: it has asked often enough. */
uint32_t oncpu_policy_seats(const uint32_t *word, uint32_t asked, uint32_t turns);
#define ONCPU_SEAT_WAIT 1000u /* ns between two times; since the first there were `turns` */

/*
 * What a waiter does for whom there is no seat, and who has seen that the others had so many turns in `ns`: a rest of so many ns, or
 * ONCPU_AT_ONCE.
 */
uint32_t oncpu_policy_surplus(const uint32_t *word, uint64_t now, uint64_t ns, uint32_t turns);

/* Whether there is always somebody who waits for this lock, as far as this thread knows. */
bool oncpu_policy_is_busy(const uint32_t *word);

/* A rest is over. */
void oncpu_policy_rested(const struct oncpu_rest *rest);

/* The rest (ns) after one of so long, if the claim was refused, of a thread that has waited for so long; 0: none. */
uint32_t oncpu_policy_next_rest(uint32_t rest, uint64_t waited);

/* Whether a waiter that has waited for so long (ns) spins after a wake-up. */
bool oncpu_policy_spins_again(uint64_t waited);

/* The first part of a wait is over. */
void oncpu_policy_note(const struct oncpu_wait *wait);

/* A wait is over: the thread has the lock. */
void oncpu_policy_got(uint64_t now);

/* Whether the owner hands this lock over to who claims it. */
bool oncpu_policy_hands_over(const uint32_t *word);

/* Whether a waiter that has waited for so long claims the lock, while others sleep or not. */
bool oncpu_policy_claims(uint64_t waited, bool sleepers);

/* Begins a spin at the time `now`; `rested`: after a rest, having waited for so long, or 0. */
void oncpu_policy_begin(struct oncpu_policy *policy, const struct oncpu_lock *lock, uint64_t now, uint64_t rested);

/* Looks at a lock that is held; says what to do, and sets the distance to the next look. */
enum oncpu_verdict oncpu_policy_look(struct oncpu_policy *policy, const struct oncpu_lock *lock, uint64_t now);

/* For how long, ns, a waiter spins for one owner that it sees in this state all the time; 0: it does not spin. */
uint32_t oncpu_policy_bound(uint32_t state);

#endif
