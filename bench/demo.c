/* SPDX-License-Identifier: MIT */
/* A contended lock at four thread counts, then two programs with the drop-in and without, in about two minutes. */
#include "demo.h"

#include "apps/apps.h"
#include "gbench/gbench.h"
#include "harness/interrupt.h"
#include "harness/progress.h"
#include "options.h"
#include "report/report.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

static void explain(FILE *out, const struct bench_options *options, const char *mode)
{
    fprintf(
        out,
        "\nMedians of %u rounds in which the lines of a block took turns; \"against pthread\": compared with the C\n"
        "library's mutex in the same round. Throughput: more is better. CPU time, of all threads, per operation: less\n"
        "is better. Fairness: 1 when all threads got the same share, 1/threads when one of them got everything.\n"
        "oncpu_none is oncpu without BPF; dropin is ordinary pthread mutexes, served by liboncpu-pthread.so.\n",
        options->matrix.rounds);
    bench_report_mode(out);
    if (*mode)
        fprintf(out, "The programs' drop-in said: %s\n", mode);
}

static void choose_programs(struct bench_apps *apps, unsigned rounds, struct bench_results *results)
{
    bench_apps_defaults(apps, results);
    apps->rounds = rounds;
    for (unsigned i = 0; bench_app_at(i); i++) {
        if (bench_app_at(i)->demo)
            apps->apps[apps->napps++] = bench_app_at(i);
    }
}

int bench_demo_main(int argc, char **argv)
{
    static char *defaults[] = {
        "oncpu-bench",
        "--cs=1000",
        "--outside=3000",
        "--threads=1,2,4,16",
        "--rounds=5",
        "--round-ms=250",
        "--locks=pthread,pthread_adaptive,ttas,mcs_tas,oncpu,oncpu_none,dropin",
    };
    enum { DEFAULTS = sizeof(defaults) / sizeof(defaults[0]) };
    struct bench_options options;
    struct bench_results results = {0};
    struct bench_apps apps;
    char *arguments[DEFAULTS + 64] = {0}, mode[256];
    int n = DEFAULTS;

    /* What the caller says comes later and wins. */
    memcpy(arguments, defaults, sizeof(defaults));
    for (int i = 1; i < argc && n < DEFAULTS + 63; i++)
        arguments[n++] = argv[i];
    if (!bench_options_read(n, arguments, &options))
        return 2;

    bool sound = bench_matrix_check(&options.matrix, &results);

    choose_programs(&apps, options.matrix.rounds, &results);
    bench_progress_begin(bench_matrix_seconds(&options.matrix) + bench_apps_seconds(&apps));
    bench_matrix_run(&options.matrix, &results);
    bench_apps_run(&apps, &results, mode, sizeof(mode));
    bench_progress_end();
    if (!bench_interrupted()) {
        bench_report_table(stdout, &results, false);
        explain(stdout, &options, mode);
    }
    bool saved = !options.json || bench_interrupted() || bench_report_json(options.json, &results);

    if (!saved)
        fprintf(stderr, "oncpu-bench: cannot write %s: %s\n", options.json, strerror(errno));
    bool failed = !sound || !saved || bench_results_failed(&results);

    bench_results_free(&results);
    return failed ? 1 : 0;
}
