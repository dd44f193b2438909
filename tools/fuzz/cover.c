/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads what the guest's init tells of its kernel's coverage. */
#include "tools/fuzz/cover.h"

#include <string.h>

gboolean fuzz_cover_read(GArray *features, const char *line)
{
    if (!g_str_has_prefix(line, "pcs "))
        return FALSE;
    line += strlen("pcs ");
    for (char *end; features->len < FUZZ_COVER_MOST; line = end) {
        guint64 pc = g_ascii_strtoull(line, &end, 16);
        if (end == line)
            break;
        const guint32 feature = (guint32)pc | ~FUZZ_BEHAVIOUR;
        g_array_append_val(features, feature);
    }
    return TRUE;
}
