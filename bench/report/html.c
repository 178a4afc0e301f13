/* SPDX-License-Identifier: MIT */
/* Puts the report together. */
#include "html.h"

#include "../harness/memory.h"
#include "page.h"

#include <errno.h>
#include <math.h>

#define METRIC(title, note, field, log, reach, print)                                                                  \
    {title, note, offsetof(struct bench_measure, field), log, reach, print}
static const struct draw_metric metrics[] = {
    METRIC("Throughput", "operations a second, logarithmic; more is better", throughput, true, 8, draw_print_count),
    METRIC("CPU time per operation", "of all threads, logarithmic; less is better", cpu_ns, true, 8, draw_print_time),
    METRIC("Wait, p99.9", "from the call of lock to having it, logarithmic; less is better", wait_p999, true, 0,
           draw_print_time),
    METRIC("Starvation", "the longest that a thread went without the lock, logarithmic; less is better", starved, true,
           0, draw_print_time),
    METRIC("Fairness", "Jain's index of the threads' operations; 1: all equal", fairness, false, 0, draw_print_share),
    METRIC("Neighbours' share", "the CPU time that neighbours got, of what each would have alone on a CPU",
           neighbour_share, false, 0, draw_print_share),
};

static bool group_has_figures(const struct bench_group *group, size_t offset)
{
    for (unsigned c = 0; c < group->n; c++) {
        for (unsigned i = 0; i < group->cells[c]->n; i++) {
            if (!isnan(bench_cells_median(group->cells[c]->series[i], offset)))
                return true;
        }
    }
    return false;
}

static bool has_figures(const struct page_side *side, size_t offset)
{
    for (unsigned i = 0; i < side->ngroups; i++) {
        if (group_has_figures(&side->groups[i], offset))
            return true;
    }
    return false;
}

static void put_side_heading(const struct page *page, unsigned i)
{
    if (page->n == 2) {
        fprintf(page->out, "<h3>%c: ", 'A' + i);
        draw_text(page->out, "%s", page->sides[i].document->path);
        fputs("</h3>", page->out);
    }
}

/* Calls a part once for each file, beside each other. */
static void put_sides(const struct page *page, void (*part)(const struct page *page, const struct page_side *side))
{
    if (page->n == 2)
        fputs("<div class=\"two\">", page->out);
    for (unsigned i = 0; i < page->n; i++) {
        fputs("<div>", page->out);
        put_side_heading(page, i);
        part(page, &page->sides[i]);
        fputs("</div>\n", page->out);
    }
    if (page->n == 2)
        fputs("</div>\n", page->out);
}

static void put_head(const struct page *page, const struct page_side *side)
{
    char sentence[600];

    bench_summary_sentence(&side->summary, sentence, sizeof(sentence));
    fputs("<p class=\"sentence\">", page->out);
    draw_text(page->out, "%s", sentence);
    fputs("</p>\n", page->out);
    page_tiles(page, side);
    draw_ranking(page->out, &side->cells, page_heat_best, page->styles.subject);
}

static void put_map(const struct page *page, const struct page_side *side)
{
    struct draw_map map = {side->groups, side->ngroups, page_heat_best, page->styles.subject,
                           side->document->machine.cpus};

    draw_map_page(page->out, &map);
}

static void put_change_map(const struct page *page)
{
    const struct page_side *a = &page->sides[0];
    struct draw_map map = {a->groups, a->ngroups, page_heat_change, page, a->document->machine.cpus};

    fputs("<h2>B's throughput by A's, ", page->out);
    draw_text(page->out, "%s", page->styles.subject);
    fputs("</h2>\n<p class=\"soft\">More than 1: B is faster. What may be chance is in here too; the table below "
          "tells.</p>",
          page->out);
    draw_map_page(page->out, &map);
}

static const struct draw_metric *current_metric; /* of put_metric_side(), which put_sides() calls */

static void put_metric_side(const struct page *page, const struct page_side *side)
{
    fputs("<div class=\"panels\">\n", page->out);
    for (unsigned i = 0; i < side->ngroups; i++) {
        if (side->groups[i].cells[0]->first->workload && group_has_figures(&side->groups[i], current_metric->offset))
            draw_group(page->out, &side->groups[i], current_metric, &page->styles, side->document->machine.cpus);
    }
    fputs("</div>\n", page->out);
}

static void put_metrics(const struct page *page)
{
    for (unsigned m = 0; m < sizeof(metrics) / sizeof(metrics[0]); m++) {
        if (!has_figures(&page->sides[0], metrics[m].offset) &&
            !(page->n == 2 && has_figures(&page->sides[1], metrics[m].offset)))
            continue;
        current_metric = &metrics[m];
        fprintf(page->out, "<h2>%s</h2><p class=\"soft\">%s. The thick line: ", metrics[m].title, metrics[m].note);
        draw_text(page->out, "%s", page->styles.subject);
        fputs(", with the range of its rounds. The dotted line: as many threads as CPUs.", page->out);
        if (metrics[m].reach > 0)
            fprintf(page->out, " Lines that run along the edge lie beyond it: the scale ends at %g times.",
                    metrics[m].reach);
        fputs("</p>\n", page->out);
        put_sides(page, put_metric_side);
    }
}

static void put_waits_side(const struct page *page, const struct page_side *side)
{
    fputs("<div class=\"panels\">\n", page->out);
    for (unsigned i = 0; i < side->cells.n; i++) {
        if (bench_cells_contended(&side->cells.at[i].first->cell) && side->cells.at[i].first->workload)
            draw_waits(page->out, &side->cells.at[i], &page->styles);
    }
    fputs("</div>\n", page->out);
}

static void put_programs_side(const struct page *page, const struct page_side *side)
{
    static const struct draw_metric throughput = {"",    "", offsetof(struct bench_measure, throughput),
                                                  false, 0,  draw_print_count};
    static const struct draw_metric cpu = {"", "", offsetof(struct bench_measure, cpu_ns), false, 0, draw_print_time};

    for (unsigned m = 0; m < 2; m++) {
        fprintf(page->out, "<h3>%s</h3><div class=\"panels\">\n",
                m ? "CPU time per operation, less is better" : "Throughput, more is better");
        for (unsigned i = 0; i < side->ngroups; i++) {
            if (!side->groups[i].cells[0]->first->workload)
                draw_bars(page->out, &side->groups[i], m ? &cpu : &throughput, &page->styles);
        }
        fputs("</div>\n", page->out);
    }
}

static bool has_programs(const struct page *page)
{
    for (unsigned s = 0; s < page->n; s++) {
        for (unsigned i = 0; i < page->sides[s].ngroups; i++) {
            if (!page->sides[s].groups[i].cells[0]->first->workload)
                return true;
        }
    }
    return false;
}

static void put_behind(const struct page *page, const struct page_side *side)
{
    page_cells_table(page, side, true);
}

static void put_ahead(const struct page *page, const struct page_side *side)
{
    page_cells_table(page, side, false);
}

static void put_title(const struct page *page)
{
    fprintf(page->out, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"/>"
                       "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"/><title>");
    draw_text(page->out, "%s against other locks", page->styles.subject);
    fprintf(page->out, "</title><style>%s%s</style></head>\n<body>\n<h1>", draw_css, page_css);
    draw_text(page->out, "%s against other locks", page->styles.subject);
    fputs("</h1>\n", page->out);
    for (unsigned i = 0; i < page->n; i++) {
        const struct bench_disturbance *d = &page->sides[i].document->results.disturbance;
        const struct bench_machine *m = &page->sides[i].document->machine;

        fputs("<p class=\"soft\">", page->out);
        draw_text(page->out, "%s%s%s, %u CPUs, %s, thread states: %s; measured %s",
                  page->n == 2 ? (i ? "B: " : "A: ") : "", m->cpu, *m->virtualised == 'y' ? " (virtual machine)" : "",
                  m->cpus, m->kernel, m->source, m->date);
        if (bench_disturbed(d))
            fprintf(page->out,
                    "<br/><strong>Disturbed: other programs used %.0f %% of the CPUs while this was measured.</strong>",
                    100 * fmax(d->before, d->during));
        fputs("</p>\n", page->out);
    }
}

static void put_overview(const struct page *page)
{
    put_sides(page, put_head);
    fputs(
        "<p class=\"soft\">Each bar is a contended cell, by the ratio of the throughput to that of the best other fair "
        "lock there; point at one to see which.</p>\n<h2>Throughput by that of the best other lock</h2>\n"
        "<p class=\"soft\">Rows: time inside the critical section; columns: threads (bold: more than CPUs). Blue: "
        "ahead, "
        "orange: behind. Unfair locks (Jain's index below 0.8) and the project's own are no others; \342\200\223: no "
        "other "
        "lock was fair; *: here the lock itself was not fair; pale: not contended.</p>\n",
        page->out);
    put_sides(page, put_map);
    if (page->n == 2) {
        put_change_map(page);
        fputs("<h2>What changed</h2>\n", page->out);
        page_diff(page);
    }
    fputs("<h2>Against each lock, in contended cells</h2>\n", page->out);
    put_sides(page, page_summary_table);
    fputs("<h2>Where it is behind</h2>\n", page->out);
    put_sides(page, put_behind);
    fputs("<h2>Where it is ahead</h2>\n", page->out);
    put_sides(page, put_ahead);
}

static void put_page(const struct page *page)
{
    put_title(page);
    put_overview(page);
    if (has_programs(page)) {
        fputs("<h2>Programs</h2>\n", page->out);
        put_sides(page, put_programs_side);
    }
    put_metrics(page);
    fputs(
        "<h2>Waits in contended cells</h2><p class=\"soft\">Diamond: p50, square: p99, circle: p99.9, end of the line: "
        "the longest.</p>\n<details><summary>Every contended cell</summary>\n",
        page->out);
    put_sides(page, put_waits_side);
    fputs("</details>\n<h2>Machine</h2>\n", page->out);
    page_machines(page);
    put_sides(page, page_failures);
    fputs("<h2>Everything</h2>\n<details><summary>Medians of every series</summary>\n", page->out);
    put_sides(page, page_everything);
    fputs("</details>\n</body></html>\n", page->out);
}

static void add_subjects(struct draw_styles *styles, const struct bench_cells *cells)
{
    for (unsigned i = 0; i < cells->nsubjects; i++) {
        unsigned k = 0;

        while (k < styles->n && strcmp(styles->subjects[k], cells->subjects[i]) != 0)
            k++;
        if (k < styles->n)
            continue;
        styles->subjects = bench_realloc(styles->subjects, (styles->n + 1) * sizeof(*styles->subjects));
        styles->subjects[styles->n++] = cells->subjects[i];
    }
}

static void prepare(struct page *page, const struct bench_document *a, const struct bench_document *b,
                    const char *subject)
{
    memset(page, 0, sizeof(*page));
    page->n = b ? 2 : 1;
    page->styles.subject = subject;
    for (unsigned i = 0; i < page->n; i++) {
        struct page_side *side = &page->sides[i];

        side->document = i ? b : a;
        bench_cells_sort(&side->document->results, &side->cells);
        side->groups = bench_groups_make(&side->cells, &side->ngroups);
        bench_summary_make(&side->cells, subject, &side->summary);
        add_subjects(&page->styles, &side->cells);
    }
}

static void clear(struct page *page)
{
    for (unsigned i = 0; i < page->n; i++) {
        struct page_side *side = &page->sides[i];

        bench_summary_free(&side->summary);
        bench_groups_free(side->groups, side->ngroups);
        bench_cells_free(&side->cells);
    }
    free(page->styles.subjects);
}

static bool write_file(const char *path, struct page *page, void (*put)(const struct page *page))
{
    page->out = fopen(path, "w");
    if (!page->out)
        return false;
    put(page);
    bool ok = !ferror(page->out);

    return fclose(page->out) == 0 && ok;
}

bool bench_html_write(const char *path, const struct bench_document *a, const struct bench_document *b,
                      const char *subject)
{
    struct page page;

    prepare(&page, a, b, subject);
    bool ok = write_file(path, &page, put_page);
    int error = errno;

    clear(&page);
    errno = error;
    return ok;
}

static void put_figure(const struct page *page)
{
    const struct page_side *side = &page->sides[0];
    struct draw_map map = {side->groups, side->ngroups, page_heat_best, page->styles.subject,
                           side->document->machine.cpus};
    char title[160];

    snprintf(title, sizeof(title), "Throughput of %s by that of the best other fair lock", page->styles.subject);
    if (page->n == 2) {
        map.heat = page_heat_change;
        map.arg = page;
        snprintf(title, sizeof(title), "Throughput of %s after by that before", page->styles.subject);
    }
    draw_map_figure(page->out, &map, title);
}

bool bench_html_figure(const char *path, const struct bench_document *a, const struct bench_document *b,
                       const char *subject)
{
    struct page page;

    prepare(&page, a, b, subject);
    bool ok = write_file(path, &page, put_figure);
    int error = errno;

    clear(&page);
    errno = error;
    return ok;
}
