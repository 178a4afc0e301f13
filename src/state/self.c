/* SPDX-License-Identifier: MIT */
/*
 * Finds the places of the tid and of the CPU's number in a thread's own memory, so that a thread knows each by one load.
 */
#include "self.h"

#include <dlfcn.h>
#include <limits.h>
#include <pthread.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

int oncpu_tid_offset;
int oncpu_cpu_offset;
int oncpu_told_cpu_offset;

#define RSEQ_CPU_ID 4 /* offsetof(struct rseq, cpu_id), <linux/rseq.h> */

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

/*
 * glibc 2.35 registers each thread for restartable sequences, and says where the kernel's part of that is; the size is 0 where
 * it is not registered (an older kernel, a tunable). Asked for by name, so that the library runs with an older glibc.
 */
__attribute__((constructor(101))) static void find_cpu(void)
{
    const ptrdiff_t *distance = dlsym(RTLD_DEFAULT, "__rseq_offset");
    const unsigned int *size = dlsym(RTLD_DEFAULT, "__rseq_size");

    if (!distance || !size || !*size || *distance < INT_MIN || *distance > INT_MAX - RSEQ_CPU_ID)
        return;
    if (oncpu_self_word((int)*distance + RSEQ_CPU_ID) < ONCPU_NO_CPU)
        __atomic_store_n(&oncpu_cpu_offset, (int)*distance + RSEQ_CPU_ID, __ATOMIC_RELAXED);
}
