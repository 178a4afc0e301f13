/* SPDX-License-Identifier: MIT */
/* Reads what json.c writes. It may come from elsewhere, so that nothing in it is believed unseen. */
#include "document.h"

#include "../harness/memory.h"

#include <jansson.h>
#include <math.h>

struct reader {
    const char *path;
    const char *where; /* the part of the file that is being read */
    size_t index;
};

static bool complain(const struct reader *r, const char *name, const char *what)
{
    fprintf(stderr, "oncpu-bench: %s: %s %zu: \"%s\" %s\n", r->path, r->where, r->index, name, what);
    return false;
}

static bool read_text(const struct reader *r, const json_t *object, const char *name, char *text, size_t size)
{
    const char *value = json_string_value(json_object_get(object, name));

    if (!value)
        return complain(r, name, "is not a string");
    snprintf(text, size, "%s", value);
    return true;
}

static bool read_count(const struct reader *r, const json_t *object, const char *name, unsigned *count)
{
    const json_t *value = json_object_get(object, name);

    if (!json_is_integer(value) || json_integer_value(value) < 0 || json_integer_value(value) > 1000000)
        return complain(r, name, "is not a whole number from 0 to 1000000");
    *count = (unsigned)json_integer_value(value);
    return true;
}

static bool read_ns(const struct reader *r, const json_t *object, const char *name, double *ns)
{
    const json_t *value = json_object_get(object, name);

    *ns = json_number_value(value);
    if (!json_is_number(value) || *ns < 0)
        return complain(r, name, "is not a number of nanoseconds");
    return true;
}

static bool read_round(const struct reader *r, const json_t *object, struct bench_measure *measure)
{
    *measure = bench_measure_none();
    if (!json_is_object(object))
        return complain(r, "rounds", "holds something that is not an object");
    for (const struct bench_metric *m = bench_metrics; m->name; m++) {
        const json_t *value = json_object_get(object, m->name);

        /* Not there: the file is older than the figure. */
        if (!value || json_is_null(value))
            continue;
        if (!json_is_number(value))
            return complain(r, m->name, "is neither a number nor null");
        *bench_metric_of(measure, m) = json_number_value(value);
    }
    return true;
}

static bool read_cell(const struct reader *r, const json_t *object, struct bench_cell *cell)
{
    return read_count(r, object, "threads", &cell->threads) && read_ns(r, object, "cs_ns", &cell->cs_ns) &&
           read_ns(r, object, "outside_ns", &cell->outside_ns) && read_count(r, object, "lines", &cell->lines) &&
           read_count(r, object, "neighbours", &cell->neighbours) && read_count(r, object, "cpus", &cell->cpus) &&
           read_count(r, object, "quota", &cell->quota);
}

static bool read_series(const struct reader *r, const json_t *object, struct bench_results *results)
{
    const json_t *workload = json_object_get(object, "workload"), *rounds = json_object_get(object, "rounds");
    struct bench_series s = {.workload = json_string_value(workload),
                             .unit = json_string_value(json_object_get(object, "unit")),
                             .base = json_is_true(json_object_get(object, "base"))};
    size_t i;
    const json_t *round;

    if (!read_text(r, object, "group", s.group, sizeof(s.group)) ||
        !read_text(r, object, "subject", s.subject, sizeof(s.subject)) ||
        !read_text(r, object, "error", s.error, sizeof(s.error)) || !read_cell(r, object, &s.cell))
        return false;
    if (!s.unit)
        return complain(r, "unit", "is not a string");
    if (!s.workload && !json_is_null(workload))
        return complain(r, "workload", "is neither a string nor null");
    if (!json_is_array(rounds))
        return complain(r, "rounds", "is not an array");
    unsigned index = bench_results_add(results, &s);

    json_array_foreach(rounds, i, round)
    {
        struct bench_measure measure;

        if (!read_round(r, round, &measure))
            return false;
        bench_results_add_round(results, index, &measure);
    }
    return true;
}

static bool read_machine(const struct reader *r, const json_t *object, struct bench_machine *machine)
{
    if (!json_is_object(object))
        return complain(r, "machine", "is not an object");
    for (const struct bench_machine_fact *f = bench_machine_facts; f->name; f++) {
        if (json_object_get(object, f->name) &&
            !read_text(r, object, f->name, bench_machine_fact(machine, f), BENCH_FACT))
            return false;
    }
    return read_count(r, object, "cpus", &machine->cpus);
}

static double number_or_nan(const json_t *value)
{
    return json_is_number(value) ? json_number_value(value) : NAN;
}

/* Not there: nobody looked. */
static void read_disturbance(const json_t *object, struct bench_disturbance *d)
{
    d->before = number_or_nan(json_object_get(object, "before"));
    d->during = number_or_nan(json_object_get(object, "during"));
    d->looked = !isnan(d->before) || !isnan(d->during);
}

static bool read_not_run(const struct reader *r, const json_t *object, struct bench_results *results)
{
    struct bench_not_run n;

    if (!read_text(r, object, "what", n.what, sizeof(n.what)) || !read_text(r, object, "why", n.why, sizeof(n.why)))
        return false;
    bench_results_not_run(results, n.what, n.why);
    return true;
}

static bool read_all(const json_t *root, struct bench_document *d)
{
    const json_t *results = json_object_get(root, "results"), *not_run = json_object_get(root, "not_run"), *value;
    struct reader r = {d->path, "file", 1};

    if (!json_is_array(results))
        return complain(&r, "results", "is not an array");
    if (!read_machine(&r, json_object_get(root, "machine"), &d->machine))
        return false;
    read_disturbance(json_object_get(root, "disturbed"), &d->results.disturbance);
    r.where = "result";
    json_array_foreach(results, r.index, value)
    {
        if (!read_series(&r, value, &d->results))
            return false;
    }
    r.where = "not run";
    json_array_foreach(not_run, r.index, value)
    {
        if (!read_not_run(&r, value, &d->results))
            return false;
    }
    return true;
}

bool bench_document_read(const char *path, struct bench_document *document)
{
    json_error_t error;
    json_t *root = json_load_file(path, JSON_REJECT_DUPLICATES, &error);

    memset(document, 0, sizeof(*document));
    document->path = path;
    document->text = root;
    if (!root) {
        fprintf(stderr, "oncpu-bench: %s: line %d: %s\n", path, error.line, error.text);
        return false;
    }
    if (read_all(root, document))
        return true;
    bench_document_free(document);
    return false;
}

void bench_document_free(struct bench_document *document)
{
    bench_results_free(&document->results);
    json_decref(document->text);
    memset(document, 0, sizeof(*document));
}
