/* SPDX-License-Identifier: MIT */
/*
 * All that a process without privileges might try against the machine-wide program and the records of others; the kernel must
 * refuse it, and the record of a thread of another user stays as it was, byte for byte.
 *
 * usage: intrude FOLDER VICTIM    the tid of a thread that sleeps
 */
#include "array_abi.h"
#include "check.h"
#include "state/bpf_object.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>

/* Not CHECK(): all that is not refused shall be heard of. */
#define REFUSED(attempt) refused((attempt), #attempt)

static unsigned allowed;

static void refused(long result, const char *attempt)
{
    if (result >= 0) {
        printf("not refused: %s\n", attempt);
        allowed++;
    }
}

static char folder[256];
static struct oncpu_page *pages;
static uint32_t page_count;
static int map_fd;
static int register_fd;

static const char *path_of(const char *name)
{
    static char path[512];

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    return path;
}

static int open_pin(const char *name, uint32_t flags)
{
    union bpf_attr attr;

    memset(&attr, 0, sizeof(attr));
    attr.pathname = (uint64_t)(uintptr_t)path_of(name);
    attr.file_flags = flags;
    return oncpu_bpf(BPF_OBJ_GET, &attr);
}

static size_t size(void)
{
    return page_count * sizeof(struct oncpu_page);
}

static void open_all(void)
{
    struct bpf_map_info info;

    map_fd = open_pin(ONCPU_PIN_PAGES, 0);
    register_fd = open_pin(ONCPU_PIN_REGISTER, 0);
    CHECK(map_fd >= 0 && register_fd >= 0);
    CHECK(oncpu_bpf_info(map_fd, &info, sizeof(info)) == 0);
    page_count = info.max_entries;
    pages = mmap(NULL, size(), PROT_READ, MAP_SHARED, map_fd, 0);
    CHECK(pages != MAP_FAILED);
}

/* Writes to what the mapping shows; a mapping that lets it is one too many. */
static long map_it(int protection, int flags)
{
    void *memory = mmap(NULL, size(), protection, flags, map_fd, 0);

    if (memory == MAP_FAILED)
        return -1;
    munmap(memory, size());
    return 0;
}

static long write_by_proc(void)
{
    int fd = open("/proc/self/mem", O_RDWR);
    uint32_t value = ONCPU_STATE_UNKNOWN;
    long result = fd < 0 ? -1 : pwrite(fd, &value, sizeof(value), (off_t)(uintptr_t)&pages->records[0].state);

    close(fd);
    return result;
}

static long write_by_vm_writev(void)
{
    uint32_t value = ONCPU_STATE_UNKNOWN;
    struct iovec local = {&value, sizeof(value)};
    struct iovec remote = {&pages->records[0].state, sizeof(value)};

    return process_vm_writev(getpid(), &local, 1, &remote, 1, 0);
}

static long read_into(void)
{
    int zero = open("/dev/zero", O_RDONLY);
    long result = read(zero, &pages->records[0].state, 4);

    close(zero);
    return result;
}

static void try_mappings(void)
{
    REFUSED(map_it(PROT_READ | PROT_WRITE, MAP_SHARED));
    REFUSED(map_it(PROT_WRITE, MAP_SHARED));
    REFUSED(mprotect(pages, size(), PROT_READ | PROT_WRITE));
    REFUSED(mprotect(pages, size(), PROT_READ | PROT_EXEC));
    REFUSED(write_by_proc());
    REFUSED(write_by_vm_writev());
    REFUSED(read_into());
    REFUSED(madvise(pages, size(), MADV_REMOVE));
    REFUSED(ftruncate(map_fd, 0));
    REFUSED(pwrite(map_fd, "\0\0\0\0", 4, 64));
}

static long element(enum bpf_cmd command)
{
    static struct oncpu_page page;
    uint32_t key = 0;
    union bpf_attr attr;

    memset(&attr, 0, sizeof(attr));
    attr.map_fd = (uint32_t)map_fd;
    attr.key = (uint64_t)(uintptr_t)&key;
    attr.value = (uint64_t)(uintptr_t)&page;
    return oncpu_bpf(command, &attr);
}

static long batch(enum bpf_cmd command)
{
    static struct oncpu_page page;
    uint32_t key = 0;
    union bpf_attr attr;

    memset(&attr, 0, sizeof(attr));
    attr.batch.map_fd = (uint32_t)map_fd;
    attr.batch.count = 1;
    attr.batch.keys = (uint64_t)(uintptr_t)&key;
    attr.batch.values = (uint64_t)(uintptr_t)&page;
    return oncpu_bpf(command, &attr);
}

static long with_id(enum bpf_cmd command, uint32_t id)
{
    union bpf_attr attr;

    memset(&attr, 0, sizeof(attr));
    attr.map_id = id; /* shares its place with prog_id and link_id */
    return oncpu_bpf(command, &attr);
}

static long attach(enum bpf_cmd command, enum bpf_attach_type type)
{
    union bpf_attr attr;

    memset(&attr, 0, sizeof(attr));
    if (command == BPF_RAW_TRACEPOINT_OPEN) {
        attr.raw_tracepoint.prog_fd = (uint32_t)register_fd;
    } else {
        attr.link_create.prog_fd = (uint32_t)register_fd;
        attr.link_create.attach_type = type;
    }
    return oncpu_bpf(command, &attr);
}

static void try_bpf(void)
{
    struct bpf_map_info map;
    struct bpf_prog_info program;

    REFUSED(element(BPF_MAP_UPDATE_ELEM));
    REFUSED(element(BPF_MAP_DELETE_ELEM));
    REFUSED(element(BPF_MAP_LOOKUP_AND_DELETE_ELEM));
    REFUSED(batch(BPF_MAP_UPDATE_BATCH));
    REFUSED(batch(BPF_MAP_DELETE_BATCH));
    REFUSED(batch(BPF_MAP_LOOKUP_AND_DELETE_BATCH));
    REFUSED(open_pin(ONCPU_PIN_SWITCH, 0));
    REFUSED(open_pin(ONCPU_PIN_SWITCH, BPF_F_RDONLY));
    REFUSED(open_pin(ONCPU_PIN_EXIT, 0));
    REFUSED(open_pin(ONCPU_PIN_EXIT, BPF_F_RDONLY));
    CHECK(oncpu_bpf_info(map_fd, &map, sizeof(map)) == 0);
    CHECK(oncpu_bpf_info(register_fd, &program, sizeof(program)) == 0);
    REFUSED(with_id(BPF_MAP_GET_FD_BY_ID, map.id));
    for (uint32_t id = map.id > 8 ? map.id - 8 : 1; id < map.id + 8; id++) /* the maps beside it */
        REFUSED(with_id(BPF_MAP_GET_FD_BY_ID, id));
    REFUSED(with_id(BPF_PROG_GET_FD_BY_ID, program.id));
    for (uint32_t id = 1; id < 64; id++)
        REFUSED(with_id(BPF_LINK_GET_FD_BY_ID, id));
    REFUSED(attach(BPF_RAW_TRACEPOINT_OPEN, 0));
    REFUSED(attach(BPF_LINK_CREATE, BPF_TRACE_RAW_TP));
}

static void try_pins(void)
{
    static const char *const names[] = {ONCPU_PIN_PAGES, ONCPU_PIN_REGISTER, ONCPU_PIN_SWITCH, ONCPU_PIN_EXIT};
    union bpf_attr attr;

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char other[600];
        snprintf(other, sizeof(other), "%s", path_of("stolen"));
        REFUSED(rename(path_of(names[i]), other));
        REFUSED(link(path_of(names[i]), other));
        REFUSED(chmod(path_of(names[i]), 0777));
        REFUSED(chown(path_of(names[i]), getuid(), getgid()));
        REFUSED(unlink(path_of(names[i])));
    }
    memset(&attr, 0, sizeof(attr));
    attr.pathname = (uint64_t)(uintptr_t)path_of("mine");
    attr.bpf_fd = (uint32_t)map_fd;
    REFUSED(oncpu_bpf(BPF_OBJ_PIN, &attr));
    REFUSED(mkdir(path_of("mine"), 0755));
    REFUSED(chmod(folder, 0777));
    REFUSED(umount2(folder, MNT_DETACH));
    REFUSED(mount("none", folder, NULL, MS_REMOUNT, "mode=0777"));
}

/* ---- the program `register` ---- */

static long run(void *context, uint32_t bytes, uint32_t tid, uint32_t flags, int32_t *value)
{
    union bpf_attr attr;
    long result;

    if (context)
        memcpy(context, &tid, sizeof(tid));
    memset(&attr, 0, sizeof(attr));
    attr.test.prog_fd = (uint32_t)register_fd;
    attr.test.ctx_in = (uint64_t)(uintptr_t)context;
    attr.test.ctx_size_in = bytes;
    attr.test.flags = flags;
    result = oncpu_bpf(BPF_PROG_TEST_RUN, &attr);
    *value = (int32_t)attr.test.retval;
    return result;
}

/* The number of records that say they are this thread's; *first is the number of the first one. */
static uint32_t records_of(uint32_t tid, uint32_t *first)
{
    uint32_t found = 0;

    for (uint32_t i = page_count * ONCPU_PAGE_RECORDS; i-- > 0;) {
        const struct oncpu_page *page = &pages[i / ONCPU_PAGE_RECORDS];
        if (__atomic_load_n(&page->records[i % ONCPU_PAGE_RECORDS].tid, __ATOMIC_RELAXED) == tid) {
            *first = i;
            found++;
        }
    }
    return found;
}

static struct oncpu_thread_record record(uint32_t number)
{
    return pages[number / ONCPU_PAGE_RECORDS].records[number % ONCPU_PAGE_RECORDS];
}

static uint32_t number_of(uint32_t slot)
{
    return (slot >> ONCPU_SLOT_SHIFT) * ONCPU_PAGE_RECORDS + (slot & ONCPU_SLOT_MASK);
}

/* It says that it is the victim: all that changes is its own record. */
static void try_lies(uint32_t victim)
{
    struct oncpu_register_args args = {.slot = 0};
    struct oncpu_thread_record before;
    struct oncpu_thread_record after;
    uint32_t first;
    uint32_t its_number;
    int32_t value;

    CHECK(records_of(victim, &its_number) == 1);
    before = record(its_number);
    CHECK(before.state == ONCPU_STATE_BLOCKED);
    for (int i = 0; i < 100; i++) {
        args.slot = its_number; /* what goes in is not what comes out */
        CHECK(run(&args, sizeof(args), victim, 0, &value) == 0 && value == 0);
        CHECK(number_of(args.slot) != its_number);
        CHECK(records_of(victim, &first) == 2);
        CHECK(run(&args, sizeof(args), 1 + (uint32_t)i * 0x01010101u, 0, &value) == 0);
    }
    /* 0 is nobody's record: whoever uses one shall be counted */
    CHECK(run(&args, sizeof(args), 0, 0, &value) == 0 && value < 0);
    CHECK(run(&args, sizeof(args), (uint32_t)gettid(), 0, &value) == 0 && value == 0);
    CHECK(record(number_of(args.slot)).state == ONCPU_STATE_RUNNING);
    CHECK(records_of((uint32_t)gettid(), &first) == 1 && first == number_of(args.slot));
    CHECK(records_of(victim, &first) == 1 && first == its_number);
    REFUSED(run(&args, 4, victim, 0, &value));
    REFUSED(run(NULL, 0, victim, 0, &value));
    REFUSED(run(NULL, sizeof(args), victim, 0, &value));
    REFUSED(run(&args, UINT32_MAX, victim, 0, &value));
    REFUSED(run(&args, sizeof(args), victim, BPF_F_TEST_RUN_ON_CPU, &value));
    after = record(its_number);
    CHECK(!memcmp(&before, &after, sizeof(before)));
}

int main(int argc, char **argv)
{
    CHECK(argc == 3);
    snprintf(folder, sizeof(folder), "%s", argv[1]);
    open_all();
    try_mappings();
    try_bpf();
    try_pins();
    try_lies((uint32_t)atoi(argv[2]));
    return allowed ? 1 : 0;
}
