/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs the plugs' functions in a thread each, one after the other. */
#include "redir/transports/plug.h"

const char *redir_speed_name(RedirSpeeds one)
{
    return one == REDIR_SPEED_FULL ? "full" : one == REDIR_SPEED_HIGH ? "high" : "super";
}

void redir_plug_init(RedirPlug *plug, const RedirPlugOps *ops, char *address)
{
    plug->ops = ops;
    plug->address = address;
    g_atomic_ref_count_init(&plug->references);
}

static RedirPlug *plug_ref(RedirPlug *plug)
{
    g_atomic_ref_count_inc(&plug->references);
    return plug;
}

void redir_plug_unref(RedirPlug *plug)
{
    if (plug == NULL || !g_atomic_ref_count_dec(&plug->references))
        return;
    g_free(plug->address);
    plug->ops->free(plug);
}

static gboolean on_say(gpointer text)
{
    g_message("%s", (const char *)text);
    return G_SOURCE_REMOVE;
}

void redir_plug_say(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_idle_add_full(G_PRIORITY_DEFAULT, on_say, g_strdup_vprintf(format, args), g_free);
    va_end(args);
}

/* ---- threads ---- */

/* One of them at a time, whichever plug's: a VM's monitor is for one alone. */
static GMutex busy;

static void put_thread(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
    RedirPlug *plug = data;
    GError *error = NULL;

    (void)source;
    g_mutex_lock(&busy);
    GSocket *socket = plug->ops->put(plug, cancellable, &error);
    g_mutex_unlock(&busy);
    if (socket != NULL)
        g_task_return_pointer(task, socket, g_object_unref);
    else
        g_task_return_error(task, error);
}

static void remove_thread(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
    RedirPlug *plug = data;
    GError *error = NULL;

    (void)source;
    g_mutex_lock(&busy);
    gboolean removed = !plug->began || plug->ops->remove(plug, cancellable, &error);
    g_mutex_unlock(&busy);
    if (removed)
        g_task_return_boolean(task, TRUE);
    else
        g_task_return_error(task, error);
}

static void begin(RedirPlug *plug, GCancellable *cancellable, GAsyncReadyCallback done,
                  gpointer user, GTaskThreadFunc function)
{
    g_autoptr(GTask) task = g_task_new(NULL, cancellable, done, user);

    g_task_set_task_data(task, plug_ref(plug), (GDestroyNotify)redir_plug_unref);
    g_task_run_in_thread(task, function);
}

void redir_plug_put_async(RedirPlug *plug, GCancellable *cancellable, GAsyncReadyCallback done,
                          gpointer user)
{
    begin(plug, cancellable, done, user, put_thread);
}

GSocket *redir_plug_put_finish(GAsyncResult *result, GError **error)
{
    return g_task_propagate_pointer(G_TASK(result), error);
}

void redir_plug_remove_async(RedirPlug *plug, GCancellable *cancellable, GAsyncReadyCallback done,
                             gpointer user)
{
    begin(plug, cancellable, done, user, remove_thread);
}

gboolean redir_plug_remove_finish(GAsyncResult *result, GError **error)
{
    return g_task_propagate_boolean(G_TASK(result), error);
}
