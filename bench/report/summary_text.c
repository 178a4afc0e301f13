/* SPDX-License-Identifier: MIT */
/* The summary in words. */
#include "summary.h"

void bench_summary_sentence(const struct bench_summary *s, char *text, size_t size)
{
    const struct bench_tally *t = &s->best.throughput;
    char cell[BENCH_CELL_NAME];

    if (t->n == 0) {
        snprintf(text, size, "Nothing to compare: no contended cell has figures of %s and of a fair lock of others.",
                 s->subject);
        return;
    }
    bench_cells_name(t->worst_cell->first, cell);
    int n = snprintf(
        text, size,
        "In %u of %u contended cells %s has at least the throughput of the best other fair lock, in %u it is "
        "less than %.0f %% behind, in %u more; on average (geometric) %.2f x, in the worst cell %.2f x (%s; the "
        "best there: %s).",
        t->lead, t->n, s->subject, t->n - t->lead - t->bad, 100 * (1 - bench_summary_behind), t->bad,
        bench_tally_mean(t), t->worst, cell, t->worst_peer);

    if (n > 0 && (size_t)n < size && (s->alone || s->missing))
        snprintf(text + n, size - (size_t)n,
                 " Not counted: %u cells where no other lock was fair, %u without figures of %s.", s->alone, s->missing,
                 s->subject);
}

static void print_tally(FILE *out, const char *peer, const struct bench_tally *t)
{
    char cell[BENCH_CELL_NAME];

    if (t->n == 0)
        return;
    bench_cells_name(t->worst_cell->first, cell);
    fprintf(out, "  %-18s %5u %8.2f x %6u %6u %8.2f x  %s\n", peer, t->n, bench_tally_mean(t), t->lead, t->bad,
            t->worst, cell);
}

static const struct kind {
    const char *title;
    size_t offset;
    const char *note; /* what the columns count */
} kinds[] = {
    {"Throughput, more is better", offsetof(struct bench_against, throughput),
     "ahead: at least 1; behind: below 0.97, of the best below 0.95"},
    {"CPU time per operation, less is better", offsetof(struct bench_against, cpu),
     "ahead: at most 1; behind: above 1.1"},
    {"Wait, p99.9, less is better", offsetof(struct bench_against, wait), "ahead: at most 1; behind: above 1"},
};

static const struct bench_tally *tally_of(const struct bench_against *against, const struct kind *kind)
{
    return (const struct bench_tally *)((const char *)against + kind->offset);
}

static void print_kind(FILE *out, const struct bench_summary *s, const struct kind *kind)
{
    fprintf(out, "\n%s (%s)\n  %-18s %5s %10s %6s %6s %10s  %s\n", kind->title, kind->note, "by that of", "cells",
            "mean", "ahead", "behind", "worst", "in");
    print_tally(out, "best other (fair)", tally_of(&s->best, kind));
    for (unsigned i = 0; i < s->npeers; i++)
        print_tally(out, s->peers[i].peer, tally_of(&s->peers[i], kind));
}

static void print_rest(FILE *out, const char *title, const struct bench_tally *t)
{
    char cell[BENCH_CELL_NAME];

    if (t->n == 0)
        return;
    bench_cells_name(t->worst_cell->first, cell);
    fprintf(out, "\n%s: %.2f x on average of %u cells, below 0.97 in %u; worst %.2f x (%s).\n", title,
            bench_tally_mean(t), t->n, t->bad, t->worst, cell);
}

void bench_summary_print(FILE *out, const struct bench_summary *s)
{
    char sentence[600];

    bench_summary_sentence(s, sentence, sizeof(sentence));
    for (unsigned k = 0; s->contended && k < sizeof(kinds) / sizeof(kinds[0]); k++)
        print_kind(out, s, &kinds[k]);
    print_rest(out, "Without contention, throughput by pthread's", &s->quiet);
    print_rest(out, "Programs, throughput with the drop-in by that without", &s->programs);
    if (s->left_out || s->alone || s->unfair)
        fprintf(out,
                "\nFairness, in contended cells: other locks were left out of \"best other\" %u times, because Jain's "
                "index\nwas below %.1f; in %u cells that left none. %s itself was below it in %u cells.\n",
                s->left_out, bench_summary_fair, s->alone, s->subject, s->unfair);
    if (s->missing)
        fprintf(out, "\n%s has no figures in %u cells where others have.\n", s->subject, s->missing);
    fprintf(out, "\n%s\n", sentence);
}
