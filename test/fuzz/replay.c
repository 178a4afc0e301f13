/* SPDX-License-Identifier: MIT */
/* Plays stored inputs without libFuzzer: replay FILE... */
#include "fuzz.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

enum { LARGEST = 4096, PATIENCE_S = 60 };

static const char *file;

static void cut_short(int signal)
{
    fprintf(stderr, "%s: %s in the last step of:\n", file, signal == SIGALRM ? "hangs" : "crashes");
    fuzz_print_played();
    _exit(1);
}

int main(int argc, char **argv)
{
    static uint8_t bytes[LARGEST];
    size_t size;
    FILE *stream;

    signal(SIGALRM, cut_short);
    signal(SIGSEGV, cut_short);
    signal(SIGBUS, cut_short);
    for (int i = 1; i < argc; i++) {
        file = argv[i];
        stream = fopen(file, "rb");
        if (!stream) {
            perror(file);
            return 1;
        }
        size = fread(bytes, 1, sizeof(bytes), stream);
        fclose(stream);
        alarm(PATIENCE_S);
        LLVMFuzzerTestOneInput(bytes, size);
    }
    printf("%d inputs, no difference\n", argc - 1);
    return argc > 1 ? 0 : 1;
}
