/* SPDX-License-Identifier: MIT */
/*
 * Description: many threads write to and read from the same streams: stdio's own locks, and the mutexes of the program
 * around them, both keep their promises.
 * Holds: POSIX XSH 2.5 (Standard I/O Streams), flockfile.
 */
#include "check.h"

enum { THREADS = 8, LINES = 400, WIDTH = 60 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static FILE *file;
static long written;

/* A line in four calls under flockfile, or in one without: neither may be torn. */
static void *write_lines(void *arg)
{
    char text[WIDTH + 1];
    int letter = 'a' + (int)(intptr_t)arg;

    memset(text, letter, WIDTH);
    text[WIDTH] = '\0';
    for (int i = 0; i < LINES; i++) {
        if (i % 2) {
            flockfile(file);
            flockfile(file);
            fputs(text + WIDTH / 2, file);
            fwrite(text, 1, WIDTH / 2, file);
            funlockfile(file);
            fputc('\n', file);
            funlockfile(file);
        } else {
            CHECK_EQ(WIDTH + 1, fprintf(file, "%s\n", text));
        }
        CHECK_EQ(0, pthread_mutex_lock(&mutex));
        if (i % 32 == 0)
            CHECK_EQ(0, fflush(file));
        written++;
        CHECK_EQ(0, pthread_mutex_unlock(&mutex));
    }
    return NULL;
}

static void *read_lines(void *arg)
{
    long *lines = arg;
    char text[WIDTH + 8];

    while (fgets(text, sizeof(text), file)) {
        CHECK_EQ(WIDTH + 1, strlen(text));
        for (int i = 1; i < WIDTH; i++)
            CHECK_EQ(text[0], text[i]);
        ++*lines;
    }
    return NULL;
}

int main(void)
{
    pthread_t threads[THREADS];
    long lines[THREADS] = {0}, sum = 0;

    begin();
    file = tmpfile();
    CHECK(file != NULL);
    for (int i = 0; i < THREADS; i++)
        threads[i] = go(write_lines, (void *)(intptr_t)i);
    for (int i = 0; i < THREADS; i++)
        join(threads[i]);
    CHECK_EQ(THREADS * LINES, written);
    rewind(file);
    for (int i = 0; i < THREADS; i++)
        threads[i] = go(read_lines, &lines[i]);
    for (int i = 0; i < THREADS; i++)
        join(threads[i]);
    for (int i = 0; i < THREADS; i++)
        sum += lines[i];
    CHECK_EQ(THREADS * LINES, sum);
    CHECK_EQ(0, fclose(file));
    return 0;
}
