// SPDX-License-Identifier: MIT
/*
 * A loaded program: loading, attaching, and registering a thread with it, for all ways alike.
 */
#include "delivery.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "delivery_abi.h"

enum { RECORDS_SIZE = DELIVERY_SLOTS * sizeof(struct oncpu_thread_record) };

#ifndef PIDFD_THREAD
#define PIDFD_THREAD O_EXCL /* Linux 6.9 */
#endif

static char log_text[1 << 16];
static size_t log_used;

static int keep_log(enum libbpf_print_level level, const char *format, va_list args)
{
    int n;

    if (level != LIBBPF_WARN || log_used >= sizeof(log_text) - 1)
        return 0;
    n = vsnprintf(log_text + log_used, sizeof(log_text) - log_used, format, args);
    if (n > 0)
        log_used += (size_t)n < sizeof(log_text) - log_used ? (size_t)n : sizeof(log_text) - 1 - log_used;
    return 0;
}

const char *load_log(void)
{
    return log_text;
}

/* The kernel wants to know where user space will see an arena before it lets a program refer to it. */
static uint64_t arena_address(unsigned number)
{
    return (UINT64_C(1) << 44) + ((uint64_t)number << 32);
}

static int map_fd(const struct bpf_object *object, const char *name)
{
    struct bpf_map *map = bpf_object__find_map_by_name(object, name);

    return map ? bpf_map__fd(map) : -1;
}

static int program_fd(const struct bpf_object *object, const char *name)
{
    struct bpf_program *program = bpf_object__find_program_by_name(object, name);

    return program ? bpf_program__fd(program) : -1;
}

static int prepare_arena(struct bpf_object *object, unsigned number)
{
    struct bpf_map *arena = bpf_object__find_map_by_name(object, "records");
    struct bpf_map *constants = bpf_object__find_map_by_name(object, ".rodata");
    uint64_t address = arena_address(number);

    if (!arena || !constants)
        return -ENOENT;
    if (bpf_map__set_map_extra(arena, address))
        return -errno;
    return bpf_map__set_initial_value(constants, &address, sizeof(address));
}

static void *map_arena(int fd, unsigned number, int protection)
{
    return mmap((void *)arena_address(number), RECORDS_SIZE, protection, MAP_SHARED | MAP_FIXED, fd, 0);
}

static int map_records(struct instance *instance, unsigned number)
{
    void *mapped;

    if (instance->way->home != HOME_ARRAY && instance->way->home != HOME_ARENA)
        return 0;
    /* Nobody in user space may write what all believe; the program still does. */
    if (bpf_map_freeze(instance->records_fd))
        return -errno;
    if (instance->way->home == HOME_ARENA)
        mapped = map_arena(instance->records_fd, number, PROT_READ);
    else
        mapped = mmap(NULL, RECORDS_SIZE, PROT_READ, MAP_SHARED, instance->records_fd, 0);
    if (mapped == MAP_FAILED)
        return -errno;
    instance->records = mapped;
    instance->number = number;
    /* Whether a child inherits an arena's mapping depends on the kernel; ours never does, and maps it again. */
    return instance->way->home == HOME_ARENA && madvise(mapped, RECORDS_SIZE, MADV_DONTFORK) ? -errno : 0;
}

int instance_load(struct instance *instance, const struct way *way, unsigned number)
{
    DECLARE_LIBBPF_OPTS(bpf_object_open_opts, options, .object_name = "delivery");
    const void *image;
    size_t size;
    int error;

    memset(instance, 0, sizeof(*instance));
    instance->way = way;
    log_used = 0;
    log_text[0] = '\0';
    libbpf_set_print(keep_log);
    image = way->program(&size);
    instance->object = bpf_object__open_mem(image, size, &options);
    if (!instance->object)
        return -errno;
    error = way->home == HOME_ARENA ? prepare_arena(instance->object, number) : 0;
    if (!error)
        error = bpf_object__load(instance->object);
    if (!error) {
        instance->join_fd = program_fd(instance->object, "delivery_join");
        instance->leave_fd = program_fd(instance->object, "delivery_leave");
        instance->tasks_fd = map_fd(instance->object, way->home == HOME_PINNED ? "oncpu_tasks" : "tasks");
        instance->records_fd = map_fd(instance->object, "records");
        error = map_records(instance, number);
    }
    if (error)
        instance_unload(instance);
    return error;
}

int instance_attach(struct instance *instance)
{
    struct bpf_program *program;

    bpf_object__for_each_program(program, instance->object)
    {
        if (bpf_program__type(program) != BPF_PROG_TYPE_TRACING)
            continue;
        struct bpf_link *link = bpf_program__attach(program);
        if (!link) {
            int error = -errno;
            instance_detach(instance);
            return error;
        }
        instance->links[instance->links_count++] = link;
    }
    return 0;
}

void instance_detach(struct instance *instance)
{
    while (instance->links_count)
        bpf_link__destroy(instance->links[--instance->links_count]);
}

void instance_unload(struct instance *instance)
{
    instance_detach(instance);
    if (instance->records)
        munmap(instance->records, RECORDS_SIZE);
    bpf_object__close(instance->object);
    instance->records = NULL;
    instance->object = NULL;
}

void instance_after_fork(struct instance *instance)
{
    if (instance->way->home == HOME_ARENA)
        map_arena(instance->records_fd, instance->number, PROT_READ);
}

int instance_run_time(const struct instance *instance, uint64_t *runs, uint64_t *ns)
{
    struct bpf_program *program;

    *runs = *ns = 0;
    bpf_object__for_each_program(program, instance->object)
    {
        struct bpf_prog_info info = {0};
        uint32_t size = sizeof(info);
        const char *name = bpf_program__name(program);

        if (bpf_program__type(program) != BPF_PROG_TYPE_TRACING)
            continue;
        if (bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &size))
            return -errno;
        *ns += info.run_time_ns;
        if (strstr(name, "_switch"))
            *runs += info.run_cnt;
    }
    return 0;
}

uint64_t instance_missed(const struct instance *instance)
{
    struct bpf_program *program;
    uint64_t missed = 0;

    bpf_object__for_each_program(program, instance->object)
    {
        struct bpf_prog_info info = {0};
        uint32_t size = sizeof(info);
        if (!bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &size))
            missed += info.recursion_misses;
    }
    return missed;
}

/* /proc/self/fdinfo: "memlock:  1234" */
static long memory_of_map(int fd)
{
    char path[64], line[128];
    long bytes = -1;
    FILE *file;

    snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
    file = fopen(path, "re");
    if (!file)
        return -1;
    while (bytes < 0 && fgets(line, sizeof(line), file))
        sscanf(line, "memlock: %ld", &bytes);
    fclose(file);
    return bytes;
}

long instance_memory(const struct instance *instance)
{
    struct bpf_map *map;
    long sum = 0;

    bpf_object__for_each_map(map, instance->object)
    {
        long bytes = memory_of_map(bpf_map__fd(map));
        if (bytes < 0)
            return -1;
        sum += bytes;
    }
    return sum;
}

static size_t in_pages(size_t count)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);

    return (count * sizeof(struct oncpu_thread_record) + page - 1) / page * page;
}

/* /var/tmp, not /tmp: what lies in memory only cannot be reclaimed without swap. */
static void *map_file(size_t size)
{
    int fd = open("/var/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    void *mapped;

    if (fd < 0)
        return MAP_FAILED;
    mapped = ftruncate(fd, (off_t)size) ? MAP_FAILED : mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    return mapped;
}

struct oncpu_thread_record *instance_allocate(const struct instance *instance, size_t count, enum memory memory)
{
    size_t size = in_pages(count);
    void *mapped;

    if (instance->way->home == HOME_PINNED)
        mapped = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    else if (instance->way->home == HOME_PROCESS && memory == MEMORY_FILE)
        mapped = map_file(size);
    else if (instance->way->home == HOME_PROCESS || instance->way->home == HOME_NONE)
        mapped = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    else
        return NULL;
    return mapped == MAP_FAILED ? NULL : mapped;
}

void instance_free(struct oncpu_thread_record *records, size_t count)
{
    if (records)
        munmap(records, in_pages(count));
}

static int join_pinned(const struct instance *instance, struct oncpu_thread_record *own)
{
    struct oncpu_task_value value = {.record = own};
    int fd = (int)syscall(SYS_pidfd_open, gettid(), PIDFD_THREAD);
    int error;

    if (fd < 0)
        return -1;
    error = bpf_map_update_elem(instance->tasks_fd, &fd, &value, BPF_ANY) ? errno : 0;
    close(fd);
    errno = error;
    return error ? -1 : 0;
}

static int run_program(int fd, struct delivery_join *join)
{
    DECLARE_LIBBPF_OPTS(bpf_test_run_opts, options, .ctx_in = join, .ctx_size_in = sizeof(*join));

    if (bpf_prog_test_run_opts(fd, &options))
        return -1;
    if (options.retval) {
        errno = -(int)options.retval;
        return -1;
    }
    return 0;
}

struct oncpu_thread_record *instance_join(const struct instance *instance, struct oncpu_thread_record *own,
                                          bool fresh_page)
{
    struct delivery_join join = {.address = (uintptr_t)own, .fresh_page = fresh_page};

    switch (instance->way->home) {
    case HOME_NONE:
        return own;
    case HOME_PINNED:
        return join_pinned(instance, own) ? NULL : own;
    case HOME_PROCESS:
        return run_program(instance->join_fd, &join) ? NULL : own;
    case HOME_ARRAY:
    case HOME_ARENA:
        break;
    }
    return run_program(instance->join_fd, &join) ? NULL : &instance->records[join.slot];
}

void instance_leave(const struct instance *instance)
{
    struct delivery_join join = {0};

    if (instance->leave_fd >= 0)
        run_program(instance->leave_fd, &join);
}

void instance_touch(const struct instance *instance, struct oncpu_thread_record *record)
{
    /* Pair with nothing: they are for the page fault. An array needs none, an arena is ours to read only, and in the
     * process's own memory the kernel may be writing this very record, so the write is one that changes nothing. */
    if (instance->way->home == HOME_ARENA)
        (void)*(volatile uint32_t *)&record->generation;
    else if (instance->way->home != HOME_ARRAY)
        __atomic_fetch_or(&record->generation, 0, __ATOMIC_RELAXED);
}

static bool is_resident(void *page, size_t size)
{
    unsigned char resident = 1;

    return mincore(page, size, &resident) || (resident & 1);
}

void instance_evict(const struct instance *instance, struct oncpu_thread_record *record, char how[TEXT_MAX])
{
    size_t size = (size_t)sysconf(_SC_PAGESIZE);
    void *page = (void *)((uintptr_t)record & ~(uintptr_t)(size - 1));

    if (instance->way->home == HOME_ARRAY || instance->way->home == HOME_ARENA) {
        madvise(page, size, MADV_PAGEOUT);
        snprintf(how, TEXT_MAX, "MADV_PAGEOUT; it is the kernel's memory, which is never reclaimed");
        return;
    }
    msync(page, size, MS_SYNC);
    madvise(page, size, MADV_PAGEOUT);
    if (!is_resident(page, size)) {
        snprintf(how, TEXT_MAX, "page of a file, MADV_PAGEOUT: reclaimed (mincore)");
        return;
    }
    /* Shared memory keeps its content when only the mapping goes. */
    madvise(page, size, MADV_DONTNEED);
    snprintf(how, TEXT_MAX, "MADV_PAGEOUT had no effect; then unmapped by MADV_DONTNEED");
}
