/* SPDX-License-Identifier: MIT */
/* A library to preload that serves nothing: somebody else's, to `oncpu-bench apps`. */
int bench_apps_nothing(void);

int bench_apps_nothing(void)
{
    return 0;
}
