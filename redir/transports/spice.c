/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The SPICE transport: finds the channel that leads to a usb-redir device, and notices its end. */
#include <string.h>

#include "redir/error.h"
#include "redir/transports/spice_private.h"

#define SETTLE_TIMEOUT_S 3                  /* for ports to say their names */
#define OPEN_TIMEOUT_S   2                  /* for usb-redir behind the channel to say something */
#define OWNER            "camredir-owner"   /* the transport that a channel serves */
#define ASKERS           "camredir-askers"  /* how many connected it for its name */
#define RETIRED          "camredir-retired" /* an object whose channel the VM has made anew */

typedef enum {
    STAGE_IDLE,
    STAGE_LOOKING, /* for a channel */
    STAGE_RESTART, /* for its end: what usb-redir had said before we listened is lost */
    STAGE_WAITING, /* for usb-redir behind it */
    STAGE_OPEN,
} Stage;

typedef struct SpiceTransport SpiceTransport;

struct SpiceTransport {
    RedirTransport base;
    RedirSpiceWay way;
    char *port_name;
    SpiceServer *server;   /* joined; NULL in a viewer's session */
    SpiceSession *session; /* not owned; NULL when it is gone */

    Stage stage;
    GPtrArray *asked;      /* of SpiceChannel: ports whose names we wait for, or know */
    SpiceChannel *held;    /* a usbredir channel kept from a viewer's own redirection */
    SpiceChannel *channel; /* the chosen one */
    gpointer stale;        /* of asked, not owned: it was open before we listened */
    gboolean listed;       /* the VM has told which channels there are */
    gboolean settled;      /* who has not said its name by now never will */
    guint list_idle, connect_idle, gone_idle, settle_timer, open_timer;
    SpiceStream *stream;       /* while it is open */
    SpiceMigration *migration; /* while there is a session */
};

static SpiceTransport *spice_transport(RedirTransport *transport)
{
    return (SpiceTransport *)transport;
}

static int type_of(SpiceChannel *channel)
{
    int type;

    g_object_get(channel, "channel-type", &type, NULL);
    return type;
}

static int id_of(SpiceChannel *channel)
{
    int id;

    g_object_get(channel, "channel-id", &id, NULL);
    return id;
}

static gboolean is_open(SpiceChannel *port)
{
    gboolean opened;

    g_object_get(port, "port-opened", &opened, NULL);
    return opened;
}

static void claim(gpointer channel, gpointer owner)
{
    g_object_set_data(channel, OWNER, owner);
}

static gboolean claimed_by_other(SpiceTransport *t, gpointer channel)
{
    gpointer owner = g_object_get_data(channel, OWNER);

    return owner != NULL && owner != t;
}

static gint count_askers(gpointer port, gint change)
{
    gint count = GPOINTER_TO_INT(g_object_get_data(port, ASKERS)) + change;

    g_object_set_data(port, ASKERS, GINT_TO_POINTER(count));
    return count;
}

/* ---- writing ---- */

static gboolean spice_send(RedirTransport *transport, guint8 *data, gsize size)
{
    SpiceTransport *t = spice_transport(transport);

    return t->stage == STAGE_OPEN && is_open(t->channel) &&
           spice_stream_send(t->stream, data, size);
}

static gsize spice_outstanding(RedirTransport *transport)
{
    const SpiceTransport *t = spice_transport(transport);

    return t->stream != NULL ? spice_stream_outstanding(t->stream) : 0;
}

static void on_writable(gpointer user)
{
    SpiceTransport *t = user;

    t->base.events.writable(t->base.events.user);
}

/* ---- the end ---- */

static void decide(SpiceTransport *t);

static void forget_asked(SpiceTransport *t)
{
    for (guint i = 0; i < t->asked->len; i++) {
        SpiceChannel *channel = t->asked->pdata[i];
        g_autofree char *name = NULL;
        g_object_get(channel, "port-name", &name, NULL);
        g_signal_handlers_disconnect_by_data(channel, t);
        /* A port of somebody else's, which only we connected. One whose name has not come stays:
           QEMU crashes where a client goes while spice-server links it. */
        if (count_askers(channel, -1) == 0 && t->server != NULL && channel != t->channel &&
            name != NULL && !claimed_by_other(t, channel))
            spice_channel_disconnect(channel, SPICE_CHANNEL_NONE);
    }
    g_ptr_array_set_size(t->asked, 0);
}

static void drop_channel(SpiceTransport *t)
{
    if (t->channel == NULL)
        return;
    g_signal_handlers_disconnect_by_data(t->channel, t);
    claim(t->channel, NULL);
    spice_channel_disconnect(t->channel, SPICE_CHANNEL_NONE);
    g_clear_object(&t->channel);
}

static void end_attempt(SpiceTransport *t)
{
    t->stage = STAGE_IDLE;
    t->stale = NULL;
    g_clear_handle_id(&t->settle_timer, g_source_remove);
    g_clear_handle_id(&t->open_timer, g_source_remove);
    g_clear_handle_id(&t->connect_idle, g_source_remove);
    g_clear_pointer(&t->stream, spice_stream_end);
    forget_asked(t);
    drop_channel(t);
}

static void report_error(SpiceTransport *t, RedirError code, const char *text)
{
    if (t->stage == STAGE_IDLE)
        return;
    end_attempt(t);
    g_autoptr(GError) error = g_error_new(REDIR_ERROR, code, "%s: %s", t->base.address, text);
    t->base.events.closed(t->base.events.user, error);
}

G_GNUC_PRINTF(3, 4)
static void report_closed(SpiceTransport *t, RedirError code, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    report_error(t, code, text);
}

/* ---- the chosen channel ---- */

static void on_data(SpicePortChannel *port, gpointer data, int size, gpointer user)
{
    SpiceTransport *t = user;

    (void)port;
    if (t->stage == STAGE_OPEN && size > 0)
        t->base.events.received(t->base.events.user, data, size);
}

static const char *kind(const SpiceTransport *t)
{
    return type_of(t->channel) == SPICE_CHANNEL_PORT ? "SPICE port" : "usbredir channel";
}

static gboolean on_not_opened(gpointer user)
{
    SpiceTransport *t = user;

    t->open_timer = 0;
    if (type_of(t->channel) == SPICE_CHANNEL_PORT)
        report_closed(t, REDIR_ERROR_UNREACHABLE,
                      "the VM has the SPICE port %s, but no usb-redir device behind it: add "
                      "-device usb-redir,chardev=ID (the port's)",
                      t->port_name);
    else
        /* Its first bytes open it, and they do not come while the VM is paused. */
        g_message("%s: waiting for the VM's usb-redir (is the VM paused?)", t->base.address);
    return G_SOURCE_REMOVE;
}

static void follow_open(SpiceTransport *t)
{
    gboolean opened = is_open(t->channel);

    if (t->stage == STAGE_OPEN && !opened) {
        report_closed(t, REDIR_ERROR_CLOSED, "the VM's usb-redir has been removed");
    } else if (t->stage == STAGE_WAITING && opened) {
        g_clear_handle_id(&t->open_timer, g_source_remove);
        t->stage = STAGE_OPEN;
        t->stream = spice_stream_new(t->channel, on_writable, t);
        t->base.events.opened(t->base.events.user);
    }
}

static void report_moved(SpiceTransport *t)
{
    report_closed(t, REDIR_ERROR_CLOSED, "the VM has moved to another host");
}

static void on_opened_changed(GObject *channel, GParamSpec *property, gpointer user)
{
    SpiceTransport *t = user;

    (void)channel, (void)property;
    /* Opened twice: what is connected to it now is another usb-redir, that of a VM which migrated,
       and QEMU does not survive the rest of what the first one was being told. */
    if (t->stage == STAGE_OPEN && is_open(t->channel))
        report_moved(t);
    else
        follow_open(t);
}

static void connect_chosen(SpiceTransport *t);

static void on_channel_event(SpiceChannel *channel, SpiceChannelEvent event, gpointer user)
{
    SpiceTransport *t = user;

    (void)channel;
    if (event == SPICE_CHANNEL_OPENED || event == SPICE_CHANNEL_NONE)
        return;
    if (t->stage == STAGE_RESTART)
        connect_chosen(t);
    else
        report_closed(t, REDIR_ERROR_CLOSED,
                      "the VM closed the %s (its usb-redir was removed, or QEMU ended)", kind(t));
}

/* From an idle source: a viewer that hands out its own sockets is still being told of the channel.
 */
static gboolean on_connect(gpointer user)
{
    SpiceTransport *t = user;

    t->connect_idle = 0;
    if (t->stage == STAGE_LOOKING)
        for (guint i = 0; i < t->asked->len; i++)
            spice_channel_connect(t->asked->pdata[i]);
    else if (t->channel != NULL)
        spice_channel_connect(t->channel);
    return G_SOURCE_REMOVE;
}

static void connect_soon(SpiceTransport *t)
{
    if (t->connect_idle == 0)
        t->connect_idle = g_idle_add(on_connect, t);
}

static void connect_chosen(SpiceTransport *t)
{
    t->stage = STAGE_WAITING;
    connect_soon(t);
    follow_open(t);
}

/* stale: it was open before we listened. */
static void choose(SpiceTransport *t, SpiceChannel *channel, gboolean stale)
{
    t->channel = g_object_ref(channel);
    forget_asked(t);
    g_clear_handle_id(&t->settle_timer, g_source_remove);
    t->open_timer = g_timeout_add_seconds(OPEN_TIMEOUT_S, on_not_opened, t);
    claim(channel, t);
    g_signal_connect(channel, "notify::port-opened", G_CALLBACK(on_opened_changed), t);
    g_signal_connect(channel, "channel-event", G_CALLBACK(on_channel_event), t);
    g_signal_connect(channel, "port-data", G_CALLBACK(on_data), t);
    if (stale) {
        t->stage = STAGE_RESTART;
        spice_channel_disconnect(channel, SPICE_CHANNEL_NONE);
    } else {
        connect_chosen(t);
    }
}

/* ---- looking for it ---- */

static void on_port_told(GObject *channel, GParamSpec *property, gpointer user)
{
    (void)channel, (void)property;
    decide(user);
}

static void give_up_port(SpiceTransport *t, SpiceChannel *channel)
{
    g_signal_handlers_disconnect_by_data(channel, t);
    count_askers(channel, -1);
    g_ptr_array_remove(t->asked, channel);
}

static void on_port_event(SpiceChannel *channel, SpiceChannelEvent event, gpointer user)
{
    SpiceTransport *t = user;

    if (event == SPICE_CHANNEL_OPENED || event == SPICE_CHANNEL_NONE)
        return;
    give_up_port(t, channel);
    decide(t);
}

static void ask_port(SpiceTransport *t, SpiceChannel *channel)
{
    if (g_ptr_array_find(t->asked, channel, NULL))
        return;
    g_ptr_array_add(t->asked, g_object_ref(channel));
    count_askers(channel, 1);
    g_autofree char *name = NULL;
    g_object_get(channel, "port-name", &name, NULL);
    if (g_strcmp0(name, t->port_name) == 0 && is_open(channel))
        t->stale = channel;
    g_signal_connect(channel, "notify::port-name", G_CALLBACK(on_port_told), t);
    g_signal_connect(channel, "notify::port-opened", G_CALLBACK(on_port_told), t);
    g_signal_connect(channel, "channel-event", G_CALLBACK(on_port_event), t);
    connect_soon(t);
}

/* TRUE: a port's name is still to come. */
static gboolean look_at_names(SpiceTransport *t, SpiceChannel **ret_found)
{
    gboolean unknown = FALSE;

    for (guint i = 0; i < t->asked->len; i++) {
        g_autofree char *name = NULL;
        g_object_get(t->asked->pdata[i], "port-name", &name, NULL);
        unknown |= name == NULL;
        if (g_strcmp0(name, t->port_name) == 0 && !claimed_by_other(t, t->asked->pdata[i]))
            *ret_found = t->asked->pdata[i];
    }
    return unknown;
}

/* An object of the port class speaks the usbredir channel: the same messages, without a name.
   The one object of the channel that a viewer's own redirection knows stays unconnected. */
static SpiceChannel *speak_usbredir(SpiceTransport *t, SpiceChannel *known)
{
    /* The session's reference. */
    return g_object_new(SPICE_TYPE_PORT_CHANNEL, "spice-session", t->session, "channel-type",
                        SPICE_CHANNEL_USBREDIR, "channel-id", id_of(known), NULL);
}

static gboolean is_spoken(gpointer channel)
{
    return type_of(channel) == SPICE_CHANNEL_USBREDIR && SPICE_IS_PORT_CHANNEL(channel);
}

/* One that was made for an earlier stream. */
static SpiceChannel *find_spoken(SpiceTransport *t)
{
    g_autoptr(GList) channels = spice_session_get_channels(t->session);

    for (GList *l = channels; l != NULL; l = l->next)
        if (is_spoken(l->data) && !claimed_by_other(t, l->data))
            return l->data;
    return NULL;
}

/* A channel for which there is no such object yet. */
static SpiceChannel *find_unspoken(SpiceTransport *t)
{
    g_autoptr(GList) channels = spice_session_get_channels(t->session);
    SpiceChannel *found = NULL;

    for (GList *l = channels; l != NULL && found == NULL; l = l->next) {
        gboolean free = type_of(l->data) == SPICE_CHANNEL_USBREDIR;
        for (GList *other = channels; other != NULL && free; other = other->next)
            free = !is_spoken(other->data) || id_of(other->data) != id_of(l->data);
        if (free)
            found = l->data;
    }
    return found;
}

/* In a session of our own nobody else wants one. */
static SpiceChannel *find_usbredir(SpiceTransport *t)
{
    SpiceChannel *channel = find_spoken(t);
    SpiceChannel *known = t->server != NULL ? find_unspoken(t) : t->held;

    if (channel != NULL || known == NULL)
        return channel;
    channel = speak_usbredir(t, known);
    g_clear_object(&t->held);
    return channel;
}

/* We hear of it too, and are not to want it any more. */
static void give_back_held(SpiceTransport *t)
{
    SpiceChannel *held = g_steal_pointer(&t->held);

    if (held == NULL)
        return;
    if (t->session != NULL)
        g_signal_emit_by_name(t->session, "channel-new", held);
    g_object_unref(held);
}

#define ADD_PORT                                                                                   \
    "; add -chardev spiceport,name=%s,id=cam -device usb-redir,chardev=cam, or in libvirt "        \
    "<redirdev bus='usb' type='spiceport'><source channel='%s'/></redirdev>"
#define ADD_USBREDIR                                                                               \
    "; add -chardev spicevmc,name=usbredir,id=cam -device usb-redir,chardev=cam, or in libvirt "   \
    "<redirdev bus='usb' type='spicevmc'/>"

static void report_nothing(SpiceTransport *t)
{
    const char *name = t->port_name;

    if (t->way == REDIR_SPICE_PORT)
        report_closed(t, REDIR_ERROR_UNREACHABLE, "the VM has no SPICE port %s" ADD_PORT, name,
                      name, name);
    else if (t->way == REDIR_SPICE_USBREDIR)
        report_closed(t, REDIR_ERROR_UNREACHABLE,
                      "the VM has no usbredir channel (left)" ADD_USBREDIR);
    else
        report_closed(t, REDIR_ERROR_UNREACHABLE,
                      "the VM has neither a SPICE port %s nor a usbredir channel (left)" ADD_PORT,
                      name, name, name);
}

static void decide(SpiceTransport *t)
{
    SpiceChannel *port = NULL, *usbredir = NULL;

    if (t->stage != STAGE_LOOKING)
        return;
    gboolean unknown = look_at_names(t, &port);
    if (port != NULL) {
        choose(t, port, port == t->stale);
        give_back_held(t);
        return;
    }
    if ((unknown || !t->listed) && !t->settled)
        return;
    if (t->way != REDIR_SPICE_PORT)
        usbredir = find_usbredir(t);
    if (usbredir != NULL)
        choose(t, usbredir, is_open(usbredir));
    else if (t->listed || t->settled)
        report_nothing(t);
}

/* ---- the session ---- */

static gboolean on_settled(gpointer user)
{
    SpiceTransport *t = user;

    t->settle_timer = 0;
    t->settled = TRUE;
    decide(t);
    return G_SOURCE_REMOVE;
}

static void settle_soon(SpiceTransport *t)
{
    if (t->stage == STAGE_LOOKING && t->settle_timer == 0)
        t->settle_timer = g_timeout_add_seconds(SETTLE_TIMEOUT_S, on_settled, t);
}

/* The channels of one list are told by an idle source each: behind the last of them it is whole. */
static gboolean on_listed(gpointer user)
{
    SpiceTransport *t = user;

    t->list_idle = 0;
    t->listed = TRUE;
    decide(t);
    return G_SOURCE_REMOVE;
}

static void consider(SpiceTransport *t, SpiceChannel *channel)
{
    int type = type_of(channel);

    if (type == SPICE_CHANNEL_MAIN)
        return;
    if (t->list_idle == 0)
        t->list_idle = g_idle_add_full(G_PRIORITY_LOW, on_listed, t, NULL);
    settle_soon(t);
    if (type == SPICE_CHANNEL_PORT && t->way != REDIR_SPICE_USBREDIR && t->stage == STAGE_LOOKING &&
        !claimed_by_other(t, channel) && g_object_get_data(G_OBJECT(channel), RETIRED) == NULL)
        ask_port(t, channel);
}

/* The object of the port class that the session has already for this channel: the VM removes a
   device and adds it again, and the session forgets none. */
static SpiceChannel *find_twin(SpiceTransport *t, SpiceChannel *channel)
{
    g_autoptr(GList) channels = spice_session_get_channels(t->session);

    for (GList *l = channels; l != NULL; l = l->next)
        if (l->data != channel && SPICE_IS_PORT_CHANNEL(l->data) &&
            type_of(l->data) == type_of(channel) && id_of(l->data) == id_of(channel))
            return l->data;
    return NULL;
}

/* A viewer connects the new object, and the server admits one. */
static void retire_twin(SpiceTransport *t, SpiceChannel *channel)
{
    SpiceChannel *twin = find_twin(t, channel);

    if (twin == NULL)
        return;
    g_object_set_data(G_OBJECT(twin), RETIRED, t);
    if (g_ptr_array_find(t->asked, twin, NULL))
        give_up_port(t, twin);
}

/* Only here can a viewer's usbredir channel be had: behind us its USB device manager connects it.
 */
static void take_usbredir(SpiceTransport *t, SpiceChannel *channel)
{
    gboolean taken = find_twin(t, channel) != NULL;

    if (!taken && t->held == NULL && t->channel == NULL && find_spoken(t) == NULL) {
        t->held = g_object_ref(channel);
        taken = TRUE;
    }
    if (taken)
        g_signal_stop_emission_by_name(t->session, "channel-new");
}

/* ---- the VM migrates ---- */

/* The library cannot where an object is not connected, as those of a session of our own, or where a
   channel has two (see speak_usbredir()). */
static gboolean can_migrate(gpointer user)
{
    SpiceTransport *t = user;
    g_autoptr(GList) channels = spice_session_get_channels(t->session);
    gboolean can = t->server == NULL;

    for (GList *l = channels; l != NULL && can; l = l->next)
        can = !is_spoken(l->data);
    return can;
}

/* A stream that goes on with the new connection has lost answers on the way, for which the guest
   would wait for ever. */
static void on_moved(gpointer user)
{
    SpiceTransport *t = user;

    if (t->stage == STAGE_OPEN)
        report_moved(t);
}

/* ---- the session's channels come and go ---- */

static void on_channel_new(SpiceSession *session, SpiceChannel *channel, gpointer user)
{
    SpiceTransport *t = user;
    int type = type_of(channel);

    (void)session;
    if (is_spoken(channel))
        return;
    if (type == SPICE_CHANNEL_PORT)
        retire_twin(t, channel);
    consider(t, channel);
    if (type == SPICE_CHANNEL_USBREDIR && t->server == NULL && t->way != REDIR_SPICE_PORT)
        take_usbredir(t, channel);
}

static void on_channel_destroy(SpiceSession *session, SpiceChannel *channel, gpointer user)
{
    SpiceTransport *t = user;

    (void)session;
    if (channel == t->held)
        g_clear_object(&t->held);
    if (g_ptr_array_find(t->asked, channel, NULL))
        on_port_event(channel, SPICE_CHANNEL_CLOSED, t);
    if (channel == t->channel)
        report_closed(t, REDIR_ERROR_CLOSED, "the SPICE session has ended");
}

static void on_disconnected(SpiceSession *session, gpointer user)
{
    SpiceTransport *t = user;

    (void)session;
    t->listed = FALSE;
    report_closed(t, REDIR_ERROR_CLOSED, "the SPICE session has ended");
}

static gboolean on_session_gone(gpointer user)
{
    SpiceTransport *t = user;

    t->gone_idle = 0;
    report_closed(t, REDIR_ERROR_FINAL, "the SPICE session is gone");
    return G_SOURCE_REMOVE;
}

/* Whoever dropped the last reference is at work here. */
static void on_session_finalized(gpointer user, GObject *session)
{
    SpiceTransport *t = user;

    (void)session;
    spice_migration_unwatch(g_steal_pointer(&t->migration), NULL);
    t->session = NULL;
    if (t->server == NULL)
        t->gone_idle = g_idle_add(on_session_gone, t);
}

static void leave_session(SpiceTransport *t)
{
    end_attempt(t);
    g_clear_handle_id(&t->list_idle, g_source_remove);
    if (t->session == NULL)
        return;
    spice_migration_unwatch(g_steal_pointer(&t->migration), t->session);
    g_signal_handlers_disconnect_by_data(t->session, t);
    give_back_held(t);
    g_object_weak_unref(G_OBJECT(t->session), on_session_finalized, t);
    t->session = NULL;
}

static void enter_session(SpiceTransport *t, SpiceSession *session)
{
    t->session = session;
    t->listed = FALSE;
    g_object_weak_ref(G_OBJECT(session), on_session_finalized, t);
    g_signal_connect(session, "channel-new", G_CALLBACK(on_channel_new), t);
    g_signal_connect(session, "channel-destroy", G_CALLBACK(on_channel_destroy), t);
    g_signal_connect(session, "disconnected", G_CALLBACK(on_disconnected), t);
    t->migration = spice_migration_watch(session, can_migrate, on_moved, t);
}

static void look(SpiceTransport *t)
{
    g_autoptr(GList) channels = spice_session_get_channels(t->session);

    for (GList *l = channels; l != NULL; l = l->next)
        consider(t, l->data);
}

/* ---- a session of our own ---- */

static void on_server_session(gpointer user, SpiceSession *session)
{
    enter_session(user, session);
}

static void on_server_up(gpointer user)
{
    settle_soon(user);
}

static void on_server_down(gpointer user, const GError *error)
{
    SpiceTransport *t = user;
    Stage stage = t->stage;

    leave_session(t);
    t->stage = stage;
    report_error(t, error->code, error->message);
}

/* ---- the operations ---- */

static gboolean spice_open(RedirTransport *transport, GError **error)
{
    SpiceTransport *t = spice_transport(transport);

    g_return_val_if_fail(t->stage == STAGE_IDLE, FALSE);
    if (t->server == NULL && t->session == NULL) {
        g_set_error(error, REDIR_ERROR, REDIR_ERROR_FINAL, "%s: the SPICE session is gone",
                    t->base.address);
        return FALSE;
    }
    t->stage = STAGE_LOOKING;
    t->settled = FALSE;
    if (t->server == NULL || spice_server_open(t->server))
        look(t);
    return TRUE;
}

/* The library has nothing to hold a peer back with. */
static void spice_pause_reading(RedirTransport *transport, gboolean paused)
{
    (void)transport, (void)paused;
}

static void spice_close(RedirTransport *transport)
{
    end_attempt(spice_transport(transport));
}

static void spice_free(RedirTransport *transport)
{
    SpiceTransport *t = spice_transport(transport);

    leave_session(t);
    if (t->server != NULL)
        spice_server_leave(t->server, t);
    g_clear_handle_id(&t->gone_idle, g_source_remove);
    g_ptr_array_unref(t->asked);
    g_free(t->port_name);
    g_free(t->base.address);
    g_free(t);
}

static const RedirTransportOps ops = {
    .lasting = TRUE,
    .open = spice_open,
    .send = spice_send,
    .outstanding = spice_outstanding,
    .pause_reading = spice_pause_reading,
    .close = spice_close,
    .free = spice_free,
};

static SpiceTransport *transport_new(const char *address, const RedirSpiceChoice *choice)
{
    SpiceTransport *t = g_new0(SpiceTransport, 1);

    t->base.ops = &ops;
    t->base.address = g_strdup(address);
    t->way = choice->way;
    t->port_name = g_strdup(choice->port_name ? choice->port_name : REDIR_SPICE_PORT_NAME);
    t->asked = g_ptr_array_new_with_free_func(g_object_unref);
    return t;
}

static RedirTransport *transport_in(SpiceServer *server, const char *name,
                                    const RedirSpiceChoice *choice)
{
    SpiceTransport *t = transport_new(name, choice);
    const SpiceServerEvents events = {
        .session = on_server_session,
        .up = on_server_up,
        .down = on_server_down,
        .user = t,
    };

    t->server = server;
    spice_server_join(server, &events);
    return &t->base;
}

REDIR_SPICE_API RedirTransport *redir_spice_transport_new(const RedirSpiceServer *server,
                                                          const RedirSpiceChoice *choice)
{
    return transport_in(spice_server_new(server), server->address, choice);
}

REDIR_SPICE_API RedirTransport *redir_spice_transport_new_beside(RedirTransport *other,
                                                                 const char *name,
                                                                 const RedirSpiceChoice *choice)
{
    return transport_in(spice_transport(other)->server, name, choice);
}

RedirTransport *redir_spice_transport_new_inside(SpiceSession *session, const char *name,
                                                 const RedirSpiceChoice *choice)
{
    SpiceTransport *t = transport_new(name, choice);

    enter_session(t, session);
    return &t->base;
}
