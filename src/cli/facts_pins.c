/* SPDX-License-Identifier: MIT */
/*
 * Where BPF objects can be pinned, and what `oncpu enable` pinned there for everybody.
 */
#include "facts.h"
#include "machine.h"

#include <dirent.h>
#include <fcntl.h>
#include <mntent.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void describe(char *text, size_t size, const char *name, const struct stat *status)
{
    const struct passwd *owner = getpwuid(status->st_uid);
    size_t length = strlen(text);

    if (owner)
        snprintf(text + length, size - length, "%s%s %04o %s", length ? ", " : "", name, status->st_mode & 07777,
                 owner->pw_name);
    else
        snprintf(text + length, size - length, "%s%s %04o %u", length ? ", " : "", name, status->st_mode & 07777,
                 status->st_uid);
}

static void add_mounts(struct oncpu_facts *facts)
{
    struct oncpu_fact *fact = oncpu_fact(facts, "bpffs", "bpffs mounts", ONCPU_MARK_NOTE);
    FILE *mounts = setmntent("/proc/self/mounts", "re");
    struct mntent *entry;
    struct stat status;

    while (mounts && (entry = getmntent(mounts)))
        if (!strcmp(entry->mnt_type, "bpf") && !stat(entry->mnt_dir, &status))
            describe(fact->text, sizeof(fact->text), entry->mnt_dir, &status);
    if (mounts)
        endmntent(mounts);
    if (!*fact->text) {
        oncpu_fact_text(fact, "none");
        oncpu_fact_json(fact, "null");
    }
}

/* Returns how many pins there are. A dot is in no pin's name, but in those of the kernel's own files. */
static size_t list_pins(DIR *folder, struct oncpu_fact *fact)
{
    const struct dirent *entry;
    int fd = dirfd(folder);
    size_t count = 0;
    struct stat status;

    while (fd >= 0 && (entry = readdir(folder)))
        if (!strchr(entry->d_name, '.') && !fstatat(fd, entry->d_name, &status, AT_SYMLINK_NOFOLLOW)) {
            describe(fact->text, sizeof(fact->text), entry->d_name, &status);
            count++;
        }
    return count;
}

/* That it can be entered says nothing yet of what may be opened there: the sources find out. */
static void add_pins(struct oncpu_facts *facts)
{
    struct oncpu_fact *fact = oncpu_fact(facts, "pins", "pins of oncpu enable", ONCPU_MARK_NOTE);
    const char *path = oncpu_machine_folder();
    DIR *folder = opendir(path);
    struct stat status;

    if (!folder) {
        oncpu_fact_text(fact, access(path, F_OK) ? "none" : "%.300s may not be read", path);
        oncpu_fact_json(fact, "null");
        return;
    }
    if (!oncpu_machine_is_enabled()) {
        fact->mark = ONCPU_MARK_WARN;
        oncpu_fact_text(fact, "%.300s is no bpffs", path);
        oncpu_fact_hint(fact, "nothing in it is used");
    } else if (!list_pins(folder, fact)) {
        oncpu_fact_text(fact, "none");
        oncpu_fact_json(fact, "null");
    } else if (!stat(path, &status)) {
        fact->mark = (status.st_uid && !oncpu_in_container()) || status.st_mode & 022 ? ONCPU_MARK_WARN : ONCPU_MARK_OK;
        if (fact->mark == ONCPU_MARK_WARN)
            oncpu_fact_hint(fact, "others than root can replace what is pinned");
    }
    closedir(folder);
}

void oncpu_facts_pins(struct oncpu_facts *facts)
{
    add_mounts(facts);
    add_pins(facts);
}
