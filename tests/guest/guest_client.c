/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Guest tests: a camera that this project did not write. A second VM, the client, runs camredir on
   its kernel's vivid device and shares it over TCP into the first. */
#include "tests/guest/guest_tests.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BRIGHTNESS_ID 0x980900
#define DRIVER        "/sys/bus/platform/drivers/vivid/"

/* A capture device, and a touch sensor: that too "captures video", but in no format of a camera. */
#define VIVID "load vivid n_devs=1 node_types=0x80001"

static const StreamOrder vivid_order = {
    .fourcc = "YUYV", .width = 640, .height = 360, .interval = 333333, .hash_each = 1};

static Vm *client;
static char *device; /* vivid's, in the client */

Vm *client_vm(void)
{
    return client;
}

void client_end(void)
{
    g_clear_pointer(&client, vm_free);
    g_clear_pointer(&device, g_free);
}

char *client_run(GError **error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *command = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    char *text = agent_run(vm_agent(client), WAIT_MS, error, "%s", command);
    if (!text)
        g_prefix_error(error, "in the client: ");
    return text;
}

gboolean client_begin(GError **error)
{
    if (client)
        return TRUE;
    client = vm_new("client", VM_CAMREDIR | VM_XHCI);
    if (!vm_boot(client, error)) {
        client_end();
        return FALSE;
    }
    g_autofree char *loaded = client_run(error, VIVID);
    g_autofree char *camera = loaded ? client_run(error, "camera vivid " WAIT_S) : NULL;
    g_autofree char *network = camera ? client_run(error, "sh ip link set lo up; "
                                                          "ip link set eth0 up; "
                                                          "ip addr add 10.0.2.15/24 dev eth0")
                                      : NULL;
    device = network ? g_strndup(camera, strcspn(camera, " ")) : NULL;
    if (!device)
        client_end();
    return device != NULL;
}

static gboolean share_begin(Session *session, GError **error)
{
    g_autofree char *started =
        client_run(error,
                   "sh camredir share %s --transfer bulk --format YUY2 --to tcp:" CLIENT_HOST
                   ":%u --trace /dev/" GUEST_PORT_OUTPUT " >/tmp/log 2>&1 & echo $! >/tmp/pid",
                   device, vm_tcp_port(session->vm));
    return started && session_find(session, WAIT_MS, error);
}

static gboolean share_end(Session *session, GError **error)
{
    g_autofree char *killed = client_run(error, "sh kill $(cat /tmp/pid)");
    return killed && session_wait_gone(session, error);
}

/* Begins, does the test, ends; after a failure too, for the next. */
static gboolean with_share(Session *session, GString *note,
                           gboolean (*test)(Session *session, GString *note, GError **error),
                           GError **error)
{
    gboolean good =
        client_begin(error) && share_begin(session, error) && test(session, note, error);
    if (good)
        return share_end(session, error);
    g_autofree char *log = client ? client_run(NULL, "sh cat /tmp/log") : NULL;
    g_prefix_error(error, "[camredir in the client: %s] ", log ? g_strstrip(log) : "no log");
    if (client)
        share_end(session, NULL);
    return FALSE;
}

static gboolean end_stream(Session *session, guint stream, guint least, GString *note,
                           GError **error)
{
    g_autofree char *stopped = agent_run(vm_agent(session->vm), WAIT_MS, error, "stop");
    g_autofree char *text =
        stopped ? agent_wait(vm_agent(session->vm), stream, WAIT_MS, error) : NULL;
    if (!text)
        return FALSE;
    g_autoptr(GArray) seen = agent_frames(vm_agent(session->vm), stream, atoi(text));
    g_autoptr(GArray) sent = trace_read(vm_output(client), NULL);
    Outcome outcome;
    /* Ready in the client's time and seen in ours: without a common clock there is no latency. */
    for (guint i = 0; i < sent->len; i++)
        g_array_index(sent, SentFrame, i).ready_us = 0;
    compare_frames(seen, sent, &outcome);
    g_string_append_printf(note, "%u frames, %u damaged, %.1f fps", outcome.frames,
                           outcome.flagged + outcome.wrong, outcome.fps);
    return check_intact(session, &outcome, least, error);
}

/* ---- the tests ---- */

static gboolean stream_and_control(Session *session, GString *note, GError **error)
{
    guint stream = session_begin(session, &vivid_order);
    if (!session_wait_frames(session, stream, 30, WAIT_MS, error) ||
        !end_stream(session, stream, 30, note, error))
        return FALSE;
    for (int wanted = 40; wanted <= 200; wanted += 80) {
        g_autofree char *set = agent_run(vm_agent(session->vm), WAIT_MS, error, "set %s %d %d",
                                         session->device, BRIGHTNESS_ID, wanted);
        g_autofree char *got =
            set ? client_run(error, "control %s %d", device, BRIGHTNESS_ID) : NULL;
        if (!got)
            return FALSE;
        if (atoi(set) != wanted || atoi(got) != wanted)
            return fail(error, "brightness %d: the guest has %s, vivid has %s", wanted, set, got);
    }
    g_string_append(note, "; brightness 40, 120, 200");
    return TRUE;
}

/* The camera's owner streams: whether that fails tells who has it. */
static gboolean camera_is_taken(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = client_run(&error, "stream %s YUYV 640 360 333333 1 2000 0 0", device);
    return !text && strstr(error->message, "busy");
}

static gboolean wait_taken(GError **error)
{
    for (guint i = 0; i < WAIT_MS / 200; i++, g_usleep(200000))
        if (camera_is_taken())
            return TRUE;
    return fail(error, "camredir does not take the camera again");
}

static gboolean check_log(const char *word, GError **error)
{
    g_autofree char *log = client_run(error, "sh cat /tmp/log");
    if (log && !strstr(log, word))
        return fail(error, "the log does not say '%s'", word);
    return log != NULL;
}

static gboolean stream_busy(Session *session, GString *note, GError **error)
{
    guint other = agent_send(vm_agent(client), "stream %s YUYV 640 360 333333 0 0 0 0", device);
    if (!session_wait_frames(&(Session){.vm = client}, other, 5, 20000, error))
        return FALSE;
    guint stream = session_begin(session, &vivid_order);
    gboolean good = session_wait_frames(session, stream, 10, WAIT_MS, error) &&
                    check_log("used by another program", error);
    g_free(client_run(NULL, "stop"));
    g_free(agent_wait(vm_agent(client), other, 20000, NULL));
    return good && wait_taken(error) && end_stream(session, stream, 10, note, error);
}

static gboolean stream_pulled(Session *session, GString *note, GError **error)
{
    guint stream = session_begin(session, &vivid_order);
    if (!session_wait_frames(session, stream, 10, WAIT_MS, error))
        return FALSE;
    g_autofree char *pulled = client_run(error, "sh echo vivid.0 >" DRIVER "unbind");
    guint n = agent_count_frames(vm_agent(session->vm), stream);
    if (!pulled || !session_wait_frames(session, stream, n + 10, WAIT_MS, error))
        return FALSE;
    g_autofree char *back = client_run(error, "sh echo vivid.0 >" DRIVER "bind");
    n = agent_count_frames(vm_agent(session->vm), stream);
    return back && wait_taken(error) &&
           session_wait_frames(session, stream, n + 20, WAIT_MS, error) &&
           end_stream(session, stream, 40, note, error);
}

static gboolean run_shared(const GuestTest *test, Session *session, GString *note, GError **error)
{
    return with_share(session, note, test->data, error);
}

static gboolean run_unusable(const GuestTest *test, Session *session, GString *note, GError **error)
{
    (void)test, (void)session, (void)note;
    if (!client_begin(error))
        return FALSE;
    g_autofree char *text = client_run(
        error, "sh camredir share /dev/v4l-touch0 --to unix:/tmp/nobody --no-retry 2>&1; echo $?");
    if (!text)
        return FALSE;
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    if (g_strv_length(lines) != 3 || strcmp(lines[1], "3") != 0 ||
        !strstr(lines[0], "/dev/v4l-touch0"))
        return fail(error, "it says: %s", text);
    return TRUE;
}

static const GuestTest tests[] = {
    {"vivid in a client VM, over TCP", run_shared, stream_and_control},
    {"vivid is busy: placeholder, then the camera", run_shared, stream_busy},
    {"vivid pulled and back while streaming", run_shared, stream_pulled},
    {"vivid's touch sensor has no usable format", run_unusable, NULL},
};

const GuestTestTable client_tests = {tests, G_N_ELEMENTS(tests)};
