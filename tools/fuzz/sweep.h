/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Each field of each kind of descriptor with each value that is apt to hurt, once: where chance
   draws from all fields, one that a camera has once waits behind the many of its frames. */
#pragma once

#include "descriptors/desc.h"
#include "tools/fuzz/random.h"

typedef struct FuzzSweep FuzzSweep;

FuzzSweep *fuzz_sweep_new(void);
void fuzz_sweep_free(FuzzSweep *sweep); /* accepts NULL */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FuzzSweep, fuzz_sweep_free)

/* How often that was set which was set least often, of what could be set in the tree. G_MAXUINT:
   nothing could. */
guint fuzz_sweep_least(const FuzzSweep *sweep, struct desc_tree *tree);

/* Sets a field to a value that it was set to least often. FALSE: there is none, or it has it. */
gboolean fuzz_sweep_step(FuzzSweep *sweep, struct desc_tree *tree, FuzzRandom *random);

/* What has bytes that mean something each, and no tree. */
typedef enum {
    FUZZ_SWEPT_HEADER,     /* of a payload */
    FUZZ_SWEPT_STATUS,     /* packets */
    FUZZ_SWEPT_DESCRIPTOR, /* as it is answered, of which the value is what is changed */
    FUZZ_SWEPTS,
} FuzzSwept;

/* A byte's place << 8, and a value that it was set to least often. */
guint32 fuzz_sweep_byte(FuzzSweep *sweep, FuzzSwept what, FuzzRandom *random);
