/* SPDX-License-Identifier: MIT */
/*
 * What a thread remembers of the turns of others while it spun.
 */
#include "disturb.h"

#define TURNS 128u /* so many, about: older ones count half */
#define FADES 16u
#define TIMES 4u /* turns that are longer than others by ... */
#define PARTS 3u /* ... this: more than chance has it */

static __thread struct {
    uint64_t spun; /* ns */
    uint64_t turns;
} seen __attribute__((tls_model("initial-exec")));

void oncpu_disturb_spun(uint64_t ns, uint64_t turns)
{
    seen.spun += ns;
    seen.turns += turns;
    if (seen.turns > TURNS) {
        seen.spun /= 2;
        seen.turns /= 2;
    }
}

bool oncpu_disturb_rested(uint64_t ns)
{
    return ns * seen.turns * TIMES < seen.spun * PARTS;
}

void oncpu_disturb_fade(void)
{
    seen.spun /= FADES;
    seen.turns /= FADES;
}
