/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Guest tests by viewers: what else a VM has stays the viewer's own, and works, while the camera
   streams; and a VM that has no place for a camera. */
#include <json-glib/json-glib.h>
#include <string.h>

#include "tests/guest/guest_spice.h"
#include "tests/guest/guest_viewer.h"

/* ---- the VM's other channels work ---- */

/* %s: the port's device in the guest. */
static char *run_at(Session *session, const char *port, const char *format, GError **error)
{
    g_autofree char *found =
        agent_run(vm_agent(session->vm), WAIT_MS, error,
                  "sh cd /sys/class/virtio-ports; grep -l %s */name | busybox cut -d/ -f1", port);
    if (!found)
        return NULL;
    found[strcspn(found, "\n")] = '\0';
    g_autofree char *command = g_strdup_printf(format, found);
    return agent_run(vm_agent(session->vm), WAIT_MS, error, "%s", command);
}

/* There before the viewer is: spice-server 0.15 crashes now and then when an agent comes while its
   client is not whole, and so in a server that has had no client yet. */
static gboolean start_agent(Session *session, GError **error)
{
    g_autofree char *text = run_at(
        session, VM_PORT_AGENT,
        "sh cat /dev/%s >/tmp/agent 2>/dev/null </dev/null & echo $! >/tmp/agent.pid", error);
    return text != NULL;
}

/* A second usbredir channel, for a CD drive. */
gboolean viewer_add_channel(Session *session, GError **error)
{
    g_autofree char *image = spice_make_cd(error);
    vm_kill(session->vm);
    return image && vm_boot(session->vm, error) && start_agent(session, error) &&
           spice_add_device(session, "cam-other", NULL, error);
}

/* What a viewer's side tells an agent first: VD_AGENT_ANNOUNCE_CAPABILITIES. */
static gboolean check_agent(Session *session, GError **error)
{
    g_autofree char *text =
        agent_run(vm_agent(session->vm), WAIT_MS, error,
                  "sh kill $(cat /tmp/agent.pid); busybox od -An -v -tx1 -N 16 /tmp/agent");
    return text && (strstr(text, "01 00 00 00 06 00 00 00") ||
                    fail(error, "the viewer does not talk to the VM's agent: %s", text));
}

/* More than fits into what lies between, so that the viewer must have read it. */
static gboolean check_console(Session *session, GError **error)
{
    g_autofree char *text = run_at(session, VM_PORT_CONSOLE,
                                   "sh busybox yes hello | busybox head -c 500000 >/dev/%s", error);
    return text != NULL;
}

/* ---- and are the same as without a camera ---- */

static gboolean add_names(GHashTable *set, const char *json, GError **error)
{
    g_autoptr(JsonParser) parser = json_parser_new();
    if (!json_parser_load_from_data(parser, json, -1, error))
        return FALSE;
    JsonArray *all = json_object_get_array_member(
        json_node_get_object(json_parser_get_root(parser)), "channels");
    for (guint i = 0; i < json_array_get_length(all); i++) {
        JsonObject *channel = json_array_get_object_element(all, i);
        g_hash_table_add(
            set, g_strdup_printf("%d:%d", (int)json_object_get_int_member(channel, "channel-type"),
                                 (int)json_object_get_int_member(channel, "channel-id")));
    }
    return TRUE;
}

/* The channels that the viewer has connected, "TYPE:ID" each; NULL and an error. */
static GHashTable *connected(Session *session, GError **error)
{
    g_autofree char *json = qmp_ask(vm_monitor(session->vm), "query-spice", error);
    GHashTable *set = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    if (!json || !add_names(set, json, error))
        g_clear_pointer(&set, g_hash_table_unref);
    return set;
}

/* spice-server 0.15 crashes when a client comes while it has not done with the last. */
static gboolean wait_alone(Session *session, GError **error)
{
    for (guint i = 0; i < WAIT_MS / 100; i++) {
        g_autoptr(GHashTable) set = connected(session, error);
        if (!set || g_hash_table_size(set) == 0)
            return set != NULL;
        g_usleep(100000);
    }
    return fail(error, "the SPICE server keeps channels of a viewer that is gone");
}

static gboolean check_all(GHashTable *with, GHashTable *without, GError **error)
{
    GHashTableIter iter;
    gpointer name;
    g_hash_table_iter_init(&iter, without);
    while (g_hash_table_iter_next(&iter, &name, NULL))
        if (!g_hash_table_contains(with, name))
            return fail(error, "beside the camera the viewer lacks the channel %s", (char *)name);
    return TRUE;
}

/* The same viewer without a camera: what it has then, it had before. */
static gboolean compare_without(const ViewerCase *c, Session *session, GHashTable *with,
                                GString *note, GError **error)
{
    if (!wait_alone(session, error) || !spice_wait_cd(session, FALSE, error))
        return FALSE;
    Process *viewer = viewer_start(NULL, c->command, error);
    g_autoptr(GHashTable) without = NULL;
    gboolean good = viewer && spice_wait_cd(session, TRUE, error) &&
                    (without = connected(session, error)) && check_all(with, without, error);
    if (good)
        g_string_append_printf(note, ", %u channels with it, %u without", g_hash_table_size(with),
                               g_hash_table_size(without));
    good = good && viewer_close(c, session, viewer, error);
    process_free(viewer);
    return good;
}

/* ---- cases ---- */

gboolean viewer_beside(const ViewerCase *c, Session *session, Process *viewer, GString *note,
                       GError **error)
{
    guint own, other;
    guint stream = session_begin(session, &viewer_yuy2);
    if (!viewer_wait_own(session, stream, 10, error) || !spice_wait_cd(session, TRUE, error) ||
        !check_agent(session, error) || !check_console(session, error) ||
        !viewer_wait_own(session, stream, agent_count_frames(vm_agent(session->vm), stream) + 15,
                         error))
        return FALSE;
    g_autoptr(GHashTable) with = connected(session, error);
    if (!with || !viewer_stop_stream(session, stream, &own, &other, error))
        return FALSE;
    g_string_append_printf(note, "%u frames of the camera", own);
    return (other == 0 || fail(error, "%u frames are not the camera's", other)) &&
           viewer_close(c, session, viewer, error) &&
           compare_without(c, session, with, note, error) &&
           spice_remove_device(session, "cam-other", error);
}

gboolean viewer_remove_places(Session *session, GError **error)
{
    return spice_remove_device(session, "cam-port", error) &&
           spice_remove_device(session, "cam-usbredir", error);
}

static guint count(const char *text, const char *part)
{
    guint n = 0;
    while ((text = strstr(text, part))) {
        n++;
        text += strlen(part);
    }
    return n;
}

/* One line in the log and one notification, however often it looks again. */
static gboolean check_told_once(GError **error)
{
    static const char says[] = "nor a usbredir channel (left); add -chardev";
    g_autofree char *path = viewer_log();
    g_autofree char *log = NULL, *notified = NULL;
    if (!viewer_check_notified("spiceport'>&lt;source "
                               "channel='org.camredir.camera.0'/>&lt;/redirdev>\n",
                               error))
        return FALSE;
    g_usleep(1500000);
    notified = viewer_notifications();
    if (!g_file_get_contents(path, &log, NULL, error))
        return FALSE;
    return (count(log, says) == 1 && count(notified, says) == 1) ||
           fail(error, "the user is not told once but: %s%s", notified, log);
}

gboolean viewer_missing(const ViewerCase *c, Session *session, Process *viewer, GString *note,
                        GError **error)
{
    guint own, other;
    if (!check_told_once(error) || !spice_add_device(session, "cam-usbredir", NULL, error) ||
        !session_find(session, WAIT_MS, error))
        return FALSE;
    guint stream = session_begin(session, &viewer_mjpeg);
    if (!viewer_wait_own(session, stream, 10, error) ||
        !viewer_stop_stream(session, stream, &own, &other, error))
        return FALSE;
    g_string_append_printf(note, "%u frames", own);
    return viewer_close(c, session, viewer, error) &&
           spice_add_device(session, "cam-port", "org.camredir.camera.0", error);
}
