/* SPDX-License-Identifier: MIT */
/* One small figure: a line a lock over the number of threads, with its name at the line's end. */
#include "draw.h"

#include "../harness/memory.h"

#include <math.h>

enum { WIDTH = 340, HEIGHT = 210, LEFT = 44, RIGHT = 112, TOP = 8, BOTTOM = 30, LABEL = 10 };

struct panel {
    FILE *out;
    const struct bench_group *group;
    const struct draw_metric *metric;
    const struct draw_styles *styles;
    struct draw_scale x, y;
};

struct label {
    const char *subject;
    double wanted, y;
};

static double value_at(const struct bench_series *series, const struct draw_metric *metric)
{
    double value = bench_cells_median(series, metric->offset);

    /* Nothing cannot be drawn on a logarithmic scale. */
    return metric->log && value <= 0 ? NAN : value;
}

/* Locks that collapse would press all others into one line. */
static void limit_scale(struct panel *p)
{
    struct draw_scale near = {1, 0, 0, 0, p->metric->log};

    for (unsigned c = 0; c < p->group->n; c++) {
        const struct bench_series *ours = bench_cells_find(p->group->cells[c], p->styles->subject);
        const struct bench_series *plain = bench_cells_find(p->group->cells[c], "pthread");

        draw_include(&near, ours ? value_at(ours, p->metric) : NAN);
        draw_include(&near, plain ? value_at(plain, p->metric) : NAN);
    }
    if (near.low > near.high || p->metric->reach <= 0)
        return;
    p->y.low = fmax(p->y.low, near.low / p->metric->reach);
    p->y.high = fmin(p->y.high, near.high * p->metric->reach);
}

static void set_scales(struct panel *p)
{
    p->x = (struct draw_scale){1, 0, LEFT, WIDTH - RIGHT, true};
    p->y = (struct draw_scale){1, 0, HEIGHT - BOTTOM, TOP, p->metric->log};
    for (unsigned c = 0; c < p->group->n; c++) {
        const struct bench_compared *cell = p->group->cells[c];

        draw_include(&p->x, cell->first->cell.threads);
        for (unsigned i = 0; i < cell->n; i++)
            draw_include(&p->y, value_at(cell->series[i], p->metric));
    }
    limit_scale(p);
    draw_round(&p->y);
    if (p->metric->print == draw_print_share)
        p->y.high = 1.04;
}

static void draw_y_axis(const struct panel *p)
{
    double ticks[16];
    unsigned n = draw_ticks(&p->y, ticks, 16);

    for (unsigned i = 0; i < n; i++) {
        double y = draw_at(&p->y, ticks[i]);
        char text[24];

        p->metric->print(ticks[i], text);
        fprintf(p->out, "<path class=\"grid\" d=\"M%d %.1fH%d\"/><text class=\"t r\" x=\"%d\" y=\"%.1f\">", LEFT, y,
                WIDTH - RIGHT, LEFT - 5, y + 3);
        draw_text(p->out, "%s", text);
        fputs("</text>", p->out);
    }
}

static void draw_x_axis(const struct panel *p, unsigned cpus)
{
    double last = -100;

    if (cpus >= p->x.low && cpus < p->x.high) {
        double x = draw_at(&p->x, cpus);

        fprintf(p->out, "<path class=\"cpus\" d=\"M%.1f %dV%d\"><title>%u CPUs</title></path>", x, TOP, HEIGHT - BOTTOM,
                cpus);
    }
    for (unsigned c = 0; c < p->group->n; c++) {
        unsigned threads = p->group->cells[c]->first->cell.threads;
        double x = draw_at(&p->x, threads);

        if (x - last < 14)
            continue;
        last = x;
        fprintf(p->out, "<text class=\"t m\" x=\"%.1f\" y=\"%d\">%u</text>", x, HEIGHT - BOTTOM + 13, threads);
    }
    fprintf(p->out, "<text class=\"t m\" x=\"%d\" y=\"%d\">threads</text>", (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 4);
}

/* From the least round to the greatest. */
static void draw_spread(const struct panel *p, const struct bench_series *s, double x)
{
    struct draw_scale range = {1, 0, 0, 0, p->metric->log};

    for (unsigned i = 0; i < s->nrounds; i++)
        draw_include(&range, *(const double *)((const char *)&s->rounds[i] + p->metric->offset));
    if (range.low < range.high)
        fprintf(p->out, "<path class=\"spread\" d=\"M%.1f %.1fV%.1f\"/>", x, draw_at(&p->y, range.low),
                draw_at(&p->y, range.high));
}

/* Returns where the line ends, NaN: there is none. */
static double draw_line(const struct panel *p, const char *subject)
{
    double end = NAN;
    char class[24], move = 'M';

    draw_style(p->styles, subject, class);
    fprintf(p->out, "\n<g class=\"line %s\"><title>", class);
    draw_text(p->out, "%s", subject);
    fputs("</title><path d=\"", p->out);
    for (unsigned c = 0; c < p->group->n; c++) {
        const struct bench_series *s = bench_cells_find(p->group->cells[c], subject);
        double value = s ? value_at(s, p->metric) : NAN;

        if (isnan(value))
            continue;
        end = draw_at(&p->y, value);
        fprintf(p->out, "%c%.1f %.1f", move, draw_at(&p->x, s->cell.threads), end);
        move = 'L';
    }
    fputs(move == 'M' ? "M0 0\"/>" : "\"/>", p->out);
    for (unsigned c = 0; c < p->group->n; c++) {
        const struct bench_series *s = bench_cells_find(p->group->cells[c], subject);
        double value = s ? value_at(s, p->metric) : NAN, x = s ? draw_at(&p->x, s->cell.threads) : 0;
        char text[24];

        if (isnan(value))
            continue;
        if (strcmp(class, "s") == 0)
            draw_spread(p, s, x);
        p->metric->print(value, text);
        fprintf(p->out, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"2.5\"><title>", x, draw_at(&p->y, value));
        draw_text(p->out, "%s, %u threads: %s", subject, s->cell.threads, text);
        fputs("</title></circle>", p->out);
    }
    fputs("</g>", p->out);
    return end;
}

static int compare(const void *a, const void *b)
{
    double x = ((const struct label *)a)->wanted, y = ((const struct label *)b)->wanted;

    return (x > y) - (x < y);
}

/* Moves labels apart until none covers another. */
static void place(struct label *labels, unsigned n)
{
    double least = TOP + 4;

    qsort(labels, n, sizeof(*labels), compare);
    for (unsigned i = 0; i < n; i++) {
        labels[i].y = fmax(labels[i].wanted, least);
        least = labels[i].y + LABEL;
    }
    double most = HEIGHT - BOTTOM + 4;

    for (unsigned i = n; i-- > 0;) {
        labels[i].y = fmin(labels[i].y, most);
        most = labels[i].y - LABEL;
    }
}

static void draw_labels(const struct panel *p, struct label *labels, unsigned n)
{
    place(labels, n);
    for (unsigned i = 0; i < n; i++) {
        char class[24];

        draw_style(p->styles, labels[i].subject, class);
        fprintf(p->out, "<g class=\"name %s\"><path d=\"M%d %.1fL%d %.1f\"/><text x=\"%d\" y=\"%.1f\">", class,
                WIDTH - RIGHT + 3, labels[i].wanted, WIDTH - RIGHT + 11, labels[i].y, WIDTH - RIGHT + 13,
                labels[i].y + 3);
        draw_text(p->out, "%s", labels[i].subject);
        fputs("</text></g>", p->out);
    }
}

/* The emphasised lock and "pthread" lie above the others. */
static bool in_front(const struct panel *p, const char *subject)
{
    return strcmp(subject, p->styles->subject) == 0 || strcmp(subject, "pthread") == 0;
}

static void draw_all_lines(const struct panel *p)
{
    enum { MOST = (HEIGHT - TOP - BOTTOM) / LABEL };
    struct label *labels = bench_realloc(NULL, (p->styles->n + 1) * sizeof(*labels));
    unsigned n = 0;

    for (int front = 0; front <= 1; front++) {
        for (unsigned i = 0; i < p->styles->n; i++) {
            const char *subject = p->styles->subjects[i];
            double end = in_front(p, subject) == front ? draw_line(p, subject) : NAN;

            if (!isnan(end) && n < (front ? MOST : MOST - 2))
                labels[n++] = (struct label){subject, end, end};
        }
    }
    draw_labels(p, labels, n);
    free(labels);
}

void draw_group(FILE *out, const struct bench_group *group, const struct draw_metric *metric,
                const struct draw_styles *styles, unsigned cpus)
{
    struct panel p = {.out = out, .group = group, .metric = metric, .styles = styles};
    char name[BENCH_CELL_NAME];

    if (group->n == 1 || !group->cells[0]->first->workload) {
        draw_bars(out, group, metric, styles);
        return;
    }
    bench_cells_name_group(group->cells[0]->first, name);
    set_scales(&p);
    fputs("<figure><figcaption>", out);
    draw_text(out, "%s", name);
    fprintf(out, "</figcaption><svg viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" role=\"img\">", WIDTH, HEIGHT,
            WIDTH, HEIGHT);
    draw_y_axis(&p);
    draw_x_axis(&p, bench_cells_cpus(&group->cells[0]->first->cell, cpus));
    draw_all_lines(&p);
    fputs("</svg></figure>\n", out);
}
