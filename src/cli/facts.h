/* SPDX-License-Identifier: MIT */
/*
 * The facts that `oncpu doctor` collects: who finds them, and how they are printed.
 */
#ifndef ONCPU_CLI_FACTS_H
#define ONCPU_CLI_FACTS_H

#include <stdbool.h>
#include <stddef.h>

enum oncpu_mark {
    ONCPU_MARK_NOTE, /* neither good nor bad */
    ONCPU_MARK_OK,
    ONCPU_MARK_WARN,
};

struct oncpu_fact {
    char key[32];   /* in JSON: never changes its meaning */
    char label[32]; /* for people */
    enum oncpu_mark mark;
    char text[400]; /* the value, for people */
    char json[80];  /* the value as JSON; "": `text`, as a string */
    char hint[480]; /* what it means, or what would change it; "": nothing to say */
};

struct oncpu_facts {
    struct oncpu_fact all[32];
    size_t count;
    bool bpf;         /* a program that this user starts would have thread states */
    char source[32];  /* ... from here */
    char reason[320]; /* why from nowhere better; "": there is nothing better */
};

/* ---- facts.c ---- */

/* Adds a fact that has no value yet. */
struct oncpu_fact *oncpu_fact(struct oncpu_facts *facts, const char *key, const char *label, enum oncpu_mark mark);

void oncpu_fact_text(struct oncpu_fact *fact, const char *format, ...) __attribute__((format(printf, 2, 3)));
void oncpu_fact_json(struct oncpu_fact *fact, const char *format, ...) __attribute__((format(printf, 2, 3)));
void oncpu_fact_hint(struct oncpu_fact *fact, const char *format, ...) __attribute__((format(printf, 2, 3)));

void oncpu_facts_print(const struct oncpu_facts *facts, bool colour);
void oncpu_facts_print_json(const struct oncpu_facts *facts);

/* ---- who finds them, in the order of the report ---- */

void oncpu_facts_kernel(struct oncpu_facts *facts);     /* kernel, capabilities, sysctl, seccomp */
void oncpu_facts_namespaces(struct oncpu_facts *facts); /* PID and user namespace */
void oncpu_facts_pins(struct oncpu_facts *facts);       /* bpffs, and what is pinned there */
void oncpu_facts_sources(struct oncpu_facts *facts);    /* each source, the choice, and what is attached */
void oncpu_facts_dropin(struct oncpu_facts *facts);     /* where it is, and what it says in a process of its own */
void oncpu_facts_cpus(struct oncpu_facts *facts);       /* CPUs and quota */
void oncpu_facts_costs(struct oncpu_facts *facts);      /* measured, 0.6 s at most; starts threads, so it comes last */

/* The part of the doctor that runs with the drop-in: creates a thread, which is when a source is chosen. */
int oncpu_facts_create_thread(void);

/* ---- facts_probe.c: what can kill, or must not stay, is done in a child ---- */

struct oncpu_probe {
    char output[1024]; /* what it wrote to standard output and standard error */
    int status;        /* as wait(2) has it */
    bool finished;     /* false: it was not started, or took too long and was killed */
};

void oncpu_probe(void (*body)(const void *argument), const void *argument, struct oncpu_probe *probe);

/* How it ended, in words, if it did not end well; NULL if it did. */
const char *oncpu_probe_trouble(const struct oncpu_probe *probe);

/* ---- facts_kernel.c ---- */

/* The number of KEY in /proc/self/status. False: it is not there. */
bool oncpu_status_number(const char *key, int base, unsigned long long *number);

/* Not in the namespaces that the kernel started with, so that what is done here may not be seen by the machine. */
bool oncpu_in_container(void);

#endif
