/* SPDX-License-Identifier: MIT */
/* The entry that libFuzzer and the replay program call (llvm.org/docs/LibFuzzer.html names it). */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Prints the steps of the input that is being played; async-signal-safe enough for a program that is about to die. */
void fuzz_print_played(void);

#endif
