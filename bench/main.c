/* SPDX-License-Identifier: MIT */
/* The command oncpu-bench. */
#include "apps/apps.h"
#include "demo.h"
#include "gbench/gbench.h"
#include "harness/check.h"
#include "harness/interrupt.h"
#include "harness/neighbours.h"
#include "harness/preload.h"
#include "harness/progress.h"
#include "harness/remote.h"
#include "harness/work.h"
#include "matrix_command.h"
#include "options.h"
#include "report/commands.h"
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
    "       oncpu-bench matrix [--quick | --full] [--locks a,b] [--subject LOCK] [--rounds N] [--round-ms N]\n"
    "                          [--json FILE] [--html FILE]\n"
    "       oncpu-bench summary [--subject LOCK] A.json\n"
    "       oncpu-bench report [--subject LOCK] [-o FILE.html] [--figure FILE.svg] A.json [B.json]\n"
    "       oncpu-bench diff [--threshold PERCENT] [--subject LOCK] [--relative] [--all] A.json B.json\n"
    "\n"
    "list     the locks, workloads and programs there are\n"
    "check    whether locks keep threads apart; status 1 if one does not, or lets nobody in\n"
    "run      measure locks against each other\n"
    "apps     run unmodified programs, without a library and with each in LD_PRELOAD: the drop-in, and those of\n"
    "         --preload; --quick: with so little work that it only shows that all works\n"
    "demo     the comparison to begin with: locks and two programs, about two minutes\n"
    "matrix   measure the standard set of cells (--quick: two minutes; --full: hours), end with a summary\n"
    "summary  where a lock leads, where it does not, and by how much\n"
    "report   the same as figures: one HTML file, of two results side by side; --figure: the heat map alone\n"
    "diff     what got better or worse from A to B, chance left out; status 1 if something got worse by more than\n"
    "         the threshold (3 %); --relative: figures by pthread's of the same round, --all: what may be chance too\n"
    "\n"
    "  --locks a,b        which locks (default: all); ratios are to pthread\n"
    "  --all              hidden locks too\n"
    "  --preload NAME=FILE  one more lock: pthread_mutex_t where the library FILE is preloaded, which must serve it;\n"
    "                     with list, check, run, matrix and demo, and more than once if you like\n"
    "  --workload NAME    (default: contended)\n"
    "  --threads 1,2,4    numbers of threads\n"
    "  --cs 1000          ns inside the critical section, for workloads that let choose\n"
    "  --outside 1500,3x  ns outside on average; 3x: three times those inside\n"
    "  --lines 1          cache lines that the critical section changes\n"
    "  --neighbours 0,2   CPU-bound processes beside the measured one\n"
    "  --cpus 1,2         pinned to the first CPUs of those it may use, and the neighbours too (default: not pinned)\n"
    "  --quota 50,150     per cent of one CPU that a cgroup leaves it (default: no limit)\n"
    "  --rounds 5         rounds; figures are medians over them\n"
    "  --round-ms 200     time measured in a round\n"
    "  --unchecked        do not check first whether the locks lock\n"
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

        printf("  %-22s %s%s%s\n", ops->name, ops->description, why ? "\n                         unavailable: " : "",
               why ? why : "");
    }
    puts("workloads:");
    for (unsigned i = 0; bench_workload_at(i); i++) {
        const struct bench_workload *workload = bench_workload_at(i);

        printf("  %-22s %s\n", workload->name, workload->description);
        if (workload->takes)
            printf("%25stakes --threads%s%s%s\n", "", workload->takes & BENCH_TAKES_CS ? ", --cs" : "",
                   workload->takes & BENCH_TAKES_OUTSIDE ? ", --outside" : "",
                   workload->takes & BENCH_TAKES_LINES ? ", --lines" : "");
    }
    puts("programs:");
    for (unsigned i = 0; bench_app_at(i); i++) {
        const char *why = bench_app_unavailable(bench_app_at(i));

        printf("  %-22s %s%s%s\n", bench_app_at(i)->name, bench_app_at(i)->title,
               why ? "\n                         " : "", why ? why : "");
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

        printf("%-22s ", ops->name);
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
        fflush(NULL);
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
    if (argc == 3 && strcmp(argv[1], BENCH_NEIGHBOUR) == 0)
        return bench_neighbour_main(argv[2]);
    if (argc > 1 && strcmp(argv[1], BENCH_REMOTE) == 0)
        return bench_remote_main(argc, argv);
    if (asks_for_help(argc, argv)) {
        fputs(usage, stdout);
        return 0;
    }
    if (argc > 1 && strcmp(argv[1], "summary") == 0)
        return bench_summary_main(argc - 1, argv + 1);
    if (argc > 1 && strcmp(argv[1], "report") == 0)
        return bench_report_main(argc - 1, argv + 1);
    if (argc > 1 && strcmp(argv[1], "diff") == 0)
        return bench_diff_main(argc - 1, argv + 1);
    if (argc > 1 && strcmp(argv[1], "apps") == 0) { /* its --preload is of programs */
        bench_interrupt_catch();
        return leave(bench_apps_main(argc - 1, argv + 1));
    }
    gbench_initialize(&argc, argv);
    bench_interrupt_catch();
    if (!bench_preload_take(&argc, argv))
        return 2;
    warn_if_preloaded();
    if (argc > 1 && strcmp(argv[1], "list") == 0)
        return list_main(argc - 1, argv + 1);
    if (argc > 1 && strcmp(argv[1], "check") == 0)
        return leave(check_main(argc - 1, argv + 1));
    if (argc > 1 && strcmp(argv[1], "run") == 0)
        return leave(run_main(argc - 1, argv + 1));
    if (argc > 1 && strcmp(argv[1], "demo") == 0)
        return leave(bench_demo_main(argc - 1, argv + 1));
    if (argc > 1 && strcmp(argv[1], "matrix") == 0)
        return leave(bench_matrix_main(argc - 1, argv + 1));
    fputs(usage, stderr);
    return 2;
}
