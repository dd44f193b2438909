/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What Linux tells of each thread in schedstat: nanoseconds that it ran, and that it waited. */
#include "tools/fuzz/sched.h"

#include <stdio.h>

#include "tools/fuzz/put.h"

#define SHARE 8

static void add_thread(FuzzSched *sched, const char *tasks, const char *id)
{
    g_autofree char *path = g_build_filename(tasks, id, "schedstat", NULL);
    g_autofree char *text = NULL;
    gint64 ran, waited;

    if (!g_file_get_contents(path, &text, NULL, NULL) ||
        sscanf(text, "%" G_GINT64_FORMAT " %" G_GINT64_FORMAT, &ran, &waited) != 2)
        return;
    sched->ran_us += ran / 1000;
    sched->waited_us += waited / 1000;
}

FuzzSched fuzz_sched_look(const char *proc, int pid)
{
    FuzzSched sched = {.us = g_get_monotonic_time()};
    g_autofree char *tasks = g_strdup_printf("%s/%d/task", proc, pid);
    g_autoptr(GPtrArray) ids = fuzz_list_folder(tasks, NULL);

    for (guint i = 0; i < ids->len; i++)
        add_thread(&sched, tasks, ids->pdata[i]);
    return sched;
}

/* A thread that has ended takes its numbers with it. */
gint64 fuzz_sched_had_us(FuzzSched from, FuzzSched to)
{
    const double all = (double)(to.us - from.us);
    const double ran = (double)MAX(to.ran_us - from.ran_us, 0);
    const double waited = (double)MAX(to.waited_us - from.waited_us, 0);
    const double had = all - waited * all / MAX(MAX(all, ran + waited), 1);

    return (gint64)MAX(had, all / SHARE);
}
