/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What was found out about each of many inputs, a line each in a file, so that a run which was
   broken off goes on where it was. */
#pragma once

#include <glib.h>

typedef struct Journal Journal;

/* n inputs; the file's lines about them hold as far as an input is still the same. */
Journal *journal_open(const char *path, GBytes *const *inputs, guint n);
void journal_close(Journal *journal); /* accepts NULL */

/* NULL: nothing is known yet. */
const char *journal_get(const Journal *journal, guint i);
/* text: one line. */
void journal_put(Journal *journal, guint i, const char *text);
