// SPDX-License-Identifier: MIT
/*
 * Where threads run, and how often the kernel says that it switched them.
 */
#include "delivery.h"

#include <sched.h>
#include <sys/resource.h>

int last_cpu(void)
{
    cpu_set_t set;

    /* The last, because interrupts tend to go to the first. */
    if (!sched_getaffinity(0, sizeof(set), &set)) {
        for (int cpu = CPU_SETSIZE - 1; cpu >= 0; cpu--) {
            if (CPU_ISSET(cpu, &set))
                return cpu;
        }
    }
    return 0;
}

void pin_to_cpu(int cpu)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    sched_setaffinity(0, sizeof(set), &set);
}

long switches_of_thread(void)
{
    struct rusage usage;

    getrusage(RUSAGE_THREAD, &usage);
    return usage.ru_nvcsw + usage.ru_nivcsw;
}
