/* SPDX-License-Identifier: MIT */
/* What the process's thread states were while it measured. */
#include "report.h"

#include "../harness/work.h"

#include <oncpu/oncpu.h>

void bench_report_source(const char **name, const char **reason)
{
    /* A lock that does without them may have been the last to run. */
    oncpu_source_select(ONCPU_SOURCE_AUTO);
    *name = oncpu_source_name(oncpu_source());
    *reason = oncpu_source_reason();
}

void bench_report_mode(FILE *out)
{
    const char *name, *reason;

    bench_report_source(&name, &reason);
    fprintf(out, "Thread states of the native lock: %s%s%s. CPUs: %u.\n", name, *reason ? ", because " : "", reason,
            bench_cpus());
}
