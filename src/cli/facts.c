/* SPDX-License-Identifier: MIT */
/*
 * Prints facts: a line each for people, one object for programs.
 */
#include "facts.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct oncpu_fact *oncpu_fact(struct oncpu_facts *facts, const char *key, const char *label, enum oncpu_mark mark)
{
    const size_t room = sizeof(facts->all) / sizeof(facts->all[0]);
    struct oncpu_fact *fact = &facts->all[facts->count < room ? facts->count++ : room - 1];

    *fact = (struct oncpu_fact){.mark = mark};
    snprintf(fact->key, sizeof(fact->key), "%s", key);
    snprintf(fact->label, sizeof(fact->label), "%s", label);
    return fact;
}

void oncpu_fact_text(struct oncpu_fact *fact, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(fact->text, sizeof(fact->text), format, arguments);
    va_end(arguments);
}

void oncpu_fact_json(struct oncpu_fact *fact, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(fact->json, sizeof(fact->json), format, arguments);
    va_end(arguments);
}

void oncpu_fact_hint(struct oncpu_fact *fact, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(fact->hint, sizeof(fact->hint), format, arguments);
    va_end(arguments);
}

/* ---- for people ---- */

#define VALUE_WIDTH 28 /* longer values push their hint to the right */

/* The words alone say it; colour only helps the eye. */
static const struct {
    const char *word;
    const char *on;
} marks[] = {
    [ONCPU_MARK_NOTE] = {"   -", ""},
    [ONCPU_MARK_OK] = {"  ok", "\033[32m"},
    [ONCPU_MARK_WARN] = {"warn", "\033[33m"},
};

/* A file name can hold anything; a terminal shall not obey it. */
static void print_plain(const char *text, int width)
{
    int printed = 0;

    for (; *text; text++, printed++)
        putchar((unsigned char)*text < ' ' || *text == 0x7f ? '?' : *text);
    printf("%*s", printed < width ? width - printed : 0, "");
}

static void print_line(enum oncpu_mark mark, const char *label, const char *text, const char *hint, bool colour)
{
    bool coloured = colour && *marks[mark].on;

    printf("%s%s%s  %-22s  ", coloured ? marks[mark].on : "", marks[mark].word, coloured ? "\033[0m" : "", label);
    print_plain(text, *hint ? VALUE_WIDTH : 0);
    if (*hint) {
        fputs("  (", stdout);
        print_plain(hint, 0);
        putchar(')');
    }
    putchar('\n');
}

void oncpu_facts_print(const struct oncpu_facts *facts, bool colour)
{
    for (size_t i = 0; i < facts->count; i++) {
        const struct oncpu_fact *fact = &facts->all[i];
        print_line(fact->mark, fact->label, fact->text, fact->hint, colour);
    }
    print_line(facts->bpf ? ONCPU_MARK_OK : ONCPU_MARK_WARN, "programs of this user",
               facts->bpf ? "know who runs" : "do without BPF", "", colour);
}

/* ---- for programs ---- */

static const char *const mark_names[] = {
    [ONCPU_MARK_NOTE] = "note",
    [ONCPU_MARK_OK] = "ok",
    [ONCPU_MARK_WARN] = "warn",
};

/* ASCII only: what a file name holds need not be UTF-8, and JSON must be. */
static void print_string(const char *text)
{
    putchar('"');
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c < ' ' || c > '~')
            printf("\\u%04x", c);
        else
            printf(c == '"' || c == '\\' ? "\\%c" : "%c", c);
    }
    putchar('"');
}

static void print_fact(const struct oncpu_fact *fact)
{
    print_string(fact->key);
    printf(": {\"mark\": \"%s\", \"value\": ", mark_names[fact->mark]);
    if (*fact->json)
        fputs(fact->json, stdout);
    else
        print_string(fact->text);
    fputs(", \"hint\": ", stdout);
    print_string(fact->hint);
    putchar('}');
}

void oncpu_facts_print_json(const struct oncpu_facts *facts)
{
    printf("{\n  \"version\": \"%s\",\n  \"bpf\": %s,\n  \"source\": ", ONCPU_VERSION, facts->bpf ? "true" : "false");
    print_string(facts->source);
    fputs(",\n  \"reason\": ", stdout);
    print_string(facts->reason);
    fputs(",\n  \"facts\": {", stdout);
    for (size_t i = 0; i < facts->count; i++) {
        fputs(i ? ",\n    " : "\n    ", stdout);
        print_fact(&facts->all[i]);
    }
    fputs("\n  }\n}\n", stdout);
}
