/* SPDX-License-Identifier: MIT */
/* Reads the command lines of `summary`, `report` and `diff`. */
#include "commands.h"

#include "document.h"
#include "summary.h"

#include <getopt.h>

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
        return 1;
    bench_cells_sort(&document.results, &cells);
    bench_summary_make(&cells, subject, &summary);
    bench_summary_print(stdout, &summary);
    bench_summary_free(&summary);
    bench_cells_free(&cells);
    bench_document_free(&document);
    return 0;
}
