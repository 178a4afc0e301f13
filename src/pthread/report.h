/* SPDX-License-Identifier: MIT */
/*
 * What the drop-in tells about itself to `oncpu run --stats`.
 */
#ifndef ONCPU_PTHREAD_REPORT_H
#define ONCPU_PTHREAD_REPORT_H

/* Writes the source that the process has now, and the reason for it, where the reader of the statistics finds it. */
void oncpu_report_source(void);

#endif
