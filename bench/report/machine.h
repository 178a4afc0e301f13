/* SPDX-License-Identifier: MIT */
/* Where figures were taken: without it they mean nothing to somebody else. */
#ifndef BENCH_MACHINE_H
#define BENCH_MACHINE_H

#include <stddef.h>

enum { BENCH_FACT = 160 };

/* A fact that cannot be found out is "". */
struct bench_machine {
    unsigned cpus; /* that the process may use */
    char cpu[BENCH_FACT];
    char memory[BENCH_FACT];
    char kernel[BENCH_FACT];
    char governor[BENCH_FACT];
    char virtualised[BENCH_FACT];
    char libc[BENCH_FACT];
    char compiler[BENCH_FACT];
    char oncpu[BENCH_FACT];
    char source[BENCH_FACT];
    char source_reason[BENCH_FACT];
    char date[BENCH_FACT];
};

struct bench_machine_fact {
    const char *name;  /* in JSON */
    const char *title; /* for people */
    size_t offset;
};

/* All that are text; the last one's name is NULL. */
extern const struct bench_machine_fact bench_machine_facts[];

static inline char *bench_machine_fact(struct bench_machine *machine, const struct bench_machine_fact *fact)
{
    return (char *)machine + fact->offset;
}

/* Not while a lock is in use. */
void bench_machine_describe(struct bench_machine *machine);

#endif
