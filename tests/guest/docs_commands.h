/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The commands in a page of the documentation: fenced blocks whose fence says sh, and those that
   say xml, of a libvirt domain. */
#pragma once

#include <glib.h>

typedef struct {
    guint line; /* of the first command, from 1 */
    gboolean xml;
    char *text;
} DocsCommands;

/* Of DocsCommands, in their order. NULL where the page cannot be read or a fence has no end. */
GPtrArray *docs_commands_read(const char *path, GError **error);
