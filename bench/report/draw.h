/* SPDX-License-Identifier: MIT */
/* Text and scales of the HTML report: what its figures are drawn with. */
#ifndef BENCH_DRAW_H
#define BENCH_DRAW_H

#include "cells.h"

#include <stdio.h>

/* Formats, escapes what HTML and SVG would take for markup, and sets "us" and "x" after numbers as they are written. */
__attribute__((format(printf, 2, 3))) void draw_text(FILE *out, const char *format, ...);

struct draw_scale {
    double low, high; /* values */
    double from, to;  /* where they lie */
    bool log;
};

double draw_at(const struct draw_scale *scale, double value);

/* Widens a scale so that it has all values of a figure; beginning with low > high, it has none. */
void draw_include(struct draw_scale *scale, double value);

/* Makes the ends of a scale good to read: a logarithmic one spans a factor of four at least. */
void draw_round(struct draw_scale *scale);

/* The values to mark, at most `max`; returns how many. */
unsigned draw_ticks(const struct draw_scale *scale, double *ticks, unsigned max);

/* A kind of figure that is drawn. */
struct draw_metric {
    const char *title;
    const char *note; /* which direction is good, and what it is */
    size_t offset;    /* in struct bench_measure */
    bool log;
    double
        reach; /* how far the scale goes beyond the emphasised lock and "pthread", as a factor; 0: as far as figures go */
    void (*print)(double value, char text[24]);
};

void draw_print_count(double value, char text[24]); /* 1.2 M */
void draw_print_time(double ns, char text[24]);
void draw_print_share(double value, char text[24]); /* 0.98 */

/* The CSS class of a lock: the same in every figure. */
struct draw_styles {
    unsigned n;
    const char **subjects;
    const char *subject; /* the one that is emphasised */
};

void draw_style(const struct draw_styles *styles, const char *subject, char class[24]);

/* A figure of one group: lines over threads, or bars if it has one thread count only. */
void draw_group(FILE *out, const struct bench_group *group, const struct draw_metric *metric,
                const struct draw_styles *styles, unsigned cpus);

void draw_bars(FILE *out, const struct bench_group *group, const struct draw_metric *metric,
               const struct draw_styles *styles);

/* Waits of every lock in a cell: p50, p99, p99.9 and the longest. */
void draw_waits(FILE *out, const struct bench_compared *cell, const struct draw_styles *styles);

/* What a heat map shows of a cell: a ratio, and what is said of it when one points there. */
struct draw_heat {
    double ratio; /* NaN: there is none */
    bool mark;    /* an asterisk */
    char title[512];
};

typedef void draw_heat_fn(const struct bench_compared *cell, const void *arg, struct draw_heat *heat);

/* Panels of critical section x threads, one for each time outside, neighbours and so on. */
struct draw_map {
    const struct bench_group *groups;
    unsigned ngroups;
    draw_heat_fn *heat;
    const void *arg;
    unsigned cpus;
};

/* Each panel as an element of its own, for a page. */
void draw_map_page(FILE *out, const struct draw_map *map);

/* All in one picture, with its own style sheet. */
void draw_map_figure(FILE *out, const struct draw_map *map, const char *title);

/* Every contended cell as a bar, by its ratio. */
void draw_ranking(FILE *out, const struct bench_cells *cells, draw_heat_fn *heat, const void *arg);

/* The style sheets: of what is drawn, and of the page around it. */
extern const char draw_css[];
extern const char page_css[];

#endif
