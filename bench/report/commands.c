/* SPDX-License-Identifier: MIT */
/* Reads the command lines of `summary`, `report` and `diff`. */
#include "commands.h"

#include "diff.h"
#include "document.h"
#include "html.h"
#include "summary.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

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

/* The second file is optional: *b is NULL without it, else `room`. */
static bool read_two(char **paths, int n, struct bench_document *a, struct bench_document *room,
                     const struct bench_document **b)
{
    *b = n > 1 ? room : NULL;
    if (!bench_document_read(paths[0], a))
        return false;
    if (n > 1 && !bench_document_read(paths[1], room)) {
        bench_document_free(a);
        return false;
    }
    return true;
}

struct report_request {
    const char *output, *figure, *subject;
};

static bool read_report_request(int argc, char **argv, struct report_request *r)
{
    static const struct option known[] = {{"output", required_argument, NULL, 'o'},
                                          {"figure", required_argument, NULL, 'f'},
                                          {"subject", required_argument, NULL, 's'},
                                          {NULL, 0, NULL, 0}};
    int option;

    *r = (struct report_request){.subject = "oncpu"};
    while ((option = getopt_long(argc, argv, "o:", known, NULL)) != -1) {
        if (option == 'o')
            r->output = optarg;
        else if (option == 'f')
            r->figure = optarg;
        else if (option == 's')
            r->subject = optarg;
        else
            return false;
    }
    if (!r->output && !r->figure)
        r->output = "oncpu-bench.html";
    if (argc - optind == 1 || argc - optind == 2)
        return true;
    fputs("usage: oncpu-bench report [--subject LOCK] [-o FILE.html] [--figure FILE.svg] A.json [B.json]\n", stderr);
    return false;
}

static bool wrote(const char *path, bool ok)
{
    if (ok)
        printf("%s\n", path);
    else
        fprintf(stderr, "oncpu-bench: cannot write %s: %s\n", path, strerror(errno));
    return ok;
}

int bench_report_main(int argc, char **argv)
{
    struct bench_document a, room;
    const struct bench_document *b;
    struct report_request r;
    bool ok = true;

    if (!read_report_request(argc, argv, &r) || !read_two(argv + optind, argc - optind, &a, &room, &b))
        return 2;
    if (r.output)
        ok = wrote(r.output, bench_html_write(r.output, &a, b, r.subject));
    if (r.figure)
        ok = wrote(r.figure, bench_html_figure(r.figure, &a, b, r.subject)) && ok;
    bench_document_free(&a);
    if (b)
        bench_document_free(&room);
    return ok ? 0 : 1;
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
    const struct bench_document *second;
    struct bench_document a, b;
    struct bench_diff diff;

    if (!read_diff_request(argc, argv, &request) || !read_two(argv + optind, 2, &a, &b, &second))
        return 2;
    bench_diff_make(&a.results, &b.results, &request.rules, &diff);
    bench_diff_print(stdout, &a, &b, &diff, request.all);
    int status = diff.n == 0 ? 2 : diff.verdicts[BENCH_WORSE] > 0;

    bench_diff_free(&diff);
    bench_document_free(&a);
    bench_document_free(&b);
    return status;
}
