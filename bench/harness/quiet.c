/* SPDX-License-Identifier: MIT */
/* Compares what all CPUs did, as /proc tells it, with what this process and its children did. */
#include "quiet.h"

#include "clock.h"
#include "interrupt.h"
#include "memory.h"

#include <ctype.h>
#include <dirent.h>
#include <math.h>
#include <sys/resource.h>
#include <unistd.h>

enum { BEFORE_NS = 300000000 };

/* What a quiet machine does by itself stays below. */
static const double MUCH = 0.03;

struct process {
    long pid;
    unsigned long long started; /* the same number may be given again */
    unsigned long long ticks;
    char name[20];
};

struct view {
    uint64_t ns;
    double others_s; /* CPU time of everything that is not ours; NaN: /proc does not say */
    unsigned n;
    struct process *processes;
};

static struct view begun;

/* What all CPUs did but idle and wait for disks, in seconds. */
static double machine_seconds(void)
{
    unsigned long long t[8];
    FILE *file = fopen("/proc/stat", "re");

    if (!file)
        return NAN;
    int n = fscanf(file, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &t[0], &t[1], &t[2], &t[3], &t[4], &t[5], &t[6],
                   &t[7]);

    fclose(file);
    if (n != 8)
        return NAN;
    /* user, nice, system, irq, softirq, and what the machine below took */
    return (double)(t[0] + t[1] + t[2] + t[5] + t[6] + t[7]) / (double)sysconf(_SC_CLK_TCK);
}

static double seconds(const struct timeval *t)
{
    return (double)t->tv_sec + (double)t->tv_usec * 1e-6;
}

static double own_seconds(void)
{
    struct rusage own, children;

    getrusage(RUSAGE_SELF, &own);
    getrusage(RUSAGE_CHILDREN, &children);
    return seconds(&own.ru_utime) + seconds(&own.ru_stime) + seconds(&children.ru_utime) + seconds(&children.ru_stime);
}

static bool read_process(const char *pid, struct process *p)
{
    char path[300], line[1024];
    unsigned long long user, system;

    snprintf(path, sizeof(path), "/proc/%s/stat", pid);
    FILE *file = fopen(path, "re");

    if (!file)
        return false;
    bool read = fgets(line, sizeof(line), file) != NULL;

    fclose(file);
    char *name = read ? strchr(line, '(') : NULL, *end = name ? strrchr(name, ')') : NULL;

    /* The name may contain anything; what follows the last parenthesis begins with the state, the third field. */
    if (!end || sscanf(end + 1, " %*c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %llu %llu %*s %*s %*s %*s %*s %*s %llu",
                       &user, &system, &p->started) != 3)
        return false;
    *end = '\0';
    p->pid = strtol(pid, NULL, 10);
    p->ticks = user + system;
    snprintf(p->name, sizeof(p->name), "%.*s", (int)sizeof(p->name) - 1, name + 1);
    return true;
}

static struct view look(void)
{
    struct view view = {0};
    DIR *proc = opendir("/proc");
    struct dirent *entry;
    struct process process;

    while (proc && (entry = readdir(proc))) {
        if (!isdigit((unsigned char)entry->d_name[0]) || !read_process(entry->d_name, &process) ||
            process.pid == (long)getpid())
            continue;
        view.processes = bench_realloc(view.processes, (view.n + 1) * sizeof(*view.processes));
        view.processes[view.n++] = process;
    }
    if (proc)
        closedir(proc);
    view.others_s = machine_seconds() - own_seconds();
    view.ns = bench_now_ns();
    return view;
}

static unsigned long long ticks_before(const struct view *view, const struct process *p)
{
    for (unsigned i = 0; i < view->n; i++) {
        if (view->processes[i].pid == p->pid && view->processes[i].started == p->started)
            return view->processes[i].ticks;
    }
    return 0; /* it is new: all of it */
}

static void note(struct bench_disturbance *d, const struct process *p, double share)
{
    unsigned at = d->n;

    while (at > 0 && d->by[at - 1].share < share)
        at--;
    if (at == BENCH_DISTURBERS)
        return;
    d->n += d->n < BENCH_DISTURBERS;
    for (unsigned i = d->n - 1; i > at; i--)
        d->by[i] = d->by[i - 1];
    d->by[at].share = share;
    d->by[at].pid = p->pid;
    snprintf(d->by[at].name, sizeof(d->by[at].name), "%s", p->name);
}

/* What others did between two views. Returns their share. */
static double compare(const struct view *from, const struct view *to, struct bench_disturbance *d)
{
    double tick = 1.0 / (double)sysconf(_SC_CLK_TCK);
    double possible = (double)(to->ns - from->ns) * 1e-9 * (double)sysconf(_SC_NPROCESSORS_ONLN);

    d->n = 0;
    for (unsigned i = 0; i < to->n; i++) {
        const struct process *p = &to->processes[i];
        double share = (double)(p->ticks - ticks_before(from, p)) * tick / possible;

        if (share >= MUCH / 5)
            note(d, p, share);
    }
    return fmax(to->others_s - from->others_s, 0) / possible;
}

static void warn(const struct bench_disturbance *d)
{
    fprintf(stderr, "oncpu-bench: the machine is not quiet: others use %.0f %% of its CPUs", 100 * d->before);
    for (unsigned i = 0; i < d->n; i++)
        fprintf(stderr, "%s%s (%ld) %.0f %%", i ? ", " : ": ", d->by[i].name, d->by[i].pid, 100 * d->by[i].share);
    fputc('\n', stderr);
}

void bench_quiet_begin(struct bench_disturbance *d)
{
    if (!d->looked) {
        struct view first = look();

        d->looked = true;
        bench_sleep_ns(BEFORE_NS);
        struct view second = look();

        d->before = compare(&first, &second, d);
        if (d->before > MUCH)
            warn(d);
        d->n = 0;
        free(first.processes);
        free(second.processes);
    }
    begun = look();
}

void bench_quiet_end(struct bench_disturbance *d)
{
    struct bench_disturbance now = *d;
    struct view ended = look();

    now.during = compare(&begun, &ended, &now);
    if (!(now.during < d->during))
        *d = now;
    free(begun.processes);
    free(ended.processes);
    begun = (struct view){0};
}

bool bench_disturbed(const struct bench_disturbance *d)
{
    return d->before > MUCH || d->during > MUCH;
}
