/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The names of the ways into a VM. */
#include "tools/spice_way.h"

#include "redir/error.h"

gboolean spice_way_parse(const char *text, RedirSpiceWay *ret_way, GError **error)
{
    static const char *const ways[] = {"auto", "port", "usbredir"};

    for (gsize i = 0; i < G_N_ELEMENTS(ways); i++)
        if (g_strcmp0(text ? text : "auto", ways[i]) == 0) {
            *ret_way = (RedirSpiceWay)i;
            return TRUE;
        }
    g_set_error(error, REDIR_ERROR, REDIR_ERROR_ADDRESS,
                "--way: '%s' is none of auto, port, usbredir", text);
    return FALSE;
}
