/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What all targets share. */
#include "tools/fuzz/target.h"

void fuzz_outcome_clear(FuzzOutcome *outcome)
{
    GArray *features = outcome->features;

    g_free(outcome->title);
    g_free(outcome->place);
    g_free(outcome->console);
    if (features)
        g_array_set_size(features, 0);
    else
        features = g_array_new(FALSE, FALSE, sizeof(guint32));
    *outcome = (FuzzOutcome){.features = features};
}

void fuzz_outcome_free(FuzzOutcome *outcome)
{
    g_free(outcome->title);
    g_free(outcome->place);
    g_free(outcome->console);
    if (outcome->features)
        g_array_unref(outcome->features);
    *outcome = (FuzzOutcome){0};
}
