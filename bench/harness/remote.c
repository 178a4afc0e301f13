/* SPDX-License-Identifier: MIT */
/* The parent's side of a lock in a process of its own: starts the child, tells it what to do, takes its answer. */
#include "remote.h"

#include "memory.h"
#include "registry.h"
#include "remote_child.h"
#include "spawn.h"
#include "work.h"

#include <inttypes.h>

/* More than the checker waits for a lock that is stuck. */
enum { LIMIT_S = 60 };

struct environment {
    char preload[8192];
    char source[32];
    const char *list[3];
};

static void make_environment(const struct bench_process *process, struct environment *e)
{
    const char *before = getenv("LD_PRELOAD");
    unsigned n = 0;

    if (process->preload) {
        snprintf(e->preload, sizeof(e->preload), "LD_PRELOAD=%s%s%s", process->preload, before && *before ? ":" : "",
                 before ? before : "");
        e->list[n++] = e->preload;
    }
    if (process->source) {
        /* Set to nothing is as good as not set. */
        snprintf(e->source, sizeof(e->source), "ONCPU_SOURCE=%s",
                 strcmp(process->source, BENCH_ANY_SOURCE) == 0 ? "" : process->source);
        e->list[n++] = e->source;
    }
    e->list[n] = NULL;
}

/* What follows the mark on its line, whatever else the preloaded library wrote there. NULL: there is no such line. */
static char *find_answer(char *out)
{
    char *mark = strstr(out, "\n" BENCH_ANSWER);

    if (!mark)
        return NULL;
    mark += sizeof("\n" BENCH_ANSWER) - 1;
    mark[strcspn(mark, "\n")] = '\0';
    return mark;
}

/* Returns false when the child failed, or said why not; otherwise it may have left a measure. */
static bool ask(const struct bench_lock_ops *ops, const char *action, const struct bench_run *run,
                struct bench_measure *measure, char *why, size_t size)
{
    const struct bench_process *process = ops->process;
    struct bench_cell cell = run ? run->cell : (struct bench_cell){0};
    uint64_t round_ns = run ? run->round_ns : 0;
    char cell_text[2 * sizeof(cell) + 1], round_text[24], rate_text[40];
    char *argv[BENCH_REMOTE_ARGUMENTS + 1] = {"/proc/self/exe",
                                              BENCH_REMOTE,
                                              (char *)ops->name,
                                              (char *)process->stand_in,
                                              (char *)(process->preload ? process->preload : ""),
                                              (char *)(process->source ? process->source : ""),
                                              (char *)action,
                                              round_text,
                                              cell_text,
                                              rate_text};
    struct environment environment;
    struct bench_spawn child;

    bench_to_text(&cell, sizeof(cell), cell_text);
    snprintf(round_text, sizeof(round_text), "%" PRIu64, round_ns);
    snprintf(rate_text, sizeof(rate_text), "%.17g", bench_work_rate());
    make_environment(process, &environment);
    bool ok = bench_spawn(argv, environment.list, LIMIT_S + (unsigned)(round_ns / 500000000u), &child);
    const char *answer = ok ? find_answer(child.out) : NULL;

    if (!ok)
        snprintf(why, size, "its process failed: %.*s", (int)strcspn(child.why, "\n"), child.why);
    else if (!answer)
        snprintf(why, size, "its process ended without a word");
    else if (strncmp(answer, BENCH_OK, strlen(BENCH_OK)) != 0)
        snprintf(why, size, "%s", answer);
    ok = answer && strncmp(answer, BENCH_OK, strlen(BENCH_OK)) == 0;
    if (ok && measure && !bench_from_text(answer + strlen(BENCH_OK), measure, sizeof(*measure))) {
        snprintf(why, size, "its process wrote no figures");
        ok = false;
    }
    bench_spawn_free(&child);
    return ok;
}

const char *bench_remote_unavailable(const struct bench_lock_ops *ops)
{
    char why[200];

    if (!bench_lock_called(ops))
        return "the lock that stands in for it is not there";
    /* Asked once in the life of the program, so nobody frees it. */
    return ask(ops, BENCH_ASK, NULL, NULL, why, sizeof(why)) ? NULL : bench_or_exit(strdup(why));
}

bool bench_remote_check(const struct bench_lock_ops *ops, char *why, size_t size)
{
    return ask(ops, BENCH_CHECK, NULL, NULL, why, size);
}

bool bench_remote_run(const struct bench_workload *workload, struct bench_run *run)
{
    if (!run->ops->process)
        return workload->run(run);
    run->start(run->start_arg);
    return ask(run->ops, workload->name, run, &run->result, run->error, sizeof(run->error));
}
