/* SPDX-License-Identifier: MIT */
/* Sorts results into cells, and says what a cell is. */
#include "cells.h"

#include "../harness/conditions.h"
#include "../harness/memory.h"
#include "../harness/registry.h"

#include <math.h>

/* The least share of time that the sections of all threads would fill if nobody ever waited. */
static const double busy = 0.5;

static struct bench_compared *cell_of(struct bench_cells *cells, const struct bench_series *series)
{
    /* Series of a cell lie together as a rule. */
    for (unsigned i = cells->n; i-- > 0;) {
        if (bench_series_same_cell(cells->at[i].first, series))
            return &cells->at[i];
    }
    cells->at = bench_realloc(cells->at, (cells->n + 1) * sizeof(*cells->at));
    struct bench_compared *cell = &cells->at[cells->n++];

    *cell = (struct bench_compared){series, 0, NULL};
    return cell;
}

static void note_subject(struct bench_cells *cells, const char *name)
{
    for (unsigned i = 0; i < cells->nsubjects; i++) {
        if (strcmp(cells->subjects[i], name) == 0)
            return;
    }
    cells->subjects = bench_realloc(cells->subjects, (cells->nsubjects + 1) * sizeof(*cells->subjects));
    cells->subjects[cells->nsubjects++] = name;
}

void bench_cells_sort(const struct bench_results *results, struct bench_cells *cells)
{
    memset(cells, 0, sizeof(*cells));
    for (unsigned i = 0; i < results->nseries; i++) {
        const struct bench_series *s = &results->series[i];
        struct bench_compared *cell = cell_of(cells, s);

        if (!bench_series_measured(s))
            continue;
        cell->series = bench_realloc(cell->series, (cell->n + 1) * sizeof(*cell->series));
        cell->series[cell->n++] = s;
        note_subject(cells, s->subject);
    }
}

void bench_cells_free(struct bench_cells *cells)
{
    for (unsigned i = 0; i < cells->n; i++)
        free(cells->at[i].series);
    free(cells->at);
    free(cells->subjects);
    memset(cells, 0, sizeof(*cells));
}

const struct bench_series *bench_cells_find(const struct bench_compared *cell, const char *subject)
{
    for (unsigned i = 0; i < cell->n; i++) {
        if (strcmp(cell->series[i]->subject, subject) == 0)
            return cell->series[i];
    }
    return NULL;
}

double bench_cells_ratio(const struct bench_series *a, const struct bench_series *b, size_t offset)
{
    return bench_measure_ratio(a->rounds, b->rounds, a->nrounds < b->nrounds ? a->nrounds : b->nrounds, offset);
}

double bench_cells_median(const struct bench_series *series, size_t offset)
{
    struct bench_measure median = bench_measure_median(series->rounds, series->nrounds);

    return *(const double *)((const char *)&median + offset);
}

bool bench_cells_contended(const struct bench_cell *cell)
{
    double turn = cell->cs_ns + cell->outside_ns;

    return cell->threads >= 2 && (turn == 0 || cell->threads * cell->cs_ns / turn >= busy);
}

bool bench_cells_ours(const char *subject)
{
    return strncmp(subject, "oncpu", 5) == 0 || strstr(subject, "dropin") || strstr(subject, "drop-in");
}

void bench_cells_time(double ns, int digits, char text[24])
{
    double value = ns;
    const char *unit = "ns";

    if (ns >= 0.9995e9) {
        value = ns * 1e-9;
        unit = "s";
    } else if (ns >= 0.9995e6) {
        value = ns * 1e-6;
        unit = "ms";
    } else if (ns >= 0.9995e3) {
        value = ns * 1e-3;
        unit = "us";
    }
    if (value >= 100)
        snprintf(text, 24, "%.0f %s", value, unit);
    else
        snprintf(text, 24, "%.*g %s", digits, value, unit);
}

unsigned bench_cells_cpus(const struct bench_cell *cell, unsigned of_machine)
{
    return cell->cpus && cell->cpus < of_machine ? cell->cpus : of_machine;
}

unsigned bench_cells_take(const struct bench_series *series)
{
    const struct bench_workload *workload = series->workload ? bench_workload_find(series->workload) : NULL;

    if (workload)
        return workload->takes;
    /* Saved by another version of this program. */
    return (series->cell.cs_ns > 0 ? BENCH_TAKES_CS : 0) | (series->cell.outside_ns > 0 ? BENCH_TAKES_OUTSIDE : 0);
}

void bench_cells_name_group(const struct bench_series *series, char name[BENCH_CELL_NAME])
{
    const struct bench_cell *cell = &series->cell;
    char time[24], inside[40] = "", outside[40] = "", lines[40] = "", conditions[60];

    bench_cells_time(cell->cs_ns, 3, time);
    if (bench_cells_take(series) & BENCH_TAKES_CS)
        snprintf(inside, sizeof(inside), ", %s inside", time);
    bench_cells_time(cell->outside_ns, 3, time);
    if (bench_cells_take(series) & BENCH_TAKES_OUTSIDE)
        snprintf(outside, sizeof(outside), ", %s outside", time);
    if (cell->lines > 1)
        snprintf(lines, sizeof(lines), ", %u cache lines", cell->lines);
    bench_conditions_describe(cell, conditions, sizeof(conditions));
    snprintf(name, BENCH_CELL_NAME, "%.60s%s%s%s%s", series->workload ? series->workload : series->group, inside,
             outside, lines, conditions);
}

void bench_cells_name(const struct bench_series *series, char name[BENCH_CELL_NAME])
{
    char group[BENCH_CELL_NAME];

    bench_cells_name_group(series, group);
    size_t head = strcspn(group, ",");

    snprintf(name, BENCH_CELL_NAME, "%.*s, %u thread%s%s", (int)head, group, series->cell.threads,
             series->cell.threads == 1 ? "" : "s", group + head);
}
