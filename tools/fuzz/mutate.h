/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From a case to another: the schema's mutations, faults, pieces of other cases, several at once,
   each the more often the more new behaviour it brought. */
#pragma once

#include "tools/fuzz/case.h"
#include "tools/fuzz/random.h"

#define FUZZ_MAX_STEPS 6

/* What made a case of another one: numbers of operators, in order. */
typedef struct {
    guint8 ops[FUZZ_MAX_STEPS];
    guint n;
} FuzzTrail;

typedef struct FuzzMutator FuzzMutator;

/* plain: only bytes are changed, whatever they mean, to compare with. */
FuzzMutator *fuzz_mutator_new(gboolean plain);
void fuzz_mutator_free(FuzzMutator *mutator); /* accepts NULL */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FuzzMutator, fuzz_mutator_free)

/* A case that differs from `from`. other: what pieces are taken from. The same mutator in the same
   state, cases and chance: the same case. */
FuzzCase *fuzz_mutate(FuzzMutator *mutator, FuzzRandom *random, const FuzzCase *from,
                      const FuzzCase *other, FuzzTrail *ret_trail);
/* How new what can be tried with a case is still: how often that was tried which was tried least
   often (sweep.h). */
guint fuzz_mutator_least(const FuzzMutator *mutator, const FuzzCase *fuzz_case);
/* Does the trail set a field to something that it was not set to before? */
gboolean fuzz_trail_sweeps(const FuzzMutator *mutator, const FuzzTrail *trail);
/* "break-count+stall" */
char *fuzz_trail_text(const FuzzMutator *mutator, const FuzzTrail *trail);

/* What came of a trail: so later ones are chosen. */
void fuzz_mutator_learn(FuzzMutator *mutator, const FuzzTrail *trail, gboolean brought_new);

/* What was learnt, as lines "op_break-count : 120 3". Lines of something else are passed over. */
void fuzz_mutator_save(const FuzzMutator *mutator, GString *lines);
void fuzz_mutator_load(FuzzMutator *mutator, const char *lines);
