/* SPDX-License-Identifier: MIT */
/*
 * Description: the program brings its own malloc, which takes a mutex in every call, from the first one before main on;
 * nothing inside lock or unlock may allocate.
 * Holds: glibc "Replacing malloc"; POSIX XSH pthread_atfork (an allocator that survives fork).
 */
#include "check.h"
#include <malloc.h>

enum { CLASSES = 24, HEADER = 16, ARENA = 256 << 20, THREADS = 8, ROUNDS = 4000, LIVE = 32 };

static pthread_mutex_t mutex = PTHREAD_ADAPTIVE_MUTEX_INITIALIZER_NP;
static char arena[ARENA] __attribute__((aligned(16)));
static size_t used;
static long calls;
static struct block {
    struct block *next;
} *free_blocks[CLASSES];

static int class_of(size_t size)
{
    int c = 0;

    while (((size_t)HEADER << c) < size)
        c++;
    return c;
}

/* What precedes each block; HEADER bytes long, to keep the alignment. */
struct header {
    int class;
    unsigned capacity;
};

static struct header *header_of(void *block)
{
    return (struct header *)((char *)block - HEADER);
}

/* Not called malloc: compilers know what malloc and memset make together, and would have calloc call itself. */
static void *take_block(size_t size)
{
    int c = class_of(size);
    struct block *b = NULL;

    if (c >= CLASSES)
        return NULL;
    CHECK_EQ(0, pthread_mutex_lock(&mutex));
    calls++;
    if (free_blocks[c]) {
        b = free_blocks[c];
        free_blocks[c] = b->next;
    } else if (used + HEADER + ((size_t)HEADER << c) <= sizeof(arena)) {
        b = (struct block *)(arena + used + HEADER);
        used += HEADER + ((size_t)HEADER << c);
        *header_of(b) = (struct header){c, (unsigned)HEADER << c};
    }
    CHECK_EQ(0, pthread_mutex_unlock(&mutex));
    return b;
}

void *malloc(size_t size)
{
    return take_block(size);
}

void free(void *p)
{
    if (!p)
        return;
    int c = header_of(p)->class;
    CHECK_EQ(0, pthread_mutex_lock(&mutex));
    calls++;
    ((struct block *)p)->next = free_blocks[c];
    free_blocks[c] = p;
    CHECK_EQ(0, pthread_mutex_unlock(&mutex));
}

void *calloc(size_t n, size_t size)
{
    void *p = size && n > SIZE_MAX / size ? NULL : take_block(n * size);

    return p ? memset(p, 0, n * size) : NULL;
}

void *realloc(void *old, size_t size)
{
    void *p = take_block(size);

    if (p && old) {
        size_t had = header_of(old)->capacity;
        memcpy(p, old, had < size ? had : size);
        free(old);
    }
    return p;
}

/* ld.so asks for aligned memory, for thread-local storage. */
void *memalign(size_t alignment, size_t size)
{
    uintptr_t raw = (uintptr_t)take_block(size + alignment + HEADER);

    if (!raw || alignment <= HEADER)
        return (void *)raw;
    uintptr_t at = (raw + HEADER + alignment - 1) / alignment * alignment;
    *header_of((void *)at) = (struct header){0, (unsigned)size}; /* freed, it serves as one of the smallest class */
    return (void *)at;
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return memalign(alignment, size);
}

int posix_memalign(void **out, size_t alignment, size_t size)
{
    *out = memalign(alignment, size);
    return *out ? 0 : ENOMEM;
}

static void lock_for_fork(void)
{
    CHECK_EQ(0, pthread_mutex_lock(&mutex));
}

static void unlock_after_fork(void)
{
    CHECK_EQ(0, pthread_mutex_unlock(&mutex));
}

static void *allocate(void *arg)
{
    unsigned seed = (unsigned)(intptr_t)arg * 2654435761u + 1;
    char *live[LIVE] = {0};
    int sizes[LIVE] = {0};

    for (int i = 0; i < ROUNDS; i++) {
        seed = seed * 1103515245u + 12345u;
        int at = (seed >> 16) % LIVE, size = 1 + (int)((seed >> 8) % 500);
        for (int b = 0; b < sizes[at]; b++)
            CHECK_EQ((char)at, live[at][b]);
        live[at] = i % 3 ? (free(live[at]), malloc((size_t)size)) : realloc(live[at], (size_t)size);
        CHECK(live[at] != NULL);
        memset(live[at], at, (size_t)size);
        sizes[at] = size;
    }
    for (int at = 0; at < LIVE; at++)
        free(live[at]);
    return NULL;
}

static void allocate_in_threads(void)
{
    pthread_t threads[THREADS];

    for (intptr_t i = 0; i < THREADS; i++)
        threads[i] = go(allocate, (void *)i);
    for (int i = 0; i < 10; i++) {
        pid_t pid = fork_child();
        if (pid == 0) {
            join(go(allocate, NULL));
            exit(0);
        }
        reap(pid);
    }
    for (int i = 0; i < THREADS; i++)
        join(threads[i]);
}

int main(void)
{
    begin();
    CHECK_EQ(0, pthread_atfork(lock_for_fork, unlock_after_fork, unlock_after_fork));
    allocate_in_threads();
    CHECK(calls > THREADS * ROUNDS);
    printf("every block was whole\n");
    return 0;
}
