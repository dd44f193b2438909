/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Guest tests: streams that stop and start, and one side after the other that goes and comes back.
 */
#include "tests/guest/guest_tests.h"

#include <signal.h>

#define BULK "pattern --format YUY2,MJPEG --size 320x240,640x480,1280x720 --fps 30"
#define ISO  BULK " --transfer iso"

static const StreamOrder endless = {
    .fourcc = "YUYV", .width = 320, .height = 240, .interval = 333333, .hash_each = 1};

static gboolean run_restarts(const GuestTest *test, Session *session, GString *note, GError **error)
{
    (void)note;
    if (!session_plug(session, "restarts", test->data, VM_XHCI, error))
        return FALSE;
    for (guint i = 0; i < 10; i++)
        if (!check_stream(session, "YUYV", 320, 240, 30, 5 + i % 3, NULL, error)) {
            g_prefix_error(error, "start %u: ", i + 1);
            return FALSE;
        }
    return session_unplug(session, error);
}

static gboolean run_formats(const GuestTest *test, Session *session, GString *note, GError **error)
{
    return session_plug(session, "formats", test->data, VM_XHCI, error) &&
           check_stream(session, "YUYV", 640, 480, 30, 15, note, error) &&
           check_stream(session, "MJPG", 1280, 720, 30, 15, note, error) &&
           check_stream(session, "YUYV", 320, 240, 30, 15, note, error) &&
           check_stream(session, "MJPG", 640, 480, 30, 15, note, error) &&
           session_unplug(session, error);
}

/* Plugged in and streaming; what has come by then is the caller's to compare, or not. */
static gboolean begin_endless(Session *session, const char *name, const char *options,
                              guint *ret_stream, GError **error)
{
    if (!session_plug(session, name, options, VM_XHCI, error))
        return FALSE;
    *ret_stream = session_begin(session, &endless);
    return session_wait_frames(session, *ret_stream, 10, WAIT_MS, error);
}

static gboolean restart_by_guest(Session *session, GError **error)
{
    g_autofree char *text = agent_run(vm_agent(session->vm), WAIT_MS, error, "reboot");
    return text != NULL;
}

static gboolean restart_by_button(Session *session, GError **error)
{
    return vm_qmp(session->vm, "system_reset", error);
}

typedef struct {
    const char *name, *options;
    gboolean (*restart)(Session *session, GError **error);
} RebootCase;

static gboolean run_reboot(const GuestTest *test, Session *session, GString *note, GError **error)
{
    const RebootCase *c = test->data;
    guint stream;
    return begin_endless(session, c->name, c->options, &stream, error) &&
           c->restart(session, error) && agent_wait_ready(vm_agent(session->vm), WAIT_MS, error) &&
           session_find(session, WAIT_MS, error) &&
           check_stream(session, "YUYV", 320, 240, 30, 15, note, error) &&
           session_unplug(session, error);
}

static gboolean run_killed(const GuestTest *test, Session *session, GString *note, GError **error)
{
    guint stream;
    if (!begin_endless(session, "killed", test->data, &stream, error))
        return FALSE;
    process_signal(share_process(session->share), SIGKILL);
    g_autofree char *text = agent_wait(vm_agent(session->vm), stream, 20000, NULL);
    if (text)
        return fail(error, "the guest's stream did not end in an error");
    g_clear_pointer(&session->share, share_free);
    return session_plug(session, "killed", test->data, VM_XHCI, error) &&
           check_stream(session, "YUYV", 320, 240, 30, 15, note, error) &&
           session_unplug(session, error);
}

static gboolean run_qemu_killed(const GuestTest *test, Session *session, GString *note,
                                GError **error)
{
    guint stream;
    if (!begin_endless(session, "qemu-killed", test->data, &stream, error))
        return FALSE;
    vm_kill(session->vm);
    g_usleep(1500000); /* long enough for an attempt or two that fail */
    return vm_boot(session->vm, error) && session_find(session, WAIT_MS, error) &&
           check_stream(session, "YUYV", 320, 240, 30, 15, note, error) &&
           session_unplug(session, error);
}

static gboolean run_paused(const GuestTest *test, Session *session, GString *note, GError **error)
{
    guint stream;
    Outcome outcome;
    if (!begin_endless(session, "paused", test->data, &stream, error) ||
        !vm_qmp(session->vm, "stop", error))
        return FALSE;
    g_usleep(4000000);
    guint before = agent_count_frames(vm_agent(session->vm), stream);
    if (!vm_qmp(session->vm, "cont", error) ||
        !session_wait_frames(session, stream, before + 20, WAIT_MS, error))
        return FALSE;
    gint64 peak_kib = process_peak_kib(share_process(session->share));
    if (peak_kib > HARNESS_MEMORY_KIB)
        return fail(error, "camredir took %d KiB", (int)peak_kib);
    g_autofree char *text = agent_run(vm_agent(session->vm), WAIT_MS, error, "stop");
    if (!text || !session_end(session, stream, &endless, &outcome, NULL, error) ||
        !check_intact(session, &outcome, before + 20, error))
        return FALSE;
    g_string_append_printf(note, "%u frames, peak %d KiB", outcome.frames, (int)peak_kib);
    return session_unplug(session, error);
}

static const GuestTest tests[] = {
    {"start and stop ten times, bulk", run_restarts, BULK},
    {"start and stop ten times, iso", run_restarts, ISO},
    {"format changed between streams, bulk", run_formats, BULK},
    {"format changed between streams, iso", run_formats, ISO},
    {"VM stopped for 4 s and continued, bulk", run_paused, BULK},
    {"VM stopped for 4 s and continued, iso", run_paused, ISO},
    {"camredir killed and started again while streaming", run_killed, BULK},
    {"guest reboots while streaming, bulk", run_reboot,
     &(const RebootCase){"reboot", BULK, restart_by_guest}},
    {"guest reset while streaming, iso", run_reboot,
     &(const RebootCase){"reset", ISO, restart_by_button}},
    {"QEMU killed and started again while streaming", run_qemu_killed, BULK},
};

const GuestTestTable scenario_tests = {tests, G_N_ELEMENTS(tests)};
