/* SPDX-License-Identifier: MIT */
/* Reads the command lines of `summary`, `report` and `diff`. */
#include "commands.h"

#include "diff.h"
#include "document.h"
#include "summary.h"

#include <getopt.h>
#include <stdlib.h>

int bench_summary_main(int argc, char **argv)
{
    static const struct option known[] = {{"subject", required_argument, NULL, 's'}, {NULL, 0, NULL, 0}};
    const char *subject = "oncpu";
    struct bench_summary summary;
    struct bench_document document;
    struct bench_cells cells;
    int option;

    while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
        if (option != 's')
            return 2;
        subject = optarg;
    }
    if (argc - optind != 1) {
        fputs("usage: oncpu-bench summary [--subject LOCK] A.json\n", stderr);
        return 2;
    }
    if (!bench_document_read(argv[optind], &document))
        return 2;
    bench_cells_sort(&document.results, &cells);
    bench_summary_make(&cells, subject, &summary);
    bench_summary_print(stdout, &summary);
    bench_summary_free(&summary);
    bench_cells_free(&cells);
    bench_document_free(&document);
    return 0;
}

struct diff_request {
    struct bench_diff_rules rules;
    int relative, all;
};

static bool read_diff_request(int argc, char **argv, struct diff_request *r)
{
    const struct option known[] = {{"threshold", required_argument, NULL, 't'},
                                   {"subject", required_argument, NULL, 's'},
                                   {"relative", no_argument, &r->relative, 1},
                                   {"all", no_argument, &r->all, 1},
                                   {NULL, 0, NULL, 0}};
    int option;

    while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
        char *end;

        if (option == 0)
            continue;
        if (option == '?')
            return false;
        if (option == 's') {
            r->rules.subject = optarg;
            continue;
        }
        r->rules.threshold = strtod(optarg, &end) / 100;
        if (end == optarg || *end || !(r->rules.threshold >= 0 && r->rules.threshold < 1)) {
            fprintf(stderr, "oncpu-bench: --threshold %s: expected per cent from 0 to 99\n", optarg);
            return false;
        }
    }
    r->rules.relative = r->relative;
    if (argc - optind != 2)
        fputs("usage: oncpu-bench diff [--threshold PERCENT] [--subject LOCK] [--relative] [--all] A.json B.json\n",
              stderr);
    return argc - optind == 2;
}

int bench_diff_main(int argc, char **argv)
{
    struct diff_request request = {.rules.threshold = 0.03};
    struct bench_document a, b;
    struct bench_diff diff;

    if (!read_diff_request(argc, argv, &request) || !bench_document_read(argv[optind], &a))
        return 2;
    if (!bench_document_read(argv[optind + 1], &b)) {
        bench_document_free(&a);
        return 2;
    }
    bench_diff_make(&a.results, &b.results, &request.rules, &diff);
    bench_diff_print(stdout, &a, &b, &diff, request.all);
    int status = diff.n == 0 ? 2 : diff.verdicts[BENCH_WORSE] > 0;

    bench_diff_free(&diff);
    bench_document_free(&a);
    bench_document_free(&b);
    return status;
}
