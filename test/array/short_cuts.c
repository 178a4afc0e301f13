/* SPDX-License-Identifier: MIT */
/*
 * How many of the machine-wide program's short cuts lead somewhere.
 *
 * usage: short_cuts FOLDER
 */
#include "short_cut_map.h"

int main(int argc, char **argv)
{
    struct short_cuts all;
    unsigned filled = 0;

    CHECK(argc == 2);
    all = short_cuts_read(argv[1]);
    for (uint32_t i = 0; i < all.count; i++)
        filled += all.words[i] != 0;
    printf("%u\n", filled);
    return 0;
}
