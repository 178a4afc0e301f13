/* SPDX-License-Identifier: MIT */
/* What all figures need: text, scales, ticks, names for colours. */
#include "draw.h"

#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <string.h>

/* Does a word of this length end here, after "1 " or "1.5 "? */
static bool is_unit(const char *start, const char *at, const char *unit)
{
    size_t length = strlen(unit);

    return at - start >= 2 && at[-1] == ' ' && isdigit((unsigned char)at[-2]) && strncmp(at, unit, length) == 0 &&
           !isalnum((unsigned char)at[length]) && at[length] != '_';
}

static void put(FILE *out, const char *start, const char **at)
{
    if (is_unit(start, *at, "us")) {
        fputs("\302\265s", out);
        ++*at;
    } else if (is_unit(start, *at, "x")) {
        fputs("\303\227", out);
    } else if (**at == '<') {
        fputs("&lt;", out);
    } else if (**at == '>') {
        fputs("&gt;", out);
    } else if (**at == '&') {
        fputs("&amp;", out);
    } else if (**at == '"') {
        fputs("&quot;", out);
    } else if ((unsigned char)**at >= ' ' || **at == '\n') {
        fputc(**at, out);
    } else {
        fputc('?', out); /* XML has no way to write it */
    }
}

void draw_text(FILE *out, const char *format, ...)
{
    char text[1000];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    for (const char *at = text; *at; at++)
        put(out, text, &at);
}

double draw_at(const struct draw_scale *s, double value)
{
    double share;

    value = fmin(fmax(value, s->low), s->high);
    share = s->log ? log(value / s->low) / log(s->high / s->low) : (value - s->low) / (s->high - s->low);
    return s->from + share * (s->to - s->from);
}

void draw_include(struct draw_scale *s, double value)
{
    if (!isfinite(value) || (s->log && value <= 0))
        return;
    if (s->low > s->high)
        s->low = s->high = value;
    s->low = fmin(s->low, value);
    s->high = fmax(s->high, value);
}

void draw_round(struct draw_scale *s)
{
    if (s->low > s->high)
        s->low = s->high = 1;
    if (!s->log) {
        s->low = 0;
        s->high = s->high > 0 ? s->high * 1.04 : 1;
        return;
    }
    double missing = 4 / (s->high / s->low);

    if (missing > 1) {
        s->low /= sqrt(missing);
        s->high *= sqrt(missing);
    }
    s->low /= 1.1;
    s->high *= 1.1;
}

static unsigned linear_ticks(const struct draw_scale *s, double *ticks, unsigned max)
{
    double step = pow(10, floor(log10((s->high - s->low) / 2)));
    unsigned n = 0;

    while ((s->high - s->low) / step > 5)
        step *= 2;
    for (double t = ceil(s->low / step) * step; t <= s->high && n < max; t += step)
        ticks[n++] = t;
    return n;
}

unsigned draw_ticks(const struct draw_scale *s, double *ticks, unsigned max)
{
    static const double within[] = {1, 2, 5};
    double decades = log10(s->high / s->low);
    unsigned n = 0, every = (unsigned)ceil(decades / 6);

    if (!s->log)
        return linear_ticks(s, ticks, max);
    for (int e = (int)floor(log10(s->low)); e <= (int)ceil(log10(s->high)); e++) {
        for (unsigned i = 0; i < (decades < 2.2 ? 3 : 1); i++) {
            double t = within[i] * pow(10, e);

            if (t >= s->low && t <= s->high && n < max && (every < 2 || e % (int)every == 0))
                ticks[n++] = t;
        }
    }
    return n;
}

void draw_print_count(double value, char text[24])
{
    if (isnan(value))
        snprintf(text, 24, "-");
    else if (value >= 0.9995e9)
        snprintf(text, 24, "%.3g G", value * 1e-9);
    else if (value >= 0.9995e6)
        snprintf(text, 24, "%.3g M", value * 1e-6);
    else if (value >= 0.9995e3)
        snprintf(text, 24, "%.3g k", value * 1e-3);
    else
        snprintf(text, 24, "%.3g", value);
}

void draw_print_time(double ns, char text[24])
{
    if (isnan(ns))
        snprintf(text, 24, "-");
    else
        bench_cells_time(ns, 3, text);
}

void draw_print_share(double value, char text[24])
{
    snprintf(text, 24, isnan(value) ? "-" : "%.2g", value);
}

void draw_style(const struct draw_styles *styles, const char *subject, char class[24])
{
    unsigned peer = 0, own = 0;

    if (strcmp(subject, styles->subject) == 0) {
        snprintf(class, 24, "s");
        return;
    }
    if (strcmp(subject, "pthread") == 0) {
        snprintf(class, 24, "b");
        return;
    }
    for (unsigned i = 0; i < styles->n && strcmp(styles->subjects[i], subject) != 0; i++) {
        const char *other = styles->subjects[i];

        if (strcmp(other, styles->subject) == 0 || strcmp(other, "pthread") == 0)
            continue;
        if (bench_cells_ours(other))
            own++;
        else
            peer++;
    }
    if (bench_cells_ours(subject))
        snprintf(class, 24, "o d%u", own % 4);
    else
        snprintf(class, 24, "p%u d%u", peer % 6, peer / 6 % 4);
}
