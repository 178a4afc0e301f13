/* SPDX-License-Identifier: MIT */
/* The overview of the HTML report: what the ratios are, and the tables of them. */
#include "page.h"

#include "../harness/memory.h"
#include "diff.h"

#include <math.h>

#define OFFSET(field) offsetof(struct bench_measure, field)

enum { DESCRIPTION = 160 };

static void describe(const struct bench_series *s, char *text, size_t size)
{
    char count[24], cpu[24], fairness[24];
    struct bench_measure m = bench_measure_median(s->rounds, s->nrounds);

    draw_print_count(m.throughput, count);
    draw_print_time(m.cpu_ns, cpu);
    draw_print_share(m.fairness, fairness);
    snprintf(text, size, "%s: %s op/s, %s CPU, Jain %s", s->subject, count, cpu, fairness);
}

void page_heat_best(const struct bench_compared *cell, const void *arg, struct draw_heat *heat)
{
    unsigned left_out = 0;
    const struct bench_series *ours = bench_cells_find(cell, arg), *best = bench_summary_best(cell, &left_out);
    char name[BENCH_CELL_NAME], first[DESCRIPTION] = "not measured", second[DESCRIPTION] = "no other fair lock";

    bench_cells_name(cell->first, name);
    if (ours)
        describe(ours, first, sizeof(first));
    if (best)
        describe(best, second, sizeof(second));
    if (ours && best)
        heat->ratio = bench_cells_ratio(ours, best, OFFSET(throughput));
    heat->mark = ours && !bench_summary_is_fair(ours);
    snprintf(heat->title, sizeof(heat->title), "%.90s\n%s\n%s", name, first, second);
    if (ours && best)
        snprintf(heat->title, sizeof(heat->title), "%.90s: %.2f x\n%s\n%s", name, heat->ratio, first, second);
}

void page_heat_change(const struct bench_compared *cell, const void *arg, struct draw_heat *heat)
{
    const struct page *page = arg;
    const struct bench_series *a = bench_cells_find(cell, page->styles.subject);
    const struct bench_series *b = a ? bench_diff_find(&page->sides[1].document->results, a) : NULL;
    char name[BENCH_CELL_NAME], first[DESCRIPTION] = "not measured", second[DESCRIPTION] = "not measured";

    b = b && bench_series_measured(b) ? b : NULL;

    bench_cells_name(cell->first, name);
    if (a)
        describe(a, first, sizeof(first));
    if (b)
        describe(b, second, sizeof(second));
    if (a && b)
        heat->ratio = bench_cells_median(b, OFFSET(throughput)) / bench_cells_median(a, OFFSET(throughput));
    snprintf(heat->title, sizeof(heat->title), "%.70s\nA: %s\nB: %s", name, first, second);
}

static void put_tile(FILE *out, const char *class, const char *figure, const char *text)
{
    fprintf(out, "<div class=\"tile %s\"><b>", class);
    draw_text(out, "%s", figure);
    fputs("</b><span>", out);
    draw_text(out, "%s", text);
    fputs("</span></div>\n", out);
}

/* Within 2 % of 1 is neither good nor bad. */
static const char *judge(double ratio, bool more_is_better)
{
    if (!(ratio < 0.98 || ratio > 1.02))
        return "";
    return (ratio > 1) == more_is_better ? "good" : "bad";
}

static void put_mean(FILE *out, const struct bench_tally *t, bool more_is_better, const char *text)
{
    double mean = bench_tally_mean(t);
    char figure[24];

    if (t->n == 0)
        return;
    snprintf(figure, sizeof(figure), "%.2f x", mean);
    put_tile(out, judge(mean, more_is_better), figure, text);
}

void page_tiles(const struct page *page, const struct page_side *side)
{
    const struct bench_summary *s = &side->summary;
    const struct bench_tally *t = &s->best.throughput;
    char figure[40];

    fputs("<div class=\"tiles\">\n", page->out);
    if (t->n) {
        snprintf(figure, sizeof(figure), "%u of %u", t->lead, t->n);
        put_tile(page->out, "good", figure, "contended cells: no other fair lock has more throughput");
        snprintf(figure, sizeof(figure), "%u", t->n - t->lead - t->bad);
        put_tile(page->out, "", figure, "less than 5 % behind the best");
        snprintf(figure, sizeof(figure), "%u", t->bad);
        put_tile(page->out, t->bad ? "bad" : "", figure, "behind by 5 % or more");
        put_mean(page->out, t, true, "the best other, on average");
        snprintf(figure, sizeof(figure), "%.2f x", t->worst);
        put_tile(page->out, judge(t->worst, true), figure, "the best other, in the worst cell");
    }
    for (unsigned i = 0; i < s->npeers; i++) {
        if (strcmp(s->peers[i].peer, "pthread") != 0)
            continue;
        put_mean(page->out, &s->peers[i].throughput, true, "pthread's throughput, on average");
        put_mean(page->out, &s->peers[i].cpu, false, "pthread's CPU time per operation");
        put_mean(page->out, &s->peers[i].wait, false, "pthread's p99.9 of the wait");
    }
    put_mean(page->out, &s->quiet, true, "pthread's throughput without contention");
    put_mean(page->out, &s->programs, true, "the throughput of programs without the drop-in");
    fputs("</div>\n", page->out);
}

static void put_tally(FILE *out, const struct bench_tally *t, bool more_is_better)
{
    double mean = bench_tally_mean(t);
    char name[BENCH_CELL_NAME];

    if (t->n == 0) {
        fputs("<td></td><td></td><td></td>", out);
        return;
    }
    bench_cells_name(t->worst_cell->first, name);
    const char *of_mean = judge(mean, more_is_better), *of_worst = judge(t->worst, more_is_better);

    fprintf(out, "<td class=\"%s\">%.2f</td><td>%u of %u</td><td class=\"%s\" title=\"",
            *of_mean == 'g'   ? "better"
            : *of_mean == 'b' ? "worse"
                              : "",
            mean, t->bad, t->n, *of_worst == 'b' ? "worse" : "");
    draw_text(out, "%s", name);
    fprintf(out, "\">%.*f</td>", t->worst < 9.995 ? 2 : 0, t->worst);
}

static void put_against(FILE *out, const char *name, const struct bench_against *against)
{
    if (against->throughput.n == 0)
        return;
    fputs("<tr><td class=\"l\">", out);
    draw_text(out, "%s", name);
    fputs("</td>", out);
    put_tally(out, &against->throughput, true);
    put_tally(out, &against->cpu, false);
    put_tally(out, &against->wait, false);
    fputs("</tr>\n", out);
}

void page_summary_table(const struct page *page, const struct page_side *side)
{
    const struct bench_summary *s = &side->summary;

    fputs("<p class=\"soft\">", page->out);
    draw_text(
        page->out,
        "Means are geometric. Behind: throughput below 0.97 (of the best: 0.95), CPU time above 1.1, wait above 1. "
        "Contended: two threads or more, whose sections would fill half of the time. Other locks were left out of "
        "\"best other\" %u times as unfair, which left none in %u cells; %s itself was unfair in %u.",
        s->left_out, s->alone, s->subject, s->unfair);
    fputs("</p><div class=\"scroll\"><table><tr><th class=\"l\">by that of</th><th>throughput</th><th>behind</th>"
          "<th>worst</th><th>CPU per op</th><th>behind</th><th>worst</th><th>wait p99.9</th><th>behind</th>"
          "<th>worst</th></tr>\n",
          page->out);
    put_against(page->out, "best other (fair)", &s->best);
    for (unsigned i = 0; i < s->npeers; i++)
        put_against(page->out, s->peers[i].peer, &s->peers[i]);
    fputs("</table></div>\n", page->out);
    if (s->quiet.n) {
        char name[BENCH_CELL_NAME];

        bench_cells_name(s->quiet.worst_cell->first, name);
        fputs("<p>", page->out);
        draw_text(page->out,
                  "Without contention: %.2f x pthread's throughput on average of %u cells, worst %.2f x (%s).",
                  bench_tally_mean(&s->quiet), s->quiet.n, s->quiet.worst, name);
        fputs("</p>\n", page->out);
    }
}

struct ranked {
    double ratio;
    const struct bench_compared *cell;
    const struct bench_series *best;
};

static int compare(const void *a, const void *b)
{
    double x = ((const struct ranked *)a)->ratio, y = ((const struct ranked *)b)->ratio;

    return (x > y) - (x < y);
}

/* Contended cells beyond the limit, the farthest first; freed by free(). */
static struct ranked *rank(const struct page_side *side, bool behind, unsigned *n)
{
    struct ranked *ranked = bench_realloc(NULL, (side->cells.n + 1) * sizeof(*ranked));

    *n = 0;
    for (unsigned i = 0; i < side->cells.n; i++) {
        const struct bench_compared *cell = &side->cells.at[i];
        const struct bench_series *ours = bench_cells_find(cell, side->summary.subject);
        unsigned left_out = 0;
        struct ranked r = {NAN, cell, bench_summary_best(cell, &left_out)};

        if (!ours || !r.best || !cell->first->workload || !bench_cells_contended(&cell->first->cell))
            continue;
        r.ratio = bench_cells_ratio(ours, r.best, OFFSET(throughput));
        if (behind ? r.ratio < bench_summary_behind : r.ratio > 1 / bench_summary_behind)
            ranked[(*n)++] = r;
    }
    qsort(ranked, *n, sizeof(*ranked), compare);
    for (unsigned i = 0; !behind && i < *n / 2; i++) {
        struct ranked other = ranked[i];

        ranked[i] = ranked[*n - 1 - i];
        ranked[*n - 1 - i] = other;
    }
    return ranked;
}

static void put_ranked(const struct page *page, const struct page_side *side, const struct ranked *r)
{
    const struct bench_series *ours = bench_cells_find(r->cell, side->summary.subject);
    char name[BENCH_CELL_NAME], mine[24], theirs[24];

    bench_cells_name(r->cell->first, name);
    draw_print_count(bench_cells_median(ours, OFFSET(throughput)), mine);
    draw_print_count(bench_cells_median(r->best, OFFSET(throughput)), theirs);
    fprintf(page->out, "<tr><td class=\"%s\">%.2f</td><td class=\"l\">", r->ratio < 1 ? "worse" : "better", r->ratio);
    draw_text(page->out, "%s", name);
    fputs("</td><td class=\"l\">", page->out);
    draw_text(page->out, "%s", r->best->subject);
    fprintf(page->out, "</td><td>%s</td><td>%s</td>", mine, theirs);
    fprintf(page->out, "<td>%.2f</td></tr>\n", bench_cells_ratio(ours, r->best, OFFSET(cpu_ns)));
}

void page_cells_table(const struct page *page, const struct page_side *side, bool behind)
{
    enum { OPEN = 12 };
    static const char head[] = "<div class=\"scroll\"><table><tr><th>ratio</th><th class=\"l\">cell</th>"
                               "<th class=\"l\">best other</th><th>ours, op/s</th><th>its, op/s</th>"
                               "<th>CPU by its</th></tr>\n";
    unsigned n;
    struct ranked *ranked = rank(side, behind, &n);

    if (n == 0)
        fputs("<p>In no contended cell by more than 5 %.</p>\n", page->out);
    for (unsigned i = 0; i < n; i++) {
        if (i == OPEN)
            fprintf(page->out, "</table></div><details><summary>%u more</summary>", n - OPEN);
        if (i == 0 || i == OPEN)
            fputs(head, page->out);
        put_ranked(page, side, &ranked[i]);
    }
    if (n)
        fputs("</table></div>", page->out);
    if (n > OPEN)
        fputs("</details>", page->out);
    free(ranked);
}
