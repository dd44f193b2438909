/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A VM that migrates takes its SPICE session along. The library connects the new server's channels
   beside the old one's, then lets each channel's object go on with the new connection, or, where it
   could not connect them, makes all channels anew when the VM is there. */
#include "redir/transports/spice_private.h"

struct SpiceMigration {
    gboolean (*can)(gpointer user);
    void (*moved)(gpointer user);
    gpointer user;
    gboolean moving; /* the channels go over, one by one */
    guint moved_idle;
};

/* other: the session with the new server, about to connect. */
static void on_started(SpiceMainChannel *main, SpiceSession *other, gpointer user)
{
    SpiceMigration *migration = user;

    (void)main;
    if (!migration->can(migration->user))
        g_object_set(other, "unix-path", NULL, "port", NULL, "tls-port", NULL, NULL);
}

static gboolean on_moved(gpointer user)
{
    SpiceMigration *migration = user;

    migration->moved_idle = 0;
    migration->moved(migration->user);
    return G_SOURCE_REMOVE;
}

/* The library is in the middle of it: what is to be done waits. */
static void on_state(SpiceSession *session, GParamSpec *property, gpointer user)
{
    SpiceMigration *migration = user;
    SpiceSessionMigration state;

    (void)property;
    g_object_get(session, "migration-state", &state, NULL);
    if (migration->moving && state == SPICE_SESSION_MIGRATION_NONE && migration->moved_idle == 0)
        migration->moved_idle = g_idle_add(on_moved, migration);
    migration->moving = state == SPICE_SESSION_MIGRATION_MIGRATING;
}

static void on_channel_new(SpiceSession *session, SpiceChannel *channel, gpointer user)
{
    (void)session;
    if (SPICE_IS_MAIN_CHANNEL(channel))
        g_signal_connect(channel, "migration-started", G_CALLBACK(on_started), user);
}

static void on_channel_destroy(SpiceSession *session, SpiceChannel *channel, gpointer user)
{
    (void)session;
    if (SPICE_IS_MAIN_CHANNEL(channel))
        g_signal_handlers_disconnect_by_data(channel, user);
}

static void each_channel(SpiceSession *session, gpointer user,
                         void (*call)(SpiceSession *session, SpiceChannel *channel, gpointer user))
{
    g_autoptr(GList) channels = spice_session_get_channels(session);

    for (GList *l = channels; l != NULL; l = l->next)
        call(session, l->data, user);
}

SpiceMigration *spice_migration_watch(SpiceSession *session, gboolean (*can)(gpointer user),
                                      void (*moved)(gpointer user), gpointer user)
{
    SpiceMigration *migration = g_new0(SpiceMigration, 1);

    *migration = (SpiceMigration){.can = can, .moved = moved, .user = user};
    g_signal_connect(session, "notify::migration-state", G_CALLBACK(on_state), migration);
    g_signal_connect(session, "channel-new", G_CALLBACK(on_channel_new), migration);
    g_signal_connect(session, "channel-destroy", G_CALLBACK(on_channel_destroy), migration);
    each_channel(session, migration, on_channel_new);
    return migration;
}

void spice_migration_unwatch(SpiceMigration *migration, SpiceSession *session)
{
    if (migration == NULL)
        return;
    g_clear_handle_id(&migration->moved_idle, g_source_remove);
    if (session != NULL) {
        each_channel(session, migration, on_channel_destroy);
        g_signal_handlers_disconnect_by_data(session, migration);
    }
    g_free(migration);
}
