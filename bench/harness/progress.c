/* SPDX-License-Identifier: MIT */
/* Guesses the time left from what was planned and how long the done part of it took. */
#include "progress.h"

#include "clock.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

enum { PLAIN_EVERY_S = 10 };

static struct {
    double planned;
    double done;    /* of the planned seconds */
    double current; /* the step that runs now */
    uint64_t start;
    uint64_t last_line;
    bool terminal;
} progress;

void bench_progress_begin(double seconds)
{
    progress.planned = seconds;
    progress.done = progress.current = 0;
    progress.start = bench_now_ns();
    progress.last_line = 0;
    progress.terminal = isatty(STDERR_FILENO);
}

static double seconds_left(void)
{
    double elapsed = (double)(bench_now_ns() - progress.start) * 1e-9;
    double pace = progress.done > 2 ? elapsed / progress.done : 1;

    return (progress.planned - progress.done) * pace;
}

void bench_progress_step(double seconds, const char *format, ...)
{
    uint64_t now = bench_now_ns();
    char what[100];
    va_list args;

    progress.done += progress.current;
    progress.current = seconds;
    if (!progress.terminal && progress.last_line && now - progress.last_line < PLAIN_EVERY_S * 1000000000ull)
        return;
    progress.last_line = now;
    va_start(args, format);
    vsnprintf(what, sizeof(what), format, args);
    va_end(args);
    double left = seconds_left();

    fprintf(stderr, progress.terminal ? "\r\033[K%d:%02d left  %s" : "%d:%02d left  %s\n", (int)left / 60,
            (int)left % 60, what);
    fflush(stderr);
}

void bench_progress_end(void)
{
    if (progress.terminal)
        fputs("\r\033[K", stderr);
}
