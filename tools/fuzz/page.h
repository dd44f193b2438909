/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the campaigns of a folder were, as a page with nothing beside it: numbers, curves, findings.
 */
#pragma once

#include <gio/gio.h>

#define FUZZ_SAMPLES ".csv" /* behind a campaign's name */

typedef struct {
    double seconds; /* of all runs of this campaign together */
    double cases, behaviours, kept, findings;
    double code; /* 0: the target does not tell */
} FuzzSample;

/* Samples as lines of a file, so that a later run goes on with the curves. */
void fuzz_samples_load(GArray *samples, const char *path);
gboolean fuzz_samples_append(const FuzzSample *sample, const char *path, GError **error);

/* DIR/index.html: every campaign that left its samples there, as NAME.csv; links the findings below
   DIR. */
gboolean fuzz_page_write(const char *dir, GError **error);
