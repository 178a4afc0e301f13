/* SPDX-License-Identifier: MIT */
/* Adds up ratios over cells. */
#include "summary.h"

#include "../harness/memory.h"

#include <math.h>

const double bench_summary_fair = 0.8;
const double bench_summary_behind = 0.95;

/* What is called worse, against one named lock. */
static const double slower = 0.97, costlier = 1.1;

#define OFFSET(field) offsetof(struct bench_measure, field)

static void add_more_is_better(struct bench_tally *t, double ratio, double limit, const struct bench_compared *cell,
                               const char *peer)
{
    if (!(ratio > 0) || !isfinite(ratio))
        return;
    if (t->n == 0 || ratio < t->worst) {
        t->worst = ratio;
        t->worst_cell = cell;
        t->worst_peer = peer;
    }
    t->n++;
    t->log_sum += log(ratio);
    t->lead += ratio >= 1;
    t->bad += ratio < limit;
}

static void add_less_is_better(struct bench_tally *t, double ratio, double limit, const struct bench_compared *cell,
                               const char *peer)
{
    if (!(ratio > 0) || !isfinite(ratio))
        return;
    if (t->n == 0 || ratio > t->worst) {
        t->worst = ratio;
        t->worst_cell = cell;
        t->worst_peer = peer;
    }
    t->n++;
    t->log_sum += log(ratio);
    t->lead += ratio <= 1;
    t->bad += ratio > limit;
}

double bench_tally_mean(const struct bench_tally *tally)
{
    return tally->n ? exp(tally->log_sum / tally->n) : NAN;
}

bool bench_summary_is_fair(const struct bench_series *s)
{
    double fairness = bench_cells_median(s, OFFSET(fairness));

    return isnan(fairness) || fairness >= bench_summary_fair;
}

const struct bench_series *bench_summary_best(const struct bench_compared *cell, unsigned *left_out)
{
    const struct bench_series *best = NULL;
    double most = 0;

    for (unsigned i = 0; i < cell->n; i++) {
        const struct bench_series *s = cell->series[i];
        double throughput = bench_cells_median(s, OFFSET(throughput));

        if (bench_cells_ours(s->subject))
            continue;
        if (!bench_summary_is_fair(s)) {
            *left_out += 1;
        } else if (throughput > most) {
            most = throughput;
            best = s;
        }
    }
    return best;
}

static void add(struct bench_against *against, const struct bench_compared *cell, const struct bench_series *ours,
                const struct bench_series *other, double limit)
{
    const char *peer = other->subject;

    add_more_is_better(&against->throughput, bench_cells_ratio(ours, other, OFFSET(throughput)), limit, cell, peer);
    add_less_is_better(&against->cpu, bench_cells_ratio(ours, other, OFFSET(cpu_ns)), costlier, cell, peer);
    add_less_is_better(&against->wait, bench_cells_ratio(ours, other, OFFSET(wait_p999)), 1, cell, peer);
}

static void add_contended(struct bench_summary *s, const struct bench_compared *cell, const struct bench_series *ours)
{
    const struct bench_series *best = bench_summary_best(cell, &s->left_out);

    s->contended++;
    s->alone += !best;
    s->unfair += !bench_summary_is_fair(ours);
    if (best)
        add(&s->best, cell, ours, best, bench_summary_behind);
    for (unsigned i = 0; i < s->npeers; i++) {
        const struct bench_series *other = bench_cells_find(cell, s->peers[i].peer);

        if (other)
            add(&s->peers[i], cell, ours, other, slower);
    }
}

static void add_cell(struct bench_summary *s, const struct bench_compared *cell)
{
    const struct bench_series *ours = bench_cells_find(cell, s->subject);
    const struct bench_series *plain = bench_cells_find(cell, "pthread");

    if (!ours) {
        s->missing += cell->n > 0;
    } else if (bench_cells_contended(&cell->first->cell)) {
        add_contended(s, cell, ours);
    } else if (plain) {
        add_more_is_better(&s->quiet, bench_cells_ratio(ours, plain, OFFSET(throughput)), slower, cell, plain->subject);
    }
}

static void add_program(struct bench_summary *s, const struct bench_compared *cell)
{
    const struct bench_series *plain = bench_cells_find(cell, "pthread");

    for (unsigned i = 0; plain && i < cell->n; i++) {
        if (bench_cells_ours(cell->series[i]->subject))
            add_more_is_better(&s->programs, bench_cells_ratio(cell->series[i], plain, OFFSET(throughput)), slower,
                               cell, plain->subject);
    }
}

void bench_summary_make(const struct bench_cells *cells, const char *subject, struct bench_summary *summary)
{
    memset(summary, 0, sizeof(*summary));
    summary->subject = subject;
    summary->peers = bench_realloc(NULL, (cells->nsubjects + 1) * sizeof(*summary->peers));
    for (unsigned i = 0; i < cells->nsubjects; i++) {
        if (strcmp(cells->subjects[i], subject) != 0)
            summary->peers[summary->npeers++] = (struct bench_against){.peer = cells->subjects[i]};
    }
    for (unsigned i = 0; i < cells->n; i++) {
        if (cells->at[i].first->workload)
            add_cell(summary, &cells->at[i]);
        else
            add_program(summary, &cells->at[i]);
    }
}

void bench_summary_free(struct bench_summary *summary)
{
    free(summary->peers);
    memset(summary, 0, sizeof(*summary));
}
