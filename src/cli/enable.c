/* SPDX-License-Identifier: MIT */
/*
 * `oncpu enable` and `oncpu disable`: the program for the whole machine. It is loaded, attached and pinned, and nobody needs to
 * stay: the pins are its life.
 */
#include "../state/kernel.h"
#include "array_abi.h"
#include "cli.h"
#include "machine.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <getopt.h>
#include <grp.h>
#include <oncpu/thread_state_abi.h>
#include <oncpu_array.skel.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define MOST_THREADS 4194304ul /* PID_MAX_LIMIT, include/linux/threads.h */

struct options {
    unsigned long threads;
    unsigned long share; /* 0: an eighth */
    mode_t mode;
    gid_t group;
};

static const char help[] =
    "Usage: oncpu enable [options]\n"
    "Loads the BPF program that tells all processes of this machine which threads run, pins it, and leaves.\n\n"
    "  --max-threads N  threads that can be registered at a time (default 65536; 64 bytes each)\n"
    "  --user-share N   how many of them one user other than root may have (default: an eighth)\n"
    "  --group G        only root and the members of group G may use it\n"
    "  --mode 0NNN      the permissions of the folder of pins (default 0755, with --group 0750)\n"
    "  --help           print this\n\n"
    "Usage: oncpu disable\n"
    "Detaches it. Processes that use it go on without.\n";

static bool parse_number(const char *text, unsigned long most, unsigned long *number)
{
    char *end;

    errno = 0;
    *number = strtoul(text, &end, 10);
    if (!errno && *text >= '0' && *text <= '9' && !*end && *number > 0 && *number <= most)
        return true;
    fprintf(stderr, "oncpu enable: %s: not a number from 1 to %lu\n", text, most);
    return false;
}

static bool parse_mode(const char *text, mode_t *mode)
{
    char *end;
    unsigned long number = strtoul(text, &end, 8);

    *mode = (mode_t)number;
    if (*text && !*end && number <= 0777)
        return true;
    fprintf(stderr, "oncpu enable: %s: not a mode from 0 to 0777\n", text);
    return false;
}

static bool parse_group(const char *name, gid_t *gid)
{
    const struct group *group = getgrnam(name);

    if (group)
        *gid = group->gr_gid;
    else
        fprintf(stderr, "oncpu enable: %s: no such group\n", name);
    return group != NULL;
}

/* Returns 0, 1 for --help, or -1. */
static int parse(int argc, char **argv, struct options *options)
{
    static const struct option names[] = {{"max-threads", required_argument, NULL, 't'},
                                          {"user-share", required_argument, NULL, 's'},
                                          {"group", required_argument, NULL, 'g'},
                                          {"mode", required_argument, NULL, 'm'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    bool mode_given = false;
    bool good = true;
    int option;

    while (good && (option = getopt_long(argc, argv, "h", names, NULL)) != -1) {
        if (option == 'h')
            return 1;
        if (option == 't')
            good = parse_number(optarg, MOST_THREADS, &options->threads);
        else if (option == 's')
            good = parse_number(optarg, MOST_THREADS, &options->share);
        else if (option == 'm')
            good = mode_given = parse_mode(optarg, &options->mode);
        else
            good = option == 'g' && parse_group(optarg, &options->group);
    }
    if (good && options->group != (gid_t)-1 && !mode_given)
        options->mode = 0750;
    return good && optind == argc ? 0 : -1;
}

/* ---- loading ---- */

static int say(const char *what, int error)
{
    fprintf(stderr, "oncpu enable: %s: %s\n", what, strerror(-error));
    return error;
}

/* libbpf's own account of a failure, which a person may need; but no debugging output. */
static int print(enum libbpf_print_level level, const char *format, va_list arguments)
{
    return level == LIBBPF_WARN ? vfprintf(stderr, format, arguments) : 0;
}

static unsigned int pages_for(unsigned long threads)
{
    return (unsigned int)((threads + ONCPU_PAGE_RECORDS - 1) / ONCPU_PAGE_RECORDS);
}

/* The heads are written through a mapping; after that nobody writes the pages but the program. */
static int fill_heads(const struct bpf_map *map, unsigned int count)
{
    const size_t size = count * sizeof(struct oncpu_page);
    struct oncpu_page *pages = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(map), 0);

    if (pages == MAP_FAILED)
        return -errno;
    for (unsigned int i = 0; i < count; i++)
        pages[i].head = (struct oncpu_page_head){.magic = ONCPU_PAGE_MAGIC,
                                                 .version = ONCPU_PAGE_VERSION,
                                                 .record_size = sizeof(struct oncpu_thread_record),
                                                 .records = ONCPU_PAGE_RECORDS};
    munmap(pages, size);
    return bpf_map_freeze(bpf_map__fd(map)) ? -errno : 0;
}

static struct oncpu_array_bpf *load(const struct options *options)
{
    struct oncpu_array_bpf *skeleton = oncpu_array_bpf__open();
    unsigned int pages = pages_for(options->threads);
    int error;

    if (!skeleton)
        return NULL;
    bpf_map__set_max_entries(skeleton->maps.oncpu_pages, pages);
    bpf_map__set_max_entries(skeleton->maps.oncpu_below, pages << ONCPU_SLOT_SHIFT);
    skeleton->rodata->oncpu_slots = pages * ONCPU_PAGE_RECORDS;
    skeleton->rodata->oncpu_user_share = options->share ? options->share : (options->threads + 7) / 8;
    bpf_program__set_autoload(skeleton->progs.oncpu_prepare, oncpu_kernel_is_before(6, 2));
    error = oncpu_array_bpf__load(skeleton);
    error = error ? error : fill_heads(skeleton->maps.oncpu_pages, pages);
    error = error ? error : oncpu_array_bpf__attach(skeleton);
    if (!error)
        return skeleton;
    oncpu_array_bpf__destroy(skeleton);
    errno = -error;
    return NULL;
}

/* ---- pinning ---- */

static int mount_folder(const struct options *options)
{
    const char *folder = oncpu_machine_folder();
    bool made = !mkdir(folder, 0755);
    char data[32];
    int error;

    if (!made && errno != EEXIST)
        return -errno;
    snprintf(data, sizeof(data), "mode=%04o", (unsigned int)options->mode);
    if (mount("oncpu", folder, "bpf", MS_NOSUID | MS_NODEV | MS_NOEXEC, data)) {
        error = -errno;
        if (made)
            rmdir(folder);
        return error;
    }
    /* not MS_PRIVATE: a container that has the folder bound sees a later `enable`, too */
    return options->group != (gid_t)-1 && chown(folder, (uid_t)-1, options->group) ? -errno : 0;
}

/*
 * Users need to open the pages and the program for reading and writing, or the kernel maps and runs nothing; that they cannot
 * write is seen to by the freezing of the map. Who may come so far is decided by the folder.
 */
static int pin(const struct oncpu_array_bpf *skeleton)
{
    char pages[PATH_MAX];
    char enter[PATH_MAX];
    char at_switch[PATH_MAX];
    char at_exit[PATH_MAX];
    char at_prepare[PATH_MAX];
    int error;

    oncpu_machine_pin(pages, ONCPU_PIN_PAGES);
    oncpu_machine_pin(enter, ONCPU_PIN_REGISTER);
    oncpu_machine_pin(at_switch, ONCPU_PIN_SWITCH);
    oncpu_machine_pin(at_exit, ONCPU_PIN_EXIT);
    oncpu_machine_pin(at_prepare, ONCPU_PIN_PREPARE);
    error = bpf_link__pin(skeleton->links.oncpu_switch, at_switch);
    error = error ? error : bpf_link__pin(skeleton->links.oncpu_exit, at_exit);
    if (!error && skeleton->links.oncpu_prepare)
        error = bpf_link__pin(skeleton->links.oncpu_prepare, at_prepare);
    error = error ? error : bpf_map__pin(skeleton->maps.oncpu_pages, pages);
    /* last: who finds the program finds all */
    error = error ? error : bpf_program__pin(skeleton->progs.oncpu_register, enter);
    if (!error && (chmod(pages, 0666) || chmod(enter, 0666)))
        error = -errno;
    return error;
}

static int enable(const struct options *options)
{
    struct oncpu_array_bpf *skeleton;
    int error;

    libbpf_set_print(print);
    skeleton = load(options);
    if (!skeleton)
        return say("the program cannot be loaded", -errno);
    error = mount_folder(options);
    if (error) {
        say(oncpu_machine_folder(), error);
    } else {
        error = pin(skeleton);
        if (error) {
            say("the program cannot be pinned", error);
            oncpu_machine_remove();
        }
    }
    oncpu_array_bpf__destroy(skeleton);
    return error;
}

int oncpu_cli_enable(int argc, char **argv)
{
    struct options options = {.threads = 65536, .mode = 0755, .group = (gid_t)-1};
    int parsed = parse(argc, argv, &options);
    int status;
    int lock;

    if (parsed) {
        fputs(help, parsed > 0 ? stdout : stderr);
        return parsed > 0 ? 0 : ONCPU_EXIT_USAGE;
    }
    lock = oncpu_machine_lock();
    if (lock < 0) {
        say(oncpu_machine_folder(), lock);
        return 1;
    }
    if (oncpu_machine_is_enabled()) {
        printf("oncpu is enabled already:\n");
        fflush(stdout);
        status = oncpu_cli_status(1, argv);
    } else {
        status = enable(&options) ? 1 : 0;
    }
    oncpu_machine_unlock(lock);
    return status;
}

int oncpu_cli_disable(int argc, char **argv)
{
    bool wants_help = argc == 2 && !strcmp(argv[1], "--help");
    int error;
    int lock;

    if (argc > 1) {
        fputs(help, wants_help ? stdout : stderr);
        return wants_help ? 0 : ONCPU_EXIT_USAGE;
    }
    if (!oncpu_machine_is_enabled()) {
        fprintf(stderr, "oncpu disable: it is not enabled\n");
        return 0;
    }
    lock = oncpu_machine_lock();
    error = lock < 0 ? lock : oncpu_machine_remove();
    if (lock >= 0)
        oncpu_machine_unlock(lock);
    if (error)
        fprintf(stderr, "oncpu disable: %s: %s\n", oncpu_machine_folder(), strerror(-error));
    return error ? 1 : 0;
}
