/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A viewer as programs on spice-client-glib are: a session with all of its channels, USB
   redirection of its own, and camredir inside. It shows nothing, does what a test tells it, and
   says on standard error what happens, "viewer: ...". It ends with status 1 where an object of a
   session is left.

   usage: attach-viewer [CAMERA] --to ADDRESS [camredir share's options]
   Commands are lines into the FIFO TRACE.control:
     allow, refuse    answers what camredir asks (--ask)
     detach, attach
     disconnect       the session, as when the window is closed; then the program ends
     lose-main        the main channel alone
     cd PATH          redirects an emulated USB CD drive with that image
   SIGTERM: detach, a second later disconnect. */
#include <glib-unix.h>
#include <glib/gstdio.h>
#include <spice-client.h>
#include <string.h>
#include <sys/stat.h>
#include <fcntl.h>
#include <unistd.h>

#include "tools/camredir-spice.h"
#include "tools/spice_address.h"

#define RECONNECT_MS 1000
#define DETACHED_MS  1000
#define FREED_MS     5000

struct viewer {
    char *to, *password_file;
    gboolean ask;
    RedirSpiceOptions options;
    struct spice_address *address;
    SpiceSession *session;
    RedirSpiceAttachment *attachment;
    guint alive; /* sessions and channels */
    gboolean ending;
    GMainLoop *main;
};

G_GNUC_PRINTF(1, 2)
static void say(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_printerr("viewer: %s\n", text);
}

/* ---- camredir ---- */

static void on_state(RedirSpiceAttachment *attachment, RedirSpiceState state, const char *text,
                     gpointer user)
{
    static const char *const names[] = {"waiting",   "connected", "in guest", "asking",
                                        "streaming", "refused",   "failed",   "missing"};
    (void)attachment, (void)user;
    say("state %s (%s)", names[state], text);
}

static void on_ask(RedirSpiceAttachment *attachment, gpointer user)
{
    (void)attachment, (void)user;
    say("asked");
}

static void attach(struct viewer *viewer)
{
    g_autoptr(GError) error = NULL;
    RedirSpiceOptions *options = &viewer->options;
    options->size = sizeof *options;
    options->state = on_state;
    options->ask = viewer->ask ? on_ask : NULL;
    options->user = viewer;
    if (viewer->attachment)
        return;
    viewer->attachment = redir_spice_attach(viewer->session, options, &error);
    if (!viewer->attachment)
        say("%s", error->message);
}

static void detach(struct viewer *viewer)
{
    redir_spice_detach(g_steal_pointer(&viewer->attachment));
    say("detached");
}

/* ---- the session ---- */

static void connect_session(struct viewer *viewer);

static void on_finalized(gpointer user, GObject *object)
{
    struct viewer *viewer = user;
    (void)object;
    if (--viewer->alive == 0 && viewer->ending)
        g_main_loop_quit(viewer->main);
}

static void keep_watch(struct viewer *viewer, gpointer object)
{
    viewer->alive++;
    g_object_weak_ref(object, on_finalized, viewer);
}

static gboolean on_reconnect(gpointer user)
{
    struct viewer *viewer = user;
    if (!viewer->ending)
        connect_session(viewer);
    return G_SOURCE_REMOVE;
}

static gboolean on_left(gpointer user)
{
    struct viewer *viewer = user;
    say("%u objects are left", viewer->alive);
    g_main_loop_quit(viewer->main);
    return G_SOURCE_REMOVE;
}

static void on_disconnected(SpiceSession *session, gpointer user)
{
    struct viewer *viewer = user;
    (void)session;
    say("disconnected");
    detach(viewer);
    g_clear_object(&viewer->session);
    if (viewer->ending)
        g_timeout_add(FREED_MS, on_left, viewer);
    else
        g_timeout_add(RECONNECT_MS, on_reconnect, viewer);
}

static void on_channel_event(SpiceChannel *channel, SpiceChannelEvent event, gpointer user)
{
    struct viewer *viewer = user;
    int type, id;
    g_object_get(channel, "channel-type", &type, "channel-id", &id, NULL);
    say("channel %s %d: event %d", spice_channel_type_to_string(type), id, event);
    if (SPICE_IS_MAIN_CHANNEL(channel) && event != SPICE_CHANNEL_OPENED &&
        event != SPICE_CHANNEL_SWITCHING && viewer->session)
        spice_session_disconnect(viewer->session);
}

static void on_channel_new(SpiceSession *session, SpiceChannel *channel, gpointer user)
{
    struct viewer *viewer = user;
    (void)session;
    keep_watch(viewer, channel);
    g_signal_connect(channel, "channel-event", G_CALLBACK(on_channel_event), viewer);
    if (SPICE_IS_MAIN_CHANNEL(channel))
        attach(viewer);
    else if (!SPICE_IS_USBREDIR_CHANNEL(channel)) /* these are the USB device manager's */
        spice_channel_connect(channel);
}

static void connect_session(struct viewer *viewer)
{
    const RedirSpiceServer *server = &viewer->address->server;
    viewer->session = spice_session_new();
    keep_watch(viewer, viewer->session);
    g_object_set(viewer->session, "unix-path", server->unix_path, "host", server->host, "port",
                 server->port, "password", viewer->address->password, NULL);
    g_signal_connect(viewer->session, "channel-new", G_CALLBACK(on_channel_new), viewer);
    g_signal_connect(viewer->session, "disconnected", G_CALLBACK(on_disconnected), viewer);
    spice_usb_device_manager_get(viewer->session, NULL);
    spice_session_connect(viewer->session);
}

/* ---- commands ---- */

static void on_redirected(GObject *manager, GAsyncResult *result, gpointer user)
{
    g_autoptr(GError) error = NULL;
    (void)user;
    if (spice_usb_device_manager_connect_device_finish(SPICE_USB_DEVICE_MANAGER(manager), result,
                                                       &error))
        say("cd redirected");
    else
        say("cd: %s", error->message);
}

static void on_device_added(SpiceUsbDeviceManager *manager, SpiceUsbDevice *device, gpointer user)
{
    if (spice_usb_device_manager_is_device_shared_cd(manager, device))
        spice_usb_device_manager_connect_device_async(manager, device, NULL, on_redirected, user);
}

static void redirect_cd(struct viewer *viewer, char *path)
{
    g_autoptr(GError) error = NULL;
    SpiceUsbDeviceManager *manager = spice_usb_device_manager_get(viewer->session, &error);
    if (manager)
        g_signal_connect(manager, "device-added", G_CALLBACK(on_device_added), viewer);
    if (!manager || !spice_usb_device_manager_create_shared_cd_device(manager, path, &error))
        say("cd: %s", error ? error->message : "cannot be made");
}

static void lose_main(struct viewer *viewer)
{
    g_autoptr(GList) channels = spice_session_get_channels(viewer->session);
    for (GList *l = channels; l; l = l->next)
        if (SPICE_IS_MAIN_CHANNEL(l->data))
            spice_channel_disconnect(l->data, SPICE_CHANNEL_CLOSED);
}

static void run_command(struct viewer *viewer, char *line)
{
    if (strcmp(line, "allow") == 0)
        redir_spice_attachment_allow(viewer->attachment, TRUE);
    else if (strcmp(line, "refuse") == 0)
        redir_spice_attachment_allow(viewer->attachment, FALSE);
    else if (strcmp(line, "detach") == 0)
        detach(viewer);
    else if (strcmp(line, "attach") == 0)
        attach(viewer);
    else if (strcmp(line, "lose-main") == 0)
        lose_main(viewer);
    else if (g_str_has_prefix(line, "cd "))
        redirect_cd(viewer, line + strlen("cd "));
    else if (strcmp(line, "disconnect") == 0) {
        viewer->ending = TRUE;
        spice_session_disconnect(viewer->session);
    }
}

static gboolean on_command(int fd, GIOCondition condition, gpointer user)
{
    char text[1024];
    ssize_t size = read(fd, text, sizeof text - 1);
    (void)condition;
    text[MAX(size, 0)] = '\0';
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (guint i = 0; lines[i]; i++)
        run_command(user, lines[i]);
    return G_SOURCE_CONTINUE;
}

static gboolean on_detached(gpointer user)
{
    struct viewer *viewer = user;
    if (viewer->session)
        spice_session_disconnect(viewer->session);
    else
        g_main_loop_quit(viewer->main);
    return G_SOURCE_REMOVE;
}

static gboolean on_terminate(gpointer user)
{
    struct viewer *viewer = user;
    viewer->ending = TRUE;
    detach(viewer);
    g_timeout_add(DETACHED_MS, on_detached, viewer);
    return G_SOURCE_CONTINUE;
}

/* ---- */

static gboolean read_options(struct viewer *viewer, int argc, char **argv, GError **error)
{
    RedirSpiceOptions *o = &viewer->options;
    const GOptionEntry entries[] = {
        {"to", 0, 0, G_OPTION_ARG_STRING, &viewer->to, NULL, NULL},
        {"password-file", 0, 0, G_OPTION_ARG_STRING, &viewer->password_file, NULL, NULL},
        {"ask", 0, 0, G_OPTION_ARG_NONE, &viewer->ask, NULL, NULL},
        {"remember", 0, 0, G_OPTION_ARG_NONE, &o->remember, NULL, NULL},
        {"way", 0, 0, G_OPTION_ARG_STRING, &o->way, NULL, NULL},
        {"port-name", 0, 0, G_OPTION_ARG_STRING, &o->port_name, NULL, NULL},
        {"format", 0, 0, G_OPTION_ARG_STRING, &o->format, NULL, NULL},
        {"size", 0, 0, G_OPTION_ARG_STRING, &o->usb_size, NULL, NULL},
        {"fps", 0, 0, G_OPTION_ARG_STRING, &o->fps, NULL, NULL},
        {"trace", 0, 0, G_OPTION_ARG_STRING, &o->trace, NULL, NULL},
        {0},
    };
    GOptionContext *context = g_option_context_new(NULL);
    g_option_context_add_main_entries(context, entries, NULL);
    gboolean good = g_option_context_parse(context, &argc, &argv, error);
    g_option_context_free(context);
    if (!good)
        return FALSE;
    o->camera = argc > 1 ? argv[1] : NULL;
    viewer->address = spice_address_parse(viewer->to, error);
    return viewer->address &&
           (!viewer->password_file ||
            g_file_get_contents(viewer->password_file, &viewer->address->password, NULL, error));
}

static void free_options(struct viewer *viewer)
{
    const RedirSpiceOptions *o = &viewer->options;
    const char *strings[] = {viewer->to, viewer->password_file, o->way, o->port_name,
                             o->format,  o->usb_size,           o->fps, o->trace};
    for (gsize i = 0; i < G_N_ELEMENTS(strings); i++)
        g_free((gpointer)strings[i]);
    spice_address_free(viewer->address);
}

int main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    struct viewer viewer = {.main = g_main_loop_new(NULL, FALSE)};
    if (!read_options(&viewer, argc, argv, &error)) {
        say("%s", error->message);
        return 2;
    }
    g_autofree char *control = g_strconcat(viewer.options.trace, ".control", NULL);
    int fd = mkfifo(control, 0600) < 0 ? -1 : open(control, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        say("%s: no FIFO", control);
        return 2;
    }
    g_unix_fd_add(fd, G_IO_IN, on_command, &viewer);
    g_unix_signal_add(SIGTERM, on_terminate, &viewer);
    connect_session(&viewer);
    g_main_loop_run(viewer.main);
    g_unlink(control);
    free_options(&viewer);
    g_main_loop_unref(viewer.main);
    return viewer.alive ? 1 : 0;
}
