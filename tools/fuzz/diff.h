/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How a broken case differs from a valid one, as changes of which any subset can be made to the
   valid one: fields, descriptors that are missing or too many, lengths, faults. What follows from
   other changes (lengths, counts, totals) follows by itself, and is a change only where it is
   wrong. */
#pragma once

#include "tools/fuzz/case.h"

typedef struct FuzzDiff FuzzDiff;

FuzzDiff *fuzz_diff_new(const FuzzCase *valid, const FuzzCase *broken);
void fuzz_diff_free(FuzzDiff *diff); /* accepts NULL */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FuzzDiff, fuzz_diff_free)

/* Changes, from 0. Neighbours that came or went together are of one group: what a reader counts. */
guint fuzz_diff_size(const FuzzDiff *diff);
guint fuzz_diff_group(const FuzzDiff *diff, guint change);
guint fuzz_diff_n_groups(const FuzzDiff *diff);
/* Nothing about the camera, but that somebody takes pictures. */
gboolean fuzz_diff_is_use(const FuzzDiff *diff, guint change);

/* The valid one with those changes that are TRUE in kept; all of them: the broken one. */
FuzzCase *fuzz_diff_apply(const FuzzDiff *diff, const gboolean *kept);

/* "configuration[1].bNumInterfaces: 2, now 255" */
char *fuzz_diff_words(const FuzzDiff *diff, guint change);
/* Of change *i and of those of its group that are kept and that one line can tell with it: "3
   descriptors are missing behind ...: ..."; *i is then the last of these. */
char *fuzz_diff_line(const FuzzDiff *diff, const gboolean *kept, guint *i);
/* "request 3 (from 0) is stalled" */
char *fuzz_fault_words(const FuzzFault *fault);
