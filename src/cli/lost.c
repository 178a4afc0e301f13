/* SPDX-License-Identifier: MIT */
/*
 * All slots that were ever given, less those on the stack of free ones, less those that a thread has.
 */
#include "lost.h"

#include "array_abi.h"
#include "attach.h"
#include "machine.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <oncpu/thread_state_abi.h>
#include <oncpu_count.skel.h>
#include <stdlib.h>
#include <unistd.h>

#define LOOKS 3 /* the least of them: threads come and go meanwhile */

static bool run(const struct bpf_link *link)
{
    char none[64];
    int iterator = bpf_iter_create(bpf_link__fd(link));
    ssize_t got = -1;

    if (iterator >= 0) {
        while ((got = read(iterator, none, sizeof(none))) > 0)
            ;
        close(iterator);
    }
    return !got;
}

/* How many threads have a slot; negative: not known. */
static int64_t count_living(const struct oncpu_count_bpf *counter)
{
    counter->bss->oncpu_living = 0;
    return run(counter->links.oncpu_count) ? (int64_t)counter->bss->oncpu_living : -1;
}

/* `below` is a copy of the map of that name: for each slot the one below it, + 1. */
static int64_t depth(const uint32_t *below, uint32_t count, uint32_t top)
{
    int64_t slots = 0;

    while (top && top <= count && slots < count) {
        top = below[top - 1];
        slots++;
    }
    return slots;
}

static bool copy(const struct oncpu_pinned_map *map, uint32_t *values)
{
    uint32_t *keys = calloc(map->max_entries, sizeof(*keys));
    uint32_t count = map->max_entries;
    uint32_t next;
    bool all;

    if (!keys)
        return false;
    all =
        (!bpf_map_lookup_batch(map->fd, NULL, &next, keys, values, &count, NULL) || count) && count == map->max_entries;
    free(keys);
    return all;
}

static int64_t look(const struct oncpu_pinned *pinned, const struct oncpu_count_bpf *counter, uint32_t *below)
{
    const struct oncpu_pinned_map *map = oncpu_pinned_map(pinned, "oncpu_below");
    const uint64_t slots = (uint64_t)pinned->pages * ONCPU_PAGE_RECORDS;
    int64_t living = count_living(counter);
    uint64_t fresh;
    uint64_t top;
    int64_t lost;

    if (living < 0 || !copy(map, below) || !oncpu_attach_counts(pinned, &top, &fresh))
        return -1;
    lost = (int64_t)(fresh < slots ? fresh : slots) - depth(below, map->max_entries, (uint32_t)top) - living;
    return lost > 0 ? lost : 0;
}

static struct oncpu_count_bpf *load(const struct oncpu_pinned *pinned)
{
    struct oncpu_count_bpf *counter = oncpu_count_bpf__open();
    const struct oncpu_pinned_map *tasks = oncpu_pinned_map(pinned, "oncpu_array_tasks");

    if (!counter)
        return NULL;
    if (tasks && !bpf_map__reuse_fd(counter->maps.oncpu_array_tasks, tasks->fd) && !oncpu_count_bpf__load(counter) &&
        !oncpu_count_bpf__attach(counter))
        return counter;
    oncpu_count_bpf__destroy(counter);
    return NULL;
}

static int64_t least(const struct oncpu_pinned *pinned)
{
    const struct oncpu_pinned_map *map = oncpu_pinned_map(pinned, "oncpu_below");
    uint32_t *below = map && map->value_size == sizeof(*below) ? calloc(map->max_entries, sizeof(*below)) : NULL;
    struct oncpu_count_bpf *counter = below ? load(pinned) : NULL;
    int64_t lost = -1;

    for (int i = 0; counter && lost != 0 && i < LOOKS; i++) {
        int64_t now = look(pinned, counter, below);
        lost = lost < 0 || (now >= 0 && now < lost) ? now : lost;
    }
    if (counter)
        oncpu_count_bpf__destroy(counter);
    free(below);
    return lost;
}

/* The iterator shows the threads of the caller's PID namespace: there must be no others that could be registered. */
int64_t oncpu_lost_slots(void)
{
    struct oncpu_pinned pinned;
    int64_t lost = -1;

    if (geteuid())
        return -1;
    libbpf_set_print(NULL);
    if (!oncpu_pinned_open(&pinned) && pinned.home && pinned.home == oncpu_machine_pid_namespace())
        lost = least(&pinned);
    oncpu_pinned_close(&pinned);
    return lost;
}
