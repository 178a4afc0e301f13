/* SPDX-License-Identifier: MIT */
/*
 * What a program of this user would have as its source of thread states, found out by being one: each attempt is a
 * child that calls what programs call.
 */
#include "facts.h"
#include "machine.h"

#include <errno.h>
#include <linux/bpf.h>
#include <oncpu/oncpu.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* ---- the sources ---- */

struct outcome {
    bool usable;
    char source[32];
    char reason[320];
};

/* In the child. `wanted` NULL: as the environment has it. */
static void try_source(const void *wanted)
{
    unsetenv("ONCPU_VERBOSE");
    if (wanted)
        setenv("ONCPU_SOURCE", wanted, 1);
    int error = oncpu_init();
    printf("%d %s %s\n", !error, oncpu_source_name(oncpu_source()), oncpu_source_reason());
}

static struct outcome attempt(const char *wanted)
{
    struct outcome outcome = {.usable = false};
    struct oncpu_probe probe;
    int usable = 0;

    oncpu_probe(try_source, wanted, &probe);
    const char *trouble = oncpu_probe_trouble(&probe);
    if (!trouble && sscanf(probe.output, "%d %31s %319[^\n]", &usable, outcome.source, outcome.reason) < 2)
        trouble = "the attempt said nothing";
    outcome.usable = !trouble && usable;
    if (trouble) {
        snprintf(outcome.source, sizeof(outcome.source), "%s", oncpu_source_name(ONCPU_SOURCE_NONE));
        snprintf(outcome.reason, sizeof(outcome.reason), "%s", trouble);
    }
    return outcome;
}

static bool under_seccomp(void)
{
    unsigned long long mode = 0;

    return oncpu_status_number("Seccomp", 10, &mode) && mode;
}

/* What would make the source usable; "": nothing is known that would. */
static const char *remedy(enum oncpu_source source)
{
    if (under_seccomp())
        return "; the filter must allow bpf(), see doc/containers.md";
    if (source == ONCPU_SOURCE_UPTR)
        return geteuid() || oncpu_in_container() ? "; run the program as root of the machine: sudo oncpu run -- COMMAND"
                                                 : "";
    if (oncpu_machine_is_enabled())
        return "";
    if (oncpu_in_container())
        return "; on the host: sudo oncpu enable, then start the container with that folder: see doc/containers.md";
    return geteuid() ? "; sudo oncpu enable" : "; oncpu enable";
}

static bool add_source(struct oncpu_facts *facts, enum oncpu_source source)
{
    const char *name = oncpu_source_name(source);
    struct outcome outcome = attempt(name);
    char label[32];
    char key[32];

    snprintf(label, sizeof(label), "source %s", name);
    snprintf(key, sizeof(key), "source_%s", name);
    struct oncpu_fact *fact = oncpu_fact(facts, key, label, outcome.usable ? ONCPU_MARK_OK : ONCPU_MARK_NOTE);
    oncpu_fact_json(fact, outcome.usable ? "true" : "false");
    oncpu_fact_text(fact, outcome.usable ? "usable" : "not usable");
    if (*outcome.reason) /* there is a better one, be it of the same name */
        oncpu_fact_hint(fact, "%s%s", outcome.reason, remedy(source));
    return outcome.usable;
}

/* The one that programs get: the doctor's verdict. `possible`: one that they could have; NONE: there is none. */
static void add_choice(struct oncpu_facts *facts, enum oncpu_source possible)
{
    const char *asked = getenv("ONCPU_SOURCE");
    struct outcome outcome = attempt(NULL);
    struct oncpu_fact *fact = oncpu_fact(facts, "source", "source that is chosen", ONCPU_MARK_OK);

    facts->bpf = outcome.usable;
    snprintf(facts->source, sizeof(facts->source), "%s", outcome.source);
    snprintf(facts->reason, sizeof(facts->reason), "%s", outcome.reason);
    oncpu_fact_text(fact, "%s", outcome.source);
    if (outcome.usable) {
        if (asked && *asked)
            oncpu_fact_hint(fact, "ONCPU_SOURCE=%.60s asks for it%s%s", asked, *outcome.reason ? "; " : "",
                            outcome.reason);
        else if (*outcome.reason)
            oncpu_fact_hint(fact, "%s", outcome.reason);
        return;
    }
    fact->mark = ONCPU_MARK_WARN;
    oncpu_fact_hint(fact, "%s%s%s%s", outcome.reason, possible ? "; ONCPU_SOURCE=" : "",
                    possible ? oncpu_source_name(possible) : "", possible ? " works here" : "");
}

/* ---- what is attached ---- */

static long bpf(int command, union bpf_attr *attr)
{
    return syscall(SYS_bpf, command, attr, sizeof(*attr));
}

static bool ask(int fd, void *info, uint32_t size)
{
    union bpf_attr attr;

    memset(&attr, 0, sizeof(attr));
    memset(info, 0, size);
    attr.info.bpf_fd = (uint32_t)fd;
    attr.info.info_len = size;
    attr.info.info = (uint64_t)(uintptr_t)info;
    return fd >= 0 && !bpf(BPF_OBJ_GET_INFO_BY_FD, &attr);
}

static int open_by_id(int command, uint32_t id)
{
    union bpf_attr attr;

    memset(&attr, 0, sizeof(attr));
    attr.prog_id = id; /* shares its place with link_id */
    return (int)bpf(command, &attr);
}

/* Whether the link has our program at the switch; it is known by its name, as bpftool shows it. */
static bool is_ours(uint32_t link)
{
    struct bpf_link_info link_info;
    struct bpf_prog_info program_info;
    int fd = open_by_id(BPF_LINK_GET_FD_BY_ID, link);
    bool known = ask(fd, &link_info, sizeof(link_info));

    if (fd >= 0)
        close(fd);
    if (!known)
        return false;
    fd = open_by_id(BPF_PROG_GET_FD_BY_ID, link_info.prog_id);
    known = ask(fd, &program_info, sizeof(program_info));
    if (fd >= 0)
        close(fd);
    return known && !strcmp(program_info.name, "oncpu_switch");
}

/* In a child, as a seccomp filter may not like it. */
static void count_attached(const void *unused)
{
    union bpf_attr attr;
    uint32_t link = 0;
    int count = 0;

    (void)unused;
    for (;;) {
        memset(&attr, 0, sizeof(attr));
        attr.start_id = link;
        if (bpf(BPF_LINK_GET_NEXT_ID, &attr))
            break;
        link = attr.next_id;
        count += is_ours(link);
    }
    if (errno == ENOENT) /* the end; anything else: this process may not look */
        printf("%d\n", count);
}

/* Before the sources are tried: those programs are our own. */
static void add_attached(struct oncpu_facts *facts)
{
    struct oncpu_fact *fact = oncpu_fact(facts, "attached_programs", "attached oncpu_switch", ONCPU_MARK_NOTE);
    struct oncpu_probe probe;
    int count = 0;

    oncpu_probe(count_attached, NULL, &probe);
    if (oncpu_probe_trouble(&probe) || sscanf(probe.output, "%d", &count) != 1) {
        oncpu_fact_text(fact, "not known");
        oncpu_fact_json(fact, "null");
        oncpu_fact_hint(fact, "the kernel tells root only");
        return;
    }
    oncpu_fact_text(fact, "%d", count);
    oncpu_fact_json(fact, "%d", count);
    if (count)
        oncpu_fact_hint(fact, "each adds to the cost of every context switch; see bpftool prog show name oncpu_switch");
}

void oncpu_facts_sources(struct oncpu_facts *facts)
{
    enum oncpu_source possible = ONCPU_SOURCE_NONE;

    add_attached(facts);
    if (add_source(facts, ONCPU_SOURCE_UPTR))
        possible = ONCPU_SOURCE_UPTR;
    if (add_source(facts, ONCPU_SOURCE_ARRAY))
        possible = ONCPU_SOURCE_ARRAY;
    add_choice(facts, possible);
}
