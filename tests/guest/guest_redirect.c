/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Guest tests: real usbfs. Our virtual camera is plugged into the client VM, where it is a USB
   device like any other, bound to uvcvideo; 'camredir redirect' gives it on into the first VM. */
#include "tests/guest/guest_tests.h"

#include <string.h>

#define MODES "pattern --format YUY2,MJPEG --size 320x240,640x480 --fps 15"

/* A camera in the client, as the client's uvcvideo sees it; nothing redirected yet. */
static gboolean plug_client(Session *outer, const char *options, GError **error)
{
    return client_begin(error) && session_plug(outer, "redirected", options, VM_XHCI, error);
}

static gboolean redirect_begin(Session *session, const char *what, GError **error)
{
    g_autofree char *started =
        client_run(error,
                   "sh camredir redirect %s --to tcp:" CLIENT_HOST
                   ":%u >/tmp/redirect.log 2>&1 & echo $! >/tmp/redirect.pid",
                   what, vm_tcp_port(session->vm));
    return started && session_find(session, 40000, error);
}

/* signal: "TERM", "KILL". The client's driver has its device back. */
static gboolean redirect_end(Session *session, const char *signal, GError **error)
{
    g_autofree char *killed = client_run(error, "sh kill -%s $(cat /tmp/redirect.pid)", signal);
    g_autofree char *gone =
        killed ? agent_run(vm_agent(session->vm), 20000, error, "gone uvcvideo 15") : NULL;
    g_autofree char *back = gone ? client_run(error, "camera uvcvideo 20") : NULL;
    return back != NULL;
}

typedef struct {
    const char *options;
    const char *what; /* the device, as 'camredir redirect' is told */
    const char *signal;
    gboolean (*meanwhile)(Session *outer, Session *inner, GString *note, GError **error);
} RedirectCase;

static gboolean stream_both(Session *outer, Session *inner, GString *note, GError **error)
{
    (void)outer;
    return check_stream(inner, "YUYV", 320, 240, 15, 15, note, error) &&
           check_stream(inner, "MJPG", 640, 480, 15, 15, note, error);
}

static const StreamOrder endless = {
    .fourcc = "YUYV", .width = 320, .height = 240, .interval = 666666, .hash_each = 1};

/* Pulled out of the client while the far VM streams, and plugged in again. */
static gboolean stream_pulled(Session *outer, Session *inner, GString *note, GError **error)
{
    guint stream = session_begin(inner, &endless);
    if (!session_wait_frames(inner, stream, 10, 30000, error) || !session_unplug(outer, error))
        return FALSE;
    g_autofree char *ended = agent_wait(vm_agent(inner->vm), stream, 20000, NULL);
    g_autofree char *gone = agent_run(vm_agent(inner->vm), 20000, error, "gone uvcvideo 15");
    if (ended)
        return fail(error, "the stream of a device that was pulled out did not end in an error");
    if (!gone || !session_plug(outer, "redirected", MODES, VM_XHCI, error) ||
        !session_find(inner, 40000, error))
        return FALSE;
    inner->share = outer->share;
    return check_stream(inner, "YUYV", 320, 240, 15, 15, note, error);
}

static gboolean run_redirect(const GuestTest *test, Session *session, GString *note, GError **error)
{
    const RedirectCase *c = test->data;
    if (!client_begin(error))
        return FALSE;
    Session outer = {.vm = client_vm()};
    Session inner = {.vm = session->vm};
    gboolean good =
        plug_client(&outer, c->options, error) && redirect_begin(&inner, c->what, error);
    inner.share = outer.share;
    inner.iso = outer.iso;
    good = good && c->meanwhile(&outer, &inner, note, error) &&
           redirect_end(&inner, c->signal, error) && session_unplug(&outer, error);
    if (!good) {
        g_autofree char *log = client_run(NULL, "sh cat /tmp/redirect.log");
        g_prefix_error(error, "[camredir in the client: %s] ", log ? g_strstrip(log) : "no log");
        g_free(client_run(NULL, "sh kill -9 $(cat /tmp/redirect.pid)"));
        session_reset(&outer);
    }
    return good;
}

static const GuestTest tests[] = {
    {"redirect: a bulk camera on real usbfs", run_redirect,
     &(const RedirectCase){MODES, "camera", "TERM", stream_both}},
    {"redirect: an iso camera on real usbfs", run_redirect,
     &(const RedirectCase){MODES " --transfer iso", "1-1", "TERM", stream_both}},
    {"redirect: killed, and the client's driver has its camera back", run_redirect,
     &(const RedirectCase){MODES, "camera", "KILL", stream_both}},
    {"redirect: pulled out while streaming, and back", run_redirect,
     &(const RedirectCase){MODES, "camera", "TERM", stream_pulled}},
};

const GuestTestTable redirect_tests = {tests, G_N_ELEMENTS(tests)};
