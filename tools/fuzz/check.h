/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Code of our own as a target: it runs in a child process, which may die. */
#pragma once

#include "tools/fuzz/cover.h"
#include "tools/fuzz/target.h"

/* Looks at a case. Adds to features (of guint32) what it met, and says in *stage, in static words,
   what it is about to do. Where something is wrong it ends the process, in whatever way. */
typedef void (*FuzzCheck)(const FuzzCase *fuzz_case, GArray *features, const char **stage);

FuzzTarget *fuzz_target_check_new(const char *name, FuzzCheck check);

/* The check of fuzz_target_self_new(), for other fuzzers too. */
void fuzz_self_check(const FuzzCase *fuzz_case, GArray *features, const char **stage);

static inline void fuzz_feature(GArray *features, guint32 what, guint32 a, guint32 b)
{
    guint32 feature = (what * 0x9e3779b1u ^ a) * 0x85ebca6bu ^ b * 0xc2b2ae35u;
    feature = (feature ^ feature >> 15) & FUZZ_BEHAVIOUR;
    g_array_append_val(features, feature);
}
