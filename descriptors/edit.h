/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Changes to a tree that stands: nodes taken out, copied, put elsewhere. Fields stay as they are;
   desc_derive() makes counts, lengths and offsets true again. */
#pragma once

#include "descriptors/desc.h"

/* Takes node, with all below it, out of its parent. It may be put elsewhere, in the same tree. */
void desc_unlink(void *node);

/* Takes out all that follows node in its parent; all that is below node. */
void desc_drop_after(void *node);
void desc_drop_children(void *node);

/* Makes node, which is in no parent, a child of parent: before the child `before`, or (NULL) the
   last. -EINVAL where parent cannot hold such a child. */
int desc_place(void *parent, void *node, void *before);

/* A copy of node and all below it, from any tree, in the memory of `tree`, in no parent yet.
   NULL: out of memory. */
void *desc_copy(struct desc_tree *tree, const void *node);

/* Makes the node end before its row n (present <= n: nothing to do); what it ends before has no
   value any more. */
void desc_cut_rows(void *node, unsigned n);

/* Makes the offsets and totals of all nodes true, and touches no field. */
void desc_locate(struct desc_tree *tree);
