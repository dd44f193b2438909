/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where a VM is to be found, as the user wrote it: one table of schemes, and texts for the typos.
 */
#pragma once

#include <glib.h>

typedef enum { REDIR_SCHEME_UNIX, REDIR_SCHEME_TCP } RedirScheme;

typedef struct {
    RedirScheme scheme;
    char *text;   /* as written, for messages */
    char *path;   /* unix */
    char *host;   /* tcp: a name or a number, without brackets */
    guint16 port; /* tcp */
} RedirAddress;

/* NULL with REDIR_ERROR_ADDRESS, whose message names the mistake and the right form. */
RedirAddress *redir_address_parse(const char *text, GError **error);
/* For every kind of address, those that are parsed elsewhere too. Sets REDIR_ERROR_ADDRESS, returns
   FALSE. */
gboolean redir_address_wrong(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);
gboolean redir_address_port(const char *text, const char *port, guint16 *ret_port, GError **error);
void redir_address_free(RedirAddress *address); /* accepts NULL */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RedirAddress, redir_address_free)
