/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libvirt keeps QEMU's monitor for itself, and virsh passes questions on: so a socket of our own is
   that monitor, for as long as the questions take. */
#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "tools/doctor.h"

struct monitor {
    const char *uri, *domain;
    char *folder, *path;
    GSocket *listener;
};

/* What virsh writes to its standard output, or NULL and what it complains of. */
static char *virsh(const struct monitor *m, const char *verb, const char *argument, GError **error)
{
    const char *argv[8] = {"virsh", "-q"};
    guint n = 2;
    char *output = NULL;
    g_autofree char *complaint = NULL;
    gint status = 0;
    if (m->uri) {
        argv[n++] = "-c";
        argv[n++] = m->uri;
    }
    argv[n++] = verb;
    argv[n++] = m->domain;
    argv[n++] = argument;
    if (!g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &output,
                      &complaint, &status, error))
        return NULL;
    if (g_spawn_check_wait_status(status, NULL))
        return output;
    g_free(output);
    g_strdelimit(g_strstrip(complaint), "\n", ' ');
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "virsh: %s", complaint);
    return NULL;
}

static gboolean put(GOutputStream *out, const char *text)
{
    return g_output_stream_write_all(out, text, strlen(text), NULL, NULL, NULL) &&
           g_output_stream_write_all(out, "\n", 1, NULL, NULL, NULL);
}

static char *answer(const struct monitor *m, const char *line)
{
    if (strstr(line, "\"qmp_capabilities\""))
        return g_strdup("{\"return\": {}}");
    g_autoptr(GError) error = NULL;
    char *text = virsh(m, "qemu-monitor-command", line, &error);
    return text ? text : g_strdup("{\"error\": {\"desc\": \"virsh failed\"}}");
}

/* One conversation. */
static gpointer serve(gpointer data)
{
    const struct monitor *m = data;
    g_autoptr(GSocket) socket = g_socket_accept(m->listener, NULL, NULL);
    if (!socket)
        return NULL;
    g_autoptr(GSocketConnection) stream = g_socket_connection_factory_create_connection(socket);
    GOutputStream *out = g_io_stream_get_output_stream(G_IO_STREAM(stream));
    g_autoptr(GDataInputStream) in =
        g_data_input_stream_new(g_io_stream_get_input_stream(G_IO_STREAM(stream)));
    gboolean good = put(out, "{\"QMP\": {}}");
    for (char *line; good && (line = g_data_input_stream_read_line(in, NULL, NULL, NULL));) {
        g_autofree char *text = answer(m, line);
        good = put(out, text);
        g_free(line);
    }
    return NULL;
}

static gboolean listen_there(struct monitor *m, GError **error)
{
    if (!(m->folder = g_dir_make_tmp("camredir-XXXXXX", error)))
        return FALSE;
    m->path = g_build_filename(m->folder, "qmp", NULL);
    g_autoptr(GSocketAddress) address = g_unix_socket_address_new(m->path);
    m->listener =
        g_socket_new(G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT, error);
    return m->listener && g_socket_bind(m->listener, address, TRUE, error) &&
           g_socket_listen(m->listener, error);
}

static void monitor_clear(struct monitor *m)
{
    g_clear_object(&m->listener);
    if (m->path)
        g_unlink(m->path);
    if (m->folder)
        g_rmdir(m->folder);
    g_free(m->path);
    g_free(m->folder);
}

static gboolean ask(struct monitor *m, struct doctor_facts *facts, GError **error)
{
    g_autofree char *state = virsh(m, "domstate", NULL, error);
    if (!state)
        return FALSE;
    if (strcmp(g_strstrip(state), "shut off") == 0) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_CLOSED, "the domain is shut off");
        return FALSE;
    }
    if (!listen_there(m, error))
        return FALSE;
    GThread *thread = g_thread_new("virsh", serve, m);
    doctor_look_qemu(facts, m->path);
    g_socket_shutdown(m->listener, TRUE, TRUE, NULL); /* where nobody came */
    g_thread_join(thread);
    return TRUE;
}

void doctor_look_domain(struct doctor_facts *facts, const char *uri)
{
    struct monitor m = {.uri = uri, .domain = facts->domain};
    g_autoptr(GError) error = NULL;
    if (!ask(&m, facts, &error))
        facts->qemu.why = g_strdup(error->message);
    monitor_clear(&m);
}
