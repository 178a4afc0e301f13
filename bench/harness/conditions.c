/* SPDX-License-Identifier: MIT */
/* Sets the conditions of a run up and takes them down, in an order in which they do not disturb each other. */
#include "conditions.h"

#include "clock.h"
#include "pin.h"
#include "quota.h"

#include <stdio.h>
#include <string.h>

static void unpin(struct bench_conditions *c)
{
    if (c->cell->cpus)
        bench_unpin(&c->cpus_before);
}

bool bench_conditions_enter(struct bench_conditions *c, const struct bench_cell *cell, char *why, size_t size)
{
    memset(c, 0, sizeof(*c));
    c->cell = cell;
    if (cell->cpus && !bench_pin(cell->cpus, &c->cpus_before, why, size))
        return false;
    /* The neighbours inherit the CPUs, but not the quota: they are what competes with the measured process. */
    if (!bench_neighbours_start(&c->neighbours, cell->neighbours, why, size)) {
        unpin(c);
        return false;
    }
    if (bench_quota_begin(cell->quota, why, size))
        return true;
    bench_neighbours_end(&c->neighbours);
    unpin(c);
    return false;
}

void bench_conditions_leave(struct bench_conditions *c)
{
    bench_quota_end();
    bench_neighbours_end(&c->neighbours);
    unpin(c);
}

bool bench_conditions_possible(const struct bench_cell *cell, char *why, size_t size)
{
    struct bench_conditions c;

    if (!bench_conditions_enter(&c, cell, why, size))
        return false;
    bench_conditions_leave(&c);
    return true;
}

void bench_conditions_start(struct bench_conditions *c)
{
    c->from_cpu_ns = bench_neighbours_cpu_ns(&c->neighbours);
    c->from_ns = bench_now_ns();
}

void bench_conditions_stop(struct bench_conditions *c)
{
    c->to_cpu_ns = bench_neighbours_cpu_ns(&c->neighbours);
    c->to_ns = bench_now_ns();
}

void bench_conditions_measure(const struct bench_conditions *c, struct bench_measure *measure)
{
    double possible = (double)(c->to_ns - c->from_ns) * c->neighbours.n;

    if (possible > 0)
        measure->neighbour_share = (double)(c->to_cpu_ns - c->from_cpu_ns) / possible;
}

struct text {
    char *at;
    size_t left;
};

static void append(struct text *text, const char *format, unsigned number, const char *plural)
{
    int length = number ? snprintf(text->at, text->left, format, number, number == 1 ? "" : plural) : 0;

    if (length > 0 && (size_t)length < text->left) {
        text->at += length;
        text->left -= (size_t)length;
    }
}

void bench_conditions_describe(const struct bench_cell *cell, char *text, size_t size)
{
    struct text t = {text, size};

    text[0] = '\0';
    append(&t, ", %u neighbour%s", cell->neighbours, "s");
    append(&t, ", on %u CPU%s", cell->cpus, "s");
    append(&t, ", quota %u %%%s", cell->quota, "");
}

void bench_conditions_name(const struct bench_cell *cell, char *text, size_t size)
{
    struct text t = {text, size};

    text[0] = '\0';
    append(&t, "/neighbours:%u%s", cell->neighbours, "");
    append(&t, "/cpus:%u%s", cell->cpus, "");
    append(&t, "/quota:%u%s", cell->quota, "");
}
