/* SPDX-License-Identifier: MIT */
/* The tables at the end of the HTML report: machine, failures, every figure, differences. */
#include "page.h"

#include "../harness/memory.h"
#include "diff.h"
#include "significance.h"

#include <math.h>

void page_machines(const struct page *page)
{
    fputs("<div class=\"scroll\"><table>\n<tr><th class=\"l\">CPUs that the process may use</th>", page->out);
    for (unsigned i = 0; i < page->n; i++)
        fprintf(page->out, "<td class=\"l\">%u</td>", page->sides[i].document->machine.cpus);
    fputs("</tr>\n", page->out);
    for (const struct bench_machine_fact *f = bench_machine_facts; f->name; f++) {
        fprintf(page->out, "<tr><th class=\"l\">%s</th>", f->title);
        for (unsigned i = 0; i < page->n; i++) {
            struct bench_machine machine = page->sides[i].document->machine;
            const char *fact = bench_machine_fact(&machine, f);

            fputs("<td class=\"l\">", page->out);
            draw_text(page->out, "%s", *fact ? fact : "-");
            fputs("</td>", page->out);
        }
        fputs("</tr>\n", page->out);
    }
    fputs("</table></div>\n", page->out);
}

static void put_failure(FILE *out, const char *what, const char *why)
{
    fputs("<tr><td class=\"l\">", out);
    draw_text(out, "%s", what);
    fputs("</td><td class=\"l\">", out);
    draw_text(out, "%s", why);
    fputs("</td></tr>\n", out);
}

void page_failures(const struct page *page, const struct page_side *side)
{
    const struct bench_results *results = &side->document->results;

    fputs("<h3>Not measured, or failed</h3><table>\n", page->out);
    for (unsigned i = 0; i < results->nnot_run; i++)
        put_failure(page->out, results->not_run[i].what, results->not_run[i].why);
    unsigned failed = 0;

    for (unsigned i = 0; i < results->nseries; i++) {
        const struct bench_series *s = &results->series[i];
        char name[BENCH_CELL_NAME], what[BENCH_CELL_NAME + 40];

        failed += s->error[0] != '\0';
        if (!s->error[0])
            continue;
        bench_cells_name(s, name);
        snprintf(what, sizeof(what), "%s: %s", s->subject, name);
        put_failure(page->out, what, s->error);
    }
    fputs(failed || results->nnot_run ? "</table>\n" : "<tr><td class=\"l\">nothing</td></tr></table>\n", page->out);
}

static void put_figure(FILE *out, double value, void (*print)(double value, char text[24]))
{
    char text[24];

    fputs("<td>", out);
    if (isfinite(value)) {
        print(value, text);
        draw_text(out, "%s", text);
    }
    fputs("</td>", out);
}

static void put_series(const struct page *page, const struct page_side *side, const struct bench_series *s)
{
    const struct bench_results *results = &side->document->results;
    struct bench_measure m = bench_measure_median(s->rounds, s->nrounds);
    bool emphasised = strcmp(s->subject, page->styles.subject) == 0;

    fprintf(page->out, "<tr%s><td class=\"l\">", emphasised ? " class=\"s\"" : "");
    draw_text(page->out, "%s", s->subject);
    fprintf(page->out, "</td><td>%u</td><td>%u</td>", s->cell.threads, s->nrounds);
    put_figure(page->out, m.throughput, draw_print_count);
    put_figure(page->out, bench_measure_spread(s->rounds, s->nrounds, offsetof(struct bench_measure, throughput)),
               draw_print_share);
    put_figure(page->out, bench_results_ratio(results, s, offsetof(struct bench_measure, throughput)),
               draw_print_share);
    put_figure(page->out, m.efficiency, draw_print_share);
    put_figure(page->out, m.cpu_ns, draw_print_time);
    put_figure(page->out, bench_results_ratio(results, s, offsetof(struct bench_measure, cpu_ns)), draw_print_share);
    put_figure(page->out, m.fairness, draw_print_share);
    put_figure(page->out, m.wait_p50, draw_print_time);
    put_figure(page->out, m.wait_p99, draw_print_time);
    put_figure(page->out, m.wait_p999, draw_print_time);
    put_figure(page->out, m.wait_max, draw_print_time);
    put_figure(page->out, m.starved, draw_print_time);
    put_figure(page->out, m.voluntary, draw_print_share);
    put_figure(page->out, m.involuntary, draw_print_share);
    put_figure(page->out, m.contended, draw_print_share);
    put_figure(page->out, m.neighbour_share, draw_print_share);
    fputs("</tr>\n", page->out);
}

void page_everything(const struct page *page, const struct page_side *side)
{
    const struct bench_results *results = &side->document->results;
    const struct bench_series *before = NULL;

    fputs("<div class=\"scroll\"><table>\n<tr><th class=\"l\">lock or program</th><th>threads</th><th>rounds</th>"
          "<th>per second</th><th>+/-</th><th>by pthread</th><th>by ideal</th><th>CPU per op</th><th>by "
          "pthread</th><th>Jain</th><th>wait p50</th>"
          "<th>p99</th><th>p99.9</th><th>longest</th><th>starved</th><th>sleeps per op</th><th>preempted per op</th>"
          "<th>contended per op</th><th>neighbours</th></tr>\n",
          page->out);
    for (unsigned i = 0; i < results->nseries; i++) {
        const struct bench_series *s = &results->series[i];

        if (!bench_series_measured(s))
            continue;
        if (!before || !bench_groups_same(before, s)) {
            char name[BENCH_CELL_NAME];

            bench_cells_name_group(s, name);
            fputs("<tr><th class=\"l\" colspan=\"19\">", page->out);
            draw_text(page->out, "%s", name);
            fputs("</th></tr>\n", page->out);
        }
        put_series(page, side, s);
        before = s;
    }
    fputs("</table></div>\n", page->out);
}

static int compare(const void *left, const void *right)
{
    const struct bench_difference *a = left, *b = right;
    double x = fabs(log(a->ratio)), y = fabs(log(b->ratio));

    if (a->verdict != b->verdict)
        return a->verdict < b->verdict ? 1 : -1;
    return (x < y) - (x > y);
}

static void put_difference(FILE *out, const struct bench_difference *d)
{
    char name[BENCH_CELL_NAME];

    bench_cells_name(d->a, name);
    fprintf(out, "<tr><td class=\"%s\">%.3f</td><td>%.2g</td><td class=\"l\">%s</td><td class=\"l\">",
            d->verdict == BENCH_WORSE ? "worse" : "better", d->ratio, d->p, d->metric->name);
    draw_text(out, "%s", d->a->subject);
    fputs("</td><td class=\"l\">", out);
    draw_text(out, "%s", name);
    fputs("</td></tr>\n", out);
}

void page_diff(const struct page *page)
{
    static const struct bench_diff_rules rules = {.threshold = 0.03};
    struct bench_diff diff;

    bench_diff_make(&page->sides[0].document->results, &page->sides[1].document->results, &rules, &diff);
    unsigned tested = diff.n - diff.verdicts[BENCH_TOO_FEW];

    fprintf(page->out,
            "<p>Significantly worse: %u, better: %u, of %u figures that both files have; less than 3 %% apart: %u; may "
            "be chance: %u; too few rounds to tell: %u.</p>"
            "<p class=\"soft\">Mann and Whitney's test over rounds, corrected for %u comparisons after Benjamini and "
            "Hochberg, at most %g. To find a single change among so many takes %u rounds in each file; the least here: "
            "%u.</p>\n",
            diff.verdicts[BENCH_WORSE], diff.verdicts[BENCH_BETTER], diff.n, diff.verdicts[BENCH_SMALL],
            diff.verdicts[BENCH_CHANCE], diff.verdicts[BENCH_TOO_FEW], tested, bench_significant,
            bench_diff_rounds_needed(tested), diff.fewest);
    qsort(diff.at, diff.n, sizeof(*diff.at), compare);
    if (diff.verdicts[BENCH_WORSE] + diff.verdicts[BENCH_BETTER])
        fputs("<div class=\"scroll\"><table><tr><th>B by A</th><th>p</th><th class=\"l\">figure</th>"
              "<th class=\"l\">lock</th><th class=\"l\">cell</th></tr>\n",
              page->out);
    for (unsigned i = 0; i < diff.verdicts[BENCH_WORSE] + diff.verdicts[BENCH_BETTER]; i++)
        put_difference(page->out, &diff.at[i]);
    if (diff.verdicts[BENCH_WORSE] + diff.verdicts[BENCH_BETTER])
        fputs("</table></div>\n", page->out);
    bench_diff_free(&diff);
}
