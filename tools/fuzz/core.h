/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A processor core for a VM and for the program that is its device. They take turns, so that a
   second core wins nothing, and every turn would begin with an interrupt from one core to the
   other. */
#pragma once

#include <glib.h>

typedef struct FuzzCore FuzzCore;

/* Keeps the calling thread, and what it starts from then on, on a core that nobody else has taken
   in this way. NULL: each is taken, the thread runs where it ran. */
FuzzCore *fuzz_core_take(void);
/* The calling thread may run again where it could before. Accepts NULL. */
void fuzz_core_release(FuzzCore *core);
