/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How long a program really had: on a busy machine it stands in line for a processor, and that
   time says nothing of it. */
#pragma once

#include <glib.h>

typedef struct {
    gint64 us;                /* now */
    gint64 ran_us, waited_us; /* all threads: on a processor, and in line for one */
} FuzzSched;

/* proc: a folder like /proc. Where it tells nothing, nobody stands in line. */
FuzzSched fuzz_sched_look(const char *proc, int pid);
/* Of the time from one look to another; several threads in line at once lose no more than one does.
   An eighth counts always, so that nothing is waited for without end. */
gint64 fuzz_sched_had_us(FuzzSched from, FuzzSched to);
