/* SPDX-License-Identifier: MIT */
/* Which of a thread's queue nodes are in use, for locks that keep one until they are released. */
#ifndef BENCH_NODES_H
#define BENCH_NODES_H

#include <stdio.h>
#include <stdlib.h>

/* So many locks of one kind can a thread hold at once. */
enum { BENCH_NODES = 16 };

/* `used` has a bit for each node; the caller's thread alone reads and writes it. */
static inline unsigned bench_node_take(unsigned *used)
{
    unsigned node = (unsigned)__builtin_ctz(~*used);

    if (node >= BENCH_NODES) {
        fprintf(stderr, "oncpu-bench: a thread holds more than %d locks\n", BENCH_NODES);
        abort();
    }
    *used |= 1u << node;
    return node;
}

static inline void bench_node_drop(unsigned *used, unsigned node)
{
    *used &= ~(1u << node);
}

#endif
