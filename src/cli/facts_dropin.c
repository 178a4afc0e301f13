/* SPDX-License-Identifier: MIT */
/*
 * The drop-in: where it is, and what it does in a process that it is preloaded into.
 */
#include "cli.h"
#include "facts.h"

#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void find(const void *unused)
{
    char path[PATH_MAX];

    (void)unused;
    if (!oncpu_cli_dropin(path, sizeof(path)))
        _exit(1);
    puts(path);
}

/* A process of its own, as preloading happens at its start and nowhere else. */
static void preload(const void *path)
{
    if (!oncpu_cli_preload(path) || setenv("ONCPU_VERBOSE", "1", 1))
        _exit(1);
    execl("/proc/self/exe", "oncpu", "doctor", "--create-thread", (char *)NULL);
    _exit(1);
}

static void *nothing(void *argument)
{
    return argument;
}

int oncpu_facts_create_thread(void)
{
    pthread_t thread;

    return pthread_create(&thread, NULL, nothing, NULL) || pthread_join(thread, NULL);
}

/* What it says of itself with ONCPU_VERBOSE=1: one line for the source, another if it does not trust this glibc. */
static void judge(struct oncpu_fact *fact, const struct oncpu_probe *probe)
{
    static const char source_line[] = "oncpu: source ";
    const char *trouble = oncpu_probe_trouble(probe);
    const char *source = strstr(probe->output, source_line);
    const char *other = strstr(probe->output, "oncpu: ");

    fact->mark = ONCPU_MARK_WARN;
    if (other == source)
        other = NULL;
    if (trouble || !source) {
        oncpu_fact_text(fact, "does not load");
        oncpu_fact_hint(fact, "%.*s", trouble ? 390 : (int)strcspn(probe->output, "\n"),
                        trouble ? trouble : probe->output);
    } else if (other) {
        oncpu_fact_text(fact, "passes all calls to glibc");
        oncpu_fact_hint(fact, "%.*s", (int)strcspn(other, "\n") - 7, other + 7);
    } else {
        fact->mark = ONCPU_MARK_OK;
        oncpu_fact_text(fact, "serves this glibc's mutexes");
        source += sizeof(source_line) - 1;
        oncpu_fact_hint(fact, "with source %.*s", (int)strcspn(source, ":\n"), source);
    }
}

void oncpu_facts_dropin(struct oncpu_facts *facts)
{
    struct oncpu_fact *fact = oncpu_fact(facts, "dropin", "drop-in", ONCPU_MARK_OK);
    struct oncpu_probe probe;
    char path[sizeof(probe.output)];

    oncpu_probe(find, NULL, &probe);
    const char *trouble = oncpu_probe_trouble(&probe);
    probe.output[strcspn(probe.output, "\n")] = 0;
    if (trouble) {
        fact->mark = ONCPU_MARK_WARN;
        oncpu_fact_text(fact, "not found");
        oncpu_fact_json(fact, "null");
        oncpu_fact_hint(fact, "%.390s", probe.output);
        return;
    }
    snprintf(path, sizeof(path), "%s", probe.output);
    oncpu_fact_text(fact, "%.390s", path);
    fact = oncpu_fact(facts, "dropin_check", "drop-in in a program", ONCPU_MARK_OK);
    oncpu_probe(preload, path, &probe);
    judge(fact, &probe);
    oncpu_fact_json(fact, fact->mark == ONCPU_MARK_OK ? "true" : "false");
}
