/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of the SPICE transport share: spice.c (which channel), spice_stream.c (writing to
   it), spice_server.c (a session of our own), spice_migration.c (the session goes elsewhere). */
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

/* One stream's writes, whose ends may be told long after the stream's. */
typedef struct SpiceStream SpiceStream;

/* channel: of the port class, borrowed. writable: the outstanding bytes fell; from the main loop,
   never from inside a call. */
SpiceStream *spice_stream_new(SpiceChannel *channel, void (*writable)(gpointer user),
                              gpointer user);
void spice_stream_end(SpiceStream *stream); /* nothing is written any more; accepts NULL */
/* As RedirTransportOps has them. */
gboolean spice_stream_send(SpiceStream *stream, guint8 *data, gsize size);
gsize spice_stream_outstanding(const SpiceStream *stream);

/* Follows a session whose VM migrates. */
typedef struct SpiceMigration SpiceMigration;

/* can: FALSE where the library cannot move the session's channels to another server one by one:
   then it makes them anew when the VM is there. moved: it did move them; from the main loop. */
SpiceMigration *spice_migration_watch(SpiceSession *session, gboolean (*can)(gpointer user),
                                      void (*moved)(gpointer user), gpointer user);
/* session: the same, or NULL where it is gone. migration may be NULL. */
void spice_migration_unwatch(SpiceMigration *migration, SpiceSession *session);
