/* SPDX-License-Identifier: MIT */
/* Finds each program's score in what it once wrote, and none in what it did not write. */
#include "../app.h"

#include "../../../test/common/check.h"

#include <math.h>

static const struct sample {
    const char *name;
    unsigned threads;
    double operations, seconds;
} samples[] = {
    {"cache_bench", 8, 1000000, 0.452},
    {"db_bench_fill", 8, 300000, 1.144},
    {"db_bench_read", 8, 817992, 1.069},
    {"kccachetest", 8, 3 * 150000, 0.153 + 0.109 + 0.108 + 0.007},
    {"kchashtest", 8, 120000, 0.231},
    {"kctreetest", 8, 3 * 200000, 0.001 + 0.151 + 0.144 + 0.132 + 0.003},
    {"pbzip2", 8, 200, 1.132081},
    {"redis", 1, 200000, 200000 / 199600.80},
    {"stress_ng_mutex", 8, 458278, 1.00},
    {"sysbench_mutex", 8, 8000000, 0.4126},
    {"sysbench_threads", 8, 149200, 1.0031},
    {"x265", 8, 60, 0.30},
};
enum { SAMPLES = sizeof(samples) / sizeof(samples[0]) };

/* "" if there is no such file: the program wrote nothing there. */
static void read_output(const char *folder, const char *name, const char *which, char *text, size_t size)
{
    char path[4096];

    snprintf(path, sizeof(path), "%s/%s.%s", folder, name, which);
    FILE *file = fopen(path, "r");
    size_t length = file ? fread(text, 1, size - 1, file) : 0;

    if (file)
        fclose(file);
    text[length] = '\0';
}

static bool near(double a, double b)
{
    return fabs(a - b) <= 1e-9 * fabs(b);
}

static void check(const struct bench_app *app, const struct sample *sample, const char *folder)
{
    struct bench_app_run run = {.threads = sample->threads, .directory = ""};
    struct bench_app_score score = {0};
    char out[16384], err[16384];

    read_output(folder, app->name, "out", out, sizeof(out));
    read_output(folder, app->name, "err", err, sizeof(err));
    printf("%s\n", app->name);
    CHECK(*out || *err);
    CHECK(app->parse(&run, out, err, &score));
    CHECK(near(score.operations, sample->operations) && near(score.seconds, sample->seconds));
    CHECK(!app->parse(&run, "", "", &score));
    /* The first third of it does not have the score yet: it is the output of one that was cut short. */
    out[strlen(out) / 3] = err[strlen(err) / 3] = '\0';
    bool found = app->parse(&run, out, err, &score);

    CHECK(!found || !near(score.seconds, sample->seconds));
}

int main(int argc, char **argv)
{
    CHECK(argc == 2);
    for (unsigned i = 0; bench_app_at(i); i++) {
        const struct bench_app *app = bench_app_at(i);
        const struct sample *sample = NULL;

        for (unsigned j = 0; j < SAMPLES; j++)
            sample = strcmp(samples[j].name, app->name) == 0 ? &samples[j] : sample;
        CHECK((app->parse != NULL) == (sample != NULL)); /* a new program brings its sample */
        if (sample)
            check(app, sample, argv[1]);
    }
    return 0;
}
