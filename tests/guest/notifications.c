/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A session bus of its own with a daemon that takes notifications and keeps them for the test. */
#include "tests/guest/notifications.h"

#include <gio/gio.h>

#include "tests/guest/process.h"

#define SERVICE "org.freedesktop.Notifications"
#define PATH    "/org/freedesktop/Notifications"

struct Notifications {
    Process *bus;
    char *address;
    GDBusConnection *connection;
    GMainContext *context;
    GMainLoop *loop;
    GThread *thread;
    GMutex lock; /* for the text */
    GString *text;
};

static const char interface_xml[] =
    "<node><interface name='" SERVICE "'><method name='Notify'>"
    "<arg type='s' direction='in'/><arg type='u' direction='in'/><arg type='s' direction='in'/>"
    "<arg type='s' direction='in'/><arg type='s' direction='in'/><arg type='as' direction='in'/>"
    "<arg type='a{sv}' direction='in'/><arg type='i' direction='in'/>"
    "<arg type='u' direction='out'/></method></interface></node>";

/* ---- the daemon ---- */

static void on_call(GDBusConnection *connection, const char *sender, const char *object,
                    const char *interface, const char *method, GVariant *arguments,
                    GDBusMethodInvocation *invocation, gpointer user)
{
    Notifications *notifications = user;
    const char *summary, *body;
    guint32 replaced;
    (void)connection, (void)sender, (void)object, (void)interface, (void)method;
    g_variant_get(arguments, "(&su&s&s&s@as@a{sv}i)", NULL, &replaced, NULL, &summary, &body, NULL,
                  NULL, NULL);
    g_mutex_lock(&notifications->lock);
    g_string_append_printf(notifications->text, "%s: %s\n", summary, body);
    g_mutex_unlock(&notifications->lock);
    g_dbus_method_invocation_return_value(invocation,
                                          g_variant_new("(u)", replaced ? replaced : 1));
}

static gpointer serve(gpointer user)
{
    Notifications *notifications = user;
    g_main_context_push_thread_default(notifications->context);
    g_main_loop_run(notifications->loop);
    g_main_context_pop_thread_default(notifications->context);
    return NULL;
}

/* ---- the bus ---- */

/* It starts no services, which would outlive the test. */
static const char configuration[] =
    "<busconfig><type>session</type><listen>%s</listen><policy context='default'>"
    "<allow send_destination='*'/><allow receive_sender='*'/><allow own='*'/></policy></busconfig>";

static gboolean start_bus(Notifications *notifications, GError **error)
{
    g_autofree char *log = g_build_filename(harness_logs(), "bus.log", NULL);
    g_autofree char *path = g_build_filename(harness_folder(), "bus.conf", NULL);
    g_autofree char *option = g_strconcat("--config-file=", path, NULL);
    const char *argv[] = {"dbus-daemon", option, "--nofork", "--nopidfile", NULL};
    notifications->address = g_strdup_printf("unix:path=%s/bus", harness_folder());
    g_autofree char *text = g_strdup_printf(configuration, notifications->address);
    return g_file_set_contents(path, text, -1, error) &&
           (notifications->bus = process_start(argv, log, error));
}

static gboolean connect_bus(Notifications *notifications, GError **error)
{
    gint64 deadline = g_get_monotonic_time() + WAIT_MS * 1000;
    for (;;) {
        g_autoptr(GError) refused = NULL;
        notifications->connection = g_dbus_connection_new_for_address_sync(
            notifications->address,
            G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
            NULL, NULL, &refused);
        if (notifications->connection)
            return TRUE;
        if (g_get_monotonic_time() > deadline)
            return fail(error, "dbus-daemon does not start: %s", refused->message);
        g_usleep(20000);
    }
}

static gboolean own_name(GDBusConnection *connection, GError **error)
{
    g_autoptr(GVariant) reply = g_dbus_connection_call_sync(
        connection, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
        "RequestName", g_variant_new("(su)", SERVICE, 0), NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL,
        error);
    return reply != NULL;
}

/* Calls are answered in the context that is the thread's default now. */
static gboolean offer(Notifications *notifications, GError **error)
{
    static const GDBusInterfaceVTable methods = {.method_call = on_call};
    g_autoptr(GDBusNodeInfo) node = g_dbus_node_info_new_for_xml(interface_xml, error);
    return node &&
           g_dbus_connection_register_object(notifications->connection, PATH, node->interfaces[0],
                                             &methods, notifications, NULL, error) &&
           own_name(notifications->connection, error);
}

/* ---- both ---- */

Notifications *notifications_new(GError **error)
{
    Notifications *notifications = g_new0(Notifications, 1);
    notifications->text = g_string_new(NULL);
    notifications->context = g_main_context_new();
    notifications->loop = g_main_loop_new(notifications->context, FALSE);
    g_main_context_push_thread_default(notifications->context);
    gboolean offered = start_bus(notifications, error) && connect_bus(notifications, error) &&
                       offer(notifications, error);
    g_main_context_pop_thread_default(notifications->context);
    if (offered)
        notifications->thread = g_thread_new("notifications", serve, notifications);
    else
        g_clear_pointer(&notifications, notifications_free);
    return notifications;
}

void notifications_free(Notifications *notifications)
{
    if (!notifications)
        return;
    g_main_loop_quit(notifications->loop);
    if (notifications->thread)
        g_thread_join(notifications->thread);
    if (notifications->connection)
        g_dbus_connection_close_sync(notifications->connection, NULL, NULL);
    g_clear_object(&notifications->connection);
    process_free(notifications->bus);
    g_main_loop_unref(notifications->loop);
    g_main_context_unref(notifications->context);
    g_string_free(notifications->text, TRUE);
    g_free(notifications->address);
    g_free(notifications);
}

const char *notifications_bus(const Notifications *notifications)
{
    return notifications->address;
}

char *notifications_text(Notifications *notifications)
{
    g_mutex_lock(&notifications->lock);
    char *text = g_strdup(notifications->text->str);
    g_mutex_unlock(&notifications->lock);
    return text;
}
