/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Breaks trees on purpose, one named way at a time: what a fuzzer, a test of a parser, or a test of
   the linter needs. Same tree, name and seed: same result, everywhere. */
#pragma once

#include "descriptors/desc.h"

struct desc_mutation {
    const char *name; /* "break-count", "k8-intervals-past-the-end": never changes its meaning */
    const char *what; /* a sentence */
};

/* The table in its order; NULL behind the last. Those named kN-... make known-bad shape N of
   uvc-rules, with every derived field but the one meant made right first. */
const struct desc_mutation *desc_mutation_at(unsigned n);

/* Applies one mutation; seed decides where, and to what. Fields that follow from what was changed
   stay as they were, unless the mutation's sentence says otherwise. The tree packs and its bytes
   parse as any; offsets are true again. ret_text (any size) says what was done, as
   "break-count: configuration[1].bNumInterfaces: 2, now 255".
   0; -ENOENT: no such name; -ENODATA: nothing in this tree to which it applies (the tree is as it
   was); -ENOMEM. */
int desc_mutate(struct desc_tree *tree, const char *name, uint64_t seed, char *ret_text,
                size_t size);
