// SPDX-License-Identifier: MIT
/*
 * The results, as tables for people and as JSON for programs.
 */
#include "delivery.h"

#include <errno.h>
#include <string.h>
#include <sys/utsname.h>

static const char *const cost_names[COST_KINDS] = {"unregistered", "registered", "processes_16", "programs_16"};
static const char *const page_names[PAGES] = {"touched", "untouched", "evicted"};

static bool is_here(const struct result *result)
{
    return !result->unsupported[0] && !result->refused[0];
}

static const char *why_absent(const struct result *result)
{
    return result->unsupported[0] ? result->unsupported : result->refused;
}

static void print_cost(const struct cost *cost, const struct cost *empty)
{
    if (cost->valid)
        printf(" %+6.0f +-%3.0f %5.2f", cost->over_none, cost->noise, cost->over_none / empty->over_none);
    else
        printf(" %6s %5s %5s", "-", "", "");
}

static void table_cost(const struct results *results)
{
    /* The empty one has nothing to do with who is registered: there is one figure for it, and one for 16 of it. */
    const struct result *empty = &results->way[0];

    printf("Cost of a context switch: ns more than without a program (%.0f ns), ratio to that of the empty one\n"
           "%42s %18s %18s %18s %18s\n",
           results->none.ns, "", "not registered", "registered", "16 processes", "16 programs");
    for (size_t w = 0; w < WAYS_MAX; w++) {
        printf("%-6s %-35s ", ways[w].name, ways[w].title);
        for (enum cost_kind kind = 0; kind < COST_KINDS && is_here(&results->way[w]); kind++)
            print_cost(&results->way[w].cost[kind],
                       &empty->cost[kind == COST_PROGRAMS ? COST_PROGRAMS : COST_UNREGISTERED]);
        printf("%s\n", why_absent(&results->way[w]));
    }
    printf("\n");
}

static void print_run_time(const struct run_time *time, const struct run_time *empty)
{
    if (time->valid)
        printf(" %+8.1f +-%4.1f", time->ns - empty->ns, time->noise);
    else
        printf(" %8s %6s", "-", "");
}

static void table_program(const struct results *results)
{
    const struct run_time *empty = &results->way[0].run_time[COST_UNREGISTERED];

    printf("Time in the program, by the kernel's statistics: ns a switch more than in the empty one (%.1f ns)\n"
           "%42s %15s %15s\n",
           empty->ns, "", "not registered", "registered");
    for (size_t w = 0; w < WAYS_MAX; w++) {
        printf("%-6s %-35s ", ways[w].name, ways[w].title);
        for (enum cost_kind kind = 0; kind <= COST_REGISTERED && is_here(&results->way[w]); kind++)
            print_run_time(&results->way[w].run_time[kind], empty);
        printf("%s\n", why_absent(&results->way[w]));
    }
    printf("\n");
}

static void table_lost(const struct results *results)
{
    printf("Context switches that did not reach the record, of those that getrusage() counted; events that the kernel "
           "did not hand to the program\n"
           "              touched        never touched            taken away  not handed\n");
    for (size_t w = 0; w < WAYS_MAX; w++) {
        const struct result *result = &results->way[w];
        if (ways[w].home == HOME_NONE || !is_here(result))
            continue;
        printf("%-6s", ways[w].name);
        for (enum page page = 0; page < PAGES; page++) {
            const struct loss *loss = &result->loss[page];
            printf(" %7ld of %5ld %s", loss->switches - loss->seen, loss->switches, page + 1 < PAGES ? "   " : "");
        }
        printf(" %8llu\n       taken away by: %s\n", (unsigned long long)result->missed,
               result->loss[PAGE_EVICTED].how);
    }
    printf("\n");
}

static void table_memory(const struct results *results)
{
    printf("Memory: a record has %zu bytes; besides, of the kernel, bytes a registered thread, and the maps' at the "
           "start\n",
           sizeof(struct oncpu_thread_record));
    for (size_t w = 0; w < WAYS_MAX; w++) {
        const struct result *result = &results->way[w];
        if (ways[w].home != HOME_NONE && is_here(result))
            printf("%-6s %8.0f %10ld\n", ways[w].name, result->memory_thread, result->memory_fixed);
    }
    printf("\n");
}

static void table_privileges(const struct results *results)
{
    printf("Privileges (tried as uid 65534) and the first kernel\n");
    for (size_t w = 0; w < WAYS_MAX; w++) {
        const struct result *result = &results->way[w];
        printf("%-6s kernel: %u.%u (%s)\n", ways[w].name, ways[w].kernel_major, ways[w].kernel_minor,
               ways[w].kernel_source);
        if (!is_here(result))
            continue;
        printf("       load:   %s%s%s\n", result->privileges.load, ways[w].privilege_source[0] ? "; " : "",
               ways[w].privilege_source);
        if (ways[w].home != HOME_NONE)
            printf("       join:   given %s\n       harm:   %s\n", result->privileges.join, result->privileges.harm);
    }
}

void report_table(const struct results *results, unsigned parts)
{
    if (parts & 1u << PART_COST)
        table_cost(results);
    if (parts & 1u << PART_PROGRAM)
        table_program(results);
    if (parts & 1u << PART_LOST)
        table_lost(results);
    if (parts & 1u << PART_MEMORY)
        table_memory(results);
    if (parts & 1u << PART_PRIVILEGES)
        table_privileges(results);
}

/* Everything that is written is ours or the kernel's: quotes and control characters are all that needs care. */
static void json_string(FILE *out, const char *name, const char *value)
{
    fprintf(out, ", \"%s\": \"", name);
    for (; *value; value++) {
        if (*value == '"' || *value == '\\')
            fputc('\\', out);
        fputc((unsigned char)*value < ' ' ? ' ' : *value, out);
    }
    fputc('"', out);
}

static void json_cost(FILE *out, const char *name, const struct cost *cost)
{
    if (cost->valid)
        fprintf(out,
                ", \"%s\": {\"ns\": %.2f, \"over_none_ns\": %.2f, \"noise_ns\": %.2f, \"over_empty_ns\": %.2f, "
                "\"ratio\": %.4f}",
                name, cost->ns, cost->over_none, cost->noise, cost->over_empty, cost->ratio);
}

static void json_run_time(FILE *out, const char *name, const struct run_time *time)
{
    if (time->valid)
        fprintf(out, ", \"program_%s\": {\"ns\": %.2f, \"noise_ns\": %.2f}", name, time->ns, time->noise);
}

static void json_lost(FILE *out, const struct result *result)
{
    for (enum page page = 0; page < PAGES; page++) {
        const struct loss *loss = &result->loss[page];
        if (!loss->valid)
            continue;
        fprintf(out, ", \"%s\": {\"switches\": %ld, \"seen\": %ld", page_names[page], loss->switches, loss->seen);
        json_string(out, "how", loss->how);
        fprintf(out, "}");
    }
    fprintf(out, ", \"not_handed\": %llu", (unsigned long long)result->missed);
}

static void json_way(FILE *out, const struct way *way, const struct result *result, unsigned parts)
{
    fprintf(out, "{\"kernel\": \"%u.%u\"", way->kernel_major, way->kernel_minor);
    json_string(out, "title", way->title);
    json_string(out, "not_here", why_absent(result));
    for (enum cost_kind kind = 0; kind < COST_KINDS; kind++)
        json_cost(out, cost_names[kind], &result->cost[kind]);
    for (enum cost_kind kind = 0; kind <= COST_REGISTERED; kind++)
        json_run_time(out, cost_names[kind], &result->run_time[kind]);
    if (way->home != HOME_NONE && parts & 1u << PART_LOST)
        json_lost(out, result);
    if (way->home != HOME_NONE && parts & 1u << PART_MEMORY)
        fprintf(out, ", \"memory_thread\": %.0f, \"memory_maps\": %ld", result->memory_thread, result->memory_fixed);
    if (parts & 1u << PART_PRIVILEGES) {
        json_string(out, "load", result->privileges.load);
        json_string(out, "join", result->privileges.join);
        json_string(out, "harm", result->privileges.harm);
    }
    fprintf(out, "}");
}

int report_json(const struct results *results, unsigned parts, const char *file)
{
    struct utsname name = {0};
    FILE *out = fopen(file, "we");

    if (!out) {
        fprintf(stderr, "oncpu-delivery: %s: %s\n", file, strerror(errno));
        return -errno;
    }
    uname(&name);
    fprintf(out, "{\"schema\": 1");
    json_string(out, "kernel", name.release);
    json_string(out, "machine", name.machine);
    json_cost(out, "none", &results->none);
    fprintf(out, ", \"ways\": {");
    for (size_t w = 0; w < WAYS_MAX; w++) {
        fprintf(out, "%s\n  \"%s\": ", w ? "," : "", ways[w].name);
        json_way(out, &ways[w], &results->way[w], parts);
    }
    fprintf(out, "\n}}\n");
    if (fclose(out)) {
        fprintf(stderr, "oncpu-delivery: %s: %s\n", file, strerror(errno));
        return -EIO;
    }
    return 0;
}
