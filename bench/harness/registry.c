/* SPDX-License-Identifier: MIT */
/* Where locks and workloads register themselves before main() runs. */
#include "registry.h"

#include "memory.h"
#include "remote.h"

#include <stdlib.h>
#include <string.h>

static struct {
    const struct bench_lock_ops *ops;
    const char *unavailable;
    bool asked;
} locks[BENCH_MAX_REGISTERED];
static unsigned nlocks;

static const struct bench_workload *workloads[BENCH_MAX_REGISTERED];
static unsigned nworkloads;

/* "pthread" is what the others are compared with; what is hidden is not for the eye. */
static int rank(const struct bench_lock_ops *ops)
{
    if (strcmp(ops->name, "pthread") == 0)
        return 0;
    return ops->hidden ? 2 : 1;
}

static bool comes_before(const struct bench_lock_ops *a, const struct bench_lock_ops *b)
{
    int by_rank = rank(a) - rank(b);

    return by_rank ? by_rank < 0 : strcmp(a->name, b->name) < 0;
}

void bench_lock_register(const struct bench_lock_ops *ops)
{
    unsigned at = nlocks;

    if (nlocks == BENCH_MAX_REGISTERED)
        abort();
    for (; at > 0 && comes_before(ops, locks[at - 1].ops); at--)
        locks[at] = locks[at - 1];
    locks[at].ops = ops;
    nlocks++;
}

void bench_workload_register(const struct bench_workload *workload)
{
    unsigned at = nworkloads;

    if (nworkloads == BENCH_MAX_REGISTERED)
        abort();
    for (; at > 0 && strcmp(workload->name, workloads[at - 1]->name) < 0; at--)
        workloads[at] = workloads[at - 1];
    workloads[at] = workload;
    nworkloads++;
}

const struct bench_lock_ops *bench_lock_at(unsigned index)
{
    return index < nlocks ? locks[index].ops : NULL;
}

const struct bench_lock_ops *bench_lock_find(const char *name)
{
    for (unsigned i = 0; i < nlocks; i++) {
        if (strcmp(locks[i].ops->name, name) == 0)
            return locks[i].ops;
    }
    return NULL;
}

const struct bench_lock_ops *bench_lock_called(const struct bench_lock_ops *ops)
{
    return ops->process ? bench_lock_find(ops->process->stand_in) : ops;
}

static const char *ask(const struct bench_lock_ops *ops)
{
    const char *why = ops->unavailable ? ops->unavailable() : NULL;

    return !why && ops->process ? bench_remote_unavailable(ops) : why;
}

const char *bench_lock_unavailable(const struct bench_lock_ops *ops)
{
    for (unsigned i = 0; i < nlocks; i++) {
        if (locks[i].ops != ops)
            continue;
        if (!locks[i].asked)
            locks[i].unavailable = ask(ops);
        locks[i].asked = true;
        return locks[i].unavailable;
    }
    return "not registered";
}

const struct bench_workload *bench_workload_at(unsigned index)
{
    return index < nworkloads ? workloads[index] : NULL;
}

const struct bench_workload *bench_workload_find(const char *name)
{
    for (unsigned i = 0; i < nworkloads; i++) {
        if (strcmp(workloads[i]->name, name) == 0)
            return workloads[i];
    }
    return NULL;
}

void *bench_lock_create(const struct bench_lock_ops *ops)
{
    void *lock = bench_alloc_lines(ops->size);

    if (ops->init)
        ops->init(lock);
    return lock;
}

void bench_lock_init_shared(const struct bench_lock_ops *ops, void *lock)
{
    if (ops->init_shared)
        ops->init_shared(lock);
    else if (ops->init)
        ops->init(lock);
}

void bench_lock_free(const struct bench_lock_ops *ops, void *lock)
{
    if (ops->destroy)
        ops->destroy(lock);
    free(lock);
}

void *bench_cond_create(const struct bench_cond_ops *ops)
{
    void *cond = bench_alloc_lines(ops->size);

    if (ops->init)
        ops->init(cond);
    return cond;
}

void bench_cond_free(const struct bench_cond_ops *ops, void *cond)
{
    if (ops->destroy)
        ops->destroy(cond);
    free(cond);
}
