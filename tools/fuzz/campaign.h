/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Case after case, in several processes that share a corpus, until there is enough. */
#pragma once

#include "tools/fuzz/seeds.h"
#include "tools/fuzz/target.h"

#define FUZZ_MAX_JOBS    64
#define FUZZ_MAX_IGNORED 32

typedef struct {
    const char *dir, *name; /* of the corpus, and ours in it: jobs are NAME-1, NAME-2, ... */
    GPtrArray *seeds;       /* of FuzzSeed */
    FuzzTarget *(*new_target)(gpointer user, GError **error); /* called in the job's own process */
    gpointer user;
    const char *target;  /* what it is: features of another one are no features here */
    const char *options; /* that replay needs, for reports; may be NULL */
    gboolean plain;      /* bytes are mutated, whatever they mean */
    guint64 seed;
    guint jobs;
    guint64 cases;              /* 0: without end */
    guint seconds;              /* 0: without end */
    guint findings;             /* of this run; 0: without end */
    guint most_minimise_runs;   /* of a finding; 0: as many as it takes */
    const char *const *ignored; /* patterns of titles, NULL at their end, at most FUZZ_MAX_IGNORED:
                                   what is known is counted and no finding; NULL: none */
} FuzzCampaign;

typedef struct {
    guint64 cases;
    guint behaviours, kept, findings;  /* findings: all in the corpus' folder */
    guint code;                        /* places of the target's code that ran, where it tells */
    gint64 last_new_us;                /* 0: none yet */
    guint64 ignored[FUZZ_MAX_IGNORED]; /* cases of this run, by pattern */
} FuzzTotals;

/* Ends when it is enough, or by SIGINT or SIGTERM, which it takes to itself. FALSE: a job failed,
 *error says why; what was found before stays. */
gboolean fuzz_campaign_run(const FuzzCampaign *campaign, FuzzTotals *ret_totals, GError **error);
