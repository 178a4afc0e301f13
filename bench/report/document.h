/* SPDX-License-Identifier: MIT */
/* Results that were saved, read back. */
#ifndef BENCH_DOCUMENT_H
#define BENCH_DOCUMENT_H

#include "machine.h"
#include "results.h"

struct bench_document {
    const char *path;
    struct bench_machine machine;
    struct bench_results results;
    void *text; /* what `results` points into */
};

/* Returns false after it said on standard error what is wrong with the file. */
bool bench_document_read(const char *path, struct bench_document *document);

void bench_document_free(struct bench_document *document);

#endif
