/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which cases are worth pictures: to take them costs the guest more than all that comes before. */
#pragma once

#include "tools/fuzz/case.h"
#include "tools/fuzz/random.h"

/* It is of no use where nobody takes pictures. */
gboolean fuzz_pictures_meet(const FuzzFault *fault);

/* Takes FUZZ_FAULT_STREAM from a case of which nobody knows yet that more than its descriptors
   matters: it has no fault that only pictures meet, and chance, mostly, does not pick it. TRUE: it
   was there; the case deserves it where it does something new without. */
gboolean fuzz_pictures_put_off(FuzzCase *fuzz_case, FuzzRandom *random);
void fuzz_pictures_add(FuzzCase *fuzz_case);
