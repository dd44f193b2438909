/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Guest tests: which of a VM's ports and channels the camera takes by SPICE, and what it says where
   there is none; while the VM's devices come and go. */
#include "tests/guest/guest_spice.h"
#include "tests/guest/jpeg_file.h"

#define PORT_NAME "org.camredir.camera.0"
#define AUTO      SPICE_BULK " %U"

/* ---- the VM's devices ---- */

/* Its chardev goes with it. */
gboolean spice_remove_device(Session *session, const char *id, GError **error)
{
    g_autofree char *command =
        g_strdup_printf("{\"execute\": \"device_del\", \"arguments\": {\"id\": \"%s\"}}", id);
    return vm_qmp(session->vm, command, error);
}

static gboolean add_chardev(Session *session, const char *id, const char *port, GError **error)
{
    g_autofree char *command = g_strdup_printf(
        "{\"execute\": \"chardev-add\", \"arguments\": {\"id\": \"%s\", \"backend\": {\"type\": "
        "\"%s\", \"data\": {\"%s\": \"%s\"}}}}",
        id, port ? "spiceport" : "spicevmc", port ? "fqdn" : "type", port ? port : "usbredir");
    return vm_qmp(session->vm, command, error);
}

static gboolean add_redir(Session *session, const char *id, GError **error)
{
    g_autofree char *command =
        g_strdup_printf("{\"execute\": \"device_add\", \"arguments\": {\"driver\": \"usb-redir\", "
                        "\"id\": \"%s\", \"chardev\": \"%s\", \"bus\": \"xhci.0\"}}",
                        id, id);
    return vm_qmp(session->vm, command, error);
}

gboolean spice_add_device(Session *session, const char *id, const char *port, GError **error)
{
    return add_chardev(session, id, port, error) && add_redir(session, id, error);
}

/* ---- a viewer's own redirection ---- */

char *spice_make_cd(GError **error)
{
    g_autofree char *path = g_build_filename(harness_folder(), SPICE_CD, NULL);
    g_autofree char *data = g_malloc0(1024 * 1024);
    return g_file_set_contents(path, data, 1024 * 1024, error) ? g_steal_pointer(&path) : NULL;
}

gboolean spice_wait_cd(Session *session, gboolean there, GError **error)
{
    g_autofree char *text = NULL;
    for (guint i = 0; i < WAIT_MS / 500; i++) {
        g_free(text);
        text = agent_run(vm_agent(session->vm), WAIT_MS, error,
                         "sh cat /sys/bus/usb/devices/*/idProduct || true"); /* one may go */
        if (!text || !strstr(text, "cdcd") == !there)
            return text != NULL;
        g_usleep(500000);
    }
    return fail(error, "the guest has %s CD drive but %s", there ? "no" : "still a", text);
}

/* ---- they come and go ---- */

gboolean spice_hot_remove(const SpiceCase *c, Session *session, GString *note, GError **error)
{
    gboolean port = c->port == VM_SPICE_PORT;
    const char *id = port ? "cam-port" : "cam-usbredir";
    guint stream;
    if (!spice_begin(c, "spice-hot", session, &stream, error) ||
        !spice_remove_device(session, id, error) || !spice_wait_lost(session, stream, error))
        return FALSE;
    g_usleep(1500000); /* long enough for an attempt or two that fail */
    return spice_add_device(session, id, port ? PORT_NAME : NULL, error) &&
           spice_find_and_end(session, note, error);
}

/* The port is preferred: without it the stream ends. The same program then finds the channel. */
static gboolean fall_back(const SpiceCase *c, Session *session, GString *note, GError **error)
{
    guint stream;
    return spice_begin(c, "spice-auto", session, &stream, error) &&
           spice_remove_device(session, "cam-port", error) &&
           spice_wait_lost(session, stream, error) && spice_find_and_end(session, note, error) &&
           session_plug(session, "spice-auto", SPICE_BULK, VM_SPICE_USBREDIR, error) &&
           spice_find_and_end(session, note, error) &&
           spice_add_device(session, "cam-port", PORT_NAME, error);
}

gboolean spice_rename_port(const SpiceCase *c, Session *session, GString *note, GError **error)
{
    guint stream;
    return spice_begin(c, "spice-renamed", session, &stream, error) &&
           spice_remove_device(session, "cam-port", error) &&
           spice_add_device(session, "cam-port", "org.camredir.moved", error) &&
           spice_wait_lost(session, stream, error) &&
           session_wait_said(session, "the VM has no SPICE port " PORT_NAME, error) &&
           spice_remove_device(session, "cam-port", error) &&
           spice_add_device(session, "cam-port", PORT_NAME, error) &&
           spice_find_and_end(session, note, error);
}

/* ---- two cameras in one program ---- */

/* Both stream at the same time. */
static gboolean stream_both(Session cameras[2], GString *note, GError **error)
{
    static const StreamOrder orders[2] = {
        {"YUYV", 320, 240, 333333, .frames = 30, .hash_each = 1},
        {"MJPG", 320, 240, 333333, .frames = 30, .hash_each = 1},
    };
    guint streams[2];
    for (guint i = 0; i < 2; i++) {
        if (!session_find(&cameras[i], WAIT_MS, error))
            return FALSE;
        streams[i] = session_begin(&cameras[i], &orders[i]);
    }
    for (guint i = 0; i < 2; i++) {
        Outcome outcome;
        if (!session_end(&cameras[i], streams[i], &orders[i], &outcome, NULL, error) ||
            !check_intact(&cameras[i], &outcome, orders[i].frames, error)) {
            g_prefix_error(error, "camera %u: ", i + 1);
            return FALSE;
        }
        g_autofree char *text = outcome_text(&outcome);
        g_string_append_printf(note, "%s%s", i ? "; " : "", text);
    }
    return TRUE;
}

/* begin: after the first camera is in the guest. */
static gboolean with_two(const SpiceCase *c, Session *session,
                         gboolean (*begin)(Session *session, GError **error), GString *note,
                         GError **error)
{
    g_autofree char *path = g_build_filename(harness_folder(), "second.jpg", NULL);
    g_autofree char *address = spice_expand(session, "%U", error);
    g_autofree char *options = g_strdup_printf("pattern file:%s %s %s", path, c->options, address);
    g_autoptr(GByteArray) jpeg = jpeg_make(320, 240, 0, 0);
    session->part = "pattern";
    if (!g_file_set_contents(path, (char *)jpeg->data, jpeg->len, error) ||
        !session_plug(session, "spice-two", options, 0, error) || (begin && !begin(session, error)))
        return FALSE;
    Session cameras[2] = {*session, *session};
    cameras[1].part = "second";
    cameras[1].number = 1;
    return stream_both(cameras, note, error) && session_unplug(session, error) &&
           session_wait_gone(&cameras[1], error);
}

static gboolean two_ports(const SpiceCase *c, Session *session, GString *note, GError **error)
{
    return spice_add_device(session, "cam-second", "org.camredir.camera.1", error) &&
           with_two(c, session, NULL, note, error) &&
           spice_remove_device(session, "cam-second", error);
}

static gboolean two_ways(const SpiceCase *c, Session *session, GString *note, GError **error)
{
    return with_two(c, session, NULL, note, error);
}

/* One camera is in the guest, for the second there is no channel until one is added. */
static gboolean add_second(Session *session, GError **error)
{
    return session_wait_said(session, "camera 2: the VM has no usbredir channel (left)", error) &&
           spice_add_device(session, "cam-second", NULL, error);
}

static gboolean two_channels(const SpiceCase *c, Session *session, GString *note, GError **error)
{
    return with_two(c, session, add_second, note, error) &&
           spice_remove_device(session, "cam-second", error);
}

/* ---- there is none ---- */

static gboolean no_redir(const SpiceCase *c, Session *session, GString *note, GError **error)
{
    static const SpiceCase neither = {.options = "pattern %U",
                                      .says = "neither a SPICE port " PORT_NAME
                                              " nor a usbredir channel"};
    static const SpiceCase no_channel = {.options = "pattern %U --way usbredir",
                                         .says = "the VM has no usbredir channel"};
    static const SpiceCase no_device = {.options = "pattern %U",
                                        .says = "no usb-redir device behind it"};
    (void)c;
    return spice_remove_device(session, "cam-port", error) &&
           spice_remove_device(session, "cam-usbredir", error) &&
           spice_refuse(&neither, session, note, error) &&
           spice_refuse(&no_channel, session, note, error) &&
           add_chardev(session, "cam-port", PORT_NAME, error) &&
           spice_refuse(&no_device, session, note, error) &&
           add_redir(session, "cam-port", error) &&
           spice_add_device(session, "cam-usbredir", NULL, error) &&
           session_plug(session, "spice-added", SPICE_BULK, VM_SPICE_PORT, error) &&
           spice_find_and_end(session, note, error);
}

/* The replay is a gadget that has the heartbeat of its own. */
static gboolean replay_paused(const SpiceCase *c, Session *session, GString *note, GError **error)
{
    return replay_camera(session, c->port, "bulk", TRUE, note, error);
}

static const GuestTest tests[] = {
    SPICE_ROW("SPICE port: a recorded camera, the VM paused meanwhile", replay_paused,
              .port = VM_SPICE_PORT),
    SPICE_ROW("SPICE port: usb-redir removed and added", spice_hot_remove, .port = VM_SPICE_PORT),
    SPICE_ROW("SPICE usbredir: usb-redir removed and added", spice_hot_remove,
              .port = VM_SPICE_USBREDIR),
    SPICE_ROW("SPICE auto: the port, then the usbredir channel", fall_back, .options = AUTO),
    SPICE_ROW("SPICE port: renamed and back", spice_rename_port, .port = VM_SPICE_PORT),
    SPICE_ROW("SPICE: two cameras, two ports", two_ports, .options = "--way port"),
    SPICE_ROW("SPICE: two cameras, a port and a channel", two_ways, .options = "--way auto"),
    SPICE_ROW("SPICE: two cameras, one channel, then two", two_channels,
              .options = "--way usbredir"),
    SPICE_ROW("SPICE: VM without usb-redir", no_redir),
};

const GuestTestTable spice_device_tests = {tests, G_N_ELEMENTS(tests)};
