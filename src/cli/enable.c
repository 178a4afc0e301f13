/* SPDX-License-Identifier: MIT */
/*
 * `oncpu enable` and `oncpu disable`: the program for the whole machine. It is loaded, attached and pinned, and nobody needs to
 * stay: the pins are its life.
 */
#include "array_abi.h"
#include "attach.h"
#include "cli.h"
#include "machine.h"
#include "mount.h"

#include <errno.h>
#include <getopt.h>
#include <grp.h>
#include <oncpu/thread_state_abi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MOST_THREADS 4194304ul /* PID_MAX_LIMIT, include/linux/threads.h */

#define THREADS 65536ul
#define NO_GROUP ((gid_t) - 1)
#define NO_MODE ((mode_t) - 1)

/* 0, NO_GROUP, NO_MODE: not given, so as it is, or as by default. */
struct options {
    unsigned long threads;
    unsigned long share;
    mode_t mode;
    gid_t group;
    bool upgrade;
};

static const char help[] =
    "Usage: oncpu enable [options]\n"
    "Loads the BPF program that tells all processes of this machine which threads run, pins it, and leaves.\n\n"
    "  --max-threads N  threads that can be registered at a time (default 65536; 64 bytes each)\n"
    "  --user-share N   how many of them one user other than root may have (default: an eighth)\n"
    "  --group G        only root and the members of group G may use it\n"
    "  --mode 0NNN      the permissions of the folder of pins (default 0755, with --group 0750)\n"
    "  --upgrade        if another version of the program is enabled, or one of another size, replace it\n"
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
                                          {"upgrade", no_argument, NULL, 'u'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
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
            good = parse_mode(optarg, &options->mode);
        else if (option == 'u')
            options->upgrade = true;
        else
            good = option == 'g' && parse_group(optarg, &options->group);
    }
    if (good && options->group != NO_GROUP && options->mode == NO_MODE)
        options->mode = 0750;
    return good && optind == argc ? 0 : -1;
}

/* ---- enable ---- */

static int say(const char *what, int error)
{
    fprintf(stderr, "oncpu enable: %s: %s\n", what, strerror(-error));
    return error;
}

static uint32_t pages_for(unsigned long threads)
{
    return (uint32_t)((threads + ONCPU_PAGE_RECORDS - 1) / ONCPU_PAGE_RECORDS);
}

/* What is not given is as it was, and if there was nothing, the default. */
static struct oncpu_attach_size size_for(const struct options *options, const struct oncpu_pinned *pinned)
{
    unsigned long threads = options->threads ? options->threads : THREADS;
    struct oncpu_attach_size size = {pages_for(threads), options->share};

    if (!options->threads && pinned->pages)
        size.pages = pinned->pages;
    if (!size.share && size.pages == pinned->pages)
        size.share = oncpu_attach_share(pinned);
    if (!size.share)
        size.share = (threads + 7) / 8;
    return size;
}

static struct oncpu_array_bpf *load_and_attach(const struct oncpu_attach_size *size, const struct oncpu_pinned *keep)
{
    struct oncpu_array_bpf *skeleton = oncpu_attach_load(size, keep);
    int error = skeleton ? oncpu_attach(skeleton) : -errno;

    if (!error)
        return skeleton;
    say(keep ? "the program cannot go on with what there is" : "the program cannot be loaded", error);
    if (skeleton)
        oncpu_attach_close(skeleton);
    return NULL;
}

static int set_access(const char *folder, const struct options *options)
{
    if (options->group != NO_GROUP && chown(folder, (uid_t)-1, options->group))
        return -errno;
    return options->mode != NO_MODE && chmod(folder, options->mode) ? -errno : 0;
}

static int mount_at_folder(int mount)
{
    const char *folder = oncpu_machine_folder();
    bool made = !mkdir(folder, 0755);
    int error = !made && errno != EEXIST ? -errno : oncpu_mount_at(mount, folder);

    if (error && made)
        rmdir(folder);
    return error;
}

/*
 * Everything is pinned in a bpffs that nobody sees, and then that is mounted: until then, whatever becomes of this process,
 * nothing of it is left.
 */
static int enable(const struct options *options)
{
    const struct oncpu_pinned nothing = {.pages = 0};
    const struct oncpu_attach_size size = size_for(options, &nothing);
    struct oncpu_array_bpf *skeleton = load_and_attach(&size, NULL);
    char inside[32];
    int mount;
    int error;

    if (!skeleton)
        return -1;
    mount = oncpu_mount_make(options->mode == NO_MODE ? 0755 : options->mode);
    snprintf(inside, sizeof(inside), "/proc/self/fd/%d", mount);
    error = mount < 0 ? mount : set_access(inside, options);
    if (!error && (error = oncpu_attach_pin(skeleton, inside, "", true)))
        say("the program cannot be pinned", error);
    else if (error || (error = mount_at_folder(mount)))
        say(oncpu_machine_folder(), error);
    if (mount >= 0)
        close(mount);
    oncpu_attach_close(skeleton);
    return error;
}

/* ---- when it is enabled already ---- */

/* Loads it to see what it is; but attaches nothing, and gives it no room. */
static bool is_this_version(const struct oncpu_pinned *pinned)
{
    const struct oncpu_attach_size small = {1, 1};
    struct oncpu_array_bpf *skeleton = oncpu_attach_load(&small, NULL);
    bool is = skeleton && oncpu_attach_is(skeleton, pinned);

    if (skeleton)
        oncpu_attach_close(skeleton);
    return is;
}

static int replace_pins(struct oncpu_array_bpf *skeleton, bool keep)
{
    int error;

    oncpu_machine_unpin_next();
    error = oncpu_attach_pin(skeleton, oncpu_machine_folder(), ONCPU_PIN_NEXT, !keep);
    error = error ? error : oncpu_machine_use_next();
    if (error)
        say("the program cannot be pinned", error);
    return error;
}

/*
 * Attaches this program beside the one that is there, and takes its pins from it: the last one lost, that is detached. If this
 * one can go on with its maps, nobody who is registered notices. For a moment both write, and they write the same.
 */
static int replace(const struct options *options, const struct oncpu_pinned *pinned,
                   const struct oncpu_attach_size *size)
{
    bool keep = oncpu_attach_can_keep(pinned, size->pages);
    struct oncpu_array_bpf *skeleton = load_and_attach(size, keep ? pinned : NULL);
    int error;

    if (!skeleton && keep) {
        keep = false;
        skeleton = load_and_attach(size, NULL);
    }
    if (!skeleton)
        return -1;
    error = replace_pins(skeleton, keep);
    oncpu_attach_close(skeleton);
    if (error)
        return error;
    error = set_access(oncpu_machine_folder(), options);
    if (error)
        return say(oncpu_machine_folder(), error);
    printf("oncpu is upgraded: %s\n", keep
                                          ? "threads that are registered stay so"
                                          : "processes that run lose their source, and have the new one when they next "
                                            "look for one");
    return 0;
}

static bool is_of_size(const struct oncpu_pinned *pinned, const struct oncpu_attach_size *size)
{
    return pinned->pages == size->pages && oncpu_attach_share(pinned) == size->share;
}

static int enable_again(const struct options *options)
{
    static char status[] = "status";
    static char *argv[] = {status, NULL};
    bool is_whole = oncpu_machine_is_whole(); /* or else an upgrade was cut off, and this ends it */
    struct oncpu_attach_size size;
    struct oncpu_pinned pinned;
    bool is_same;
    int error;

    if (oncpu_pinned_open(&pinned)) {
        oncpu_pinned_close(&pinned);
        memset(&pinned, 0, sizeof(pinned));
        is_whole = false;
    }
    size = size_for(options, &pinned);
    is_same = is_whole && is_this_version(&pinned);
    if (is_whole && (!options->upgrade || (is_same && is_of_size(&pinned, &size)))) {
        printf("oncpu is enabled already%s:\n",
               is_same ? "" : ", by another version of this command (oncpu enable --upgrade replaces it)");
        fflush(stdout);
        error = oncpu_cli_status(1, argv);
    } else {
        error = replace(options, &pinned, &size);
    }
    oncpu_pinned_close(&pinned);
    return error;
}

int oncpu_cli_enable(int argc, char **argv)
{
    struct options options = {.mode = NO_MODE, .group = NO_GROUP};
    int parsed = parse(argc, argv, &options);
    int error = 0;
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
    if (oncpu_machine_has_remains() && (error = oncpu_machine_remove()))
        say(oncpu_machine_folder(), error);
    else
        error = oncpu_machine_is_enabled() ? enable_again(&options) : enable(&options);
    oncpu_machine_unlock(lock);
    return error ? 1 : 0;
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
    if (!oncpu_machine_is_enabled() && !oncpu_machine_has_remains()) {
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
