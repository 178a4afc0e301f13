/* SPDX-License-Identifier: MIT */
/*
 * An array of the process's own: who can do what with it, what happens when it is full, and that no other process's slot is ever
 * looked for in it.
 */
#include "array_abi.h"
#include "state/bpf_object.h"
#include "state/records.h"
#include "state/source.h"
#include "state/state.h"
#include "unit.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/uio.h>

static const struct oncpu_bpf_program *program;

static void init(void)
{
    setenv("ONCPU_SOURCE", "array", 1);
}

TestSuite(own_array, .init = init);

static void load(void)
{
    CHECK(oncpu_init() == 0 && oncpu_source() == ONCPU_SOURCE_ARRAY);
    program = oncpu_source_program();
    CHECK(program && !program->machine_wide);
}

static size_t size(void)
{
    return program->page_count * sizeof(struct oncpu_page);
}

static uint32_t slots(void)
{
    return program->page_count * ONCPU_PAGE_RECORDS;
}

static bool follows_me(void)
{
    const struct oncpu_thread_record *mine = oncpu_thread_self();
    uint64_t before = oncpu_thread_switches(mine);

    return EVENTUALLY(oncpu_thread_switches(mine) >= before + 5);
}

Test(own_array, pages_are_complete)
{
    NEED_SOURCE();
    load();
    cr_assert_geq(slots(), 4000);
    for (uint32_t i = 0; i < program->page_count; i++) {
        const struct oncpu_page_head *head = &program->pages[i].head;

        cr_assert(head->magic == ONCPU_PAGE_MAGIC && head->version == ONCPU_PAGE_VERSION);
        cr_assert(head->record_size == sizeof(struct oncpu_thread_record) && head->records == ONCPU_PAGE_RECORDS);
        cr_assert(head->array == 0 && head->home == 0, "it is not the machine's");
    }
}

/* A mutex between processes must neither tell a slot of this array nor be believed when it tells one. */
Test(own_array, slots_mean_nothing_between_processes)
{
    NEED_SOURCE();
    load();
    cr_assert_eq(oncpu_thread_register(), 0);
    cr_assert(oncpu_thread_self());
    cr_assert(!oncpu_state_machine_wide);
    cr_assert_eq(oncpu_state_slot(), 0);
    for (uint32_t slot = 0; slot <= program->page_count << ONCPU_SLOT_SHIFT; slot++)
        cr_assert_null(oncpu_record_in_slot(slot, (uint32_t)gettid()));
    cr_assert_eq(oncpu_thread_find(gettid()), oncpu_thread_self());
}

Test(own_array, does_not_survive_exec)
{
    NEED_SOURCE();
    load();
    const int kept[] = {program->enter.fd, program->link.fd, program->link_exit.fd, program->link_prepare.fd};
    for (int i = 0; i < 4; i++)
        cr_assert(kept[i] < 0 ? i == 3 : fcntl(kept[i], F_GETFD) & FD_CLOEXEC, "%d", i);
}

/* ---- a child that has given up its privileges, and has inherited all descriptors ---- */

static struct oncpu_thread_record *of_parent;
static uint32_t maps[16];
static uint32_t map_count;

static void ask_for_maps(void)
{
    struct bpf_prog_info info;
    union bpf_attr attr;

    memset(&info, 0, sizeof(info));
    memset(&attr, 0, sizeof(attr));
    info.nr_map_ids = sizeof(maps) / sizeof(maps[0]);
    info.map_ids = (uint64_t)(uintptr_t)maps;
    attr.info.bpf_fd = (uint32_t)program->enter.fd;
    attr.info.info_len = sizeof(info);
    attr.info.info = (uint64_t)(uintptr_t)&info;
    CHECK(oncpu_bpf(BPF_OBJ_GET_INFO_BY_FD, &attr) == 0);
    map_count = info.nr_map_ids;
    CHECK(map_count >= 4 && map_count <= sizeof(maps) / sizeof(maps[0]));
}

static int with_link(enum bpf_cmd command, int link)
{
    union bpf_attr attr;

    memset(&attr, 0, sizeof(attr));
    attr.link_update.link_fd = (uint32_t)link; /* shares its place with link_detach.link_fd */
    if (command == BPF_LINK_UPDATE)
        attr.link_update.new_prog_fd = (uint32_t)program->enter.fd;
    return oncpu_bpf(command, &attr);
}

static int with_number(enum bpf_cmd command, uint32_t number)
{
    union bpf_attr attr;

    memset(&attr, 0, sizeof(attr));
    attr.map_id = number; /* shares its place with prog_id and link_id */
    return oncpu_bpf(command, &attr);
}

static int attach_again(void)
{
    union bpf_attr attr;

    memset(&attr, 0, sizeof(attr));
    attr.raw_tracepoint.prog_fd = (uint32_t)program->enter.fd;
    return oncpu_bpf(BPF_RAW_TRACEPOINT_OPEN, &attr);
}

static void cannot_write(void)
{
    uint32_t value = ONCPU_STATE_UNKNOWN;
    struct iovec local = {&value, sizeof(value)};
    struct iovec remote = {&of_parent->state, sizeof(value)};
    int memory = open("/proc/self/mem", O_RDWR);

    CHECK(mprotect(program->pages, size(), PROT_READ | PROT_WRITE) < 0);
    CHECK(process_vm_writev(getpid(), &local, 1, &remote, 1, 0) < 0);
    CHECK(memory < 0 || pwrite(memory, &value, sizeof(value), (off_t)(uintptr_t)&of_parent->state) < 0);
}

static void cannot_use_links_or_maps(void)
{
    CHECK(with_link(BPF_LINK_DETACH, program->link.fd) < 0 && with_link(BPF_LINK_DETACH, program->link_exit.fd) < 0);
    CHECK(with_link(BPF_LINK_UPDATE, program->link.fd) < 0 && with_link(BPF_LINK_UPDATE, program->link_exit.fd) < 0);
    for (uint32_t i = 0; i < map_count; i++)
        CHECK(with_number(BPF_MAP_GET_FD_BY_ID, maps[i]) < 0);
    CHECK(with_number(BPF_PROG_GET_FD_BY_ID, program->enter.identity[1]) < 0);
    CHECK(with_number(BPF_LINK_GET_FD_BY_ID, program->link.identity[1]) < 0);
    CHECK(attach_again() < 0);
}

/* It says that it is its parent: that is written into its own record. */
static void registers_itself_alone(void)
{
    struct oncpu_thread_record before = *of_parent;
    uint32_t slot;

    CHECK(before.state == ONCPU_STATE_BLOCKED && before.tid == (uint32_t)getppid());
    CHECK(oncpu_array_watch(program, before.tid, &slot) == 0);
    CHECK(&program->pages[slot >> ONCPU_SLOT_SHIFT].records[slot & ONCPU_SLOT_MASK] != of_parent);
    CHECK(!memcmp(&before, of_parent, sizeof(before)));
    CHECK(oncpu_thread_register() == 0);
    CHECK(oncpu_thread_self() != of_parent && oncpu_thread_self()->tid == (uint32_t)gettid());
    CHECK(follows_me());
}

static bool parent_waits(void)
{
    return oncpu_thread_state(of_parent) == ONCPU_STATE_BLOCKED;
}

static void tries_all(void)
{
    CHECK(geteuid() != 0 || setresuid(65534, 65534, 65534) == 0);
    CHECK(EVENTUALLY(parent_waits()));
    cannot_write();
    cannot_use_links_or_maps();
    registers_itself_alone();
    CHECK(oncpu_source() == ONCPU_SOURCE_ARRAY);
    oncpu_program_close(program); /* its own copies */
}

static void has_such_a_child(void)
{
    load();
    ask_for_maps();
    CHECK(oncpu_thread_register() == 0);
    of_parent = (struct oncpu_thread_record *)(uintptr_t)oncpu_thread_self();
    CHECK(test_in_child(tries_all) == 0);
    CHECK(oncpu_thread_self() == of_parent && follows_me());
}

Test(own_array, a_child_without_privileges_registers_itself_and_can_do_no_more)
{
    NEED_SOURCE_IN_CHILDREN();
    in_own_process(has_such_a_child);
}

/* ---- more threads than slots ---- */

enum { MORE = 20, STACK = 32 * 1024 };

static struct {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    uint32_t results;
    bool may_end;
    uint32_t registered;
    int error; /* of one that was not */
} crowd = {.mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static void *be_one_of_many(void *unused)
{
    int error = oncpu_thread_register();

    (void)unused;
    pthread_mutex_lock(&crowd.mutex);
    crowd.results++;
    crowd.registered += !error;
    crowd.error = error ? error : crowd.error;
    pthread_cond_broadcast(&crowd.changed);
    while (!crowd.may_end)
        pthread_cond_wait(&crowd.changed, &crowd.mutex);
    pthread_mutex_unlock(&crowd.mutex);
    return NULL;
}

static void gather(uint32_t threads)
{
    pthread_t *all = calloc(threads, sizeof(*all));
    pthread_attr_t small;

    CHECK(all && pthread_attr_init(&small) == 0 && pthread_attr_setstacksize(&small, STACK) == 0);
    crowd.results = crowd.registered = 0;
    crowd.may_end = false;
    crowd.error = 0;
    for (uint32_t i = 0; i < threads; i++)
        CHECK(pthread_create(&all[i], &small, be_one_of_many, NULL) == 0);
    pthread_mutex_lock(&crowd.mutex);
    while (crowd.results < threads)
        pthread_cond_wait(&crowd.changed, &crowd.mutex);
    crowd.may_end = true;
    pthread_cond_broadcast(&crowd.changed);
    pthread_mutex_unlock(&crowd.mutex);
    for (uint32_t i = 0; i < threads; i++)
        CHECK(pthread_join(all[i], NULL) == 0);
    free(all);
}

/* The kernel gives a slot back as the thread ends, and not when it is joined: that may be a moment later. */
static bool all_fit(void)
{
    gather(slots());
    return crowd.registered == slots();
}

static void has_more_threads_than_slots(void)
{
    load();
    for (int i = 0; i < 2; i++) {
        gather(slots() + MORE);
        CHECK(crowd.registered == slots() || i);
        CHECK(crowd.error == -ENOSPC);
        CHECK(oncpu_source() == ONCPU_SOURCE_ARRAY);
    }
    CHECK(EVENTUALLY(all_fit()));
    CHECK(EVENTUALLY(oncpu_thread_register() == 0));
    CHECK(follows_me());
}

Test(own_array, threads_for_whom_there_is_no_slot_do_without, .timeout = 120)
{
    NEED_SOURCE_IN_CHILDREN();
    in_own_process(has_more_threads_than_slots);
}

/* The descriptor by which the ends of threads are seen was closed, so that no slot comes back: better a new program. */
static void ends_are_not_seen(void)
{
    load();
    CHECK(close(program->link_exit.fd) == 0);
    gather(slots());
    CHECK(crowd.registered == slots());
    CHECK(oncpu_thread_register() == -EBADF);
    CHECK(oncpu_source() == ONCPU_SOURCE_NONE);
    CHECK(oncpu_init() == 0 && oncpu_source() == ONCPU_SOURCE_ARRAY);
    CHECK(oncpu_thread_register() == 0 && follows_me());
}

Test(own_array, is_replaced_when_slots_do_not_come_back, .timeout = 120)
{
    NEED_SOURCE_IN_CHILDREN();
    in_own_process(ends_are_not_seen);
}
