/* SPDX-License-Identifier: MIT */
/*
 * Description: two copies of the drop-in, under two names, are preloaded into one process.
 * Holds: the drop-in's promise that a mutex is a valid glibc mutex, whoever locks and whoever unlocks it.
 */
#include "fields.h"
#include "kinds.h"
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

typedef int mutex_fn(pthread_mutex_t *);

static void copy_file(const char *from, const char *to)
{
    struct stat st;
    int in = open(from, O_RDONLY | O_CLOEXEC), out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0700);

    CHECK(in >= 0 && out >= 0);
    CHECK_EQ(0, fstat(in, &st));
    for (off_t left = st.st_size; left > 0;) {
        ssize_t n = sendfile(out, in, NULL, (size_t)left);
        CHECK(n > 0);
        left -= n;
    }
    close(in);
    close(out);
}

static mutex_fn *copy_lock = pthread_mutex_lock;
static pthread_mutex_t crossed = PTHREAD_MUTEX_INITIALIZER;
static volatile long counter;

/* Locks by one copy what the other one unlocks. */
static void *cross(void *arg)
{
    for (int i = 0; i < 2000; i++) {
        CHECK_EQ(0, i % 2 ? copy_lock(&crossed) : pthread_mutex_lock(&crossed));
        long seen = counter;
        if (i % 64 == 0)
            sched_yield();
        counter = seen + 1;
        CHECK_EQ(0, pthread_mutex_unlock(&crossed));
    }
    return arg;
}

static void use_both(const char *copy)
{
    pthread_t threads[4];

    if (copy) {
        void *handle = dlopen(copy, RTLD_NOW | RTLD_NOLOAD);
        CHECK(handle != NULL);
        copy_lock = (mutex_fn *)dlsym(handle, "pthread_mutex_lock");
        CHECK(copy_lock != NULL && copy_lock != pthread_mutex_lock);
    }
    for (int k = 0; k < KINDS; k++) {
        pthread_mutex_t mutex;

        init_kind(&mutex, &kinds[k]);
        contend(&mutex, 4, 500);
        show_fields(kinds[k].name, &mutex);
    }
    for (int i = 0; i < 4; i++)
        threads[i] = go(cross, NULL);
    for (int i = 0; i < 4; i++)
        join(threads[i]);
    CHECK_EQ(4 * 2000, counter);
    show_fields("crossed", &crossed);
}

static void again_with_copy(char *program, const char *dropin)
{
    char directory[] = "/tmp/oncpu-twice.XXXXXX", copy[64], preload[PATH_MAX + 64];

    CHECK(mkdtemp(directory) != NULL);
    snprintf(copy, sizeof(copy), "%s/copy.so", directory);
    snprintf(preload, sizeof(preload), "%s:%s", dropin, copy);
    copy_file(dropin, copy);
    pid_t pid = fork_child();
    if (pid == 0) {
        CHECK_EQ(0, setenv("LD_PRELOAD", preload, 1));
        execl("/proc/self/exe", program, copy, (char *)NULL);
        _exit(2);
    }
    int status;
    CHECK_EQ(pid, waitpid(pid, &status, 0));
    CHECK_EQ(0, unlink(copy));
    CHECK_EQ(0, rmdir(directory));
    CHECK_EQ(0, status);
}

int main(int argc, char **argv)
{
    const char *dropin = getenv("ONCPU_TEST_DROPIN");

    begin();
    if (argc > 1)
        use_both(argv[1]);
    else if (getenv("ONCPU_TEST_PRELOADED"))
        again_with_copy(argv[0], dropin);
    else
        use_both(NULL);
    return 0;
}
