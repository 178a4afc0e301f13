/* SPDX-License-Identifier: MIT */
/*
 * How many seats there are for a thread, and how it rests if it finds none.
 */
#include "surplus.h"

#include "crowd.h"
#include "seats.h"

#define SEAT_TRIES 3u     /* so often one looks for a seat, as long as there are ... */
#define SEAT_TURNS 2u     /* ... fewer turns than this each time, where there is always somebody; */
#define SEAT_PATIENCE 16u /* so often where the others may be gone soon, as long as there is ... */
#define SEAT_PACE 4u      /* ... one in so many times: longer ones are worth a sleep */
#define STEP 5000u        /* a rest takes so long for each of those who do the same, about, ... */
#define REST_LEAST 10000u /* ... not less than this, ... */
#define REST_MOST 400000u /* ... and not more; */
#define IDLE_TURN 10000u  /* a turn takes so long, if there was none to be seen; */
/* if the lock was idle for half of it, the thread sleeps in the futex instead, in the next so many waits */
#define OFF_LEAST 16u
#define OFF_MOST 4096u /* reached by four times as many each time */

static __thread struct {
    bool is;         /* in this wait there was no seat, ... */
    uint32_t turn;   /* ... while turns took so long, ... */
    uint32_t others; /* ... and so many others had none */
    uint32_t off;    /* in so many waits more that is no reason to rest, ... */
    uint32_t wrong;  /* ... of so many */
} memory __attribute__((tls_model("initial-exec")));

void oncpu_surplus_begin(void)
{
    memory.is = false;
}

bool oncpu_surplus_is(void)
{
    return memory.is;
}

/*
 * The first seat is for everybody. More of them help where turns are long, as the line then stays where it is for longer than it
 * takes to fetch it, and somebody is to be there when it comes; but not where there is always somebody.
 */
uint32_t oncpu_policy_seats(const uint32_t *word, uint32_t asked, uint32_t turns)
{
    if (asked == 0) {
        memory.off -= memory.off > 0;
        return 1;
    }
    if (memory.off == 0 && oncpu_policy_is_busy(word))
        return asked < SEAT_TRIES && turns < asked * SEAT_TURNS ? 1 : 0;
    return asked < SEAT_TRIES || (asked < SEAT_PATIENCE && turns * SEAT_PACE >= asked) ? ONCPU_SEATS : 0;
}

/* Not the same for all, who else would come back all at once. */
static uint32_t a_rest(uint64_t differs)
{
    uint64_t about = (uint64_t)memory.others * STEP;

    about = about < REST_LEAST ? REST_LEAST : about > REST_MOST ? REST_MOST : about;
    return (uint32_t)(about / 2 + differs % about);
}

uint32_t oncpu_policy_surplus(const uint32_t *word, uint64_t now, uint64_t ns, uint32_t turns)
{
    if (memory.off)
        return ONCPU_AT_ONCE;
    word++; /* whoever rests for the lack of a seat is counted by an address of its own */
    memory.is = true;
    memory.turn = turns && ns / turns < IDLE_TURN ? (uint32_t)(ns / turns) : IDLE_TURN;
    memory.others = oncpu_crowd_others(word, now);
    oncpu_crowd_enter(word, now);
    return a_rest(now);
}

uint32_t oncpu_surplus_next_rest(uint64_t differs)
{
    return memory.off ? 0 : a_rest(differs);
}

/* The others may have come all at once, and are gone: as after a barrier. Nobody can wake who rests. */
void oncpu_surplus_rested(const struct oncpu_rest *rest)
{
    if ((uint64_t)rest->turns * memory.turn * 2u >= rest->ns) {
        memory.wrong /= 2u;
        return;
    }
    memory.wrong = memory.wrong * 4u < OFF_LEAST  ? OFF_LEAST
                   : memory.wrong * 4u > OFF_MOST ? OFF_MOST
                                                  : memory.wrong * 4u;
    memory.off = memory.wrong;
}
