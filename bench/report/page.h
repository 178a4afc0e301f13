/* SPDX-License-Identifier: MIT */
/* What the parts of the HTML report share. */
#ifndef BENCH_PAGE_H
#define BENCH_PAGE_H

#include "document.h"
#include "draw.h"
#include "summary.h"

/* One of the files, sorted. */
struct page_side {
    const struct bench_document *document;
    struct bench_cells cells;
    struct bench_group *groups;
    unsigned ngroups;
    struct bench_summary summary;
};

struct page {
    FILE *out;
    unsigned n; /* one file or two */
    struct page_side sides[2];
    struct draw_styles styles;
};

/* Ours by the best other lock: the `arg` is the name of ours. */
void page_heat_best(const struct bench_compared *cell, const void *arg, struct draw_heat *heat);

/* B's throughput of the subject by A's, for cells of A: the `arg` is the page. */
void page_heat_change(const struct bench_compared *cell, const void *arg, struct draw_heat *heat);

/* What the summary comes to, as large figures. */
void page_tiles(const struct page *page, const struct page_side *side);

void page_summary_table(const struct page *page, const struct page_side *side);

/* Every contended cell where the subject is behind the best, and where it is ahead, as a table. */
void page_cells_table(const struct page *page, const struct page_side *side, bool behind);

void page_machines(const struct page *page);

/* What could not be measured, and what failed. */
void page_failures(const struct page *page, const struct page_side *side);

/* Every median. */
void page_everything(const struct page *page, const struct page_side *side);

/* What differs between the two files. */
void page_diff(const struct page *page);

#endif
