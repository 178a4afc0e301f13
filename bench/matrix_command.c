/* SPDX-License-Identifier: MIT */
/* `oncpu-bench matrix`: measures the standard set and ends with the sentence that matters. */
#include "matrix_command.h"

#include "harness/interrupt.h"
#include "harness/memory.h"
#include "harness/progress.h"
#include "options.h"
#include "report/html.h"
#include "report/report.h"
#include "report/summary.h"
#include "standard_set.h"

#include <errno.h>
#include <getopt.h>

struct request {
    bool full;
    const char *locks, *json, *html, *subject;
    unsigned long rounds, round_ms;
};

static bool read_count(const char *option, unsigned long most, unsigned long *count)
{
    char *end;

    *count = strtoul(optarg, &end, 10);
    if (end != optarg && *end == '\0' && *optarg != '-' && *count >= 1 && *count <= most)
        return true;
    fprintf(stderr, "oncpu-bench: --%s %s: expected a number from 1 to %lu\n", option, optarg, most);
    return false;
}

static bool read_option(int option, struct request *r)
{
    switch (option) {
    case 'q':
    case 'f':
        r->full = option == 'f';
        return true;
    case 'l':
        r->locks = optarg;
        return true;
    case 'r':
        return read_count("rounds", 1000, &r->rounds);
    case 'm':
        return read_count("round-ms", 60000, &r->round_ms);
    case 'j':
        r->json = optarg;
        return true;
    case 'h':
        r->html = optarg;
        return true;
    case 's':
        r->subject = optarg;
        return true;
    default:
        return false; /* getopt_long() has said why */
    }
}

static bool read_request(int argc, char **argv, struct request *r)
{
    static const struct option known[] = {
        {"quick", no_argument, NULL, 'q'},
        {"full", no_argument, NULL, 'f'},
        {"locks", required_argument, NULL, 'l'},
        {"rounds", required_argument, NULL, 'r'},
        {"round-ms", required_argument, NULL, 'm'},
        {"json", required_argument, NULL, 'j'},
        {"html", required_argument, NULL, 'h'},
        {"subject", required_argument, NULL, 's'},
        {NULL, 0, NULL, 0},
    };
    int option;

    *r = (struct request){.subject = "oncpu"};
    while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
        if (!read_option(option, r))
            return false;
    }
    if (optind < argc) {
        fprintf(stderr, "oncpu-bench: unexpected argument: %s\n", argv[optind]);
        return false;
    }
    if (!r->locks && !r->full)
        r->locks = "pthread,pthread_adaptive,ttas,mcs_tas,malthusian,u_scl,oncpu,dropin";
    r->rounds = r->rounds ? r->rounds : 5;
    r->round_ms = r->round_ms ? r->round_ms : r->full ? 200 : 80;
    return true;
}

static bool wrote(const char *path, bool ok)
{
    if (!ok)
        fprintf(stderr, "oncpu-bench: cannot write %s: %s\n", path, strerror(errno));
    return ok;
}

static void save(const struct bench_results *results, void *arg)
{
    const struct request *r = arg;

    wrote(r->json, bench_report_json(r->json, results));
}

static void measure(const struct bench_matrix *matrices, unsigned n, struct request *r, struct bench_results *results)
{
    double seconds = 0;

    for (unsigned i = 0; i < n; i++)
        seconds += bench_matrix_seconds(&matrices[i]);
    bench_progress_begin(seconds);
    bench_matrix_run_all(matrices, n, results, r->json ? save : NULL, r);
    bench_progress_end();
}

static bool hand_out(const struct request *r, const struct bench_results *results)
{
    struct bench_document document = {.path = "this run", .results = *results};
    struct bench_summary summary;
    struct bench_cells cells;
    bool ok = true;

    bench_report_table(stdout, results, true);
    putchar('\n');
    bench_report_mode(stdout);
    bench_cells_sort(results, &cells);
    bench_summary_make(&cells, r->subject, &summary);
    if (bench_results_failed(results))
        puts("Some runs failed: the table says which.");
    bench_summary_print(stdout, &summary);
    bench_summary_free(&summary);
    bench_cells_free(&cells);
    bench_machine_describe(&document.machine);
    if (r->json)
        ok = wrote(r->json, bench_report_json(r->json, results));
    if (r->html)
        ok = wrote(r->html, bench_html_write(r->html, &document, NULL, r->subject)) && ok;
    return ok;
}

int bench_matrix_main(int argc, char **argv)
{
    struct bench_results results = {0};
    struct bench_matrix like = {0}, *matrices;
    struct request request;
    unsigned n;

    argv[0] = program_invocation_short_name;
    if (!read_request(argc, argv, &request) || !bench_options_locks(request.locks, false, &like))
        return 2;
    like.rounds = (unsigned)request.rounds;
    like.round_ns = request.round_ms * 1000000;
    bool sound = bench_matrix_check(&like, &results);

    matrices = bench_standard_set(request.full, &like, &results, &n);
    measure(matrices, n, &request, &results);
    bool saved = hand_out(&request, &results);
    bool failed = !sound || !saved || bench_results_failed(&results);

    free(matrices);
    bench_results_free(&results);
    return failed ? 1 : 0;
}
