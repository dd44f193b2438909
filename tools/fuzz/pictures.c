/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A word for or against pictures, of what the case's faults count. */
#include "tools/fuzz/pictures.h"

#define PICKED 16 /* one of so many, whatever it is */
#define PROBED 24 /* class requests: that many a driver asks by itself */
#define BOUND  40 /* requests of all kinds: the same */

gboolean fuzz_pictures_meet(const FuzzFault *fault)
{
    const FuzzAt at = fuzz_fault_texts[fault->kind].at;
    return at == FUZZ_AT_PAYLOAD || at == FUZZ_AT_INTERRUPT || fault->kind == FUZZ_FAULT_PICTURE ||
           (at == FUZZ_AT_CLASS_IN && fault->at >= PROBED) ||
           (at == FUZZ_AT_CONTROL && fault->at >= BOUND);
}

gboolean fuzz_pictures_put_off(FuzzCase *fuzz_case, FuzzRandom *random)
{
    gboolean picked = fuzz_random_below(random, PICKED) == 0, asked = FALSE;
    GArray *faults = fuzz_case->faults;

    for (guint i = 0; i < faults->len; i++)
        picked |= fuzz_pictures_meet(&g_array_index(faults, FuzzFault, i));
    for (guint i = faults->len; !picked && i-- > 0;)
        if (g_array_index(faults, FuzzFault, i).kind == FUZZ_FAULT_STREAM) {
            g_array_remove_index(faults, i);
            asked = TRUE;
        }
    return asked;
}

void fuzz_pictures_add(FuzzCase *fuzz_case)
{
    const FuzzFault stream = {.kind = FUZZ_FAULT_STREAM};

    g_array_append_val(fuzz_case->faults, stream);
}
