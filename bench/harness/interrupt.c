/* SPDX-License-Identifier: MIT */
/* Turns SIGINT and SIGTERM into a flag. */
#include "interrupt.h"

#include <signal.h>
#include <time.h>

static volatile sig_atomic_t caught;

static void on_signal(int signal)
{
    caught = signal;
}

void bench_interrupt_catch(void)
{
    struct sigaction action = {.sa_handler = on_signal};

    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

int bench_interrupted(void)
{
    return caught;
}

void bench_sleep_ns(uint64_t ns)
{
    struct timespec left = {.tv_sec = (time_t)(ns / 1000000000u), .tv_nsec = (long)(ns % 1000000000u)};

    while (!caught && clock_nanosleep(CLOCK_MONOTONIC, 0, &left, &left) != 0)
        ;
}
