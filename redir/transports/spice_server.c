/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A SPICE session of our own: connects, tells in words why not, and notices who took it away. */
#include <gio/gunixsocketaddress.h>
#include <sys/stat.h>

#include "redir/error.h"
#include "redir/transports/spice_private.h"

#define ANSWER_TIMEOUT_S 10
#define PROBE_TIMEOUT_S  2

typedef enum { SERVER_NONE, SERVER_CONNECTING, SERVER_UP, SERVER_LOST } ServerState;

struct SpiceServer {
    GArray *joined; /* of SpiceServerEvents */
    char *unix_path, *host, *port, *tls_port, *user_name, *password;
    char *ca_file, *ca, *host_subject, *ciphers, *proxy;
    GStrv secure_channels;

    ServerState state;
    SpiceSession *session;
    SpiceChannel *main;
    guint answer_timer;
    GCancellable *probe;
    struct stat socket; /* of unix_path, when we connected */
};

/* The strings that SpiceSession knows too: where they come from, are kept, and are called there. */
static const struct {
    gsize from, at;
    const char *property;
} settings[] = {
#define SETTING(name, property)                                                                    \
    {                                                                                              \
        G_STRUCT_OFFSET(RedirSpiceServer, name), G_STRUCT_OFFSET(SpiceServer, name), property      \
    }
    SETTING(unix_path, "unix-path"),
    SETTING(host, "host"),
    SETTING(port, "port"),
    SETTING(tls_port, "tls-port"),
    SETTING(user_name, "username"),
    SETTING(password, "password"),
    SETTING(ca_file, "ca-file"),
    SETTING(ca, NULL),
    SETTING(host_subject, "cert-subject"),
    SETTING(ciphers, "ciphers"),
    SETTING(proxy, "proxy"),
#undef SETTING
};

static SpiceServerEvents *joined(const SpiceServer *server, guint i)
{
    return &g_array_index(server->joined, SpiceServerEvents, i);
}

/* ---- the end of a session ---- */

static void drop_session(SpiceServer *server)
{
    g_clear_handle_id(&server->answer_timer, g_source_remove);
    if (server->main != NULL)
        g_signal_handlers_disconnect_by_data(server->main, server);
    g_clear_object(&server->main);
    if (server->session == NULL)
        return;
    g_signal_handlers_disconnect_by_data(server->session, server);
    spice_session_disconnect(server->session);
    g_clear_object(&server->session);
}

static void down(SpiceServer *server, ServerState state, RedirError code, const char *text)
{
    g_autoptr(GError) error = g_error_new_literal(REDIR_ERROR, code, text);

    server->state = state;
    drop_session(server);
    for (guint i = 0; i < server->joined->len; i++)
        joined(server, i)->down(joined(server, i)->user, error);
}

/* What the main channel says instead of "opened". */
static const struct {
    SpiceChannelEvent event;
    RedirError code;
    const char *text;
} refusals[] = {
    {SPICE_CHANNEL_ERROR_CONNECT, REDIR_ERROR_UNREACHABLE,
     "no SPICE server answers there; is QEMU running with -spice?"},
    {SPICE_CHANNEL_ERROR_TLS, REDIR_ERROR_FINAL,
     "the server's certificate is not trusted, or that port is without TLS: check --ca-file "
     "(the CA that signed it) and --host-subject"},
    {SPICE_CHANNEL_ERROR_LINK, REDIR_ERROR_FAILED,
     "what answers there does not speak SPICE, or wants TLS (another port)"},
    {SPICE_CHANNEL_ERROR_IO, REDIR_ERROR_UNREACHABLE, "the connection broke while it was made"},
    {SPICE_CHANNEL_CLOSED, REDIR_ERROR_UNREACHABLE, "the server closed the connection at once"},
};

static void refused(SpiceServer *server, SpiceChannelEvent event)
{
    if (event == SPICE_CHANNEL_ERROR_AUTH) {
        down(server, SERVER_NONE, REDIR_ERROR_FINAL,
             server->password ? "the server refuses the password"
                              : "the server asks for a password: see --ask-password and "
                                "--password-file");
        return;
    }
    const GError *why = spice_channel_get_error(server->main);
    for (guint i = 0; i < G_N_ELEMENTS(refusals); i++)
        if (refusals[i].event == event) {
            g_autofree char *text = why && event == SPICE_CHANNEL_ERROR_CONNECT
                                        ? g_strdup_printf("%s (%s)", refusals[i].text, why->message)
                                        : g_strdup(refusals[i].text);
            down(server, SERVER_NONE, refusals[i].code, text);
            return;
        }
}

static void on_main_event(SpiceChannel *main, SpiceChannelEvent event, gpointer user)
{
    SpiceServer *server = user;

    (void)main;
    if (event == SPICE_CHANNEL_OPENED) {
        g_clear_handle_id(&server->answer_timer, g_source_remove);
        server->state = SERVER_UP;
        for (guint i = 0; i < server->joined->len; i++)
            joined(server, i)->up(joined(server, i)->user);
    } else if (server->state == SERVER_UP && event != SPICE_CHANNEL_SWITCHING) {
        down(server, SERVER_LOST, REDIR_ERROR_CLOSED,
             "the VM closed the SPICE connection (QEMU ended, or another client took over)");
    } else if (server->state == SERVER_CONNECTING) {
        refused(server, event);
    }
}

static gboolean on_no_answer(gpointer user)
{
    SpiceServer *server = user;

    server->answer_timer = 0;
    down(server, SERVER_NONE, REDIR_ERROR_UNREACHABLE,
         "no answer for 10 s; is that a SPICE server, and does a firewall let us in?");
    return G_SOURCE_REMOVE;
}

/* ---- connecting ---- */

static void on_channel_new(SpiceSession *session, SpiceChannel *channel, gpointer user)
{
    SpiceServer *server = user;

    (void)session;
    if (!SPICE_IS_MAIN_CHANNEL(channel) || server->main != NULL)
        return;
    server->main = g_object_ref(channel);
    g_signal_connect(channel, "channel-event", G_CALLBACK(on_main_event), server);
}

static void set_properties(SpiceServer *server, SpiceSession *session)
{
    /* We look at no picture and make no sound. */
    g_object_set(session, "enable-audio", FALSE, "enable-smartcard", FALSE, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(settings); i++) {
        const char *value = G_STRUCT_MEMBER(const char *, server, settings[i].at);
        if (settings[i].property != NULL && value != NULL)
            g_object_set(session, settings[i].property, value, NULL);
    }
    if (server->ca != NULL) {
        g_autoptr(GByteArray) ca = g_byte_array_new();
        g_byte_array_append(ca, (const guint8 *)server->ca, strlen(server->ca));
        g_object_set(session, "ca", ca, NULL);
    }
    if (server->host_subject != NULL)
        g_object_set(session, "verify", SPICE_SESSION_VERIFY_SUBJECT, NULL);
    if (server->secure_channels != NULL)
        g_object_set(session, "secure-channels", server->secure_channels, NULL);
}

static void connect_session(SpiceServer *server)
{
    if (server->unix_path == NULL || stat(server->unix_path, &server->socket) < 0)
        server->socket = (struct stat){0};
    server->state = SERVER_CONNECTING;
    /* Made without the library's own USB redirection, a thread that looks for devices and that
       nobody needs here; afterwards it must not hide the channels. */
    server->session = g_object_new(SPICE_TYPE_SESSION, "enable-usbredir", FALSE, NULL);
    g_object_set(server->session, "enable-usbredir", TRUE, NULL);
    set_properties(server, server->session);
    g_signal_connect(server->session, "channel-new", G_CALLBACK(on_channel_new), server);
    for (guint i = 0; i < server->joined->len; i++)
        joined(server, i)->session(joined(server, i)->user, server->session);
    server->answer_timer = g_timeout_add_seconds(ANSWER_TIMEOUT_S, on_no_answer, server);
    spice_session_connect(server->session);
}

/* Who took the session from us? Where the server still answers, another client did, and to come
   back would take the VM from it: the two would go on like that for ever. */
static void on_probed(GObject *client, GAsyncResult *result, gpointer user)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GSocketConnection) connection =
        g_socket_client_connect_finish(G_SOCKET_CLIENT(client), result, &error);
    SpiceServer *server = user;

    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return;
    g_clear_object(&server->probe);
    if (connection != NULL)
        down(server, SERVER_NONE, REDIR_ERROR_FINAL,
             "another SPICE client has taken the VM over, which serves one at a time: share the "
             "camera from inside that viewer instead");
    else
        down(server, SERVER_NONE, REDIR_ERROR_UNREACHABLE, refusals[0].text);
}

static gboolean is_another_server(const SpiceServer *server)
{
    struct stat now;

    return server->unix_path != NULL && stat(server->unix_path, &now) == 0 &&
           (now.st_ino != server->socket.st_ino ||
            now.st_ctim.tv_sec != server->socket.st_ctim.tv_sec ||
            now.st_ctim.tv_nsec != server->socket.st_ctim.tv_nsec);
}

static void probe(SpiceServer *server)
{
    g_autoptr(GSocketClient) client = g_socket_client_new();
    const char *port = server->port ? server->port : server->tls_port;
    g_autoptr(GSocketConnectable) where =
        server->unix_path ? G_SOCKET_CONNECTABLE(g_unix_socket_address_new(server->unix_path))
                          : g_network_address_new(server->host, atoi(port));

    g_socket_client_set_timeout(client, PROBE_TIMEOUT_S);
    server->probe = g_cancellable_new();
    g_socket_client_connect_async(client, where, server->probe, on_probed, server);
}

gboolean spice_server_open(SpiceServer *server)
{
    if (server->state == SERVER_UP)
        return TRUE;
    if (server->state == SERVER_CONNECTING || server->probe != NULL)
        return FALSE;
    if (server->state == SERVER_LOST && server->proxy == NULL && !is_another_server(server))
        probe(server);
    else
        connect_session(server);
    return FALSE;
}

SpiceServer *spice_server_new(const RedirSpiceServer *where)
{
    SpiceServer *server = g_new0(SpiceServer, 1);

    server->joined = g_array_new(FALSE, FALSE, sizeof(SpiceServerEvents));
    for (guint i = 0; i < G_N_ELEMENTS(settings); i++)
        G_STRUCT_MEMBER(char *, server, settings[i].at) =
            g_strdup(G_STRUCT_MEMBER(const char *, where, settings[i].from));
    server->secure_channels = g_strdupv((GStrv)where->secure_channels);
    return server;
}

void spice_server_join(SpiceServer *server, const SpiceServerEvents *events)
{
    g_array_append_val(server->joined, *events);
}

static void server_free(SpiceServer *server)
{
    if (server->probe != NULL)
        g_cancellable_cancel(server->probe);
    g_clear_object(&server->probe);
    drop_session(server);
    for (guint i = 0; i < G_N_ELEMENTS(settings); i++)
        g_free(G_STRUCT_MEMBER(char *, server, settings[i].at));
    g_strfreev(server->secure_channels);
    g_array_unref(server->joined);
    g_free(server);
}

void spice_server_leave(SpiceServer *server, gpointer user)
{
    guint i = 0;

    while (joined(server, i)->user != user)
        i++;
    g_array_remove_index(server->joined, i);
    if (server->joined->len == 0)
        server_free(server);
}
