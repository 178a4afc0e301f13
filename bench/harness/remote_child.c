/* SPDX-License-Identifier: MIT */
/* The child's side of a lock in a process of its own: makes sure that it is what it was made for, then does its work. */
#include "remote_child.h"

#include "check.h"
#include "interrupt.h"
#include "registry.h"
#include "remote.h"
#include "work.h"

#include <dlfcn.h>
#include <oncpu/oncpu.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

void bench_to_text(const void *data, size_t size, char *text)
{
    const unsigned char *bytes = data;

    for (size_t i = 0; i < size; i++)
        snprintf(text + 2 * i, 3, "%02x", bytes[i]);
}

bool bench_from_text(const char *text, void *data, size_t size)
{
    unsigned char *bytes = data;

    for (size_t i = 0; i < size; i++) {
        unsigned byte;

        if (sscanf(text + 2 * i, "%2x", &byte) != 1)
            return false;
        bytes[i] = (unsigned char)byte;
    }
    return text[2 * size] == '\0';
}

struct task {
    const char *name, *preload, *source, *action;
    const struct bench_lock_ops *stand_in;
    struct bench_lock_ops ops; /* the stand-in, less what the library does not serve */
    struct bench_run run;
    char why[200];
};

typedef int mutex_fn(pthread_mutex_t *);

/* Whom this program's calls of `function` reach; "?" if nobody knows. */
static const char *server_of(mutex_fn *function)
{
    Dl_info where = {0};
    void *address;

    memcpy(&address, &function, sizeof(address));
    return dladdr(address, &where) && where.dli_fname ? where.dli_fname : "?";
}

static bool same_file(const char *a, const char *b)
{
    struct stat first, second;

    return stat(a, &first) == 0 && stat(b, &second) == 0 && first.st_dev == second.st_dev &&
           first.st_ino == second.st_ino;
}

/* The same of condition variables. */
static const char *server_of_cond(void)
{
    int (*function)(pthread_cond_t *, pthread_mutex_t *) = pthread_cond_wait;
    mutex_fn *address;

    memcpy(&address, &function, sizeof(address));
    return server_of(address);
}

static bool is_served(struct task *t, const char *name, mutex_fn *function)
{
    const char *server = server_of(function);

    if (same_file(server, t->preload))
        return true;
    snprintf(t->why, sizeof(t->why), "the preloaded library does not serve %s: %.120s does", name, server);
    return false;
}

/* A library without a trylock would have the C library's work on its lock: that is not what is measured. */
static bool library_serves(struct task *t)
{
    if (!*t->preload)
        return true;
    if (!same_file(server_of(pthread_mutex_trylock), t->preload))
        t->ops.trylock = NULL;
    /*
     * The C library's condition variables and attributes suit its own mutexes, and those of a lock that names a source. A timed
     * lock that others serve may end the process, and nothing here is measured by it.
     */
    if (!*t->source) {
        t->ops.timedlock = NULL;
        t->ops.process_shared = false;
        if (!same_file(server_of_cond(), t->preload))
            t->ops.cond = NULL;
    }
    return is_served(t, "pthread_mutex_lock", pthread_mutex_lock) &&
           is_served(t, "pthread_mutex_unlock", pthread_mutex_unlock);
}

/* The drop-in has a state of its own, which its own functions tell. */
static void *find_function(const struct task *t, const char *name)
{
    void *library = *t->preload ? dlopen(t->preload, RTLD_NOW | RTLD_NOLOAD) : NULL;

    return dlsym(library ? library : RTLD_DEFAULT, name);
}

static bool source_is_used(struct task *t)
{
    void *source_address = find_function(t, "oncpu_source"), *reason_address = find_function(t, "oncpu_source_reason");
    enum oncpu_source (*source)(void);
    const char *(*reason)(void);

    if (!*t->source)
        return true;
    if (!source_address || !reason_address) {
        snprintf(t->why, sizeof(t->why), "%s knows no thread states", *t->preload ? t->preload : "this program");
        return false;
    }
    memcpy(&source, &source_address, sizeof(source));
    memcpy(&reason, &reason_address, sizeof(reason));
    bool any = strcmp(t->source, BENCH_ANY_SOURCE) == 0;

    if (any ? source() != ONCPU_SOURCE_NONE : strcmp(oncpu_source_name(source()), t->source) == 0)
        return true;
    snprintf(t->why, sizeof(t->why), "%s", reason());
    return false;
}

static void *nothing(void *unused)
{
    return unused;
}

/* The drop-in looks for a source when the process creates its first thread. */
static bool make_ready(struct task *t)
{
    const char *cannot = bench_lock_unavailable(t->stand_in);
    pthread_t first;

    if (!cannot && pthread_create(&first, NULL, nothing, NULL) != 0)
        cannot = "cannot create a thread";
    if (!cannot) {
        pthread_join(first, NULL);
        cannot = t->stand_in->before_run ? t->stand_in->before_run() : NULL;
    }
    if (!cannot)
        return source_is_used(t);
    snprintf(t->why, sizeof(t->why), "%s", cannot);
    return false;
}

struct halfway {
    const char *(*function)(void);
    uint64_t ns;
    const char *why;
};

static void *wait_and_call(void *arg)
{
    struct halfway *halfway = arg;

    bench_sleep_ns(halfway->ns);
    halfway->why = halfway->function();
    return NULL;
}

static void do_not(void *unused)
{
    (void)unused;
}

static bool run(struct task *t)
{
    const struct bench_workload *workload = bench_workload_find(t->action);
    const struct bench_lock_ops *named = bench_lock_find(t->name);
    uint64_t round_ns = t->run.round_ns;
    struct halfway halfway = {named && named->process ? named->process->halfway : NULL,
                              bench_warm_up_ns(round_ns) + round_ns / 2, NULL};
    pthread_t thread;

    const char *cannot = workload && workload->cannot ? workload->cannot(&t->ops) : NULL;

    if (cannot) {
        snprintf(t->why, sizeof(t->why), "%s", cannot);
        return false;
    }
    t->run.ops = &t->ops;
    t->run.start = do_not;
    t->run.result = bench_measure_none();
    if (!workload || (halfway.function && pthread_create(&thread, NULL, wait_and_call, &halfway) != 0)) {
        snprintf(t->why, sizeof(t->why), workload ? "cannot create a thread" : "no such workload");
        return false;
    }
    bool ok = workload->run(&t->run);

    if (!ok)
        snprintf(t->why, sizeof(t->why), "%s", t->run.error);
    if (!halfway.function)
        return ok && source_is_used(t); /* to the end */
    pthread_join(thread, NULL);
    if (ok && halfway.why)
        snprintf(t->why, sizeof(t->why), "%s", halfway.why);
    return ok && !halfway.why;
}

static bool act(struct task *t)
{
    if (!make_ready(t))
        return false;
    if (strcmp(t->action, BENCH_ASK) == 0)
        return true;
    if (!library_serves(t))
        return false;
    if (strcmp(t->action, BENCH_CHECK) == 0)
        return bench_check(&t->ops, t->why, sizeof(t->why)) && source_is_used(t);
    return run(t);
}

int bench_remote_main(int argc, char **argv)
{
    struct task t = {0};
    char measure[2 * sizeof(t.run.result) + 1];

    if (argc != BENCH_REMOTE_ARGUMENTS || !bench_from_text(argv[8], &t.run.cell, sizeof(t.run.cell)))
        return 2;
    t.name = argv[2];
    t.stand_in = bench_lock_find(argv[3]);
    t.preload = argv[4];
    t.source = argv[5];
    t.action = argv[6];
    t.run.round_ns = strtoull(argv[7], NULL, 10);
    bench_work_rate_set(strtod(argv[9], NULL));
    if (!t.stand_in)
        return 2;
    t.ops = *t.stand_in;
    bench_interrupt_catch();
    if (act(&t)) {
        bench_to_text(&t.run.result, sizeof(t.run.result), measure);
        printf("\n" BENCH_ANSWER BENCH_OK "%s\n", measure);
    } else {
        printf("\n" BENCH_ANSWER "%s\n", t.why);
    }
    return 0;
}
