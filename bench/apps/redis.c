/* SPDX-License-Identifier: MIT */
/*
 * redis-server with I/O threads, and redis-benchmark. Its I/O threads wait at mutexes of their own while there is
 * little to do, and its allocator, jemalloc, has others: hot, but little. That nothing is lost is what this shows.
 */
#include "app.h"

#include "../harness/spawn.h"
#include "../harness/work.h"

#include <stdio.h>
#include <string.h>

enum { REQUESTS = 200000 };

static void arguments(const struct bench_app_run *run, struct bench_app_command *command)
{
    const char *const fixed[] = {"--port",       "0",  "--io-threads-do-reads", "yes", "--save",     "",
                                 "--appendonly", "no", "--daemonize",           "no",  "--loglevel", "warning"};

    for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
        bench_app_argument(command, "%s", fixed[i]);
    bench_app_argument(command, "--io-threads");
    bench_app_argument(command, "%u", run->threads);
    bench_app_argument(command, "--dir");
    bench_app_argument(command, "%s", run->directory);
    bench_app_argument(command, "--unixsocket");
    bench_app_argument(command, "%s/socket", run->directory);
}

/* Its I/O threads spin, and the server comes to a crawl where there are more of them than CPUs. */
static unsigned requests(const struct bench_app_run *run)
{
    unsigned n = run->threads > bench_cpus() ? REQUESTS / 50 : REQUESTS;

    return run->quick ? n / 100 : n;
}

/* "GET: 1234.56 requests per second, p50=0.111 msec", after other such numbers that a carriage return ends. */
static bool parse(const struct bench_app_run *run, const char *out, const char *err, struct bench_app_score *score)
{
    static const char key[] = " requests per second";
    const char *end = strstr(out, key);
    double rate;

    (void)err;
    if (!end)
        return false;
    while (end > out && end[-1] != ' ')
        end--;
    if (sscanf(end, "%lf", &rate) != 1 || !(rate > 0))
        return false;
    score->operations = requests(run);
    score->seconds = score->operations / rate;
    return true;
}

static bool load(const struct bench_app_run *run, struct bench_app_score *score, char *why, size_t size)
{
    struct bench_app_command command = {0};
    struct bench_spawn child;

    bench_app_argument(&command, "redis-benchmark");
    bench_app_argument(&command, "-s");
    bench_app_argument(&command, "%s/socket", run->directory);
    bench_app_argument(&command, "-n");
    bench_app_argument(&command, "%u", requests(run));
    bench_app_argument(&command, "-q");
    bench_app_argument(&command, "-P");
    bench_app_argument(&command, "4");
    bench_app_argument(&command, "-r");
    bench_app_argument(&command, "100000");
    bench_app_argument(&command, "-t");
    bench_app_argument(&command, "set");
    bool ok = bench_spawn(command.argv, NULL, BENCH_APP_LIMIT_S, &child);

    if (!ok)
        snprintf(why, size, "redis-benchmark: %s", child.why);
    else if (!(ok = parse(run, child.out, child.err, score)))
        snprintf(why, size, "cannot find the score in the output of redis-benchmark");
    bench_spawn_free(&child);
    return ok;
}

static const struct bench_app app = {
    .name = "redis",
    .title = "redis-server with I/O threads (op = one set; CPU time: the server's)",
    .program = "redis-server",
    .generator = "redis-benchmark",
    .unit = "op/s",
    .seconds = 1.2,
    .arguments = arguments,
    .parse = parse,
    .load = load,
};
BENCH_APP(app);
