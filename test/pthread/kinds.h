/* SPDX-License-Identifier: MIT */
/* Every kind of mutex that attributes can ask for, as one table: a test of all kinds loops over it. */
#ifndef TEST_PTHREAD_KINDS_H
#define TEST_PTHREAD_KINDS_H

#include "check.h"

struct kind {
    const char *name;
    int type;
    int robust;
    int protocol;
    int pshared;
};

/* No pthread_mutexattr_settype: not the same as PTHREAD_MUTEX_NORMAL, which glibc marks as "no lock elision". */
enum { TYPE_DEFAULT = -1 };

/* clang-format off */
static const struct kind kinds[] = {
    {"default",           TYPE_DEFAULT,              0, PTHREAD_PRIO_NONE,    0},
    {"normal",            PTHREAD_MUTEX_NORMAL,      0, PTHREAD_PRIO_NONE,    0},
    {"recursive",         PTHREAD_MUTEX_RECURSIVE,   0, PTHREAD_PRIO_NONE,    0},
    {"errorcheck",        PTHREAD_MUTEX_ERRORCHECK,  0, PTHREAD_PRIO_NONE,    0},
    {"adaptive",          PTHREAD_MUTEX_ADAPTIVE_NP, 0, PTHREAD_PRIO_NONE,    0},
    {"default shared",    TYPE_DEFAULT,              0, PTHREAD_PRIO_NONE,    1},
    {"normal shared",     PTHREAD_MUTEX_NORMAL,      0, PTHREAD_PRIO_NONE,    1},
    {"recursive shared",  PTHREAD_MUTEX_RECURSIVE,   0, PTHREAD_PRIO_NONE,    1},
    {"errorcheck shared", PTHREAD_MUTEX_ERRORCHECK,  0, PTHREAD_PRIO_NONE,    1},
    {"adaptive shared",   PTHREAD_MUTEX_ADAPTIVE_NP, 0, PTHREAD_PRIO_NONE,    1},
    {"normal robust",     PTHREAD_MUTEX_NORMAL,      1, PTHREAD_PRIO_NONE,    0},
    {"recursive robust",  PTHREAD_MUTEX_RECURSIVE,   1, PTHREAD_PRIO_NONE,    0},
    {"errorcheck robust", PTHREAD_MUTEX_ERRORCHECK,  1, PTHREAD_PRIO_NONE,    0},
    {"robust shared",     PTHREAD_MUTEX_NORMAL,      1, PTHREAD_PRIO_NONE,    1},
    {"normal PI",         PTHREAD_MUTEX_NORMAL,      0, PTHREAD_PRIO_INHERIT, 0},
    {"recursive PI",      PTHREAD_MUTEX_RECURSIVE,   0, PTHREAD_PRIO_INHERIT, 0},
    {"errorcheck PI",     PTHREAD_MUTEX_ERRORCHECK,  0, PTHREAD_PRIO_INHERIT, 0},
    {"robust PI",         PTHREAD_MUTEX_NORMAL,      1, PTHREAD_PRIO_INHERIT, 0},
    {"robust PI shared",  PTHREAD_MUTEX_NORMAL,      1, PTHREAD_PRIO_INHERIT, 1},
};
/* clang-format on */

enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

static inline void init_kind(pthread_mutex_t *mutex, const struct kind *kind)
{
    pthread_mutexattr_t attr;

    CHECK_EQ(0, pthread_mutexattr_init(&attr));
    if (kind->type != TYPE_DEFAULT)
        CHECK_EQ(0, pthread_mutexattr_settype(&attr, kind->type));
    CHECK_EQ(0, pthread_mutexattr_setrobust(&attr, kind->robust ? PTHREAD_MUTEX_ROBUST : PTHREAD_MUTEX_STALLED));
    CHECK_EQ(0, pthread_mutexattr_setprotocol(&attr, kind->protocol));
    CHECK_EQ(0, pthread_mutexattr_setpshared(&attr, kind->pshared ? PTHREAD_PROCESS_SHARED : PTHREAD_PROCESS_PRIVATE));
    memset(mutex, 0xa5, sizeof(*mutex));
    CHECK_EQ(0, pthread_mutex_init(mutex, &attr));
    CHECK_EQ(0, pthread_mutexattr_destroy(&attr));
}

static inline void init_type(pthread_mutex_t *mutex, int type)
{
    const struct kind kind = {"", type, 0, PTHREAD_PRIO_NONE, 0};

    init_kind(mutex, &kind);
}

#endif
