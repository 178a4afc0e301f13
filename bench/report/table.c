/* SPDX-License-Identifier: MIT */
/* The console table: one line a lock and thread count, under a heading for what is compared. */
#include "report.h"

#include <math.h>
#include <string.h>

enum { TEXT = 40 };

struct line {
    const struct bench_results *results;
    const struct bench_series *series;
    struct bench_measure median;
};

static void print_si(char *text, double value, const char *unit)
{
    if (isnan(value))
        snprintf(text, TEXT, "-");
    else if (value >= 1e6)
        snprintf(text, TEXT, "%.*f M %s", value < 1e7 ? 3 : 2, value * 1e-6, unit);
    else if (value >= 1e3)
        snprintf(text, TEXT, "%.1f k %s", value * 1e-3, unit);
    else
        snprintf(text, TEXT, "%.1f %s", value, unit);
}

static void print_time(char *text, double ns)
{
    if (isnan(ns))
        snprintf(text, TEXT, "-");
    else if (ns >= 1e6)
        snprintf(text, TEXT, "%.1f ms", ns * 1e-6);
    else if (ns >= 1e3)
        snprintf(text, TEXT, "%.2f us", ns * 1e-3);
    else
        snprintf(text, TEXT, "%.1f ns", ns);
}

static void print_number(char *text, const char *format, double value)
{
    if (isnan(value))
        snprintf(text, TEXT, "-");
    else
        snprintf(text, TEXT, format, value);
}

static void subject(char *text, const struct line *line)
{
    snprintf(text, TEXT, "%s", line->series->subject);
}

static void threads(char *text, const struct line *line)
{
    snprintf(text, TEXT, "%u", line->series->cell.threads);
}

static void throughput(char *text, const struct line *line)
{
    print_si(text, line->median.throughput, line->series->unit);
}

static void spread(char *text, const struct line *line)
{
    size_t offset = offsetof(struct bench_measure, throughput);

    print_number(text, "%.0f %%", 100 * bench_measure_spread(line->series->rounds, line->series->nrounds, offset));
}

static void throughput_ratio(char *text, const struct line *line)
{
    size_t offset = offsetof(struct bench_measure, throughput);

    print_number(text, "%.2f x", bench_results_ratio(line->results, line->series, offset));
}

static void cpu(char *text, const struct line *line)
{
    print_time(text, line->median.cpu_ns);
}

static void cpu_ratio(char *text, const struct line *line)
{
    size_t offset = offsetof(struct bench_measure, cpu_ns);

    print_number(text, "%.2f x", bench_results_ratio(line->results, line->series, offset));
}

static void fairness(char *text, const struct line *line)
{
    print_number(text, "%.2f", line->median.fairness);
}

static void efficiency(char *text, const struct line *line)
{
    print_number(text, "%.0f %%", 100 * line->median.efficiency);
}

static void sleeps(char *text, const struct line *line)
{
    print_number(text, "%.4f", line->median.voluntary);
}

static void preemptions(char *text, const struct line *line)
{
    print_number(text, "%.4f", line->median.involuntary);
}

static void contended(char *text, const struct line *line)
{
    print_number(text, "%.4f", line->median.contended);
}

static void wait_p50(char *text, const struct line *line)
{
    print_time(text, line->median.wait_p50);
}

static void wait_p99(char *text, const struct line *line)
{
    print_time(text, line->median.wait_p99);
}

static void wait_p999(char *text, const struct line *line)
{
    print_time(text, line->median.wait_p999);
}

static void wait_max(char *text, const struct line *line)
{
    print_time(text, line->median.wait_max);
}

static void starved(char *text, const struct line *line)
{
    print_time(text, line->median.starved);
}

static void neighbours(char *text, const struct line *line)
{
    print_number(text, "%.0f %%", 100 * line->median.neighbour_share);
}

static const struct column {
    const char *title[2];
    int width; /* negative: to the left */
    bool wide;
    void (*print)(char *text, const struct line *line);
} columns[] = {
    {{"lock or", "program"}, -22, false, subject},
    {{"", "threads"}, 7, false, threads},
    {{"", "throughput"}, 16, false, throughput},
    {{"+/- of", "rounds"}, 6, true, spread},
    {{"against", "pthread"}, 9, false, throughput_ratio},
    {{"share of", "ideal"}, 8, true, efficiency},
    {{"CPU time", "per op"}, 10, false, cpu},
    {{"against", "pthread"}, 9, false, cpu_ratio},
    {{"", "fairness"}, 9, false, fairness},
    {{"wait", "p50"}, 10, true, wait_p50},
    {{"wait", "p99"}, 10, true, wait_p99},
    {{"wait", "p99.9"}, 10, true, wait_p999},
    {{"wait", "max"}, 10, true, wait_max},
    {{"", "starved"}, 9, true, starved},
    {{"sleeps", "per op"}, 9, true, sleeps},
    {{"preempted", "per op"}, 10, true, preemptions},
    {{"contended", "per op"}, 9, true, contended},
    {{"neigh-", "bours"}, 6, true, neighbours},
};

enum { COLUMNS = sizeof(columns) / sizeof(columns[0]) };

/* A wide column is there when some line has a figure for it. */
static bool is_shown(const struct column *column, const struct bench_results *results, bool wide)
{
    bool shown = !column->wide;

    for (unsigned i = 0; wide && !shown && i < results->nseries; i++) {
        const struct bench_series *s = &results->series[i];
        struct line line = {results, s, bench_measure_median(s->rounds, s->nrounds)};
        char text[TEXT];

        column->print(text, &line);
        shown = strcmp(text, "-") != 0;
    }
    return shown;
}

static void print_titles(FILE *out, const struct bench_results *results, bool wide)
{
    for (int row = 0; row < 2; row++) {
        for (int i = 0; i < COLUMNS; i++) {
            if (is_shown(&columns[i], results, wide))
                fprintf(out, "%s%*s", i ? "  " : "", columns[i].width, columns[i].title[row]);
        }
        fputc('\n', out);
    }
}

static void print_line(FILE *out, const struct bench_results *results, const struct bench_series *series, bool wide)
{
    struct line line = {results, series, bench_measure_median(series->rounds, series->nrounds)};
    char text[TEXT];

    if (!bench_series_measured(series)) {
        fprintf(out, "%*s  %*u  %s\n", columns[0].width, series->subject, columns[1].width, series->cell.threads,
                series->error);
        return;
    }
    for (int i = 0; i < COLUMNS; i++) {
        if (!is_shown(&columns[i], results, wide))
            continue;
        columns[i].print(text, &line);
        fprintf(out, "%s%*s", i ? "  " : "", columns[i].width, text);
    }
    fprintf(out, "%s%s\n", series->error[0] ? "  in some rounds: " : "", series->error);
}

static void print_disturbance(FILE *out, const struct bench_disturbance *d)
{
    if (!bench_disturbed(d))
        return;
    fprintf(out, "\nDisturbed: others used %.0f %% of the CPUs just before, and %.0f %% while this was measured",
            100 * d->before, 100 * d->during);
    for (unsigned i = 0; i < d->n; i++)
        fprintf(out, "%s%s (%ld) %.0f %%", i ? ", " : ": ", d->by[i].name, d->by[i].pid, 100 * d->by[i].share);
    fputs(".\n", out);
}

void bench_report_table(FILE *out, const struct bench_results *results, bool wide)
{
    const struct bench_series *before = NULL;

    if (results->nseries)
        print_titles(out, results, wide);
    for (unsigned i = 0; i < results->nseries; i++) {
        const struct bench_series *s = &results->series[i];

        if (!bench_series_measured(s) && !s->error[0])
            continue; /* filtered out */
        if (!before || strcmp(before->group, s->group) != 0)
            fprintf(out, "\n%s\n", s->group);
        else if (before->cell.threads != s->cell.threads)
            fputc('\n', out);
        print_line(out, results, s, wide);
        before = s;
    }
    for (unsigned i = 0; i < results->nnot_run; i++)
        fprintf(out, "%sNot run: %s: %s\n", i ? "" : "\n", results->not_run[i].what, results->not_run[i].why);
    print_disturbance(out, &results->disturbance);
}
