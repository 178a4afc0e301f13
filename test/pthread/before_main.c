/* SPDX-License-Identifier: MIT */
/*
 * Description: mutexes are locked, and threads made, before any library's constructor ran, and unlocked after main.
 * Holds: System V ABI DT_PREINIT_ARRAY; POSIX XSH PTHREAD_MUTEX_INITIALIZER (static initialization needs no
 * constructor).
 */
#include "fields.h"

static pthread_mutex_t early = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t constructed = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
static pthread_mutex_t contended = PTHREAD_ADAPTIVE_MUTEX_INITIALIZER_NP;
static pthread_t early_thread;
static int early_waiter_came;

static void *wait_for_early(void *arg)
{
    CHECK_EQ(0, pthread_mutex_lock(&early));
    early_waiter_came = 1;
    CHECK_EQ(0, pthread_mutex_unlock(&early));
    return arg;
}

/* Runs before the constructors of the shared objects, preloaded ones too. */
static void before_constructors(void)
{
    begin();
    CHECK_EQ(0, pthread_mutex_lock(&early));
    early_thread = go(wait_for_early, NULL);
    contend(&contended, 4, 1000);
}

__attribute__((section(".preinit_array"), used)) static void (*const preinit)(void) = before_constructors;

__attribute__((constructor(101))) static void construct(void)
{
    CHECK_EQ(0, pthread_mutex_lock(&constructed));
    contend(&contended, 4, 1000);
    show_fields("constructor", &constructed);
}

__attribute__((destructor(101))) static void destruct(void)
{
    CHECK_EQ(0, pthread_mutex_unlock(&constructed));
    contend(&constructed, 4, 1000);
    show_fields("destructor", &constructed);
    show_fields("destructor", &contended);
    fflush(stdout);
}

static void at_exit(void)
{
    CHECK_EQ(0, pthread_mutex_lock(&contended));
    show_fields("atexit", &contended);
    CHECK_EQ(0, pthread_mutex_unlock(&contended));
    contend(&contended, 4, 1000);
}

int main(void)
{
    CHECK_EQ(0, atexit(at_exit));
    sleep_ms(20);
    CHECK_EQ(0, early_waiter_came);
    CHECK_EQ(0, pthread_mutex_unlock(&early));
    join(early_thread);
    show_fields("main", &early);
    contend(&early, 4, 1000);
    return 0;
}
