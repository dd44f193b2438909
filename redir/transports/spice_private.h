/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What spice.c (a stream over a channel) and spice_server.c (a session of our own) share. */
#pragma once

#include <spice-client.h>

#include "redir/transports/spice.h"

/* What a program finds in the library by name. */
#define REDIR_SPICE_API __attribute__((visibility("default")))

typedef struct SpiceServer SpiceServer;

typedef struct {
    /* There is a session, about to connect. */
    void (*session)(gpointer user, SpiceSession *session);
    void (*up)(gpointer user);
    /* The session is gone, or could not be had. error: without the address. */
    void (*down)(gpointer user, const GError *error);
    gpointer user;
} SpiceServerEvents;

SpiceServer *spice_server_new(const RedirSpiceServer *where);
/* Each who joins hears of the one session, tells himself apart by events->user, and holds a
   reference until he leaves; the last one disconnects, without events. */
void spice_server_join(SpiceServer *server, const SpiceServerEvents *events);
void spice_server_leave(SpiceServer *server, gpointer user);
/* Connects where it is not connected: up() or down() follows. TRUE: it is, nothing follows. */
gboolean spice_server_open(SpiceServer *server);
