/* SPDX-License-Identifier: MIT */
/* Where the drop-in library is: for the adapter that loads it and for the programs that run with it preloaded. */
#ifndef BENCH_DROPIN_LIBRARY_H
#define BENCH_DROPIN_LIBRARY_H

#include <stddef.h>

/*
 * The path in the environment variable ONCPU_PTHREAD_LIB, or the one known since the build. NULL if there is no such
 * file or it cannot be preloaded; then `why` says so.
 */
const char *bench_dropin_path(char *why, size_t size);

#endif
