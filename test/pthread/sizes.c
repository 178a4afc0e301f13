/* SPDX-License-Identifier: MIT */
/*
 * Description: what is compiled into programs: sizes, and the bytes of the static initializers. No thread is made here.
 * Holds: glibc bits/pthreadtypes.h, bits/struct_mutex.h.
 */
#include "fields.h"
#include <threads.h>

static pthread_mutex_t normal = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t recursive = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
static pthread_mutex_t errorcheck = PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP;
static pthread_mutex_t adaptive = PTHREAD_ADAPTIVE_MUTEX_INITIALIZER_NP;

static void static_mutex(const char *name, pthread_mutex_t *mutex)
{
    printf("%s\n", name);
    show_fields("initial", mutex);
    EXPECT(0, pthread_mutex_lock(mutex));
    show_fields("locked", mutex);
    EXPECT(0, pthread_mutex_unlock(mutex));
    show_fields("unlocked", mutex);
    EXPECT(0, pthread_mutex_destroy(mutex));
    show_fields("destroyed", mutex);
}

int main(void)
{
    static const char zero[sizeof(pthread_mutex_t)];

    begin();
    printf("mutex %zu, condition variable %zu, mtx_t %zu, attributes %zu\n", sizeof(pthread_mutex_t),
           sizeof(pthread_cond_t), sizeof(mtx_t), sizeof(pthread_mutexattr_t));
    CHECK_EQ(0, memcmp(&normal, zero, sizeof(zero)));
    static_mutex("normal", &normal);
    static_mutex("recursive", &recursive);
    static_mutex("errorcheck", &errorcheck);
    static_mutex("adaptive", &adaptive);
    return 0;
}
