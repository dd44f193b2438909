/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A unix socket that leads to another one, a long way where that is asked for, until somebody cuts
   the wires. */
#pragma once

#include <glib.h>

typedef struct Relay Relay;

/* delay_ms: each way, of what comes together; nothing else goes that way meanwhile. */
Relay *relay_new(const char *path, const char *target, guint delay_ms, GError **error);
/* Ends all connections at once and serves at path again, as a server that was started anew. */
gboolean relay_cut(Relay *relay, GError **error);
guint relay_count_connections(Relay *relay); /* since relay_new() */
void relay_free(Relay *relay);               /* accepts NULL */
