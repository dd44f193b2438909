/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Notifications of the desktop, spoken directly: libnotify waits for the daemon's answer, for which
   a viewer has no time, and GNotification needs an application that not each viewer has. */
#include "tools/gtk_notify.h"

#include <gio/gio.h>

#define SERVICE    "org.freedesktop.Notifications"
#define PATH       "/org/freedesktop/Notifications"
#define TIMEOUT_MS 10000

static GDBusConnection *bus; /* once it is known, for as long as the process lives */
static guint32 shown;        /* the daemon's number of the last one */

static void complain_once(const GError *error)
{
    static gboolean done;
    if (!done)
        g_printerr("camredir: no notification can be shown: %s\n", error->message);
    done = TRUE;
}

static void on_notified(GObject *source, GAsyncResult *result, gpointer user)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) reply =
        g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), result, &error);
    (void)user;
    if (reply)
        g_variant_get(reply, "(u)", &shown);
    else
        complain_once(error);
}

/* texts: summary and body. The process may end right after: what is written by then is shown, and a
   socket that has room for so little does not let us wait. */
static void send_texts(char *const *texts)
{
    GVariantBuilder hints;
    g_variant_builder_init(&hints, G_VARIANT_TYPE_VARDICT);
    g_variant_builder_add(&hints, "{sv}", "category", g_variant_new_string("device"));
    g_dbus_connection_call(bus, SERVICE, PATH, SERVICE, "Notify",
                           g_variant_new("(susssasa{sv}i)", "camredir", shown, "camera-web",
                                         texts[0], texts[1], NULL, &hints, -1),
                           G_VARIANT_TYPE("(u)"), G_DBUS_CALL_FLAGS_NONE, TIMEOUT_MS, NULL,
                           on_notified, NULL);
    g_dbus_connection_flush_sync(bus, NULL, NULL);
}

static void on_bus(GObject *source, GAsyncResult *result, gpointer user)
{
    g_autoptr(GError) error = NULL;
    g_auto(GStrv) texts = user;
    GDBusConnection *found = g_bus_get_finish(result, &error);
    (void)source;
    if (found) {
        g_set_object(&bus, found);
        g_object_unref(found);
        g_dbus_connection_set_exit_on_close(bus, FALSE); /* a viewer goes on without */
        send_texts(texts);
    } else {
        complain_once(error);
    }
}

/* A body may have markup. */
static char *as_markup(const char *text)
{
    GString *markup = g_string_new(text);
    g_string_replace(markup, "&", "&amp;", 0);
    g_string_replace(markup, "<", "&lt;", 0);
    return g_string_free(markup, FALSE);
}

void notify_show(const char *summary, const char *body)
{
    g_auto(GStrv) texts = g_new0(char *, 3);
    texts[0] = g_strdup(summary);
    texts[1] = as_markup(body);
    if (bus)
        send_texts(texts);
    else
        g_bus_get(G_BUS_TYPE_SESSION, NULL, on_bus, g_steal_pointer(&texts));
}
