/* SPDX-License-Identifier: MIT */
/*
 * `oncpu status`: what is enabled on this machine, and what it costs.
 */
#include "../state/program.h"
#include "array_abi.h"
#include "cli.h"
#include "lost.h"
#include "machine.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct status {
    unsigned int slots;
    unsigned int registered;
    unsigned int mode;
    time_t since;
    bool has_costs; /* only root may ask for them */
    uint64_t runs;  /* that the kernel has ever counted */
    uint64_t runs_per_s;
    uint64_t ns_per_run;
    int64_t lost; /* slots that no thread has and nobody will be given; -1: not known */
};

/* The program behind the pinned link; a negative errno value for those who may not see it. */
static int switch_program(void)
{
    struct bpf_link_info info = {0};
    unsigned int size = sizeof(info);
    char path[PATH_MAX];
    int link;
    int error;

    oncpu_machine_pin(path, ONCPU_PIN_SWITCH);
    link = bpf_obj_get(path);
    if (link < 0)
        return -errno;
    error = bpf_obj_get_info_by_fd(link, &info, &size);
    close(link);
    return error ? -errno : bpf_prog_get_fd_by_id(info.prog_id);
}

static bool read_costs(int program, uint64_t *runs, uint64_t *ns)
{
    struct bpf_prog_info info = {0};
    unsigned int size = sizeof(info);

    if (bpf_obj_get_info_by_fd(program, &info, &size))
        return false;
    *runs = info.run_cnt;
    *ns = info.run_time_ns;
    return true;
}

/* The kernel counts runs and their time only while somebody asks for it (bpf_enable_stats, Linux 5.8): so ask for a while. */
static void measure(struct status *status)
{
    const struct timespec while_counting = {0, 500000000};
    int program = switch_program();
    int counting = program < 0 ? -1 : bpf_enable_stats(BPF_STATS_RUN_TIME);
    uint64_t runs[2] = {0, 0};
    uint64_t ns[2] = {0, 0};

    if (counting >= 0 && read_costs(program, &runs[0], &ns[0])) {
        nanosleep(&while_counting, NULL);
        status->has_costs = read_costs(program, &runs[1], &ns[1]) && runs[1] > runs[0];
    }
    if (status->has_costs) {
        status->runs = runs[1];
        status->runs_per_s = (runs[1] - runs[0]) * 2;
        status->ns_per_run = (ns[1] - ns[0]) / (runs[1] - runs[0]);
    }
    if (counting >= 0)
        close(counting);
    if (program >= 0)
        close(program);
}

static int look(struct status *status)
{
    struct oncpu_bpf_program program;
    struct stat pin;
    char path[PATH_MAX];
    int error = oncpu_array_join(&program, oncpu_machine_folder());

    if (error)
        return error;
    if (!oncpu_machine_is_enabled()) { /* somebody has removed the link, and not the rest */
        oncpu_program_close(&program);
        return -ENOENT;
    }
    for (uint32_t page = 0; page < program.page_count; page++)
        for (uint32_t i = 0; i < ONCPU_PAGE_RECORDS; i++)
            status->registered += __atomic_load_n(&program.pages[page].records[i].tid, __ATOMIC_RELAXED) != 0;
    status->slots = program.page_count * ONCPU_PAGE_RECORDS;
    oncpu_program_close(&program);
    oncpu_machine_pin(path, ONCPU_PIN_REGISTER);
    if (!stat(path, &pin))
        status->since = pin.st_mtime;
    if (!stat(oncpu_machine_folder(), &pin))
        status->mode = pin.st_mode & 0777;
    measure(status);
    status->lost = oncpu_lost_slots();
    return 0;
}

static void print_text(const struct status *status, const char *since)
{
    printf("enabled since        %s\n", since);
    printf("pins in              %s (mode %04o)\n", oncpu_machine_folder(), status->mode);
    printf("registered threads   %u\n", status->registered);
    printf("free slots           %u\n", status->slots - status->registered);
    if (status->lost >= 0)
        printf("lost slots           %" PRId64 "\n", status->lost);
    if (status->has_costs)
        printf("context switches     %" PRIu64 " a second, %" PRIu64 " ns each for the program\n"
               "program runs         %" PRIu64 " counted\n",
               status->runs_per_s, status->ns_per_run, status->runs);
    else
        printf("context switches     (root sees what they cost)\n");
}

static void print_json_string(const char *text)
{
    putchar('"');
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || *text == '"' || *text == '\\')
            printf("\\u%04x", (unsigned char)*text);
        else
            putchar(*text);
    putchar('"');
}

static void print_json(const struct status *status, const char *since)
{
    printf("{\"enabled\": true, \"since\": \"%s\", \"folder\": ", since);
    print_json_string(oncpu_machine_folder());
    printf(", \"mode\": \"%04o\", \"registered\": %u, \"free\": %u", status->mode, status->registered,
           status->slots - status->registered);
    if (status->lost >= 0)
        printf(", \"lost\": %" PRId64, status->lost);
    if (status->has_costs)
        printf(", \"switches_per_s\": %" PRIu64 ", \"ns_per_switch\": %" PRIu64 ", \"runs\": %" PRIu64,
               status->runs_per_s, status->ns_per_run, status->runs);
    printf("}\n");
}

int oncpu_cli_status(int argc, char **argv)
{
    bool json = argc == 2 && !strcmp(argv[1], "--json");
    struct status status = {0};
    char since[32] = "";
    struct tm tm;
    int error;

    if (argc > 1 && !json) {
        bool wants_help = !strcmp(argv[1], "--help");
        fputs("Usage: oncpu status [--json]\nSays what is enabled on this machine. Exit status: 0 enabled, 1 not.\n",
              wants_help ? stdout : stderr);
        return wants_help ? 0 : ONCPU_EXIT_USAGE;
    }
    error = look(&status);
    if (error) {
        if (json)
            printf("{\"enabled\": false, \"why\": \"%s\"}\n", strerror(-error));
        else
            printf("not enabled: %s: %s\n", oncpu_machine_folder(), strerror(-error));
        return 1;
    }
    strftime(since, sizeof(since), "%Y-%m-%dT%H:%M:%S%z", localtime_r(&status.since, &tm));
    (json ? print_json : print_text)(&status, since);
    if (fflush(stdout) || ferror(stdout)) {
        fprintf(stderr, "oncpu status: standard output: %s\n", strerror(errno));
        return ONCPU_EXIT_CANNOT_RUN;
    }
    return 0;
}
