/* SPDX-License-Identifier: MIT */
/* Reads the options of `run` and `demo`. */
#include "options.h"

#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_VALUES = 32, MAX_THREADS = 4096 };

struct value {
    double number;
    bool times_cs; /* "3x": three times the time in the section */
};

struct list {
    unsigned n;
    struct value values[MAX_VALUES];
};

struct raw {
    const char *locks;
    bool all;
    struct list threads, cs, outside;
};

static bool complain(const char *what, const char *text)
{
    fprintf(stderr, "oncpu-bench: %s: %s\n", what, text);
    return false;
}

static bool read_list(const char *option, const char *text, double least, double most, struct list *list)
{
    const char *at = text;

    for (list->n = 0; list->n < MAX_VALUES;) {
        struct value *v = &list->values[list->n++];
        char *end;

        v->number = strtod(at, &end);
        v->times_cs = *end == 'x';
        if (end == at || !(v->number >= least && v->number <= most))
            break;
        end += v->times_cs;
        if (*end == '\0')
            return true;
        if (*end != ',')
            break;
        at = end + 1;
    }
    fprintf(stderr, "oncpu-bench: --%s %s: expected numbers from %g to %g with commas between\n", option, text, least,
            most);
    return false;
}

static bool read_number(const char *option, const char *text, double least, double most, double *number)
{
    struct list list;

    if (!read_list(option, text, least, most, &list))
        return false;
    if (list.n != 1 || list.values[0].times_cs)
        return complain(option, "expected one number");
    *number = list.values[0].number;
    return true;
}

bool bench_options_locks(const char *list, bool hidden, struct bench_matrix *matrix)
{
    matrix->nlocks = 0;
    for (unsigned i = 0; !list && bench_lock_at(i); i++) {
        if (hidden || !bench_lock_at(i)->hidden)
            matrix->locks[matrix->nlocks++] = bench_lock_at(i);
    }
    while (list && *list) {
        size_t length = strcspn(list, ",");
        char name[64];

        snprintf(name, sizeof(name), "%.*s", (int)length, list);
        const struct bench_lock_ops *ops = bench_lock_find(name);

        if (!ops)
            return complain("no such lock (oncpu-bench list --all names them)", name);
        for (unsigned i = 0; i < matrix->nlocks; i++) {
            if (matrix->locks[i] == ops)
                return complain("lock named twice", name);
        }
        matrix->locks[matrix->nlocks++] = ops;
        list += length + (list[length] == ',');
    }
    return true;
}

static bool make_cells(const struct raw *raw, struct bench_matrix *matrix)
{
    matrix->ncells = 0;
    if (!matrix->workload->has_cells) {
        matrix->cells[matrix->ncells++] = (struct bench_cell){.threads = 1};
        return true;
    }
    if (raw->cs.n * raw->outside.n * raw->threads.n > BENCH_MAX_CELLS)
        return complain("too many combinations", "of --threads, --cs and --outside");
    for (unsigned c = 0; c < raw->cs.n; c++) {
        for (unsigned o = 0; o < raw->outside.n; o++) {
            for (unsigned t = 0; t < raw->threads.n; t++) {
                struct bench_cell *cell = &matrix->cells[matrix->ncells++];
                const struct value *outside = &raw->outside.values[o];

                cell->cs_ns = raw->cs.values[c].number;
                cell->outside_ns = outside->times_cs ? outside->number * cell->cs_ns : outside->number;
                cell->threads = (unsigned)raw->threads.values[t].number;
            }
        }
    }
    return true;
}

static bool read_option(int option, const char *name, struct bench_options *options, struct raw *raw)
{
    struct bench_matrix *matrix = &options->matrix;
    double number;

    switch (option) {
    case 'l':
        raw->locks = optarg;
        return true;
    case 'a':
        raw->all = true;
        return true;
    case 't':
        return read_list(name, optarg, 1, MAX_THREADS, &raw->threads);
    case 'c':
        return read_list(name, optarg, 0, 1e9, &raw->cs);
    case 'o':
        return read_list(name, optarg, 0, 1e9, &raw->outside);
    case 'r':
        if (!read_number(name, optarg, 1, 1000, &number))
            return false;
        matrix->rounds = (unsigned)number;
        return true;
    case 'm':
        if (!read_number(name, optarg, 1, 60000, &number))
            return false;
        matrix->round_ns = (uint64_t)(number * 1e6);
        return true;
    case 'w':
        matrix->workload = bench_workload_find(optarg);
        return matrix->workload || complain("no such workload (oncpu-bench list names them)", optarg);
    case 'j':
        options->json = optarg;
        return true;
    default:
        return false; /* getopt_long() has said why */
    }
}

bool bench_options_read(int argc, char **argv, struct bench_options *options)
{
    static const struct option known[] = {
        {"locks", required_argument, NULL, 'l'},    {"all", no_argument, NULL, 'a'},
        {"threads", required_argument, NULL, 't'},  {"cs", required_argument, NULL, 'c'},
        {"outside", required_argument, NULL, 'o'},  {"rounds", required_argument, NULL, 'r'},
        {"round-ms", required_argument, NULL, 'm'}, {"workload", required_argument, NULL, 'w'},
        {"json", required_argument, NULL, 'j'},     {NULL, 0, NULL, 0},
    };
    struct bench_matrix *matrix = &options->matrix;
    struct raw raw = {0};
    int option, index = 0;

    memset(options, 0, sizeof(*options));
    matrix->workload = bench_workload_find("contended");
    matrix->rounds = 5;
    matrix->round_ns = 200000000;
    read_list("threads", "1,2,4", 1, MAX_THREADS, &raw.threads);
    read_list("cs", "1000", 0, 1e9, &raw.cs);
    read_list("outside", "3x", 0, 1e9, &raw.outside);
    while ((option = getopt_long(argc, argv, "", known, &index)) != -1) {
        if (!read_option(option, known[index].name, options, &raw))
            return false;
    }
    if (optind < argc)
        return complain("unexpected argument", argv[optind]);
    return bench_options_locks(raw.locks, raw.all, matrix) && make_cells(&raw, matrix);
}
