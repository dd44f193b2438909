/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One process of a campaign, and the memory that all of them have in common with the one above. */
#pragma once

#include "tools/fuzz/campaign.h"
#include "tools/fuzz/minimise.h"

#define FUZZ_MAX_REACHED 24
#define FUZZ_MAX_TIMES   12

/* Words are static ones of the program, which is the same in all processes. */
typedef struct {
    gboolean open;     /* what earlier runs left is in the numbers below */
    const char *doing; /* what takes it long; NULL: it looks at cases */
    guint64 cases;
    guint kept;
    gint64 last_new_us;
    guint64 ignored[FUZZ_MAX_IGNORED];
    struct {
        const char *words;
        guint64 n;
    } reached[FUZZ_MAX_REACHED];
    const char *coverage;
    FuzzTime times[FUZZ_MAX_TIMES];
    guint n_times;
    FuzzProgress smaller; /* of a finding */
    char error[512];
} FuzzJobState;

typedef struct {
    guint n; /* bits that are set */
    guint8 bits[1u << 17];
} FuzzSeen;

typedef struct {
    volatile gint stop;
    guint64 tickets, done; /* cases begun and done in this run, of all jobs */
    guint found;
    gint64 end_us; /* 0: never */
    FuzzSeen behaviours, code;
    FuzzJobState jobs[FUZZ_MAX_JOBS];
} FuzzShared;

/* The process' exit status; where it is not 0 the state has an error. */
int fuzz_job_run(const FuzzCampaign *campaign, FuzzShared *shared, guint number);
