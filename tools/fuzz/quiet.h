/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What can be known of a guest that tells nothing of itself: whether something still grows, as the
   requests to a device or the lines on a console do, or has been the same for a while. */
#pragma once

#include <glib.h>

typedef struct {
    guint64 count;
    gint64 since_ms;
} FuzzQuiet;

static inline gint64 fuzz_now_ms(void)
{
    return g_get_monotonic_time() / 1000;
}

static inline FuzzQuiet fuzz_quiet_begin(gint64 now_ms)
{
    return (FuzzQuiet){.since_ms = now_ms};
}

/* For how long it has been as much as now. */
static inline gint64 fuzz_quiet_ms(FuzzQuiet *quiet, guint64 count, gint64 now_ms)
{
    if (count != quiet->count)
        *quiet = (FuzzQuiet){count, now_ms};
    return now_ms - quiet->since_ms;
}
