/* SPDX-License-Identifier: MIT */
/* The command `oncpu-bench apps`: its options, and its report. */
#include "apps.h"

#include "../harness/interrupt.h"
#include "../harness/progress.h"
#include "../report/report.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool complain(const char *what, const char *text)
{
    fprintf(stderr, "oncpu-bench apps: %s: %s\n", what, text);
    return false;
}

static bool read_programs(char *list, struct bench_apps *apps)
{
    apps->napps = 0;
    for (char *rest, *name = strtok_r(list, ",", &rest); name; name = strtok_r(NULL, ",", &rest)) {
        const struct bench_app *app = bench_app_find(name);

        if (!app)
            return complain("no such program (oncpu-bench list names them)", name);
        for (unsigned i = 0; i < apps->napps; i++) {
            if (apps->apps[i] == app)
                return complain("program named twice", name);
        }
        apps->apps[apps->napps++] = app;
    }
    return apps->napps || complain("--programs", "none");
}

static bool read_count(const char *text, unsigned long most, unsigned *count)
{
    char *end;
    unsigned long number = strtoul(text, &end, 10);

    *count = (unsigned)number;
    return *text >= '0' && *text <= '9' && *end == '\0' && number >= 1 && number <= most;
}

static bool read_threads(char *list, struct bench_apps *apps)
{
    apps->nthreads = 0;
    for (char *rest, *text = strtok_r(list, ",", &rest); text; text = strtok_r(NULL, ",", &rest)) {
        if (apps->nthreads == BENCH_APPS_THREADS || !read_count(text, 1024, &apps->threads[apps->nthreads++]))
            return complain("--threads: not some numbers from 1 to 1024 with commas between", text);
    }
    return apps->nthreads || complain("--threads", "none");
}

/* "name=path.so" */
static bool read_preload(const char *text, struct bench_apps *apps)
{
    size_t length = strcspn(text, "=");
    struct bench_preload preload = {.name = ""};

    if (length == 0 || length >= sizeof(preload.name) || text[length] == '\0')
        return complain("--preload: expected NAME=PATH", text);
    memcpy(preload.name, text, length);
    if (access(text + length + 1, R_OK) != 0)
        return complain(text + length + 1, strerror(errno));
    preload.path = realpath(text + length + 1, NULL); /* a program may run elsewhere */
    if (!preload.path || strpbrk(preload.path, " :"))
        return complain("LD_PRELOAD cannot hold a path with a space or a colon", text + length + 1);
    for (unsigned i = 0; i < apps->npreloads; i++) {
        if (strcmp(apps->preloads[i].name, preload.name) == 0)
            return complain("--preload: a name that is taken", preload.name);
    }
    if (apps->npreloads == BENCH_APPS_PRELOADS)
        return complain("--preload: too many", text);
    apps->preloads[apps->npreloads++] = preload;
    return true;
}

struct setting {
    const char *json;
    bool rounds_given;
};

static bool read_option(int option, struct bench_apps *apps, struct setting *setting)
{
    switch (option) {
    case 'P':
        return read_programs(optarg, apps);
    case 't':
        return read_threads(optarg, apps);
    case 'r':
        setting->rounds_given = true;
        return read_count(optarg, 1000, &apps->rounds) ||
               complain("--rounds: expected a number from 1 to 1000", optarg);
    case 'p':
        return read_preload(optarg, apps);
    case 'q':
        apps->quick = true;
        return true;
    case 'j':
        setting->json = optarg;
        return true;
    default:
        return false; /* getopt_long() has said why */
    }
}

static bool read_options(int argc, char **argv, struct bench_apps *apps, struct setting *setting)
{
    static const struct option known[] = {
        {"programs", required_argument, NULL, 'P'},
        {"threads", required_argument, NULL, 't'},
        {"rounds", required_argument, NULL, 'r'},
        {"preload", required_argument, NULL, 'p'},
        {"quick", no_argument, NULL, 'q'},
        {"json", required_argument, NULL, 'j'},
        {NULL, 0, NULL, 0},
    };
    int option;

    for (unsigned i = 0; bench_app_at(i); i++)
        apps->apps[apps->napps++] = bench_app_at(i);
    while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
        if (!read_option(option, apps, setting))
            return false;
    }
    if (apps->quick && !setting->rounds_given)
        apps->rounds = 1;
    return optind == argc || complain("unexpected argument", argv[optind]);
}

static void report(const struct bench_results *results, const char *mode)
{
    bench_report_table(stdout, results, true);
    if (*mode)
        printf("\nThe programs' drop-in said: %s\n", mode);
}

int bench_apps_main(int argc, char **argv)
{
    struct bench_results results = {0};
    struct setting setting = {0};
    struct bench_apps apps;
    char mode[256];

    argv[0] = program_invocation_short_name;
    bench_apps_defaults(&apps, &results);
    if (!read_options(argc, argv, &apps, &setting)) {
        bench_results_free(&results);
        return 2;
    }
    bench_progress_begin(bench_apps_seconds(&apps));
    bench_apps_run(&apps, &results, mode, sizeof(mode));
    bench_progress_end();
    if (!bench_interrupted())
        report(&results, mode);
    bool saved = !setting.json || bench_interrupted() || bench_report_json(setting.json, &results);

    if (!saved)
        fprintf(stderr, "oncpu-bench: cannot write %s: %s\n", setting.json, strerror(errno));
    bool failed = !saved || bench_results_failed(&results);

    bench_results_free(&results);
    return failed ? 1 : 0;
}
