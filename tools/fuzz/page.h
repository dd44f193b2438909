/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a campaign was, as a page with nothing beside it: numbers, curves, findings. */
#pragma once

#include <gio/gio.h>

typedef struct {
    double seconds; /* of all runs of this corpus together */
    double cases, behaviours, kept, findings;
    double code; /* 0: the target does not tell */
} FuzzSample;

/* Samples as lines of a file, so that a later run goes on with the curves. */
void fuzz_samples_load(GArray *samples, const char *path);
gboolean fuzz_samples_append(const FuzzSample *sample, const char *path, GError **error);

/* DIR/index.html; links the findings below DIR. */
gboolean fuzz_page_write(const char *dir, const char *target, const GArray *samples,
                         GError **error);
