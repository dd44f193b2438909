/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A number by which descriptors speak of each other, changed wherever it is spoken of: what such a
   change breaks is not that something is missing, but what is made of the number itself. */
#pragma once

#include "descriptors/desc.h"
#include "tools/fuzz/random.h"

/* An entity, an interface or an endpoint has another number, and all who name it know. FALSE: there
   is none. */
gboolean fuzz_renumber(struct desc_tree *tree, FuzzRandom *random);
