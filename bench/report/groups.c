/* SPDX-License-Identifier: MIT */
/* Cells by what they have in common, for figures over the number of threads. */
#include "cells.h"

#include "../harness/memory.h"

bool bench_groups_same(const struct bench_series *a, const struct bench_series *b)
{
    struct bench_series c = *b;

    c.cell.threads = a->cell.threads;
    return bench_series_same_cell(a, &c);
}

static void add(struct bench_group *group, const struct bench_compared *cell)
{
    unsigned at = group->n++;

    group->cells = bench_realloc(group->cells, group->n * sizeof(const struct bench_compared *));
    for (; at > 0 && group->cells[at - 1]->first->cell.threads > cell->first->cell.threads; at--)
        group->cells[at] = group->cells[at - 1];
    group->cells[at] = cell;
}

static struct bench_group *group_of(struct bench_group *groups, unsigned n, const struct bench_compared *cell)
{
    for (unsigned i = 0; i < n; i++) {
        if (bench_groups_same(groups[i].cells[0]->first, cell->first))
            return &groups[i];
    }
    return NULL;
}

struct bench_group *bench_groups_make(const struct bench_cells *cells, unsigned *n)
{
    struct bench_group *groups = NULL;

    *n = 0;
    for (unsigned i = 0; i < cells->n; i++) {
        struct bench_group *group = group_of(groups, *n, &cells->at[i]);

        if (cells->at[i].n == 0)
            continue;
        if (!group) {
            groups = bench_realloc(groups, (*n + 1) * sizeof(*groups));
            group = &groups[(*n)++];
            *group = (struct bench_group){0, NULL};
        }
        add(group, &cells->at[i]);
    }
    return groups;
}

void bench_groups_free(struct bench_group *groups, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        free(groups[i].cells);
    free(groups);
}
