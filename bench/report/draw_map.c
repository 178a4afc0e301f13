/* SPDX-License-Identifier: MIT */
/* The heat map: critical section x threads, with the ratio in each cell; and all cells in a row, sorted by it. */
#include "draw.h"

#include "../harness/conditions.h"
#include "../harness/memory.h"

#include <math.h>

enum {
    LEFT = 62,
    WIDE_LEFT = 124,
    TOP = 36,
    CELL_W = 46,
    CELL_H = 24,
    GAP = 2,
    MAX_COLUMNS = 16,
    FIGURE_COLUMNS = 2,
    TITLE = 160
};

/* A panel's rows are groups that differ in the critical section only. */
struct panel {
    const struct draw_map *map;
    const struct bench_group *first;
    unsigned left;
    unsigned nrows;
    const struct bench_group *rows[64];
    unsigned ncolumns;
    unsigned threads[MAX_COLUMNS];
};

/* Symmetric on a logarithmic scale; nothing in the middle is called better or worse. */
static const double limits[] = {1 / 1.5, 1 / 1.2, 0.95, 1 / 0.95, 1.2, 1.5};
static const char *const classes[] = {"w3", "w2", "w1", "n", "m1", "m2", "m3"};
static const char *const legend[] = {"< 0.67", "< 0.83", "< 0.95", "0.95 to 1.05", "> 1.05", "> 1.2", "> 1.5"};
enum { CLASSES = sizeof(classes) / sizeof(classes[0]) };

static const char *class_of(double ratio)
{
    unsigned i = 0;

    while (i < CLASSES - 1 && ratio >= limits[i])
        i++;
    return classes[i];
}

static double factor(const struct bench_cell *cell)
{
    return cell->cs_ns > 0 ? cell->outside_ns / cell->cs_ns : 0;
}

static bool same_conditions(const struct bench_cell *x, const struct bench_cell *y)
{
    return x->neighbours == y->neighbours && x->cpus == y->cpus && x->quota == y->quota && x->lines == y->lines;
}

/* Does its workload have but this one group? Such workloads share a panel, and name the rows. */
static bool is_single(const struct draw_map *map, const struct bench_series *series)
{
    for (unsigned i = 0; i < map->ngroups; i++) {
        const struct bench_series *other = map->groups[i].cells[0]->first;

        if (other->workload && strcmp(other->workload, series->workload) == 0 && !bench_groups_same(other, series))
            return false;
    }
    return true;
}

static bool same_panel(const struct draw_map *map, const struct bench_series *a, const struct bench_series *b)
{
    if (!a->workload || !b->workload || !same_conditions(&a->cell, &b->cell))
        return false;
    if (is_single(map, a) || is_single(map, b))
        return is_single(map, a) && is_single(map, b);
    return strcmp(a->workload, b->workload) == 0 && fabs(factor(&a->cell) - factor(&b->cell)) < 1e-6;
}

static void add_column(struct panel *p, unsigned threads)
{
    unsigned at = 0;

    while (at < p->ncolumns && p->threads[at] < threads)
        at++;
    if ((at < p->ncolumns && p->threads[at] == threads) || p->ncolumns == MAX_COLUMNS)
        return;
    for (unsigned i = p->ncolumns++; i > at; i--)
        p->threads[i] = p->threads[i - 1];
    p->threads[at] = threads;
}

static bool make_panel(const struct draw_map *map, unsigned index, struct panel *p)
{
    const struct bench_series *first = map->groups[index].cells[0]->first;

    *p = (struct panel){.map = map, .first = &map->groups[index], .left = LEFT};
    if (first->workload && is_single(map, first))
        p->left = WIDE_LEFT;
    for (unsigned i = 0; i < map->ngroups; i++) {
        const struct bench_group *g = &map->groups[i];

        if (!same_panel(map, first, g->cells[0]->first))
            continue;
        if (i < index)
            return false; /* an earlier group has made it */
        if (p->nrows < sizeof(p->rows) / sizeof(p->rows[0]))
            p->rows[p->nrows++] = g;
        for (unsigned c = 0; c < g->n; c++)
            add_column(p, g->cells[c]->first->cell.threads);
    }
    /* One thread alone is no contest. */
    return p->ncolumns > 0 && p->threads[p->ncolumns - 1] > 1;
}

static void make_title(const struct panel *p, char *title, size_t size)
{
    const struct bench_series *s = p->first->cells[0]->first;
    double times = factor(&s->cell);
    char outside[40] = "", conditions[60];

    if (p->left == LEFT && times > 0)
        snprintf(outside, sizeof(outside), ", outside %g x inside", times);
    else if (p->left == LEFT)
        snprintf(outside, sizeof(outside), ", nothing outside");
    bench_conditions_describe(&s->cell, conditions, sizeof(conditions));
    snprintf(title, size, "%s%s%s", p->left == WIDE_LEFT ? "other workloads" : s->workload, outside, conditions);
}

static unsigned width(const struct panel *p)
{
    enum { LETTER = 8 }; /* of a heading, at most on average */
    unsigned least = 290, all = p->left + p->ncolumns * CELL_W + 4;
    char title[TITLE];

    make_title(p, title, sizeof(title));
    if (strlen(title) * LETTER > least)
        least = (unsigned)strlen(title) * LETTER;
    return all > least ? all : least;
}

static unsigned height(const struct panel *p)
{
    return TOP + p->nrows * CELL_H + 4;
}

static void draw_cell(FILE *out, const struct panel *p, const struct bench_compared *cell, unsigned x, unsigned y)
{
    struct draw_heat heat = {.ratio = NAN};

    p->map->heat(cell, p->map->arg, &heat);
    fprintf(out, "\n<g class=\"heat %s%s\"><title>", isnan(heat.ratio) ? "none" : class_of(heat.ratio),
            bench_cells_contended(&cell->first->cell) ? "" : " quiet");
    draw_text(out, "%s", heat.title);
    fprintf(out, "</title><rect x=\"%u\" y=\"%u\" width=\"%d\" height=\"%d\" rx=\"3\"/>", x, y, CELL_W - GAP,
            CELL_H - GAP);
    fprintf(out, "<text x=\"%u\" y=\"%u\">", x + (CELL_W - GAP) / 2, y + CELL_H / 2 + 3);
    if (isnan(heat.ratio))
        fputs("\342\200\223", out);
    else
        fprintf(out, heat.ratio < 9.995 ? "%.2f%s" : "%.0f%s", heat.ratio, heat.mark ? "*" : "");
    fputs("</text></g>", out);
}

static void draw_panel(FILE *out, const struct panel *p)
{
    unsigned cpus = bench_cells_cpus(&p->first->cells[0]->first->cell, p->map->cpus);
    char title[TITLE];

    make_title(p, title, sizeof(title));
    fputs("<text class=\"h\" x=\"0\" y=\"12\">", out);
    draw_text(out, "%s", title);
    fputs("</text>", out);
    for (unsigned c = 0; c < p->ncolumns; c++)
        fprintf(out, "<text class=\"t m%s\" x=\"%u\" y=\"%d\">%u%s</text>", p->threads[c] > cpus ? " over" : "",
                p->left + c * CELL_W + CELL_W / 2, TOP - 6, p->threads[c], c == 0 ? " thr." : "");
    for (unsigned r = 0; r < p->nrows; r++) {
        const struct bench_group *row = p->rows[r];
        unsigned y = TOP + r * CELL_H;
        const struct bench_series *s = row->cells[0]->first;
        char text[24];

        bench_cells_time(s->cell.cs_ns, 3, text);
        fprintf(out, "\n<text class=\"t r\" x=\"%u\" y=\"%u\">", p->left - 8, y + CELL_H / 2 + 3);
        draw_text(out, "%s", p->left == WIDE_LEFT ? s->workload : text);
        fputs("</text>", out);
        for (unsigned i = 0; i < row->n; i++) {
            unsigned c = 0;

            while (c < p->ncolumns && p->threads[c] != row->cells[i]->first->cell.threads)
                c++;
            if (c < p->ncolumns)
                draw_cell(out, p, row->cells[i], p->left + c * CELL_W, y);
        }
    }
}

static void draw_legend(FILE *out)
{
    enum { STEP = 78 };

    for (unsigned i = 0; i < CLASSES; i++) {
        fprintf(out, "<g class=\"heat %s\"><rect x=\"%u\" y=\"0\" width=\"%d\" height=\"18\"/><text x=\"%u\" y=\"13\">",
                classes[i], i * STEP, STEP - GAP, i * STEP + STEP / 2);
        draw_text(out, "%s", legend[i]);
        fputs("</text></g>", out);
    }
}

void draw_map_page(FILE *out, const struct draw_map *map)
{
    fputs("<svg class=\"legend\" viewBox=\"0 0 550 18\" width=\"550\" height=\"18\">", out);
    draw_legend(out);
    fputs("</svg>\n<div class=\"maps\">", out);
    for (unsigned i = 0; i < map->ngroups; i++) {
        struct panel p;

        if (!make_panel(map, i, &p))
            continue;
        fprintf(out, "<svg viewBox=\"0 0 %u %u\" width=\"%u\" height=\"%u\" role=\"img\">", width(&p), height(&p),
                width(&p), height(&p));
        draw_panel(out, &p);
        fputs("</svg>\n", out);
    }
    fputs("</div>\n", out);
}

/* Where each panel lies: row by row, each as high as its highest. With `out`, draws them. Returns the height. */
static unsigned lay_out(FILE *out, const struct draw_map *map, unsigned column_width, unsigned y)
{
    unsigned column = 0, highest = 0;
    struct panel p;

    for (unsigned i = 0; i < map->ngroups; i++) {
        if (!make_panel(map, i, &p))
            continue;
        if (column == FIGURE_COLUMNS) {
            y += highest + 14;
            column = highest = 0;
        }
        if (out) {
            fprintf(out, "\n<g transform=\"translate(%u %u)\">", 12 + column * column_width, y);
            draw_panel(out, &p);
            fputs("</g>", out);
        }
        highest = height(&p) > highest ? height(&p) : highest;
        column++;
    }
    return y + highest;
}

void draw_map_figure(FILE *out, const struct draw_map *map, const char *title)
{
    enum { HEAD = 44 };
    unsigned column_width = 0, total;
    struct panel p;

    for (unsigned i = 0; i < map->ngroups; i++) {
        if (make_panel(map, i, &p) && width(&p) + 24 > column_width)
            column_width = width(&p) + 24;
    }
    total = FIGURE_COLUMNS * column_width + 12;
    unsigned bottom = lay_out(NULL, map, column_width, HEAD) + 16;

    fprintf(out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %u %u\" width=\"%u\" height=\"%u\">"
            "<style>%s</style><rect class=\"page\" width=\"100%%\" height=\"100%%\"/>",
            total, bottom + 30, total, bottom + 30, draw_css);
    fputs("<text class=\"head\" x=\"12\" y=\"26\">", out);
    draw_text(out, "%s", title);
    fputs("</text>", out);
    lay_out(out, map, column_width, HEAD);
    fprintf(out, "\n<g transform=\"translate(12 %u)\">", bottom);
    draw_legend(out);
    fputs("</g></svg>\n", out);
}
