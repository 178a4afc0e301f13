/* SPDX-License-Identifier: MIT */
/* Asks the system what it is. */
#include "machine.h"

#include "../harness/work.h"
#include "report.h"

#include <gnu/libc-version.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>
#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#endif

#define FACT(field, title) {#field, title, offsetof(struct bench_machine, field)}
const struct bench_machine_fact bench_machine_facts[] = {
    FACT(cpu, "CPU"),
    FACT(memory, "memory"),
    FACT(kernel, "kernel"),
    FACT(governor, "frequency governor"),
    FACT(virtualised, "virtualised"),
    FACT(libc, "C library"),
    FACT(compiler, "compiler"),
    FACT(oncpu, "oncpu"),
    FACT(source, "thread states"),
    FACT(source_reason, "no better ones, because"),
    FACT(date, "measured"),
    {NULL, NULL, 0},
};

/* The first line of a file, without its newline; with `after`, the rest of the first line that begins like that. */
static void read_line(const char *path, const char *after, char *fact)
{
    FILE *file = fopen(path, "r");
    char line[512];

    while (file && fgets(line, sizeof(line), file)) {
        size_t length = after ? strlen(after) : 0;

        if (length && strncmp(line, after, length) != 0)
            continue;
        const char *value = line + length + strspn(line + length, "\t :");

        snprintf(fact, BENCH_FACT, "%.*s", (int)strcspn(value, "\n"), value);
        break;
    }
    if (file)
        fclose(file);
}

/* The name that a hypervisor gives itself. */
static void describe_hypervisor(char *fact)
{
#if defined(__x86_64__) || defined(__i386__)
    unsigned eax, ebx, ecx, edx;
    char name[13] = "";

    if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx))
        return;
    if (!(ecx & (1u << 31))) {
        snprintf(fact, BENCH_FACT, "no");
        return;
    }
    __cpuid(0x40000000, eax, ebx, ecx, edx);
    memcpy(name, &ebx, 4);
    memcpy(name + 4, &ecx, 4);
    memcpy(name + 8, &edx, 4);
    for (char *c = name; *c; c++) {
        if (*c < ' ' || *c > '~')
            *c = '?';
    }
    snprintf(fact, BENCH_FACT, "yes (%s)", name);
#else
    read_line("/sys/hypervisor/type", NULL, fact);
    if (!*fact)
        read_line("/proc/device-tree/hypervisor/compatible", NULL, fact);
#endif
}

static void describe_system(struct bench_machine *machine)
{
    struct utsname system;
    double pages = (double)sysconf(_SC_PHYS_PAGES), page = (double)sysconf(_SC_PAGESIZE);
    time_t now = time(NULL);
    struct tm parts;

    if (uname(&system) == 0)
        snprintf(machine->kernel, BENCH_FACT, "%.60s %.60s %.30s", system.sysname, system.release, system.machine);
    if (pages > 0 && page > 0)
        snprintf(machine->memory, BENCH_FACT, "%.1f GiB", pages * page / (1 << 30));
    if (gmtime_r(&now, &parts))
        strftime(machine->date, BENCH_FACT, "%Y-%m-%d %H:%M UTC", &parts);
}

void bench_machine_describe(struct bench_machine *machine)
{
    const char *source, *reason;

    memset(machine, 0, sizeof(*machine));
    machine->cpus = bench_cpus();
    read_line("/proc/cpuinfo", "model name", machine->cpu);
    if (!*machine->cpu)
        read_line("/proc/cpuinfo", "CPU part", machine->cpu);
    read_line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", NULL, machine->governor);
    describe_hypervisor(machine->virtualised);
    describe_system(machine);
    snprintf(machine->libc, BENCH_FACT, "glibc %s", gnu_get_libc_version());
    snprintf(machine->compiler, BENCH_FACT, "%s %s",
#ifdef __clang__
             "clang",
#else
             "gcc",
#endif
             __VERSION__);
    snprintf(machine->oncpu, BENCH_FACT, "%s", BENCH_VERSION);
    bench_report_source(&source, &reason);
    snprintf(machine->source, BENCH_FACT, "%s", source);
    snprintf(machine->source_reason, BENCH_FACT, "%s", reason);
}
