/* SPDX-License-Identifier: MIT */
/* The differences in words. */
#include "diff.h"

#include "../harness/memory.h"
#include "cells.h"
#include "significance.h"

#include <math.h>

static const char *const titles[] = {
    [BENCH_TOO_FEW] = "Too few rounds to tell",
    [BENCH_CHANCE] = "May be chance",
    [BENCH_SMALL] = "Certain, but within the threshold",
    [BENCH_BETTER] = "Better",
    [BENCH_WORSE] = "Worse",
};

static int compare(const void *left, const void *right)
{
    const struct bench_difference *const *a = left, *const *b = right;
    double x = fabs(log((*a)->ratio)), y = fabs(log((*b)->ratio));

    return (x < y) - (x > y);
}

static void print_one(FILE *out, const struct bench_difference *d)
{
    char cell[BENCH_CELL_NAME];

    bench_cells_name(d->a, cell);
    fprintf(out, "  %7.3f x  p %-7.2g %-22s  %-16s  %s\n", d->ratio, d->p, d->metric->name, d->a->subject, cell);
}

static void print_verdict(FILE *out, const struct bench_diff *diff, enum bench_verdict verdict)
{
    const struct bench_difference **sorted = bench_realloc(NULL, (diff->n + 1) * sizeof(*sorted));
    unsigned n = 0;

    for (unsigned i = 0; i < diff->n; i++) {
        if (diff->at[i].verdict == verdict)
            sorted[n++] = &diff->at[i];
    }
    if (n)
        fprintf(out, "\n%s:\n", titles[verdict]);
    qsort(sorted, n, sizeof(*sorted), compare);
    for (unsigned i = 0; i < n; i++)
        print_one(out, sorted[i]);
    free(sorted);
}

static void print_machines(FILE *out, struct bench_machine a, struct bench_machine b)
{
    for (const struct bench_machine_fact *f = bench_machine_facts; f->name; f++) {
        const char *x = bench_machine_fact(&a, f), *y = bench_machine_fact(&b, f);

        if (strcmp(x, y) != 0)
            fprintf(out, "%s: %s -> %s\n", f->title, *x ? x : "-", *y ? y : "-");
    }
    if (a.cpus != b.cpus)
        fprintf(out, "CPUs: %u -> %u\n", a.cpus, b.cpus);
}

static void print_rules(FILE *out, const struct bench_diff *diff)
{
    unsigned tested = diff->n - diff->verdicts[BENCH_TOO_FEW], needed = bench_diff_rounds_needed(tested);

    fprintf(out,
            "\nFigures are B's median by A's%s; p is that of Mann and Whitney's test over rounds, corrected for\n"
            "%u comparisons (Benjamini, Hochberg); significant: at most %g, and more than %g %% apart.\n",
            diff->rules.relative ? ", each by pthread's of the same round" : "", tested, bench_significant,
            100 * diff->rules.threshold);
    if (diff->verdicts[BENCH_TOO_FEW])
        fprintf(out, "Of %u figures nothing can be said: too few rounds (4 in each file are enough).\n",
                diff->verdicts[BENCH_TOO_FEW]);
    if (tested && diff->fewest < needed)
        fprintf(out,
                "With %u rounds a change shows only when many figures change; %u rounds in each file would show a\n"
                "single one among so many. --subject compares fewer.\n",
                diff->fewest, needed);
}

void bench_diff_print(FILE *out, const struct bench_document *a, const struct bench_document *b,
                      const struct bench_diff *diff, bool all)
{
    fprintf(out, "A: %s\nB: %s\n", a->path, b->path);
    print_machines(out, a->machine, b->machine);
    print_verdict(out, diff, BENCH_WORSE);
    print_verdict(out, diff, BENCH_BETTER);
    for (int v = BENCH_SMALL; all && v >= BENCH_TOO_FEW; v--)
        print_verdict(out, diff, (enum bench_verdict)v);
    print_rules(out, diff);
    if (diff->only_a || diff->only_b)
        fprintf(out, "Series that only one file has: A %u, B %u.\n", diff->only_a, diff->only_b);
    if (diff->n == 0)
        fputs("The files have nothing in common that could be compared.\n", out);
    fprintf(out, "\nWorse: %u. Better: %u. Certain, but within the threshold: %u. May be chance: %u.\n",
            diff->verdicts[BENCH_WORSE], diff->verdicts[BENCH_BETTER], diff->verdicts[BENCH_SMALL],
            diff->verdicts[BENCH_CHANCE]);
}
