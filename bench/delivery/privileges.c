// SPDX-License-Identifier: MIT
/*
 * Which rights a way needs, and which it gives away, found out by trying as an ordinary user in a child.
 */
#include "delivery.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "delivery_abi.h"

enum { NOBODY = 65534 };

/* <linux/capability.h> of an older kernel may lack the last two. */
#define RIGHT_SYS_ADMIN (UINT64_C(1) << 21)
#define RIGHT_PERFMON (UINT64_C(1) << 38)
#define RIGHT_BPF (UINT64_C(1) << 39)

static const struct {
    uint64_t rights;
    const char *name;
} steps[] = {
    {0, "none"},
    {RIGHT_BPF, "CAP_BPF"},
    {RIGHT_BPF | RIGHT_PERFMON, "CAP_BPF + CAP_PERFMON"},
    {RIGHT_BPF | RIGHT_PERFMON | RIGHT_SYS_ADMIN, "CAP_SYS_ADMIN"},
};

/* What a child tries, and on what. */
struct attempt {
    struct instance *instance;
    const struct way *way;
    pid_t victim_tid;
};

static int become_nobody(uint64_t rights)
{
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2] = {
        {(uint32_t)rights, (uint32_t)rights, 0},
        {(uint32_t)(rights >> 32), (uint32_t)(rights >> 32), 0},
    };

    if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) || syscall(SYS_setgroups, 0, NULL))
        return -errno;
    if (setresgid(NOBODY, NOBODY, NOBODY) || setresuid(NOBODY, NOBODY, NOBODY))
        return -errno;
    return syscall(SYS_capset, &header, data) ? -errno : 0;
}

/* Returns 0, or the positive errno value of what failed; ECHILD if the child died of it. */
static int try_as_nobody(uint64_t rights, int (*action)(const struct attempt *), const struct attempt *attempt)
{
    int status, error;
    pid_t pid = fork();

    if (!pid) {
        error = become_nobody(rights);
        _exit(-(error ? error : action(attempt)));
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid)
        return errno;
    return WIFEXITED(status) ? WEXITSTATUS(status) : ECHILD;
}

static int load_and_attach(const struct attempt *attempt)
{
    struct instance instance;
    int error = instance_load(&instance, attempt->way, 0);

    if (error)
        return error;
    error = instance_attach(&instance);
    instance_unload(&instance);
    return error;
}

static int join(const struct attempt *attempt)
{
    struct oncpu_thread_record *own;

    instance_after_fork(attempt->instance);
    own = instance_allocate(attempt->instance, 1, MEMORY_PLAIN);
    return instance_join(attempt->instance, own, false) ? 0 : -errno;
}

static int replace_registration(const struct attempt *attempt)
{
    struct oncpu_thread_record *own = instance_allocate(attempt->instance, 1, MEMORY_PLAIN);
    struct oncpu_task_value value = {.record = own};
    int fd = (int)syscall(SYS_pidfd_open, attempt->victim_tid, 0);

    if (fd < 0)
        return -errno;
    return bpf_map_update_elem(attempt->instance->tasks_fd, &fd, &value, BPF_ANY) ? -errno : 0;
}

static int write_records(const struct attempt *attempt)
{
    size_t size = DELIVERY_SLOTS * sizeof(struct oncpu_thread_record);
    bool fixed = attempt->way->home == HOME_ARENA; /* an arena is seen at one address, and whole */
    struct oncpu_thread_record zero = {0};
    uint32_t slot = 0;
    void *mapped;

    if (!fixed && !bpf_map_update_elem(attempt->instance->records_fd, &slot, &zero, BPF_ANY))
        return 0;
    mapped = mmap(fixed ? attempt->instance->records : NULL, size, PROT_READ | PROT_WRITE,
                  MAP_SHARED | (fixed ? MAP_FIXED : 0), attempt->instance->records_fd, 0);
    return mapped == MAP_FAILED ? -errno : 0;
}

static void try_load(const struct attempt *attempt, char text[TEXT_MAX])
{
    int error = 0;

    for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
        error = try_as_nobody(steps[i].rights, load_and_attach, attempt);
        if (!error) {
            snprintf(text, TEXT_MAX, "%s", steps[i].name);
            return;
        }
    }
    snprintf(text, TEXT_MAX, "more than CAP_SYS_ADMIN (%s)", strerror(error));
}

static const char *given(enum home home)
{
    switch (home) {
    case HOME_PINNED:
        return "the storage map, to write";
    case HOME_ARRAY:
    case HOME_ARENA:
        return "a program to run, a frozen map";
    case HOME_PROCESS:
        return "a program to run";
    case HOME_NONE:
        break;
    }
    return "";
}

static void try_harm(const struct attempt *attempt, char text[TEXT_MAX])
{
    int error;

    switch (attempt->way->home) {
    case HOME_PINNED:
        error = try_as_nobody(0, replace_registration, attempt);
        snprintf(text, TEXT_MAX, "replace any thread's registration: %s", error ? strerror(error) : "works");
        break;
    case HOME_ARRAY:
    case HOME_ARENA:
        error = try_as_nobody(0, write_records, attempt);
        snprintf(text, TEXT_MAX, "write records: %s", error ? strerror(error) : "works");
        break;
    case HOME_PROCESS:
        snprintf(text, TEXT_MAX, "none: the program registers its caller only");
        break;
    case HOME_NONE:
        break;
    }
}

static int measure_way(const struct way *way, struct privileges *privileges)
{
    struct attempt attempt = {.way = way, .victim_tid = getpid()};
    struct oncpu_thread_record *own;
    struct instance instance;
    int error;

    try_load(&attempt, privileges->load);
    if (way->home == HOME_NONE)
        return 0;
    error = instance_load(&instance, way, 0);
    if (error)
        return error;
    attempt.instance = &instance;
    own = instance_allocate(&instance, 1, MEMORY_PLAIN);
    error = instance_join(&instance, own, false) ? 0 : -errno;
    if (error)
        goto out;
    error = try_as_nobody(0, join, &attempt);
    snprintf(privileges->join, TEXT_MAX, "%s: %s", given(way->home), error ? strerror(error) : "works");
    try_harm(&attempt, privileges->harm);
    instance_leave(&instance);
    error = 0;
out:
    instance_unload(&instance);
    instance_free(own, 1);
    return error;
}

int measure_privileges(struct results *results)
{
    int error = 0;

    for (size_t w = 0; w < WAYS_MAX && !error; w++) {
        struct result *result = &results->way[w];
        if (!result->unsupported[0] && !result->refused[0])
            error = measure_way(&ways[w], &result->privileges);
    }
    return error;
}
