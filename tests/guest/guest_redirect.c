/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Guest tests: real usbfs. Our virtual camera is plugged into the client VM, where it is a USB
   device like any other, bound to uvcvideo; 'camredir redirect' gives it on into the first VM. */
#include "tests/guest/guest_tests.h"

#include <signal.h>
#include <string.h>

#define MODES    "pattern --format YUY2,MJPEG --size 320x240,640x480 --fps 15"
#define SMALL    "pattern --format MJPEG --size 160x120 --fps 15"
#define OUTPUT   "/dev/" GUEST_PORT_OUTPUT
#define REPLAYED 40 /* frames */
#define NO_VIDEO "'0x0e,-1,-1,-1,0|-1,-1,-1,-1,1'"

/* A camera in the client, as the client's uvcvideo sees it; nothing redirected yet. */
static gboolean plug_client(Session *outer, const char *options, GError **error)
{
    return client_begin(error) && session_plug(outer, "redirected", options, VM_XHCI, error);
}

static gboolean redirect_start(Session *session, const char *command, GError **error)
{
    g_autofree char *started =
        client_run(error,
                   "sh camredir %s --to tcp:" CLIENT_HOST
                   ":%u >/tmp/redirect.log 2>&1 & echo $! >/tmp/redirect.pid",
                   command, vm_tcp_port(session->vm));
    return started != NULL;
}

static gboolean redirect_begin(Session *session, const char *command, GError **error)
{
    return redirect_start(session, command, error) && session_find(session, WAIT_MS, error);
}

/* signal: "TERM", "KILL". The client's driver has its device back. */
static gboolean redirect_end(Session *session, const char *signal, GError **error)
{
    g_autofree char *killed = client_run(error, "sh kill -%s $(cat /tmp/redirect.pid)", signal);
    g_autofree char *back = killed && session_wait_gone(session, error)
                                ? client_run(error, "camera uvcvideo " WAIT_S)
                                : NULL;
    return back != NULL;
}

typedef struct {
    const char *options;
    const char *command; /* camredir's in the client */
    const char *signal;
    gboolean (*meanwhile)(Session *outer, Session *inner, GString *note, GError **error);
} RedirectCase;

static char **last_trace; /* where run_redirect() leaves the camera's, or NULL */

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
    if (!session_wait_frames(inner, stream, 10, WAIT_MS, error) || !session_unplug(outer, error))
        return FALSE;
    g_autofree char *ended = agent_wait(vm_agent(inner->vm), stream, 20000, NULL);
    if (ended)
        return fail(error, "the stream of a device that was pulled out did not end in an error");
    const char *options = outer->iso ? MODES " --transfer iso" : MODES;
    if (!session_wait_gone(inner, error) ||
        !session_plug(outer, "redirected", options, VM_XHCI, error) ||
        !session_find(inner, WAIT_MS, error))
        return FALSE;
    inner->share = outer->share;
    return check_stream(inner, "YUYV", 320, 240, 15, 15, note, error);
}

/* For longer than libusbredirhost lets an isochronous transfer take. */
static void stand_still(Vm *vm)
{
    process_signal(vm_process(vm), SIGSTOP);
    g_usleep(2500000);
    process_signal(vm_process(vm), SIGCONT);
}

/* Then the same stream goes on. */
static gboolean stream_stopped(Session *outer, Session *inner, GString *note, GError **error)
{
    if (!stream_both(outer, inner, note, error))
        return FALSE;
    guint stream = session_begin(inner, &endless);
    if (!session_wait_frames(inner, stream, 10, WAIT_MS, error))
        return FALSE;
    stand_still(outer->vm);
    guint n = agent_count_frames(vm_agent(inner->vm), stream);
    if (!session_wait_frames(inner, stream, n + 15, WAIT_MS, error))
        return FALSE;
    g_free(agent_run(vm_agent(inner->vm), WAIT_MS, NULL, "stop"));
    g_free(agent_wait(vm_agent(inner->vm), stream, WAIT_MS, NULL));
    return TRUE;
}

/* The log says it, and the client's driver keeps its camera. */
static gboolean wait_log(const char *word, GError **error)
{
    for (guint i = 0; i < WAIT_MS / 500; i++, g_usleep(500000)) {
        g_autofree char *log = client_run(error, "sh cat /tmp/redirect.log");
        if (!log || strstr(log, word))
            return log != NULL;
    }
    return fail(error, "the log does not say '%s'", word);
}

/* In the end it says what went over. */
static gboolean check_summary(const char *options, GError **error)
{
    return wait_log(strstr(options, "iso") ? "isochronous: " : "bulk requests: ", error) &&
           wait_log("control requests: ", error) && wait_log("to the VM ", error);
}

static gboolean run_kept_out(const GuestTest *test, Session *session, GString *note, GError **error)
{
    (void)test, (void)note;
    if (!client_begin(error))
        return FALSE;
    Session outer = {.vm = client_vm()};
    if (!plug_client(&outer, MODES, error) ||
        !redirect_start(session, "redirect camera --filter " NO_VIDEO, error) ||
        !wait_log("the --filter keeps it out", error))
        return FALSE;
    g_autofree char *still = client_run(error, "camera uvcvideo 1");
    g_autofree char *killed = still ? client_run(error, "sh kill $(cat /tmp/redirect.pid)") : NULL;
    return killed && session_unplug(&outer, error);
}

/* 'camredir list' beside it tells who has the camera. */
static gboolean stream_listed(Session *outer, Session *inner, GString *note, GError **error)
{
    (void)outer;
    g_autofree char *list = client_run(error, "sh camredir list");
    if (list && (!strstr(list, "(busy, usbfs)") || !strstr(list, "used by camredir (")))
        return fail(error, "'camredir list' in the client says: %s", list);
    return list && check_stream(inner, "YUYV", 320, 240, 15, 15, note, error);
}

/* ---- recorded, and played ---- */

/* Those that are, byte for byte, frames which were sent when the recording was made. */
static guint count_whole(const GArray *seen, const GArray *sent)
{
    guint whole = 0;
    for (guint i = 0; i < seen->len; i++) {
        const SeenFrame *frame = &g_array_index(seen, SeenFrame, i);
        gboolean known = FALSE;
        for (guint s = 0; s < sent->len; s++)
            known |= g_array_index(sent, SentFrame, s).hash == frame->record.hash;
        whole += known && !frame->record.flagged;
    }
    return whole;
}

static gboolean pause_vm(Session *session, GError **error)
{
    if (!vm_qmp(session->vm, "stop", error))
        return FALSE;
    g_usleep(2 * G_USEC_PER_SEC);
    return vm_qmp(session->vm, "cont", error);
}

/* More frames than were recorded: it begins anew. */
static gboolean stream_replay(Session *session, gboolean paused, const GArray *sent,
                              guint *ret_whole, GError **error)
{
    static const StreamOrder order = {.fourcc = "MJPG",
                                      .width = 160,
                                      .height = 120,
                                      .interval = 666666,
                                      .frames = REPLAYED,
                                      .hash_each = 1};
    guint stream = session_begin(session, &order);
    if (paused &&
        (!session_wait_frames(session, stream, 10, WAIT_MS, error) || !pause_vm(session, error)))
        return FALSE;
    g_autofree char *text = agent_wait(vm_agent(session->vm), stream, WAIT_MS, error);
    if (!text)
        return FALSE;
    g_autoptr(GArray) seen = agent_frames(vm_agent(session->vm), stream, order.frames);
    *ret_whole = count_whole(seen, sent);
    return TRUE;
}

/* By iso the recording has frames that lost packets, and on their way into the guest others do. */
static gboolean check_replay(Session *session, const char *trace, gboolean paused, GString *note,
                             GError **error)
{
    g_autoptr(GArray) sent = trace_read(trace, NULL);
    guint whole = 0, streams = 0;
    if (!session_find(session, WAIT_MS, error))
        return FALSE;
    for (; whole < REPLAYED && streams < streams_most(session); streams++) {
        guint more = 0;
        if (!stream_replay(session, paused, sent, &more, error))
            return FALSE;
        whole += more;
    }
    if (whole < REPLAYED)
        return fail(error, "%u frames in %u streams of the replay: %u of them as they were sent",
                    streams * REPLAYED, streams, whole);
    g_string_append_printf(
        note, "%s%u of %u frames of the replay whole, in %u of at most %u streams",
        note->len ? "; " : "", whole, streams * REPLAYED, streams, streams_most(session));
    return TRUE;
}

typedef struct {
    const char *recording, *trace; /* files */
    VmParts port;
    gboolean iso, paused;
} Replayed;

static gboolean replay(Session *session, const Replayed *what, GString *note, GError **error)
{
    g_autofree char *program = harness_camredir();
    g_autofree char *log = g_build_filename(harness_logs(), "replay.log", NULL);
    g_autoptr(GPtrArray) argv = g_ptr_array_new();
    g_auto(GStrv) address = g_strsplit(vm_address(session->vm, what->port), " ", -1);
    int status = -1;
    session->iso = what->iso;
    g_ptr_array_add(argv, program);
    g_ptr_array_add(argv, (gpointer) "replay");
    g_ptr_array_add(argv, (gpointer)what->recording);
    for (guint i = 0; address[i]; i++)
        g_ptr_array_add(argv, address[i]);
    g_ptr_array_add(argv, NULL);
    Process *process = process_start((const char *const *)argv->pdata, log, error);
    if (!process)
        return FALSE;
    gboolean good = check_replay(session, what->trace, what->paused, note, error);
    process_signal(process, SIGTERM);
    if (good && (!process_wait(process, WAIT_MS, &status) || status != 0))
        good = fail(error, "camredir replay ended with status %d", status);
    process_free(process);
    g_free(agent_run(vm_agent(session->vm), WAIT_MS, NULL, "gone uvcvideo " WAIT_S));
    return good;
}

gboolean replay_camera(Session *session, VmParts port, const char *name, gboolean paused,
                       GString *note, GError **error)
{
    g_autofree char *recording = g_strdup_printf("tests/cameras/%s.rec", name);
    g_autofree char *trace = g_strdup_printf("tests/cameras/%s.trace", name);
    const Replayed what = {recording, trace, port, strcmp(name, "iso") == 0, paused};
    return replay(session, &what, note, error);
}

static gboolean run_replay(const GuestTest *test, Session *session, GString *note, GError **error)
{
    return replay_camera(session, VM_XHCI, test->data, FALSE, note, error);
}

/* The program has ended; nobody may have waited for it. */
static gboolean wait_end(GError **error)
{
    g_autofree char *ended =
        client_run(error, "sh for i in 1 2 3 4 5 6 7 8 9; do grep -q camredir "
                          "/proc/$(cat /tmp/redirect.pid)/cmdline || break; sleep 1; done");
    return ended != NULL;
}

/* What the client wrote to its port since then, as a file. */
static char *take_recording(gsize begin, const char *name, GError **error)
{
    g_autofree char *bytes = NULL;
    g_autofree char *file = g_strdup_printf("%s.rec", name);
    char *path = g_build_filename(harness_logs(), file, NULL);
    gsize size;
    if (g_file_get_contents(vm_output(client_vm()), &bytes, &size, error) && size >= begin &&
        g_file_set_contents(path, bytes + begin, (gssize)(size - begin), error))
        return path;
    g_free(path);
    return NULL;
}

static gsize output_size(void)
{
    g_autofree char *bytes = NULL;
    gsize size = 0;
    g_file_get_contents(vm_output(client_vm()), &bytes, &size, NULL);
    return size;
}

static gboolean stream_small(Session *outer, Session *inner, GString *note, GError **error)
{
    (void)outer;
    return check_stream(inner, "MJPG", 160, 120, 15, 20, note, error);
}

static gboolean run_redirect(const GuestTest *test, Session *session, GString *note, GError **error)
{
    const RedirectCase *c = test->data;
    if (!client_begin(error))
        return FALSE;
    Session outer = {.vm = client_vm()};
    Session inner = {.vm = session->vm};
    gboolean good =
        plug_client(&outer, c->options, error) && redirect_begin(&inner, c->command, error);
    inner.share = outer.share;
    inner.iso = outer.iso;
    if (good && last_trace)
        *last_trace = g_strdup(share_trace_path(outer.share));
    good = good && c->meanwhile(&outer, &inner, note, error) &&
           redirect_end(&inner, c->signal, error) &&
           (strcmp(c->signal, "KILL") == 0 || check_summary(c->options, error)) &&
           session_unplug(&outer, error);
    if (!good) {
        g_autofree char *log = client_run(NULL, "sh cat /tmp/redirect.log");
        g_prefix_error(error, "[camredir in the client: %s] ", log ? g_strstrip(log) : "no log");
        g_free(client_run(NULL, "sh kill -9 $(cat /tmp/redirect.pid)"));
        session_reset(&outer);
    }
    return good;
}

static gboolean run_record(const GuestTest *test, Session *session, GString *note, GError **error)
{
    const RedirectCase *c = test->data;
    gboolean iso = strstr(c->options, "iso") != NULL;
    if (!client_begin(error))
        return FALSE;
    gsize begin = output_size();
    g_autofree char *trace = NULL;
    last_trace = &trace;
    gboolean good = run_redirect(test, session, note, error) && wait_end(error);
    last_trace = NULL;
    g_autofree char *path = good ? take_recording(begin, iso ? "iso" : "bulk", error) : NULL;
    const Replayed what = {path, trace, VM_XHCI, iso, FALSE};
    return path && replay(session, &what, note, error);
}

static const GuestTest tests[] = {
    {"redirect: a bulk camera on real usbfs", run_redirect,
     &(const RedirectCase){MODES, "redirect camera", "TERM", stream_both}},
    {"redirect: an iso camera on real usbfs, also when the client has stood still", run_redirect,
     &(const RedirectCase){MODES " --transfer iso", "redirect 1-1", "TERM", stream_stopped}},
    {"redirect: killed, and the client's driver has its camera back", run_redirect,
     &(const RedirectCase){MODES, "redirect camera", "KILL", stream_both}},
    {"redirect: pulled out while streaming, and back", run_redirect,
     &(const RedirectCase){MODES, "redirect camera", "TERM", stream_pulled}},
    {"redirect: an iso camera pulled out while streaming, and back", run_redirect,
     &(const RedirectCase){MODES " --transfer iso", "redirect camera", "TERM", stream_pulled}},
    {"redirect: a filter keeps the camera here", run_kept_out, NULL},
    {"redirect: another program sees who has the camera", run_redirect,
     &(const RedirectCase){MODES, "redirect camera", "TERM", stream_listed}},
    {"record: a bulk camera on real usbfs, and its replay", run_record,
     &(const RedirectCase){SMALL, "record camera " OUTPUT, "TERM", stream_small}},
    {"record: an iso camera on real usbfs, and its replay", run_record,
     &(const RedirectCase){SMALL " --transfer iso --speed full", "record camera " OUTPUT, "TERM",
                           stream_small}},
    {"replay: a bulk camera", run_replay, "bulk"},
    {"replay: an iso camera", run_replay, "iso"},
};

const GuestTestTable redirect_tests = {tests, G_N_ELEMENTS(tests)};
