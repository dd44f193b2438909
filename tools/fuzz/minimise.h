/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From a case that shows a flaw to one that differs from a valid camera in as little as can be. */
#pragma once

#include "tools/fuzz/diff.h"
#include "tools/fuzz/target.h"

#define FUZZ_FEW          3 /* places */
#define FUZZ_REPLAYS      3
#define FUZZ_RACE_REPLAYS 10

/* How far it is, for whoever watches. */
typedef struct {
    guint runs;      /* so far */
    guint left, all; /* places; 0: nothing is made small */
} FuzzProgress;

typedef struct {
    FuzzTarget *target;
    const char *title;         /* of the flaw: it must stay the same */
    FuzzVerdict verdict;       /* FUZZ_HANG: any hang is the same, however far the guest came */
    const char *place;         /* the same, where it comes out there again; NULL: any */
    const volatile gint *stop; /* not 0: enough, what is there so far is the result; may be NULL */
    guint most_runs;           /* 0: as many as it takes */
    guint runs;                /* so far */
    guint tries;            /* how often a case is shown until it is said not to show it; 0: once.
                               Of fuzz_minimise(): 0 where it was not shown again at all */
    FuzzProgress *progress; /* kept up to date; may be NULL */
    guint replays; /* of the last fuzz_replay(): fewer than asked for where it stopped or failed */
    const GPtrArray *before; /* of FuzzCase: what a fresh target is shown first; may be NULL */
    const GPtrArray *beside; /* of FuzzCase: what it is shown together with it; may be NULL */
    char instead[160];       /* what the last case did that did not show it: a title; "": nothing */
    gboolean broke;          /* something, if not this, came of a case */
    gboolean stale;          /* the target must be made fresh before the next case */
} FuzzMinimiser;

/* Does the case show it? A target that cannot say: FALSE, and *error. */
gboolean fuzz_shows(FuzzMinimiser *m, const FuzzCase *fuzz_case, GError **error);
/* What it does on a fresh target, behind what goes before it and with what is beside it. */
gboolean fuzz_run_fresh(FuzzMinimiser *m, const FuzzCase *fuzz_case, FuzzOutcome *ret_outcome,
                        GError **error);
/* Of n runs, each on a fresh target; enough is enough. */
guint fuzz_replay(FuzzMinimiser *m, const FuzzCase *fuzz_case, guint n, GError **error);
/* Of FUZZ_REPLAYS; of FUZZ_RACE_REPLAYS where not each of those shows it. */
guint fuzz_replay_anew(FuzzMinimiser *m, const FuzzCase *fuzz_case, GError **error);

/* The same flaw? How far a guest came that hangs depends on which device is asked. */
gboolean fuzz_is_same(const FuzzOutcome *a, const FuzzOutcome *b);
/* Cases that were shown together did what none of them does by itself, and outcome says what: the
   fewest that still do it; all, where not even these do it again. */
GPtrArray *fuzz_company(FuzzMinimiser *m, const GPtrArray *cases, const FuzzOutcome *outcome,
                        GError **error);

/* Which changes must stay: an array of fuzz_diff_size(), g_free(). All of them where the broken
   case itself does not show it, or (with *error set) where nothing more can be said. */
gboolean *fuzz_minimise(FuzzMinimiser *m, const FuzzDiff *diff, GError **error);
/* The same. Where more than FUZZ_FEW places stay, single pieces of what is left are tried in the
   valid one, and *diff is another one if that makes it smaller. */
gboolean *fuzz_make_small(FuzzMinimiser *m, const FuzzCase *valid, FuzzDiff **diff, GError **error);
/* Groups of which something stays. */
guint fuzz_count_kept(const FuzzDiff *diff, const gboolean *kept);
/* The seed from which the case differs in the fewest groups. */
FuzzDiff *fuzz_nearest(GPtrArray *valid, const FuzzCase *broken, guint *ret_which);
