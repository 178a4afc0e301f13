/* SPDX-License-Identifier: MIT */
/*
 * Finds the place of the tid in glibc's thread descriptor, so that a thread knows its tid by one load.
 */
#include "self.h"

#include <dlfcn.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

int oncpu_tid_offset;

/* Before the constructor ran, and where glibc does not tell: one system call, always right, after fork too. */
uint32_t oncpu_self_tid_slow(void)
{
    return (uint32_t)syscall(SYS_gettid);
}

/*
 * glibc describes its thread descriptor to debuggers (nptl_db): `_thread_db_pthread_tid` is {bits, elements, offset} of
 * the tid in struct pthread, which pthread_self() points to. What it says is believed only if it is true of this
 * thread.
 */
__attribute__((constructor(101))) static void find_tid(void)
{
    const uint32_t *field = dlsym(RTLD_DEFAULT, "_thread_db_pthread_tid");
    const char *descriptor = (const char *)pthread_self(); /* NOLINT(performance-no-int-to-ptr): a pointer in glibc */

    if (!field || field[0] != 32 || field[1] != 1 || field[2] > 4096)
        return;
    if (*(const volatile uint32_t *)(descriptor + field[2]) != oncpu_self_tid_slow())
        return;
    __atomic_store_n(&oncpu_tid_offset, (int)(descriptor + field[2] - (const char *)__builtin_thread_pointer()),
                     __ATOMIC_RELAXED);
}
