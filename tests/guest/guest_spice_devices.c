/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Guest tests: which of a VM's ports and channels the camera takes by SPICE, and what it says where
   there is none; while the VM's devices come and go. */
#include "tests/guest/guest_spice.h"

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

/* ---- they come and go ---- */

static gboolean hot_remove(const SpiceCase *c, Session *session, GString *note, GError **error)
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

static gboolean rename_port(const SpiceCase *c, Session *session, GString *note, GError **error)
{
    guint stream;
    return spice_begin(c, "spice-renamed", session, &stream, error) &&
           spice_remove_device(session, "cam-port", error) &&
           spice_add_device(session, "cam-port", "org.camredir.moved", error) &&
           spice_wait_lost(session, stream, error) &&
           spice_wait_said(session, "the VM has no SPICE port " PORT_NAME, error) &&
           spice_remove_device(session, "cam-port", error) &&
           spice_add_device(session, "cam-port", PORT_NAME, error) &&
           spice_find_and_end(session, note, error);
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

static const GuestTest tests[] = {
    SPICE_ROW("SPICE port: usb-redir removed and added", hot_remove, .port = VM_SPICE_PORT),
    SPICE_ROW("SPICE usbredir: usb-redir removed and added", hot_remove, .port = VM_SPICE_USBREDIR),
    SPICE_ROW("SPICE auto: the port, then the usbredir channel", fall_back, .options = AUTO),
    SPICE_ROW("SPICE port: renamed and back", rename_port, .port = VM_SPICE_PORT),
    SPICE_ROW("SPICE: VM without usb-redir", no_redir),
};

const GuestTestTable spice_device_tests = {tests, G_N_ELEMENTS(tests)};
