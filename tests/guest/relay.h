/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A unix socket that leads to another one, until somebody cuts the wires. */
#pragma once

#include <glib.h>

typedef struct Relay Relay;

Relay *relay_new(const char *path, const char *target, GError **error);
/* Ends all connections at once and serves at path again, as a server that was started anew. */
gboolean relay_cut(Relay *relay, GError **error);
guint relay_count_connections(Relay *relay); /* since relay_new() */
void relay_free(Relay *relay);               /* accepts NULL */
