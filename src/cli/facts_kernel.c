/* SPDX-License-Identifier: MIT */
/*
 * What the kernel has, and what it lets this process do.
 */
#include "facts.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

bool oncpu_status_number(const char *key, int base, unsigned long long *number)
{
    FILE *file = fopen("/proc/self/status", "re");
    size_t length = strlen(key);
    bool found = false;
    char line[512];

    while (file && !found && fgets(line, sizeof(line), file)) {
        found = !strncmp(line, key, length) && line[length] == ':';
        if (found)
            *number = strtoull(line + length + 1, NULL, base);
    }
    if (file)
        fclose(file);
    return found;
}

static void add_kernel(struct oncpu_facts *facts)
{
    struct oncpu_fact *fact = oncpu_fact(facts, "kernel", "kernel", ONCPU_MARK_NOTE);
    struct utsname name;
    bool btf;

    if (!uname(&name))
        oncpu_fact_text(fact, "%s %s %s", name.sysname, name.release, name.machine);
    btf = !access("/sys/kernel/btf/vmlinux", R_OK);
    fact = oncpu_fact(facts, "btf", "BTF", btf ? ONCPU_MARK_OK : ONCPU_MARK_WARN);
    oncpu_fact_text(fact, btf ? "yes" : "no");
    oncpu_fact_json(fact, btf ? "true" : "false");
    if (!btf)
        oncpu_fact_hint(fact, "/sys/kernel/btf/vmlinux is not there: a kernel with CONFIG_DEBUG_INFO_BTF is needed");
}

static void add_capabilities(struct oncpu_facts *facts)
{
    static const struct {
        int number;
        const char *name;
    } wanted[] = {{CAP_BPF, "CAP_BPF"}, {CAP_PERFMON, "CAP_PERFMON"}, {CAP_SYS_ADMIN, "CAP_SYS_ADMIN"}};
    struct oncpu_fact *fact = oncpu_fact(facts, "capabilities", "capabilities", ONCPU_MARK_NOTE);
    unsigned long long effective = 0;
    char list[128] = "";
    char text[128] = "";

    oncpu_status_number("CapEff", 16, &effective);
    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
        if (!(effective >> wanted[i].number & 1))
            continue;
        size_t listed = strlen(list);
        size_t length = strlen(text);
        snprintf(list + listed, sizeof(list) - listed, "%s\"%s\"", *list ? ", " : "", wanted[i].name);
        snprintf(text + length, sizeof(text) - length, "%s%s", *text ? " " : "", wanted[i].name);
    }
    oncpu_fact_text(fact, "%s", *text ? text : "none that matters");
    oncpu_fact_json(fact, "[%s]", list);
}

static void add_unprivileged_bpf(struct oncpu_facts *facts)
{
    struct oncpu_fact *fact = oncpu_fact(facts, "unprivileged_bpf_disabled", "unprivileged BPF", ONCPU_MARK_NOTE);
    FILE *file = fopen("/proc/sys/kernel/unprivileged_bpf_disabled", "re");
    int value = -1;

    if (file && fscanf(file, "%d", &value) != 1)
        value = -1;
    if (file)
        fclose(file);
    oncpu_fact_json(fact, value < 0 ? "null" : "%d", value);
    if (value < 0) {
        oncpu_fact_text(fact, "not known");
        return;
    }
    oncpu_fact_text(fact, value ? "off" : "on");
    oncpu_fact_hint(fact,
                    "kernel.unprivileged_bpf_disabled = %d; from Linux 5.19 on, what `oncpu enable` pins can be used "
                    "either way",
                    value);
}

static void add_seccomp(struct oncpu_facts *facts)
{
    static const char *const names[] = {"none", "strict", "filter"};
    unsigned long long mode = 0;
    bool known = oncpu_status_number("Seccomp", 10, &mode) && mode < sizeof(names) / sizeof(names[0]);
    struct oncpu_fact *fact = oncpu_fact(facts, "seccomp", "seccomp",
                                         !known ? ONCPU_MARK_NOTE
                                         : mode ? ONCPU_MARK_WARN
                                                : ONCPU_MARK_OK);

    oncpu_fact_text(fact, "%s", known ? names[mode] : "not known");
    if (known && mode)
        oncpu_fact_hint(fact, "programs call bpf() under a filter only if ONCPU_SOURCE names a source");
}

void oncpu_facts_kernel(struct oncpu_facts *facts)
{
    add_kernel(facts);
    add_capabilities(facts);
    add_unprivileged_bpf(facts);
    add_seccomp(facts);
}

/* ---- namespaces ---- */

/* The initial namespaces have fixed numbers (linux/proc_ns.h, since 3.8; linux/nsfs.h promises them to user space). */
static const struct {
    const char *path;
    const char *initial;
} pid_namespace = {"/proc/self/ns/pid", "pid:[4026531836]"},
  user_namespace = {"/proc/self/ns/user", "user:[4026531837]"};

static bool is_initial(const char *path, const char *initial, bool *known)
{
    char target[64];
    ssize_t length = readlink(path, target, sizeof(target) - 1);

    *known = length > 0;
    target[length > 0 ? length : 0] = 0;
    return !strcmp(target, initial);
}

static void add_namespace(struct oncpu_facts *facts, const char *key, const char *label, bool initial, bool known)
{
    struct oncpu_fact *fact = oncpu_fact(facts, key, label, ONCPU_MARK_NOTE);

    oncpu_fact_text(fact, !known ? "not known" : initial ? "the initial one" : "a nested one");
    oncpu_fact_json(fact, !known ? "null" : initial ? "\"initial\"" : "\"nested\"");
}

void oncpu_facts_namespaces(struct oncpu_facts *facts)
{
    bool known;
    bool initial = is_initial(pid_namespace.path, pid_namespace.initial, &known);

    add_namespace(facts, "pid_namespace", "PID namespace", initial, known);
    if (known && !initial)
        oncpu_fact_hint(&facts->all[facts->count - 1], "makes no difference: threads are not known by number");
    initial = is_initial(user_namespace.path, user_namespace.initial, &known);
    add_namespace(facts, "user_namespace", "user namespace", initial, known);
    if (known && !initial)
        oncpu_fact_hint(&facts->all[facts->count - 1],
                        "bpf() takes no account of capabilities that are held in it only");
}

bool oncpu_in_container(void)
{
    bool known_pid;
    bool known_user;
    bool initial_pid = is_initial(pid_namespace.path, pid_namespace.initial, &known_pid);
    bool initial_user = is_initial(user_namespace.path, user_namespace.initial, &known_user);

    return (known_pid && !initial_pid) || (known_user && !initial_user);
}
