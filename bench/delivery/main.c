// SPDX-License-Identifier: MIT
/*
 * oncpu-delivery: by which way should the kernel tell user space which threads run? Reads the options, runs the parts.
 */
#include "delivery.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

static const char *const part_names[PARTS] = {"cost", "program", "lost", "memory", "privileges"};

static void usage(FILE *out)
{
    fprintf(out, "Usage: oncpu-delivery [--parts cost,program,lost,memory,privileges] [--way NAME] [--rounds N] [--ms "
                 "N] [--json FILE]\n"
                 "       oncpu-delivery --check [--way NAME]\n\n"
                 "Compares the ways by which a BPF program can tell user space which threads run.\n"
                 "  --parts LIST   measure these only\n"
                 "  --rounds N     rounds of parts cost and program (20); each measures everything once\n"
                 "  --ms N         length of one measurement of these in ms (60)\n"
                 "  --json FILE    write the results there too\n"
                 "  --check        only see whether each way delivers; 77: none could be tried\n"
                 "  --way NAME     measure or check this one only: empty, uptr, array, arena, probe, hash\n");
}

static int parse_parts(char *list, unsigned *parts)
{
    char *rest = NULL;

    *parts = 0;
    for (char *name = strtok_r(list, ",", &rest); name; name = strtok_r(NULL, ",", &rest)) {
        unsigned part = 0;
        while (part < PARTS && strcmp(part_names[part], name))
            part++;
        if (part == PARTS)
            return -EINVAL;
        *parts |= 1u << part;
    }
    return 0;
}

static int parse_number(const char *text, unsigned *number)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);

    if (*end || end == text || !value || value > 100000)
        return -EINVAL;
    *number = (unsigned)value;
    return 0;
}

static int parse(int argc, char **argv, struct options *options)
{
    static const struct option names[] = {
        {"parts", required_argument, NULL, 'p'}, {"rounds", required_argument, NULL, 'r'},
        {"ms", required_argument, NULL, 'm'},    {"json", required_argument, NULL, 'j'},
        {"check", no_argument, NULL, 'c'},       {"way", required_argument, NULL, 'w'},
        {"help", no_argument, NULL, 'h'},        {0},
    };
    int letter, error = 0;

    while (!error && (letter = getopt_long(argc, argv, "", names, NULL)) >= 0) {
        switch (letter) {
        case 'p':
            error = parse_parts(optarg, &options->parts);
            break;
        case 'r':
            error = parse_number(optarg, &options->rounds);
            break;
        case 'm':
            error = parse_number(optarg, &options->round_ms);
            break;
        case 'j':
            options->json = optarg;
            break;
        case 'c':
            options->check = true;
            break;
        case 'w':
            options->only_way = optarg;
            error = way_find(optarg) ? 0 : -EINVAL;
            break;
        case 'h':
            usage(stdout);
            exit(0);
        default:
            error = -EINVAL;
        }
    }
    return error || optind != argc ? -EINVAL : 0;
}

/* Which ways can be measured here. A refusal is a result: what the kernel says goes into the report. */
static void probe_ways(struct results *results, const char *only_way)
{
    for (size_t w = 0; w < WAYS_MAX; w++) {
        struct result *result = &results->way[w];
        struct instance instance;
        int error;

        result->memory_thread = -1;
        /* all are compared with the empty one */
        if (only_way && strcmp(only_way, ways[w].name) != 0 && ways[w].home != HOME_NONE) {
            snprintf(result->unsupported, TEXT_MAX, "not asked for");
            continue;
        }
        if (!way_is_supported(&ways[w], result->unsupported))
            continue;
        error = instance_load(&instance, &ways[w], 0);
        if (!error) {
            instance_unload(&instance);
            continue;
        }
        if (!way_is_denied(&ways[w], result->refused))
            snprintf(result->refused, TEXT_MAX, "%s", strerror(-error));
        fprintf(stderr, "oncpu-delivery: %s: %s\n%s", ways[w].name, result->refused, load_log());
    }
}

static int measure(struct results *results, const struct options *options)
{
    int error = 0;

    for (enum part part = 0; part < PARTS && !error; part++) {
        if (!(options->parts & 1u << part))
            continue;
        fprintf(stderr, "oncpu-delivery: %s...\n", part_names[part]);
        switch (part) {
        case PART_COST:
            error = measure_cost(results, options);
            break;
        case PART_PROGRAM:
            error = measure_program(results, options);
            break;
        case PART_LOST:
            error = measure_lost(results);
            break;
        case PART_MEMORY:
            error = measure_memory(results);
            break;
        case PART_PRIVILEGES:
            error = measure_privileges(results);
            break;
        case PARTS:
            break;
        }
        if (error)
            fprintf(stderr, "oncpu-delivery: %s: %s\n%s", part_names[part], strerror(-error), load_log());
    }
    return error;
}

int main(int argc, char **argv)
{
    struct options options = {.parts = (1u << PARTS) - 1, .rounds = 20, .round_ms = 60};
    struct results *results;
    int error;

    if (parse(argc, argv, &options)) {
        usage(stderr);
        return 2;
    }
    if (options.check)
        return check_ways(options.only_way);
    results = calloc(1, sizeof(*results));
    if (!results)
        return 1;
    probe_ways(results, options.only_way);
    error = measure(results, &options);
    if (!error)
        report_table(results, options.parts);
    if (!error && options.json)
        error = report_json(results, options.parts, options.json);
    free(results);
    return error ? 1 : 0;
}
