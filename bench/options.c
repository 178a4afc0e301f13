/* SPDX-License-Identifier: MIT */
/* Reads the options of `run` and `demo`. */
#include "options.h"

#include "harness/neighbours.h"
#include "harness/pin.h"

#include <getopt.h>
#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_VALUES = 32 };

struct value {
    double number;
    bool times_cs; /* "3x": three times the time in the section */
};

struct list {
    unsigned n;
    struct value values[MAX_VALUES];
};

/* What cells differ in, from the fastest to change to the slowest. */
enum dimension { THREADS, OUTSIDE, CS, LINES, NEIGHBOURS, CPUS, QUOTA, DIMENSIONS };

static const struct {
    const char *option;
    double least, most;
    const char *standard;
} dimensions[DIMENSIONS] = {
    [THREADS] = {"threads", 1, 4096, "1,2,4"},
    [OUTSIDE] = {"outside", 0, 1e9, "3x"},
    [CS] = {"cs", 0, 1e9, "1000"},
    [LINES] = {"lines", 1, 4096, "1"},
    [NEIGHBOURS] = {"neighbours", 0, BENCH_MAX_NEIGHBOURS, "0"},
    [CPUS] = {"cpus", 0, CPU_SETSIZE, "0"},
    [QUOTA] = {"quota", 0, 100 * CPU_SETSIZE, "0"},
};

struct raw {
    const char *locks;
    bool all;
    struct list lists[DIMENSIONS];
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

/* The cell of one combination: `at` counts through all of them, the threads fastest, so that a group stays together. */
static struct bench_cell make_cell(const struct raw *raw, const bool *takes, unsigned at)
{
    const struct value *chosen[DIMENSIONS];

    for (unsigned d = 0; d < DIMENSIONS; d++) {
        unsigned n = takes[d] ? raw->lists[d].n : 1;

        chosen[d] = &raw->lists[d].values[at % n];
        at /= n;
    }
    double cs = takes[CS] ? chosen[CS]->number : 0, outside = takes[OUTSIDE] ? chosen[OUTSIDE]->number : 0;

    return (struct bench_cell){
        .threads = takes[THREADS] ? (unsigned)chosen[THREADS]->number : 1,
        .cs_ns = cs,
        .outside_ns = chosen[OUTSIDE]->times_cs ? outside * cs : outside,
        .lines = takes[LINES] ? (unsigned)chosen[LINES]->number : 1,
        .neighbours = (unsigned)chosen[NEIGHBOURS]->number,
        .cpus = (unsigned)chosen[CPUS]->number,
        .quota = (unsigned)chosen[QUOTA]->number,
    };
}

static bool make_cells(const struct raw *raw, struct bench_matrix *matrix)
{
    unsigned of_cell = matrix->workload->takes;
    const bool takes[DIMENSIONS] = {
        [THREADS] = of_cell & BENCH_TAKES_THREADS,
        [OUTSIDE] = of_cell & BENCH_TAKES_OUTSIDE,
        [CS] = of_cell & BENCH_TAKES_CS,
        [LINES] = of_cell & BENCH_TAKES_LINES,
        [NEIGHBOURS] = true,
        [CPUS] = true,
        [QUOTA] = true,
    };
    unsigned n = 1;

    for (unsigned d = 0; d < DIMENSIONS; d++) {
        n *= takes[d] ? raw->lists[d].n : 1;
        if (n > BENCH_MAX_CELLS)
            return complain("too many combinations", "of --threads, --cs, --outside and the conditions");
    }
    for (matrix->ncells = 0; matrix->ncells < n; matrix->ncells++)
        matrix->cells[matrix->ncells] = make_cell(raw, takes, matrix->ncells);
    return true;
}

static bool read_dimension(const char *name, const char *text, struct raw *raw)
{
    unsigned d = 0;

    while (strcmp(name, dimensions[d].option) != 0)
        d++;
    struct list *list = &raw->lists[d];

    if (!read_list(name, text, dimensions[d].least, dimensions[d].most, list))
        return false;
    for (unsigned i = 0; d != OUTSIDE && i < list->n; i++) {
        if (list->values[i].times_cs)
            return complain(name, "only --outside is by multiples");
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
    case 'u':
        options->matrix.unchecked = true;
        return true;
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
    case 'd':
        return read_dimension(name, optarg, raw);
    default:
        return false; /* getopt_long() has said why */
    }
}

bool bench_options_read(int argc, char **argv, struct bench_options *options)
{
    static const struct option known[] = {
        {"locks", required_argument, NULL, 'l'},
        {"all", no_argument, NULL, 'a'},
        {"threads", required_argument, NULL, 'd'},
        {"cs", required_argument, NULL, 'd'},
        {"outside", required_argument, NULL, 'd'},
        {"neighbours", required_argument, NULL, 'd'},
        {"lines", required_argument, NULL, 'd'},
        {"cpus", required_argument, NULL, 'd'},
        {"quota", required_argument, NULL, 'd'},
        {"unchecked", no_argument, NULL, 'u'},
        {"rounds", required_argument, NULL, 'r'},
        {"round-ms", required_argument, NULL, 'm'},
        {"workload", required_argument, NULL, 'w'},
        {"json", required_argument, NULL, 'j'},
        {NULL, 0, NULL, 0},
    };
    struct bench_matrix *matrix = &options->matrix;
    struct raw raw = {0};
    int option, index = 0;

    memset(options, 0, sizeof(*options));
    matrix->workload = bench_workload_find("contended");
    matrix->rounds = 5;
    matrix->round_ns = 200000000;
    for (unsigned d = 0; d < DIMENSIONS; d++)
        read_dimension(dimensions[d].option, dimensions[d].standard, &raw);
    while ((option = getopt_long(argc, argv, "", known, &index)) != -1) {
        if (!read_option(option, known[index].name, options, &raw))
            return false;
    }
    if (optind < argc)
        return complain("unexpected argument", argv[optind]);
    if (raw.lists[CPUS].n == 1)
        bench_pin_from_start((unsigned)raw.lists[CPUS].values[0].number);
    return bench_options_locks(raw.locks, raw.all, matrix) && make_cells(&raw, matrix);
}
