/* SPDX-License-Identifier: MIT */
/* Results as JSON, for programs that draw or compare: one line a series. */
#include "report.h"

#include "../harness/memory.h"
#include "machine.h"

#include <jansson.h>
#include <math.h>

enum { FLAGS = JSON_REAL_PRECISION(9) };

static json_t *need(json_t *value)
{
    return bench_or_exit(value);
}

static void set(json_t *object, const char *name, json_t *value)
{
    if (json_object_set_new(object, name, need(value)) != 0)
        bench_or_exit(NULL);
}

/* What programs and files say of themselves need not be UTF-8. */
static json_t *text(const char *string)
{
    json_t *value = json_string(string);

    return value ? value : json_string("(not UTF-8)");
}

/* JSON knows no NaN: a figure that is not there is null. */
static json_t *number(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

static json_t *measure_json(struct bench_measure measure)
{
    json_t *object = need(json_object());

    for (const struct bench_metric *m = bench_metrics; m->name; m++)
        set(object, m->name, number(*bench_metric_of(&measure, m)));
    return object;
}

static json_t *series_json(const struct bench_results *results, const struct bench_series *s)
{
    json_t *object = need(json_object()), *rounds = need(json_array());

    set(object, "group", text(s->group));
    set(object, "subject", text(s->subject));
    set(object, "unit", text(s->unit));
    set(object, "base", json_boolean(s->base));
    set(object, "workload", s->workload ? text(s->workload) : json_null());
    set(object, "threads", json_integer(s->cell.threads));
    set(object, "cs_ns", number(s->cell.cs_ns));
    set(object, "outside_ns", number(s->cell.outside_ns));
    set(object, "lines", json_integer(s->cell.lines));
    set(object, "neighbours", json_integer(s->cell.neighbours));
    set(object, "cpus", json_integer(s->cell.cpus));
    set(object, "quota", json_integer(s->cell.quota));
    set(object, "error", text(s->error));
    set(object, "throughput_ratio",
        number(bench_results_ratio(results, s, offsetof(struct bench_measure, throughput))));
    set(object, "cpu_ratio", number(bench_results_ratio(results, s, offsetof(struct bench_measure, cpu_ns))));
    set(object, "median", measure_json(bench_measure_median(s->rounds, s->nrounds)));
    for (unsigned i = 0; i < s->nrounds; i++) {
        if (json_array_append_new(rounds, measure_json(s->rounds[i])) != 0)
            bench_or_exit(NULL);
    }
    set(object, "rounds", rounds);
    return object;
}

static json_t *machine_json(void)
{
    json_t *object = need(json_object());
    struct bench_machine machine;

    bench_machine_describe(&machine);
    set(object, "cpus", json_integer(machine.cpus));
    for (const struct bench_machine_fact *f = bench_machine_facts; f->name; f++)
        set(object, f->name, text(bench_machine_fact(&machine, f)));
    return object;
}

static json_t *not_run_json(const struct bench_not_run *n)
{
    json_t *object = need(json_object());

    set(object, "what", text(n->what));
    set(object, "why", text(n->why));
    return object;
}

static void print(FILE *out, const char *before, json_t *value)
{
    fputs(before, out);
    json_dumpf(value, out, FLAGS);
    json_decref(value);
}

static json_t *disturbance_json(const struct bench_disturbance *d)
{
    json_t *object = need(json_object()), *by = need(json_array());

    set(object, "much", json_boolean(bench_disturbed(d)));
    set(object, "before", number(d->looked ? d->before : NAN));
    set(object, "during", number(d->looked ? d->during : NAN));
    for (unsigned i = 0; i < d->n; i++) {
        json_t *process = need(json_object());

        set(process, "name", text(d->by[i].name));
        set(process, "pid", json_integer(d->by[i].pid));
        set(process, "share", number(d->by[i].share));
        if (json_array_append_new(by, process) != 0)
            bench_or_exit(NULL);
    }
    set(object, "by", by);
    return object;
}

static void print_all(FILE *out, const struct bench_results *results)
{
    print(out, "{\"machine\": ", machine_json());
    print(out, ",\n \"disturbed\": ", disturbance_json(&results->disturbance));
    fputs(",\n \"results\": [", out);
    for (unsigned i = 0; i < results->nseries; i++)
        print(out, i ? ",\n  " : "\n  ", series_json(results, &results->series[i]));
    fputs("\n ],\n \"not_run\": [", out);
    for (unsigned i = 0; i < results->nnot_run; i++)
        print(out, i ? ",\n  " : "\n  ", not_run_json(&results->not_run[i]));
    fputs("]}\n", out);
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
