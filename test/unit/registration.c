/* SPDX-License-Identifier: MIT */
/*
 * A thread that cannot be registered now, because something is short, is registered later; and what is of no use is not tried at
 * every lock.
 */
#include "state/source.h"
#include "state/state.h"
#include "unit.h"

#include <fcntl.h>
#include <sys/resource.h>

static void set_descriptors(rlim_t most)
{
    struct rlimit limit;

    CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
    limit.rlim_cur = most;
    CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
}

static void lacks_a_descriptor(void)
{
    unsigned tried = 0;

    CHECK(oncpu_init() == 0 && oncpu_source() == ONCPU_SOURCE_UPTR);
    set_descriptors(0);
    errno = 17;
    for (int i = 0; i < 10000; i++)
        CHECK(!oncpu_state_self());
    CHECK(errno == 17);
    CHECK(oncpu_thread_register() == -EMFILE);
    CHECK(oncpu_source() == ONCPU_SOURCE_UPTR);
    set_descriptors(1024);
    while (!oncpu_state_self() && tried < 5000) /* as often as it meets contention */
        tried++;
    CHECK(oncpu_thread_self());
    CHECK(tried > 100);
}

Test(registration, comes_when_a_descriptor_is_free_again)
{
    setenv("ONCPU_SOURCE", "uptr", 1); /* an array's threads need no descriptor */
    NEED_SOURCE_IN_CHILDREN();
    in_own_process(lacks_a_descriptor);
}

static void asks_in_so_many_words(void)
{
    CHECK(oncpu_init() == 0 && oncpu_source() == ONCPU_SOURCE_UPTR);
    set_descriptors(0);
    for (int i = 0; i < 10000; i++)
        oncpu_state_self();
    set_descriptors(1024);
    CHECK(oncpu_thread_register() == 0);
}

Test(registration, comes_at_once_when_it_is_asked_for)
{
    setenv("ONCPU_SOURCE", "uptr", 1); /* an array's threads need no descriptor */
    NEED_SOURCE_IN_CHILDREN();
    in_own_process(asks_in_so_many_words);
}

/* By which threads are registered. */
static int registering_fd(void)
{
    const struct oncpu_bpf_program *program = oncpu_source_program();

    return own_source() == ONCPU_SOURCE_UPTR ? program->tasks.fd : program->enter.fd;
}

static bool still_ours_with(int other)
{
    int fd = registering_fd();
    int saved = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    bool is;

    CHECK(saved >= 0 && dup3(other, fd, O_CLOEXEC) == fd);
    is = oncpu_thread_register() == 0;
    CHECK(dup3(saved, fd, O_CLOEXEC) == fd);
    close(saved);
    return is;
}

static void takes_another_object(void)
{
    CHECK(oncpu_init() == 0 && oncpu_source() == own_source());
    CHECK(!still_ours_with(oncpu_source_program()->link.fd));
}

static void takes_its_own(void)
{
    CHECK(oncpu_init() == 0 && oncpu_source() == own_source());
    CHECK(still_ours_with(fcntl(registering_fd(), F_DUPFD_CLOEXEC, 0)));
}

Test(registration, is_not_made_with_another_bpf_object)
{
    NEED_SOURCE_IN_CHILDREN();
    in_own_process(takes_another_object);
    in_own_process(takes_its_own);
}
