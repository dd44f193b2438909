/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The code that a guest's kernel ran, as features of a case: an address is one whose highest bit is
   set, anything else is one where it is not, so that files and curves can tell them apart. */
#pragma once

#include <glib.h>

#define FUZZ_COVER_MOST 65536 /* of one case, whatever a guest says */

#define FUZZ_BEHAVIOUR 0x7fffffffu /* the bits of what is no address */

static inline gboolean fuzz_cover_is_code(guint32 feature)
{
    return (feature & ~FUZZ_BEHAVIOUR) != 0;
}

/* Appends the addresses of a line of guest/protocol.h, "pcs HEX HEX ..."; what is none ends it. FALSE: it
   is another line. */
gboolean fuzz_cover_read(GArray *features, const char *line);
