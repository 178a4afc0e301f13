/* SPDX-License-Identifier: MIT */
/*
 * The parts of oncpu-delivery, which compares the ways by which a thread's state can travel from the scheduler to user
 * space: what a way is, what a loaded program can do, and what each part measures.
 */
#ifndef DELIVERY_H
#define DELIVERY_H

#include <oncpu/thread_state_abi.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

enum { WAYS_MAX = 6, PROGRAMS_MAX = 16, ROUNDS_MAX = 200, TEXT_MAX = 160 };

/* Whose memory a record is, which decides how it is registered. */
enum home {
    HOME_NONE,    /* no records */
    HOME_PINNED,  /* the process's, pinned by the kernel */
    HOME_ARRAY,   /* the kernel's, mapped by the process */
    HOME_ARENA,   /* shared by both, at one address in all processes */
    HOME_PROCESS, /* the process's, and the kernel has to hope that it is there */
};

struct way {
    const char *name;
    const char *title;
    const void *(*program)(size_t *size);
    enum home home;
    unsigned kernel_major, kernel_minor; /* the first that can do it */
    const char *kernel_source;           /* ... because of what */
    const char *privilege_source;        /* what is known of loading, beyond what can be tried */
};

extern const struct way ways[WAYS_MAX];

/* Way `name`, or NULL. */
const struct way *way_find(const char *name);

/* Whether this kernel is new enough: then a failure to load is a failure... */
bool way_is_supported(const struct way *way, char why_not[TEXT_MAX]);
/* ... unless the load that has just failed was denied for a reason outside the program. */
bool way_is_denied(const struct way *way, char why_not[TEXT_MAX]);

/* A loaded program with its maps. */
struct instance {
    const struct way *way;
    struct bpf_object *object;
    struct bpf_link *links[2];
    int links_count;
    int join_fd, leave_fd, tasks_fd, records_fd; /* -1: has none */
    struct oncpu_thread_record *records;         /* mapped, to read; NULL: the process brings the memory */
    unsigned number;
};

/* `number` tells the instances of one process apart. Returns 0 or -errno; load_log() then says what the kernel said. */
int instance_load(struct instance *instance, const struct way *way, unsigned number);
const char *load_log(void);
int instance_attach(struct instance *instance);
void instance_detach(struct instance *instance);
void instance_unload(struct instance *instance);
/* A forked child has to call this before it looks at records. */
void instance_after_fork(struct instance *instance);

/* Runs of the program at the switch, and ns in all programs, that the kernel has counted. Returns 0 or -errno. */
int instance_run_time(const struct instance *instance, uint64_t *runs, uint64_t *ns);
/* Events that the kernel did not hand to the program, because it was running already. */
uint64_t instance_missed(const struct instance *instance);
/* What the maps take before anybody has registered, as the kernel says; -1: it does not say. */
long instance_memory(const struct instance *instance);

enum memory { MEMORY_PLAIN, MEMORY_FILE };

/* Memory for `count` records of this process, all zero and not touched; NULL where the way brings its own. */
struct oncpu_thread_record *instance_allocate(const struct instance *instance, size_t count, enum memory memory);
void instance_free(struct oncpu_thread_record *records, size_t count);

/*
 * Registers the calling thread, whose record is to be `own` (from instance_allocate), or a slot of the way's own, on
 * request in a page that nobody has touched. Touches neither. Returns the record, or NULL with errno set.
 */
struct oncpu_thread_record *instance_join(const struct instance *instance, struct oncpu_thread_record *own,
                                          bool fresh_page);
void instance_leave(const struct instance *instance);

/* Makes the page present for a way that needs it. */
void instance_touch(const struct instance *instance, struct oncpu_thread_record *record);
/* Takes the page away from the thread as reclaim would; says how. */
void instance_evict(const struct instance *instance, struct oncpu_thread_record *record, char how[TEXT_MAX]);

/* One figure over the rounds of the benchmark. */
struct cost {
    double ns;         /* a context switch, median */
    double over_none;  /* ns more than with no program, median of the differences within one round */
    double noise;      /* ... of which it is off by more than this in one of twenty repetitions */
    double over_empty; /* ns more than with the empty program, likewise */
    double ratio;      /* to no program, likewise */
    bool valid;
};

/* Time in the program of a way, as the kernel measures it, with two clock readings in it. */
struct run_time {
    double ns;    /* a context switch, median over the rounds */
    double noise; /* as in struct cost */
    bool valid;
};

enum cost_kind { COST_UNREGISTERED, COST_REGISTERED, COST_PROCESSES, COST_PROGRAMS, COST_KINDS };

enum page { PAGE_TOUCHED, PAGE_UNTOUCHED, PAGE_EVICTED, PAGES };

struct loss {
    long switches; /* as getrusage() counted */
    long seen;     /* as the record counted */
    char how[TEXT_MAX];
    bool valid;
};

struct privileges {
    char load[TEXT_MAX]; /* the weakest that loads and attaches */
    char join[TEXT_MAX]; /* what a user without capabilities must be given to join; or why it cannot */
    char harm[TEXT_MAX]; /* what such a user can do to the record of another's thread */
};

struct result {
    char unsupported[TEXT_MAX]; /* "": this kernel has it */
    char refused[TEXT_MAX];     /* "": it loaded */
    struct cost cost[COST_KINDS];
    struct run_time run_time[COST_REGISTERED + 1];
    struct loss loss[PAGES];
    uint64_t missed;
    double memory_thread; /* kernel bytes a registered thread; < 0: not measured */
    long memory_fixed;
    struct privileges privileges;
};

struct options {
    bool check;
    const char *only_way; /* NULL: all */
    unsigned parts;       /* 1 << enum part */
    unsigned rounds, round_ms;
    const char *json;
};

enum part { PART_COST, PART_PROGRAM, PART_LOST, PART_MEMORY, PART_PRIVILEGES, PARTS };

struct results {
    struct cost none;
    struct result way[WAYS_MAX]; /* same order as ways[] */
};

/* Each measures all ways that `results` does not exclude. Returns 0 or -errno. */
int measure_cost(struct results *results, const struct options *options);
int measure_program(struct results *results, const struct options *options);
int measure_lost(struct results *results);
int measure_memory(struct results *results);
int measure_privileges(struct results *results);

/* Whether each way delivers states. Returns the exit status: 0, 1, or 77 when nothing could be tried. */
int check_ways(const char *only_way);

void report_table(const struct results *results, unsigned parts);
int report_json(const struct results *results, unsigned parts, const char *file);

/*
 * cost.c: two threads on one CPU that yield to each other for a while; with `instance` they are registered. Returns ns per switch,
 * or a negative errno value.
 */
double run_pair(const struct instance *instance, unsigned ms);
double median(const double *values, size_t count);
double noise_of_median(const double *values, size_t count);

/* Small helpers of more than one part. */
int last_cpu(void); /* of those that this process may use */
void pin_to_cpu(int cpu);
long switches_of_thread(void);

#endif
