/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which programs of this machine have a device open, as far as /proc tells this user. */
#pragma once

#include <glib.h>

struct holder {
    guint pid;
    char *name; /* the program's, as ps shows it */
};

/* nodes: paths below /dev, ended by NULL. Of struct holder *, each process once, this one not; to
   be unref'd. */
GPtrArray *holders_find(const char *const *nodes);
/* "cheese (1234), zoom (77)"; NULL where there are none. */
char *holders_text(const GPtrArray *holders);
