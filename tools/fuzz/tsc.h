/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How fast a guest in real time and without KVM counts: its time-stamp counter is this machine's.
   What it measures itself while it boots beside other work is now and then a fifth of it, and then
   its time-outs of five seconds end after one. */
#pragma once

#include <glib.h>

#ifdef __x86_64__
#include <x86intrin.h>

typedef struct {
    guint64 count;
    gint64 us;
} FuzzTscMoment;

/* The shortest of some looks: nothing came between the two. */
static inline FuzzTscMoment fuzz_tsc_now(void)
{
    FuzzTscMoment best = {0};
    guint64 shortest = G_MAXUINT64;

    for (int i = 0; i < 5; i++) {
        guint64 count = __rdtsc();
        gint64 us = g_get_monotonic_time();
        guint64 took = __rdtsc() - count;
        if (took < shortest) {
            shortest = took;
            best = (FuzzTscMoment){count, us};
        }
    }
    return best;
}

/* For Linux's command line, behind other options. */
static inline char *fuzz_tsc_option(void)
{
    FuzzTscMoment begin = fuzz_tsc_now();

    g_usleep(10000);
    FuzzTscMoment end = fuzz_tsc_now();
    guint64 khz = (end.count - begin.count) * 1000 / (end.us - begin.us);
    return g_strdup_printf(" tsc_early_khz=%" G_GUINT64_FORMAT, khz);
}
#else
static inline char *fuzz_tsc_option(void)
{
    return g_strdup("");
}
#endif
