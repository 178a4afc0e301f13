/* SPDX-License-Identifier: MIT */
/*
 * The symbols and versions under which programs look for the functions that the drop-in replaces.
 *
 * glibc 2.34 moved these functions from libpthread to libc, and gave them a second version. A program is bound to the
 * version that it was linked against, so both are exported (the nodes are in versions.map).
 */
#ifndef ONCPU_PTHREAD_SYMBOLS_H
#define ONCPU_PTHREAD_SYMBOLS_H

#if defined(__x86_64__)
#define ONCPU_GLIBC_BASE "GLIBC_2.2.5"
#elif defined(__aarch64__)
#define ONCPU_GLIBC_BASE "GLIBC_2.17"
#else
#error "the drop-in knows the symbol versions of x86-64 and aarch64 only"
#endif

/* Exports `function` as name@@version. */
#define ONCPU_EXPORT(function, name, version)                                                                          \
    extern __typeof__(function) function##_new __attribute__((alias(#function), visibility("default")));               \
    __asm__(".symver " #function "_new," #name "@@" version);

/* Exports it as name@@GLIBC_2.34 and, for programs linked before that, as name@old. */
#define ONCPU_EXPORT_BOTH(function, name, old)                                                                         \
    ONCPU_EXPORT(function, name, "GLIBC_2.34")                                                                         \
    extern __typeof__(function) function##_old __attribute__((alias(#function), visibility("default")));               \
    __asm__(".symver " #function "_old," #name "@" old);

#endif
