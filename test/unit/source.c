/* SPDX-License-Identifier: MIT */
/*
 * Where thread states come from: what the environment and the machine decide, what the library says of it. Whatever
 * it is, the locks work.
 */
#include "state/source.h"

#include "locks_work.h"
#include "unit.h"

#include <linux/close_range.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sys/prctl.h>

static void check_none_because(const char *word)
{
    CHECK(oncpu_init() == -ENOTSUP);
    CHECK(oncpu_source() == ONCPU_SOURCE_NONE);
    if (!strstr(oncpu_source_reason(), word)) {
        fprintf(stderr, "no '%s' in the reason: %s\n", word, oncpu_source_reason());
        _exit(1);
    }
    CHECK(oncpu_source_select(ONCPU_SOURCE_UPTR) == -ENOTSUP);
    CHECK(oncpu_source_select(ONCPU_SOURCE_ARRAY) == -ENOTSUP);
    CHECK(oncpu_thread_register() == -ENOTSUP);
    CHECK(oncpu_thread_self() == NULL);
    check_locks_work();
}

/* ---- what decides ---- */

Test(source, there_is_none_before_init)
{
    cr_assert_eq(oncpu_source(), ONCPU_SOURCE_NONE);
    cr_assert(strstr(oncpu_source_reason(), "oncpu_init"));
    cr_assert_eq(oncpu_source_select(ONCPU_SOURCE_UPTR), -ENOTSUP);
    cr_assert_eq(oncpu_source_select(ONCPU_SOURCE_NONE), 0);
    cr_assert_eq(oncpu_thread_register(), -ENOTSUP);
    check_locks_work();
}

Test(source, names)
{
    cr_assert_str_eq(oncpu_source_name(ONCPU_SOURCE_UPTR), "uptr");
    cr_assert_str_eq(oncpu_source_name(ONCPU_SOURCE_ARRAY), "array");
    cr_assert_str_eq(oncpu_source_name(ONCPU_SOURCE_NONE), "none");
}

static void without_by_environment(void)
{
    setenv("ONCPU_SOURCE", "none", 1);
    check_none_because("ONCPU_SOURCE");
}

static void unknown_by_environment(void)
{
    setenv("ONCPU_SOURCE", "magic", 1);
    check_none_because("ONCPU_SOURCE");
}

Test(source, the_environment_can_do_without)
{
    cr_assert_eq(test_in_child(without_by_environment), 0);
    cr_assert_eq(test_in_child(unknown_by_environment), 0);
}

static void asked_for_by_environment(void)
{
    enum oncpu_source asked_for = own_source();

    setenv("ONCPU_SOURCE", oncpu_source_name(asked_for), 1);
    CHECK(oncpu_init() == 0 && oncpu_source() == asked_for);
    setenv("ONCPU_SOURCE", "none", 1);
    CHECK(oncpu_init() == 0 && oncpu_source() == asked_for); /* it is chosen once */
}

static void empty_in_environment(void)
{
    setenv("ONCPU_SOURCE", "", 1);
    CHECK(oncpu_init() == 0);
}

Test(source, the_best_one_is_chosen)
{
    NEED_SOURCE();
    errno = 17;
    cr_assert_eq(oncpu_init(), 0);
    cr_assert_eq(errno, 17);
    cr_assert_eq(oncpu_source(), own_source());
    if (own_source() == ONCPU_SOURCE_UPTR)
        cr_assert_str_eq(oncpu_source_reason(), "");
    else
        cr_assert(strstr(oncpu_source_reason(), "the process's own") && strstr(oncpu_source_reason(), "`oncpu enable`"),
                  "%s", oncpu_source_reason());
    check_locks_work();
}

Test(source, the_environment_can_ask_for_it)
{
    NEED_SOURCE_IN_CHILDREN();
    in_own_process(asked_for_by_environment);
    in_own_process(empty_in_environment);
}

/* One line on standard error, and only when asked for. */
static size_t said_on_stderr(const char *verbose, char *text, size_t room)
{
    int pipes[2];
    ssize_t got;

    cr_assert_eq(pipe(pipes), 0);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(pipes[1], STDERR_FILENO);
        setenv("ONCPU_SOURCE", "none", 1);
        setenv("ONCPU_VERBOSE", verbose, 1);
        oncpu_init();
        _exit(0);
    }
    close(pipes[1]);
    cr_assert_eq(test_child_status(pid), 0);
    got = read(pipes[0], text, room - 1);
    close(pipes[0]);
    cr_assert_geq(got, 0);
    text[got] = 0;
    return (size_t)got;
}

Test(source, says_which_when_asked)
{
    char text[512];

    cr_assert_gt(said_on_stderr("1", text, sizeof(text)), 0);
    cr_assert_eq(strncmp(text, "oncpu: source none: ", 20), 0, "%s", text);
    cr_assert_eq(strchr(text, '\n'), text + strlen(text) - 1, "not one line: %s", text);
    cr_assert_eq(said_on_stderr("", text, sizeof(text)), 0, "%s", text);
    cr_assert_eq(said_on_stderr("0", text, sizeof(text)), 0, "%s", text);
}

Test(source, select_goes_and_comes_back)
{
    NEED_SOURCE();
    const char *reason = oncpu_source_reason();
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(oncpu_source_select(ONCPU_SOURCE_NONE), 0);
        cr_assert_eq(oncpu_source(), ONCPU_SOURCE_NONE);
        cr_assert_neq(*oncpu_source_reason(), 0);
        check_locks_work();
        cr_assert_eq(oncpu_source_select(i % 2 ? ONCPU_SOURCE_AUTO : own_source()), 0);
        cr_assert_eq(oncpu_source(), own_source());
        cr_assert_eq(oncpu_source_reason(), reason);
        check_locks_work();
    }
    cr_assert_eq(oncpu_source_select((enum oncpu_source)99), -ENOTSUP);
    cr_assert_eq(oncpu_source(), own_source());
}

/* ---- who may not ---- */

static void unprivileged(void)
{
    if (geteuid() == 0)
        CHECK(setresuid(65534, 65534, 65534) == 0);
    check_none_because("CAP_BPF");
    CHECK(strstr(oncpu_source_reason(), "CAP_PERFMON"));
}

Test(source, a_process_without_privileges_is_told_what_it_lacks)
{
    cr_assert_eq(test_in_child(unprivileged), 0);
}

static void install_filter(void)
{
    struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    struct sock_fprog filter = {1, &allow};

    CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
    CHECK(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0) == 0);
}

static void under_a_filter(void)
{
    install_filter();
    setenv("ONCPU_SOURCE", "", 1);
    check_none_because("seccomp");
}

static void under_a_filter_that_is_known(void)
{
    install_filter();
    setenv("ONCPU_SOURCE", oncpu_source_name(own_source()), 1);
    CHECK(oncpu_init() == 0);
    check_locks_work();
}

Test(source, a_seccomp_filter_is_not_provoked)
{
    cr_assert_eq(test_in_child(under_a_filter), 0);
}

Test(source, a_seccomp_filter_can_be_overruled)
{
    NEED_SOURCE_IN_CHILDREN();
    in_own_process(under_a_filter_that_is_known);
}

/* ---- together ---- */

static void *init_too(void *argument)
{
    /* -ENOTSUP: another thread is in its first call */
    int result = oncpu_init();

    (void)argument;
    CHECK(result == 0 || result == -ENOTSUP);
    return NULL;
}

static void many_at_once(void)
{
    pthread_t threads[8];

    for (int i = 0; i < 8; i++)
        CHECK(pthread_create(&threads[i], NULL, init_too, NULL) == 0);
    for (int i = 0; i < 8; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
    CHECK(oncpu_init() == 0);
}

Test(source, init_by_many_threads_loads_one_program)
{
    NEED_SOURCE_IN_CHILDREN();
    int before = open_descriptors();
    many_at_once();
    /* as documented; before Linux 6.2 an array's program can have one more */
    int more = own_source() == ONCPU_SOURCE_UPTR ? 2 : oncpu_source_program()->link_prepare.fd < 0 ? 3 : 4;
    cr_assert_eq(open_descriptors(), before + more);
}

static void closes_before_init(void)
{
    CHECK(close_range(0, ~0u, 0) == 0);
    CHECK(oncpu_init() == 0);
    CHECK(oncpu_thread_register() == 0);
}

Test(source, is_loaded_with_standard_descriptors_closed)
{
    NEED_SOURCE_IN_CHILDREN();
    in_own_process(closes_before_init);
}
