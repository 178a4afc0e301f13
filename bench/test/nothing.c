/* SPDX-License-Identifier: MIT */
/* A library to preload that replaces nothing: whoever measures it measures the C library. */
int bench_test_nothing(void);

int bench_test_nothing(void)
{
    return 0;
}
