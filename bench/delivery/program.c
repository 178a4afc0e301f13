// SPDX-License-Identifier: MIT
/*
 * The time in the programs alone, by the kernel's own statistics: next to the noise of a whole context switch what differs from
 * way to way is little.
 */
#include "delivery.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

struct sampler {
    struct instance program[WAYS_MAX];
    double sample[WAYS_MAX][COST_REGISTERED + 1][ROUNDS_MAX];
    struct results *results;
};

static bool is_measured(const struct results *results, size_t way, enum cost_kind kind)
{
    const struct result *result = &results->way[way];

    return !result->unsupported[0] && !result->refused[0] && (kind == COST_UNREGISTERED || ways[way].home != HOME_NONE);
}

/* ns, or a negative errno value. */
static double sample(struct instance *program, enum cost_kind kind, unsigned ms)
{
    uint64_t runs[2], ns[2];
    double switched = 0;
    int error = instance_attach(program);

    error = error ? error : instance_run_time(program, &runs[0], &ns[0]);
    if (!error)
        switched = run_pair(kind == COST_REGISTERED ? program : NULL, ms);
    error = switched < 0 ? (int)switched : error;
    error = error ? error : instance_run_time(program, &runs[1], &ns[1]);
    instance_detach(program);
    if (!error && runs[1] == runs[0])
        error = -ENODATA;
    return error ? error : (double)(ns[1] - ns[0]) / (double)(runs[1] - runs[0]);
}

static int one_round(struct sampler *sampler, unsigned ms, size_t round)
{
    for (size_t i = 0; i < WAYS_MAX; i++) {
        size_t way = (i + round) % WAYS_MAX;
        for (enum cost_kind kind = 0; kind <= COST_REGISTERED; kind++) {
            double ns = is_measured(sampler->results, way, kind) ? sample(&sampler->program[way], kind, ms) : 0;
            if (ns < 0)
                return (int)ns;
            sampler->sample[way][kind][round] = ns;
        }
    }
    return 0;
}

static void store(struct sampler *sampler, size_t rounds)
{
    for (size_t way = 0; way < WAYS_MAX; way++)
        for (enum cost_kind kind = 0; kind <= COST_REGISTERED; kind++)
            sampler->results->way[way].run_time[kind] =
                (struct run_time){.ns = median(sampler->sample[way][kind], rounds),
                                  .noise = noise_of_median(sampler->sample[way][kind], rounds),
                                  .valid = is_measured(sampler->results, way, kind)};
}

int measure_program(struct results *results, const struct options *options)
{
    size_t rounds = options->rounds < ROUNDS_MAX ? options->rounds : ROUNDS_MAX;
    struct sampler *sampler = calloc(1, sizeof(*sampler));
    int counting = sampler ? bpf_enable_stats(BPF_STATS_RUN_TIME) : -1;
    int error = counting < 0 ? -errno : 0;

    if (!sampler)
        return -ENOMEM;
    sampler->results = results;
    for (size_t way = 0; way < WAYS_MAX && !error; way++)
        if (is_measured(results, way, COST_UNREGISTERED))
            error = instance_load(&sampler->program[way], &ways[way], 0);
    for (size_t round = 0; round < rounds && !error; round++)
        error = one_round(sampler, options->round_ms, round);
    if (!error)
        store(sampler, rounds);
    for (size_t way = 0; way < WAYS_MAX; way++)
        if (sampler->program[way].object)
            instance_unload(&sampler->program[way]);
    if (counting >= 0)
        close(counting);
    free(sampler);
    return error;
}
