/* SPDX-License-Identifier: MIT */
/*
 * memcached, and clients that keep it busy: each sends its requests by the batch, so that the server works more than it
 * waits for packets. All values are of one size, so the mutex of that size's list of recently used items is hot, and
 * those of a few items.
 */
#include "app.h"

#include "../harness/clock.h"
#include "../harness/interrupt.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { CLIENTS = 16, BATCH = 100, KEYS = 64, VALUE = 64, SECONDS = 1, REQUEST = 128 };

struct client {
    pthread_t thread;
    const struct bench_app_run *run;
    uint64_t deadline;
    unsigned number;
    double operations;
    const char *failed; /* NULL: it did not */
};

static void arguments(const struct bench_app_run *run, struct bench_app_command *command)
{
    bench_app_argument(command, "--unix-socket=%s/socket", run->directory);
    bench_app_argument(command, "--threads=%u", run->threads);
    bench_app_argument(command, "--memory-limit=64");
    if (geteuid() == 0)
        bench_app_argument(command, "--user=root");
}

/* Half of them read and half of them write, so an answer is "STORED", or a value and "END". */
static size_t make_batch(unsigned seed, char *text)
{
    static const char value[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    size_t length = 0;

    _Static_assert(sizeof(value) == VALUE + 1, "");
    for (unsigned i = 0; i < BATCH; i++) {
        unsigned key = (seed + i * 7) % KEYS;

        if (i % 2)
            length += (size_t)sprintf(text + length, "get key%02u\r\n", key);
        else
            length += (size_t)sprintf(text + length, "set key%02u 0 0 %d\r\n%s\r\n", key, VALUE, value);
    }
    return length;
}

static bool send_all(int fd, const char *text, size_t length)
{
    while (length > 0) {
        ssize_t n = send(fd, text, length, MSG_NOSIGNAL);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        text += n;
        length -= (size_t)n;
    }
    return true;
}

/* Reads the answers to a batch. Returns NULL, or what is wrong. */
static const char *read_answers(FILE *stream)
{
    char line[REQUEST];

    for (unsigned answers = 0; answers < BATCH;) {
        if (!fgets(line, sizeof(line), stream))
            return "the server hung up, or did not answer";
        if (strcmp(line, "STORED\r\n") == 0 || strcmp(line, "END\r\n") == 0)
            answers++;
        else if (strncmp(line, "VALUE key", 9) != 0 && strncmp(line, "0123456789abcdef", 16) != 0)
            return "the server answered something else";
    }
    return NULL;
}

static void *work(void *arg)
{
    struct client *client = arg;
    struct timeval patience = {.tv_sec = BENCH_APP_LIMIT_S};
    char text[BATCH * REQUEST];
    int fd = bench_app_connect(client->run);
    FILE *stream = fd >= 0 ? fdopen(fd, "r") : NULL;

    if (!stream) {
        client->failed = "cannot connect";
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    for (unsigned batch = 0; bench_now_ns() < client->deadline && !bench_interrupted(); batch++) {
        size_t length = make_batch(client->number * 5 + batch, text);

        client->failed = send_all(fd, text, length) ? read_answers(stream) : "cannot send";
        if (client->failed)
            break;
        client->operations += BATCH;
    }
    fclose(stream);
    return NULL;
}

static bool load(const struct bench_app_run *run, struct bench_app_score *score, char *why, size_t size)
{
    struct client clients[CLIENTS];
    uint64_t start = bench_now_ns();
    const char *failed = NULL;

    for (unsigned i = 0; i < CLIENTS; i++) {
        clients[i] = (struct client){.run = run, .number = i};
        clients[i].deadline = start + (run->quick ? 50000000u : SECONDS * 1000000000u);
        if (pthread_create(&clients[i].thread, NULL, work, &clients[i]) != 0)
            abort();
    }
    for (unsigned i = 0; i < CLIENTS; i++) {
        pthread_join(clients[i].thread, NULL);
        score->operations += clients[i].operations;
        failed = clients[i].failed ? clients[i].failed : failed;
    }
    score->seconds = (double)(bench_now_ns() - start) * 1e-9;
    if (failed)
        snprintf(why, size, "%s", failed);
    return !failed;
}

static const struct bench_app app = {
    .name = "memcached",
    .title = "memcached, 64 keys, 16 clients (op = a get or set; CPU time: the server's)",
    .program = "memcached",
    .unit = "op/s",
    .seconds = 1.3,
    .arguments = arguments,
    .load = load,
};
BENCH_APP(app);
