/* SPDX-License-Identifier: MIT */
/*
 * Where the process's thread states come from: the choice, its reasons, and the loss of it.
 */
#include "source.h"

#include "records.h"
#include "state.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

int oncpu_state_source = ONCPU_SOURCE_NONE;
uint32_t oncpu_state_unseen;

const struct oncpu_bpf_program *oncpu_state_program;

/* How often a process may load the program anew after it was lost. A program object is never written twice: others read it. */
#define LOADS 16u

static struct {
    struct oncpu_bpf_program programs[LOADS];
    uint32_t loads; /* of `programs`, how many were used; written under the guard */
    bool tried;     /* it was looked for; loss clears it */
    bool sandboxed; /* no BPF system calls any more */
    uint32_t epoch;
    const char *reason;
    char failure[160]; /* the text behind `reason` when it needs one of its own */
} source = {.epoch = 1, .reason = "oncpu_init() has not been called"};

/* ---- what others ask ---- */

const struct oncpu_bpf_program *oncpu_source_program(void)
{
    if (__atomic_load_n(&source.sandboxed, __ATOMIC_RELAXED))
        return NULL;
    return __atomic_load_n(&oncpu_state_program, __ATOMIC_ACQUIRE); /* pairs with choose() */
}

uint32_t oncpu_source_epoch(void)
{
    return __atomic_load_n(&source.epoch, __ATOMIC_RELAXED);
}

bool oncpu_state_untried(void)
{
    return !__atomic_load_n(&source.tried, __ATOMIC_RELAXED);
}

enum oncpu_source oncpu_source(void)
{
    return (enum oncpu_source)__atomic_load_n(&oncpu_state_source, __ATOMIC_RELAXED);
}

const char *oncpu_source_name(enum oncpu_source which)
{
    return which == ONCPU_SOURCE_UPTR ? "uptr" : "none";
}

const char *oncpu_source_reason(void)
{
    return __atomic_load_n(&source.reason, __ATOMIC_ACQUIRE); /* pairs with use() */
}

int oncpu_state_cpus(void)
{
    cpu_set_t cpus;

    /* more CPUs than a cpu_set_t has room for: certainly more than one */
    return sched_getaffinity(0, sizeof(cpus), &cpus) ? CPU_SETSIZE : CPU_COUNT(&cpus);
}

/* ---- changing it ---- */

static void use(enum oncpu_source which, const char *reason)
{
    __atomic_store_n(&source.reason, reason, __ATOMIC_RELEASE); /* the text is complete */
    __atomic_store_n(&oncpu_state_source, which, __ATOMIC_RELAXED);
    __atomic_fetch_add(&source.epoch, 2, __ATOMIC_RELAXED); /* odd for ever, so never 0 */
}

/* The sleep is a system call of our own: nanosleep() would be a cancellation point. */
void oncpu_state_suspect(const struct oncpu_thread_record *mine)
{
    const struct timespec moment = {0, 30000};
    uint64_t before = oncpu_thread_switches(mine);
    int saved_errno = errno;

    __atomic_store_n(&oncpu_state_unseen, 0, __ATOMIC_RELAXED);
    for (int i = 0; i < 10 && oncpu_thread_switches(mine) == before; i++)
        syscall(SYS_nanosleep, &moment, NULL);
    if (oncpu_thread_switches(mine) == before)
        oncpu_source_lost();
    errno = saved_errno;
}

void oncpu_source_lost(void)
{
    __atomic_store_n(&oncpu_state_program, NULL, __ATOMIC_RELAXED);
    __atomic_store_n(&source.tried, false, __ATOMIC_RELAXED);
    use(ONCPU_SOURCE_NONE, "the BPF program has been detached");
}

void oncpu_state_sandboxed(void)
{
    __atomic_store_n(&source.sandboxed, true, __ATOMIC_RELAXED);
}

int oncpu_source_select(enum oncpu_source which)
{
    if (which == ONCPU_SOURCE_NONE) {
        if (oncpu_source() != ONCPU_SOURCE_NONE)
            use(ONCPU_SOURCE_NONE, "it was suspended by oncpu_source_select()");
        return 0;
    }
    if (which != ONCPU_SOURCE_UPTR || !__atomic_load_n(&oncpu_state_program, __ATOMIC_RELAXED))
        return -ENOTSUP;
    if (oncpu_source() != which)
        use(which, "");
    return 0;
}

/* ---- choosing it ---- */

/*
 * A seccomp filter may answer bpf() with the death of the process, and cannot be asked what it would do. The file is
 * read with the calls that every filter allows, as prctl(PR_GET_SECCOMP) is not.
 */
static bool seccomp_is_on(void)
{
    static const char key[] = "\nSeccomp:\t";
    char text[4096];
    int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
    const char *line;

    if (fd >= 0)
        close(fd);
    if (got <= 0)
        return false;
    text[got] = 0;
    line = strstr(text, key);
    return line && line[sizeof(key) - 1] != '0';
}

static bool kernel_is_before(int major, int minor)
{
    struct utsname name;
    int has_major = 0;
    int has_minor = 0;

    if (uname(&name) || sscanf(name.release, "%d.%d", &has_major, &has_minor) != 2)
        return false; /* it will say itself what it lacks */
    return has_major < major || (has_major == major && has_minor < minor);
}

/* Why not to try; NULL: nothing speaks against it. */
static const char *obstacle(const char *wanted)
{
    if (wanted && !strcmp(wanted, "none"))
        return "ONCPU_SOURCE=none asks for it";
    if (wanted && *wanted && strcmp(wanted, "uptr") != 0)
        return "ONCPU_SOURCE names no source (none, uptr)";
    if (__atomic_load_n(&source.sandboxed, __ATOMIC_RELAXED))
        return "the process installed a seccomp filter, which might kill it for calling bpf()";
    if (kernel_is_before(6, 13))
        return "source uptr needs Linux 6.13 (pages pinned in task-local storage)";
    if (access("/sys/kernel/btf/vmlinux", F_OK))
        return "source uptr needs a kernel with BTF, and /sys/kernel/btf/vmlinux is not there";
    if ((!wanted || !*wanted) && seccomp_is_on())
        return "a seccomp filter is in force, which might kill the process for calling bpf() (ONCPU_SOURCE=uptr tries)";
    return NULL;
}

static const char *failure_text(int error)
{
    if (error == -EPERM || error == -EACCES)
        return "source uptr needs root, or CAP_BPF and CAP_PERFMON: bpf() is not permitted";
    snprintf(source.failure, sizeof(source.failure), "the BPF program could not be loaded: %s",
             strerrordesc_np(-error));
    return source.failure;
}

static void choose(void)
{
    const char *reason = obstacle(secure_getenv("ONCPU_SOURCE"));
    int error;

    __atomic_store_n(&source.tried, true, __ATOMIC_RELAXED);
    if (source.loads > 0)
        oncpu_bpf_close(&source.programs[source.loads - 1]); /* the one that was lost */
    if (!reason && source.loads == LOADS)
        reason = "the BPF program was lost too often";
    if (!reason) {
        error = oncpu_bpf_load(&source.programs[source.loads]);
        reason = error ? failure_text(error) : "";
    }
    if (!*reason) /* release: pairs with oncpu_source_program() */
        __atomic_store_n(&oncpu_state_program, &source.programs[source.loads++], __ATOMIC_RELEASE);
    use(*reason ? ONCPU_SOURCE_NONE : ONCPU_SOURCE_UPTR, reason);
}

static void say(void)
{
    const char *verbose = secure_getenv("ONCPU_VERBOSE");
    const char *reason = oncpu_source_reason();
    char line[320];
    int length;

    if (!verbose || strcmp(verbose, "1") != 0)
        return;
    length = snprintf(line, sizeof(line), "oncpu: source %s%s%s\n", oncpu_source_name(oncpu_source()),
                      *reason ? ": " : "", reason);
    if (length > 0 && write(STDERR_FILENO, line, (size_t)length) < 0)
        return; /* nobody to tell */
}

int oncpu_init(void)
{
    int saved_errno = errno;
    int cancel;

    if (!oncpu_records_init())
        return -ENOMEM;
    if (!__atomic_load_n(&oncpu_state_program, __ATOMIC_RELAXED) && oncpu_records_guard_take()) {
        pthread_setcancelstate(PTHREAD_CANCEL_DISABLE,
                               &cancel); /* open, read, write and close would be places to end */
        if (!__atomic_load_n(&oncpu_state_program, __ATOMIC_RELAXED)) {
            choose();
            say();
        }
        pthread_setcancelstate(cancel, NULL);
        oncpu_records_guard_drop();
    }
    errno = saved_errno;
    return oncpu_source() == ONCPU_SOURCE_NONE ? -ENOTSUP : 0;
}
