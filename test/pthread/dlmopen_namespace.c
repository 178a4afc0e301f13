/* SPDX-License-Identifier: MIT */
/*
 * Description: a plug-in in a namespace of its own, with a libc of its own, and a copy of the drop-in in another one,
 * lock the host's mutexes.
 * Holds: glibc dlmopen (LM_ID_NEWLM): a second libc must find the mutex as it knows it.
 */
#include "fields.h"
#include <dlfcn.h>

enum { ROUNDS = 2000, THREADS = 6 };

typedef long counter_fn(pthread_mutex_t *, volatile long *, long);
typedef int mutex_fn(pthread_mutex_t *);

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static volatile long counter;
static counter_fn *plugin_count;
static mutex_fn *copy_lock = pthread_mutex_lock, *copy_unlock = pthread_mutex_unlock;

static void count_by_copy(long rounds)
{
    for (long i = 0; i < rounds; i++) {
        CHECK_EQ(0, i % 2 ? copy_lock(&mutex) : pthread_mutex_lock(&mutex));
        long seen = counter;
        if (i % 64 == 0)
            sched_yield();
        counter = seen + 1;
        CHECK_EQ(0, i % 3 ? copy_unlock(&mutex) : pthread_mutex_unlock(&mutex));
    }
}

static void *work(void *arg)
{
    if ((intptr_t)arg % 2)
        CHECK_EQ(ROUNDS, plugin_count(&mutex, &counter, ROUNDS));
    else
        count_by_copy(ROUNDS);
    return NULL;
}

static void *symbol(void *handle, const char *name)
{
    void *found = handle ? dlsym(handle, name) : NULL;

    if (!found)
        dprintf(2, "%s\n", dlerror());
    CHECK(found != NULL);
    return found;
}

static void load_plugin(void)
{
    char path[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 16);

    CHECK(length > 0);
    path[length] = '\0';
    strcpy(strrchr(path, '/'), "/locker.so");
    plugin_count = (counter_fn *)symbol(dlmopen(LM_ID_NEWLM, path, RTLD_NOW | RTLD_LOCAL), "locker_count");
}

static void load_copy(const char *path)
{
    void *handle = dlmopen(LM_ID_NEWLM, path, RTLD_NOW | RTLD_LOCAL);

    copy_lock = (mutex_fn *)symbol(handle, "pthread_mutex_lock");
    copy_unlock = (mutex_fn *)symbol(handle, "pthread_mutex_unlock");
}

int main(void)
{
    const char *dropin = getenv("ONCPU_TEST_DROPIN");
    pthread_t threads[THREADS];

    begin();
    if (!dropin || !*dropin)
        skip("ONCPU_TEST_DROPIN is not set");
    load_plugin();
    load_copy(dropin);
    for (intptr_t i = 0; i < THREADS; i++)
        threads[i] = go(work, (void *)i);
    for (int i = 0; i < THREADS; i++)
        join(threads[i]);
    CHECK_EQ(THREADS * ROUNDS, counter);
    show_fields("at the end", &mutex);
    contend(&mutex, 4, 1000);
    return 0;
}
