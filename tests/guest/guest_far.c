/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Guest tests: the VM is at the other end of a tunnel, whose mouth is near. */
#include <string.h>

#include "tests/guest/guest_spice.h"
#include "tests/guest/relay.h"

#define DELAY_MS 15
#define CAMERA   "pattern --format MJPEG --size 320x240,640x480 --fps 30"

/* tunnel: what leads to it, of camredir's options. */
static gboolean stream_through(Session *session, const char *target, const char *tunnel,
                               GString *note, GError **error)
{
    g_autofree char *path = g_build_filename(harness_folder(), "tunnel", NULL);
    g_autofree char *options = g_strdup_printf(CAMERA " %s%s", tunnel, path);
    Relay *relay = relay_new(path, target, DELAY_MS, error);
    gboolean good = relay && session_plug(session, "far", options, 0, error) &&
                    session_wait_said(session, "transfer: buffered", error) &&
                    check_stream(session, "MJPG", 640, 480, 30, 30, note, error) &&
                    session_unplug(session, error);
    relay_free(relay);
    return good;
}

static gboolean run_socket(const GuestTest *test, Session *session, GString *note, GError **error)
{
    const char *address = vm_address(session->vm, VM_XHCI);
    (void)test;
    return stream_through(session, strstr(address, "unix:") + strlen("unix:"), "--to unix:", note,
                          error);
}

static gboolean run_spice(const SpiceCase *c, Session *session, GString *note, GError **error)
{
    g_autofree char *tunnel = g_strdup_printf("--way %s --to spice+unix://", c->options);
    return stream_through(session, vm_spice(session->vm).path, tunnel, note, error);
}

static const GuestTest tests[] = {
    {"far, through a tunnel: buffered", run_socket, NULL},
};

const GuestTestTable far_tests = {tests, G_N_ELEMENTS(tests)};

static const GuestTest by_spice[] = {
    SPICE_ROW("SPICE port: far, through a tunnel: buffered", run_spice, .options = "port"),
    SPICE_ROW("SPICE usbredir: far, through a tunnel: buffered", run_spice, .options = "usbredir"),
};

const GuestTestTable spice_far_tests = {by_spice, G_N_ELEMENTS(by_spice)};
