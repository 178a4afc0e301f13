/* SPDX-License-Identifier: MIT */
/* Figures with one line a lock: bars, and the range of waits. */
#include "draw.h"

#include <math.h>
#include <string.h>

enum { WIDTH = 340, LEFT = 112, RIGHT = 66, ROW = 15 };

static void begin(FILE *out, const char *name, unsigned height)
{
    fputs("<figure><figcaption>", out);
    draw_text(out, "%s", name);
    fprintf(out, "</figcaption><svg viewBox=\"0 0 %d %u\" width=\"%d\" height=\"%u\" role=\"img\">", WIDTH, height,
            WIDTH, height);
}

static void draw_bar(FILE *out, const struct bench_series *s, const struct draw_metric *metric,
                     const struct draw_styles *styles, const struct draw_scale *x, double y)
{
    double value = bench_cells_median(s, metric->offset);
    char class[24], text[24];

    if (isnan(value))
        return;
    draw_style(styles, s->subject, class);
    metric->print(value, text);
    fprintf(out, "\n<g class=\"bar %s\"><title>", class);
    draw_text(out, "%s, %u threads: %s", s->subject, s->cell.threads, text);
    fprintf(out, "</title><rect x=\"%d\" y=\"%.1f\" width=\"%.1f\" height=\"%d\" rx=\"2\"/>", LEFT, y + 2,
            draw_at(x, value) - LEFT, ROW - 4);
    fprintf(out, "<text class=\"r\" x=\"%d\" y=\"%.1f\">", LEFT - 5, y + ROW - 4);
    draw_text(out, "%s", s->subject);
    fprintf(out, "</text><text class=\"v\" x=\"%.1f\" y=\"%.1f\">", draw_at(x, value) + 5, y + ROW - 4);
    draw_text(out, "%s", text);
    fputs("</text></g>", out);
}

void draw_bars(FILE *out, const struct bench_group *group, const struct draw_metric *metric,
               const struct draw_styles *styles)
{
    struct draw_scale x = {1, 0, LEFT, WIDTH - RIGHT, false};
    unsigned rows = 0;
    double y = 0;
    char name[BENCH_CELL_NAME];

    for (unsigned c = 0; c < group->n; c++) {
        rows += group->cells[c]->n + 1;
        for (unsigned i = 0; i < group->cells[c]->n; i++)
            draw_include(&x, bench_cells_median(group->cells[c]->series[i], metric->offset));
    }
    if (x.low > x.high)
        return; /* no figure of this kind */
    draw_round(&x);
    bench_cells_name_group(group->cells[0]->first, name);
    begin(out, name, rows * ROW + 4);
    for (unsigned c = 0; c < group->n; c++) {
        const struct bench_compared *cell = group->cells[c];

        fprintf(out, "<text class=\"t\" x=\"%d\" y=\"%.1f\">%u thread%s</text>", LEFT, y + ROW - 4,
                cell->first->cell.threads, cell->first->cell.threads == 1 ? "" : "s");
        y += ROW;
        for (unsigned i = 0; i < cell->n; i++, y += ROW)
            draw_bar(out, cell->series[i], metric, styles, &x, y);
    }
    fputs("</svg></figure>\n", out);
}

static const struct percentile {
    const char *name;
    size_t offset;
    const char *mark; /* of the path that is drawn there */
} percentiles[] = {
    {"p50", offsetof(struct bench_measure, wait_p50), "m-3.5 0l3.5 -3.5l3.5 3.5l-3.5 3.5z"},
    {"p99", offsetof(struct bench_measure, wait_p99), "m-3 -3h6v6h-6z"},
    {"p99.9", offsetof(struct bench_measure, wait_p999), "m-3.5 0a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0 -7 0z"},
    {"longest", offsetof(struct bench_measure, wait_max), "m0 -5v10"},
};

enum { PERCENTILES = sizeof(percentiles) / sizeof(percentiles[0]) };

static void draw_range(FILE *out, const struct bench_series *s, const struct draw_styles *styles,
                       const struct draw_scale *x, double y)
{
    double first = draw_at(x, fmax(bench_cells_median(s, percentiles[0].offset), x->low));
    double last = draw_at(x, bench_cells_median(s, percentiles[PERCENTILES - 1].offset));
    char class[24], text[24];

    if (isnan(last))
        return;
    draw_style(styles, s->subject, class);
    fprintf(out, "\n<g class=\"range %s\"><text class=\"r\" x=\"%d\" y=\"%.1f\">", class, LEFT - 8, y + 4);
    draw_text(out, "%s", s->subject);
    fprintf(out, "</text><path d=\"M%.1f %.1fH%.1f\"/>", first, y, last);
    for (unsigned i = 0; i < PERCENTILES; i++) {
        double value = bench_cells_median(s, percentiles[i].offset);

        if (!(value > 0))
            continue;
        draw_print_time(value, text);
        fprintf(out, "<path class=\"mark\" d=\"M%.1f %.1f%s\"><title>", draw_at(x, value), y, percentiles[i].mark);
        draw_text(out, "%s, %s: %s", s->subject, percentiles[i].name, text);
        fputs("</title></path>", out);
    }
    fputs("</g>", out);
}

static void draw_axis(FILE *out, const struct draw_scale *x, double height)
{
    double ticks[16];
    unsigned n = draw_ticks(x, ticks, 16);

    for (unsigned i = 0; i < n; i++) {
        double at = draw_at(x, ticks[i]);
        char text[24];

        draw_print_time(ticks[i], text);
        fprintf(out, "<path class=\"grid\" d=\"M%.1f 2V%.1f\"/><text class=\"t m\" x=\"%.1f\" y=\"%.1f\">", at,
                height - 16, at, height - 4);
        draw_text(out, "%s", text);
        fputs("</text>", out);
    }
}

void draw_waits(FILE *out, const struct bench_compared *cell, const struct draw_styles *styles)
{
    struct draw_scale x = {1, 0, LEFT, WIDTH - 14, true};
    unsigned height = (cell->n + 1) * (ROW + 1) + 6;
    char name[BENCH_CELL_NAME];

    for (unsigned i = 0; i < cell->n; i++) {
        for (unsigned k = 0; k < PERCENTILES; k++)
            draw_include(&x, bench_cells_median(cell->series[i], percentiles[k].offset));
    }
    if (x.low > x.high)
        return;
    draw_round(&x);
    bench_cells_name(cell->first, name);
    begin(out, name, height);
    draw_axis(out, &x, height);
    for (unsigned i = 0; i < cell->n; i++)
        draw_range(out, cell->series[i], styles, &x, (i + 0.6) * (ROW + 1));
    fputs("</svg></figure>\n", out);
}
