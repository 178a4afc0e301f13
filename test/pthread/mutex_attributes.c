/* SPDX-License-Identifier: MIT */
/*
 * Description: attributes are kept and refused as libc does, and reach the mutex's kind.
 * Holds: POSIX XSH pthread_mutexattr_settype, _setpshared, _setrobust, _setprotocol, pthread_mutex_init.
 */
#include "fields.h"
#include "kinds.h"

static void refused(pthread_mutexattr_t *attr)
{
    EXPECT(EINVAL, pthread_mutexattr_settype(attr, 17));
    EXPECT(EINVAL, pthread_mutexattr_settype(attr, -1));
    EXPECT(EINVAL, pthread_mutexattr_setpshared(attr, 2));
    EXPECT(EINVAL, pthread_mutexattr_setrobust(attr, 2));
    EXPECT(EINVAL, pthread_mutexattr_setprotocol(attr, 3));
    EXPECT(EINVAL, pthread_mutexattr_setprioceiling(attr, -1));
}

static void defaults(pthread_mutexattr_t *attr)
{
    int type = -1, pshared = -1, robust = -1, protocol = -1;

    EXPECT(0, pthread_mutexattr_gettype(attr, &type));
    EXPECT(0, pthread_mutexattr_getpshared(attr, &pshared));
    EXPECT(0, pthread_mutexattr_getrobust(attr, &robust));
    EXPECT(0, pthread_mutexattr_getprotocol(attr, &protocol));
    printf("type %d, pshared %d, robust %d, protocol %d\n", type, pshared, robust, protocol);
}

static void robust_protect(pthread_mutexattr_t *attr)
{
    pthread_mutex_t m;

    EXPECT(0, pthread_mutexattr_setprotocol(attr, PTHREAD_PRIO_PROTECT));
    EXPECT(0, pthread_mutexattr_setrobust(attr, PTHREAD_MUTEX_ROBUST));
    EXPECT(ENOTSUP, pthread_mutex_init(&m, attr));
}

int main(void)
{
    pthread_mutexattr_t attr;
    pthread_mutex_t m;

    begin();
    EXPECT(0, pthread_mutexattr_init(&attr));
    defaults(&attr);
    refused(&attr);
    EXPECT(0, pthread_mutex_init(&m, &attr));
    show_fields("default attributes", &m);
    EXPECT(0, pthread_mutex_init(&m, NULL));
    show_fields("no attributes", &m);
    robust_protect(&attr);
    EXPECT(0, pthread_mutexattr_destroy(&attr));
    for (int k = 0; k < KINDS; k++) {
        init_kind(&m, &kinds[k]);
        show_fields(kinds[k].name, &m);
        CHECK_EQ(0, pthread_mutex_destroy(&m));
    }
    return 0;
}
