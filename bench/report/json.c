/* SPDX-License-Identifier: MIT */
/* Results as JSON, for programs that draw or compare. */
#include "report.h"

#include "../harness/work.h"

#include <math.h>

static void print_string(FILE *out, const char *string)
{
    fputc('"', out);
    for (; *string; string++) {
        if (*string == '"' || *string == '\\')
            fprintf(out, "\\%c", *string);
        else if ((unsigned char)*string < ' ')
            fprintf(out, "\\u%04x", (unsigned)*string);
        else
            fputc(*string, out);
    }
    fputc('"', out);
}

/* JSON knows no NaN: a figure that is not there is null. */
static void print_number(FILE *out, double value)
{
    if (isfinite(value))
        fprintf(out, "%.9g", value);
    else
        fputs("null", out);
}

static void print_measure(FILE *out, struct bench_measure measure)
{
    fputc('{', out);
    for (const struct bench_metric *m = bench_metrics; m->name; m++) {
        fprintf(out, "%s\"%s\": ", m == bench_metrics ? "" : ", ", m->name);
        print_number(out, *bench_metric_of(&measure, m));
    }
    fputc('}', out);
}

static void print_series(FILE *out, const struct bench_results *results, const struct bench_series *s)
{
    fputs("    {\"group\": ", out);
    print_string(out, s->group);
    fputs(", \"subject\": ", out);
    print_string(out, s->subject);
    fputs(", \"unit\": ", out);
    print_string(out, s->unit);
    fputs(",\n     \"workload\": ", out);
    if (s->workload)
        print_string(out, s->workload);
    else
        fputs("null", out);
    fprintf(out, ", \"threads\": %u, \"cs_ns\": %g, \"outside_ns\": %g, \"lines\": %u", s->cell.threads, s->cell.cs_ns,
            s->cell.outside_ns, s->cell.lines);
    fprintf(out, ", \"neighbours\": %u, \"cpus\": %u, \"quota\": %u", s->cell.neighbours, s->cell.cpus, s->cell.quota);
    fputs(", \"error\": ", out);
    print_string(out, s->error);
    fputs(",\n     \"throughput_ratio\": ", out);
    print_number(out, bench_results_ratio(results, s, offsetof(struct bench_measure, throughput)));
    fputs(", \"cpu_ratio\": ", out);
    print_number(out, bench_results_ratio(results, s, offsetof(struct bench_measure, cpu_ns)));
    fputs(",\n     \"median\": ", out);
    print_measure(out, bench_measure_median(s->rounds, s->nrounds));
    fputs(",\n     \"rounds\": [", out);
    for (unsigned i = 0; i < s->nrounds; i++) {
        fputs(i ? ",\n                " : "", out);
        print_measure(out, s->rounds[i]);
    }
    fputs("]}", out);
}

static void print_disturbance(FILE *out, const struct bench_disturbance *d)
{
    fprintf(out, ",\n  \"disturbed\": {\"much\": %s, \"before\": ", bench_disturbed(d) ? "true" : "false");
    print_number(out, d->looked ? d->before : NAN);
    fputs(", \"during\": ", out);
    print_number(out, d->looked ? d->during : NAN);
    fputs(", \"by\": [", out);
    for (unsigned i = 0; i < d->n; i++) {
        fputs(i ? ", {\"name\": " : "{\"name\": ", out);
        print_string(out, d->by[i].name);
        fprintf(out, ", \"pid\": %ld, \"share\": %.3g}", d->by[i].pid, d->by[i].share);
    }
    fputs("]}", out);
}

static void print_all(FILE *out, const struct bench_results *results)
{
    const char *source, *reason;

    bench_report_source(&source, &reason);
    fprintf(out, "{\n  \"cpus\": %u,\n  \"source\": ", bench_cpus());
    print_string(out, source);
    fputs(",\n  \"source_reason\": ", out);
    print_string(out, reason);
    print_disturbance(out, &results->disturbance);
    fputs(",\n  \"results\": [\n", out);
    for (unsigned i = 0; i < results->nseries; i++) {
        fputs(i ? ",\n" : "", out);
        print_series(out, results, &results->series[i]);
    }
    fputs("\n  ],\n  \"not_run\": [", out);
    for (unsigned i = 0; i < results->nnot_run; i++) {
        fputs(i ? ", {\"what\": " : "{\"what\": ", out);
        print_string(out, results->not_run[i].what);
        fputs(", \"why\": ", out);
        print_string(out, results->not_run[i].why);
        fputc('}', out);
    }
    fputs("]\n}\n", out);
}

bool bench_report_json(const char *path, const struct bench_results *results)
{
    FILE *out = fopen(path, "w");

    if (!out)
        return false;
    print_all(out, results);
    bool ok = !ferror(out);

    return fclose(out) == 0 && ok;
}
