/* SPDX-License-Identifier: MIT */
/* The command oncpu-bench. */
#include "apps/apps.h"
#include "demo.h"
#include "gbench/gbench.h"
#include "harness/check.h"
#include "harness/interrupt.h"
#include "harness/progress.h"
#include "harness/work.h"
#include "options.h"
#include "report/report.h"
#include "workloads/uncontended.h"

#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <string.h>

static const char usage[] =
    "usage: oncpu-bench list [--all]\n"
    "       oncpu-bench check [LOCK,...]\n"
    "       oncpu-bench run [OPTION...] [--benchmark_...]\n"
    "       oncpu-bench apps [--programs a,b] [--threads 2,8] [--rounds 5] [--preload NAME=PATH]... [--quick] [--json "
    "FILE]\n"
    "       oncpu-bench demo [--rounds N] [--round-ms N] [--json FILE]\n"
    "\n"
    "list   the locks, workloads and programs there are\n"
    "check  whether locks keep threads apart; status 1 if one does not, or lets nobody in\n"
    "run    measure locks against each other\n"
    "apps   run unmodified programs, without a library and with each in LD_PRELOAD: the drop-in, and those of "
    "--preload;\n"
    "       --quick: with so little work that it only shows that all works\n"
    "demo   the comparison to begin with: locks and two programs, about two minutes\n"
    "\n"
    "  --locks a,b        which locks (default: all); ratios are to pthread\n"
    "  --all              hidden locks too\n"
    "  --workload NAME    (default: contended)\n"
    "  --threads 1,2,4    numbers of threads\n"
    "  --cs 1000          ns inside the critical section\n"
    "  --outside 1500,3x  ns outside on average; 3x: three times those inside\n"
    "  --rounds 5         rounds; figures are medians over them\n"
    "  --round-ms 200     time measured in a round\n"
    "  --json FILE        save every figure of every round\n"
    "  --benchmark_out=FILE --benchmark_out_format=json, --benchmark_filter=REGEX and the other flags of\n"
    "  google-benchmark work as ever; FILE is one for its compare.py\n";

/* What "pthread" in the table means would be a lie if somebody else served it. */
static void warn_if_preloaded(void)
{
    Dl_info where = {0};

    if (dladdr(dlsym(RTLD_DEFAULT, "pthread_mutex_lock"), &where) && where.dli_fname &&
        !strstr(where.dli_fname, "libc.so") && !strstr(where.dli_fname, "libpthread"))
        fprintf(stderr, "oncpu-bench: \"pthread\" is not the C library's mutex but that of %s\n", where.dli_fname);
}

static int list_main(int argc, char **argv)
{
    bool all = argc > 1 && strcmp(argv[1], "--all") == 0;

    if (argc > 1 + all) {
        fputs(usage, stderr);
        return 2;
    }
    puts("locks:");
    for (unsigned i = 0; bench_lock_at(i); i++) {
        const struct bench_lock_ops *ops = bench_lock_at(i);

        if (!all && ops->hidden)
            continue;
        const char *why = bench_lock_unavailable(ops);

        printf("  %-18s %s%s%s\n", ops->name, ops->description, why ? "\n                     unavailable: " : "",
               why ? why : "");
    }
    puts("workloads:");
    for (unsigned i = 0; bench_workload_at(i); i++)
        printf("  %-18s %s\n", bench_workload_at(i)->name, bench_workload_at(i)->description);
    puts("programs:");
    for (unsigned i = 0; bench_app_at(i); i++) {
        const char *why = bench_app_unavailable(bench_app_at(i));

        printf("  %-18s %s%s%s\n", bench_app_at(i)->name, bench_app_at(i)->title, why ? "\n                     " : "",
               why ? why : "");
    }
    return 0;
}

static int check_main(int argc, char **argv)
{
    struct bench_matrix matrix;
    int status = 0;

    if (argc > 2) {
        fputs(usage, stderr);
        return 2;
    }
    if (!bench_options_locks(argc == 2 ? argv[1] : NULL, false, &matrix))
        return 2;
    for (unsigned i = 0; i < matrix.nlocks && !bench_interrupted(); i++) {
        const struct bench_lock_ops *ops = matrix.locks[i];
        const char *cannot = bench_lock_unavailable(ops);
        char why[160];

        printf("%-18s ", ops->name);
        fflush(stdout);
        if (cannot) {
            printf("unavailable: %s\n", cannot);
        } else if (bench_check(ops, why, sizeof(why))) {
            puts("ok");
        } else {
            printf("FAILED: %s\n", why);
            status = 1;
        }
    }
    return status;
}

static void set_context(void)
{
    const char *source, *reason;
    char rate[32];

    bench_report_source(&source, &reason);
    gbench_context("oncpu_source", source);
    gbench_context("oncpu_source_reason", reason);
    snprintf(rate, sizeof(rate), "%.4g", bench_work_rate());
    gbench_context("work_steps_per_ns", rate);
}

static int run_main(int argc, char **argv)
{
    struct bench_results results = {0};
    struct bench_options options;

    argv[0] = program_invocation_short_name;
    if (!bench_options_read(argc, argv, &options))
        return 2;
    bool sound = bench_matrix_check(&options.matrix, &results);

    set_context();
    bench_progress_begin(bench_matrix_seconds(&options.matrix));
    bench_matrix_run(&options.matrix, &results);
    bench_progress_end();
    if (!gbench_displays()) {
        bench_report_table(stdout, &results, true);
        putchar('\n');
        bench_report_mode(stdout);
    }
    bool saved = !options.json || bench_report_json(options.json, &results);

    if (!saved)
        fprintf(stderr, "oncpu-bench: cannot write %s: %s\n", options.json, strerror(errno));
    bool failed = !sound || !saved || bench_results_failed(&results);

    bench_results_free(&results);
    return failed ? 1 : 0;
}

/* An interrupted program should look interrupted to whoever started it. */
static int leave(int status)
{
    int caught = bench_interrupted();

    if (caught) {
        fputs("oncpu-bench: interrupted\n", stderr);
        signal(caught, SIG_DFL);
        raise(caught);
    }
    return status;
}

static bool asks_for_help(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return true;
    }
    return argc > 1 && strcmp(argv[1], "help") == 0;
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], BENCH_SINGLE_THREADED) == 0)
        return bench_single_threaded_main(argv[2], argv[3]);
    if (asks_for_help(argc, argv)) {
        fputs(usage, stdout);
        return 0;
    }
    if (argc > 1 && strcmp(argv[1], "apps") == 0) { /* its --preload is of programs */
        bench_interrupt_catch();
        return leave(bench_apps_main(argc - 1, argv + 1));
    }
    gbench_initialize(&argc, argv);
    bench_interrupt_catch();
    warn_if_preloaded();
    if (argc > 1 && strcmp(argv[1], "list") == 0)
        return list_main(argc - 1, argv + 1);
    if (argc > 1 && strcmp(argv[1], "check") == 0)
        return leave(check_main(argc - 1, argv + 1));
    if (argc > 1 && strcmp(argv[1], "run") == 0)
        return leave(run_main(argc - 1, argv + 1));
    if (argc > 1 && strcmp(argv[1], "demo") == 0)
        return leave(bench_demo_main(argc - 1, argv + 1));
    fputs(usage, stderr);
    return 2;
}
