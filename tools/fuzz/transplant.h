/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where bytes were moved, a broken camera differs from a valid one all over, though one of its
   descriptors may be what matters. */
#pragma once

#include "tools/fuzz/case.h"

/* Of FuzzCase: the valid camera with one piece of the broken one in the place of one of its own, or
   behind these, and all faults of the broken one. The smallest pieces first, not all places of one
   that fits many. */
GPtrArray *fuzz_transplants(const FuzzCase *valid, const FuzzCase *broken);
