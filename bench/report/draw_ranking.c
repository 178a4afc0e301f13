/* SPDX-License-Identifier: MIT */
/* All contended cells in a row, from the worst to the best: how often and how far a lock is ahead or behind. */
#include "draw.h"

#include "../harness/memory.h"

#include <math.h>

enum { WIDTH = 900, HEIGHT = 190, LEFT = 40, TOP = 8, BOTTOM = 10 };

static int compare(const void *a, const void *b)
{
    double x = ((const struct draw_heat *)a)->ratio, y = ((const struct draw_heat *)b)->ratio;

    return (x > y) - (x < y);
}

static void draw_axis(FILE *out, const struct draw_scale *y)
{
    static const double ticks[] = {0.1, 0.2, 0.33, 0.5, 0.67, 0.8, 1, 1.25, 1.5, 2, 3, 5, 10, 20, 50, 100};
    double last = 1e9;

    for (unsigned i = 0; i < sizeof(ticks) / sizeof(ticks[0]); i++) {
        double at = draw_at(y, ticks[i]);

        if (ticks[i] < y->low || ticks[i] > y->high || (last - at < 12 && ticks[i] != 1))
            continue;
        last = at;
        fprintf(out, "<path class=\"grid%s\" d=\"M%d %.1fH%d\"/><text class=\"t r\" x=\"%d\" y=\"%.1f\">%g</text>",
                ticks[i] == 1 ? " one" : "", LEFT, at, WIDTH, LEFT - 5, at + 3, ticks[i]);
    }
}

static void draw_all(FILE *out, const struct draw_heat *heats, unsigned n)
{
    struct draw_scale y = {0.8, 1.25, HEIGHT - BOTTOM, TOP, true};
    double step = fmin((double)(WIDTH - LEFT) / n, 40);

    for (unsigned i = 0; i < n; i++)
        draw_include(&y, heats[i].ratio);
    y.low /= 1.05;
    y.high *= 1.05;
    fprintf(out, "<svg class=\"ranking\" viewBox=\"0 0 %d %d\" role=\"img\">", WIDTH, HEIGHT);
    draw_axis(out, &y);
    for (unsigned i = 0; i < n; i++) {
        double one = draw_at(&y, 1), at = draw_at(&y, heats[i].ratio);

        fprintf(out, "\n<rect class=\"%s\" x=\"%.2f\" y=\"%.1f\" width=\"%.2f\" height=\"%.1f\"><title>",
                heats[i].ratio < 0.95    ? "behind"
                : heats[i].ratio <= 1.05 ? "level"
                                         : "ahead",
                LEFT + 4 + i * step, fmin(one, at), fmax(step - (step > 4 ? 2 : 0), 0.5), fmax(fabs(at - one), 1));
        draw_text(out, "%s", heats[i].title);
        fputs("</title></rect>", out);
    }
    fputs("</svg>\n", out);
}

void draw_ranking(FILE *out, const struct bench_cells *cells, draw_heat_fn *heat, const void *arg)
{
    struct draw_heat *heats = bench_realloc(NULL, (cells->n + 1) * sizeof(*heats));
    unsigned n = 0;

    for (unsigned i = 0; i < cells->n; i++) {
        const struct bench_compared *cell = &cells->at[i];

        if (!cell->first->workload || !bench_cells_contended(&cell->first->cell))
            continue;
        heats[n] = (struct draw_heat){.ratio = NAN};
        heat(cell, arg, &heats[n]);
        n += isfinite(heats[n].ratio);
    }
    qsort(heats, n, sizeof(*heats), compare);
    if (n)
        draw_all(out, heats, n);
    free(heats);
}
