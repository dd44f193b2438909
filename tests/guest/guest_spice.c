/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Guest tests: the camera comes by SPICE, through both ways in, and whatever happens to server and
   VM on the way. */
#include "tests/guest/guest_spice.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>

static const StreamOrder endless = {
    .fourcc = "YUYV", .width = 320, .height = 240, .interval = 333333, .hash_each = 1};

/* One machine at a time: two would share the processors. */
static const struct {
    const char *name;
    VmParts parts;
} kinds[] = {
    {"spice", 0},
    {"spice-locked", VM_SPICE_LOCKED},
    {"spice-viewer", VM_DISPLAY},
};
static Vm *machine;
static guint machine_kind;

void spice_end(void)
{
    g_clear_pointer(&machine, vm_free);
}

static Vm *machine_for(const SpiceCase *c, GError **error)
{
    guint kind = c->viewer ? 2 : c->locked ? 1 : 0;
    if (machine && machine_kind != kind)
        g_clear_pointer(&machine, vm_free);
    machine_kind = kind;
    if (!machine)
        machine = vm_new(kinds[kind].name,
                         VM_XHCI | VM_SPICE_PORT | VM_SPICE_USBREDIR | kinds[kind].parts);
    return vm_agent(machine) || vm_boot(machine, error) ? machine : NULL;
}

gboolean spice_run_case(const GuestTest *test, Session *outer, GString *note, GError **error)
{
    const SpiceCase *c = test->data;
    Session session = {.vm = machine_for(c, error), .program = c->viewer ? SPICE_VIEWER : NULL};
    (void)outer;
    if (!session.vm)
        return FALSE;
    if (c->run(c, &session, note, error))
        return TRUE;
    if (session.share)
        log_tell_tail(share_log(session.share), 10);
    vm_tell_log(session.vm);
    session_reset(&session);
    vm_kill(session.vm); /* which devices it has is unknown */
    return FALSE;
}

/* ---- options ---- */

static char *password_file(const char *password, GError **error)
{
    char *path = g_build_filename(harness_folder(), password ? "password" : "no-password", NULL);
    return g_file_set_contents(path, password ? password : "mellon", -1, error) ? path : NULL;
}

char *spice_expand(const Session *session, const char *options, GError **error)
{
    VmSpice spice = vm_spice(session->vm);
    g_autofree char *right = password_file(VM_SPICE_PASSWORD, error);
    g_autofree char *wrong = password_file(NULL, error);
    GString *result = g_string_new(NULL);
    for (; *options; options++) {
        if (*options != '%') {
            g_string_append_c(result, *options);
            continue;
        }
        switch (*++options) {
        case 'P':
            g_string_append_printf(result, "--password-file %s", right);
            break;
        case 'W':
            g_string_append_printf(result, "--password-file %s", wrong);
            break;
        case 'C':
            g_string_append_printf(result, "--ca-file %s/ca-cert.pem", spice.keys);
            break;
        case 'O':
            g_string_append_printf(result, "--ca-file %s/other-cert.pem", spice.keys);
            break;
        case 'T':
            g_string_append_printf(result, "--to spice://127.0.0.1?tls-port=%u", spice.tls_port);
            break;
        case 'A':
            g_string_append_printf(result, "--to spice://127.0.0.1:%u", spice.port);
            break;
        case 'U':
            g_string_append_printf(result, "--to spice+unix://%s", spice.path);
            break;
        }
    }
    return g_string_free(result, FALSE);
}

/* ---- streams ---- */

gboolean spice_stream(const SpiceCase *c, Session *session, GString *note, GError **error)
{
    g_autofree char *options = spice_expand(session, c->options ? c->options : SPICE_BULK, error);
    if (!session_plug(session, "spice-stream", options, c->port, error))
        return FALSE;
    if (strcmp(session->speed, "480") != 0)
        return fail(error, "the guest finds a speed of %s: a port of a hub?", session->speed);
    return check_stream(session, c->fourcc, c->width, c->height, 30, 60, note, error) &&
           session_unplug(session, error);
}

/* ---- refusals ---- */

/* Of what the program itself says: a sanitizer may have remarks of its own. */
static gboolean check_line(const char *log, const char *says, GError **error)
{
    g_autofree char *text = NULL;
    if (!g_file_get_contents(log, &text, NULL, error))
        return FALSE;
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    const char *line = NULL;
    for (guint i = 0; lines[i]; i++) {
        if (!g_str_has_prefix(lines[i], "camredir: "))
            continue;
        if (line)
            return fail(error, "not one line but: %s", text);
        line = lines[i];
    }
    return (line && strstr(line, says)) || fail(error, "'%s' does not say '%s'", text, says);
}

gboolean spice_refuse(const SpiceCase *c, Session *session, GString *note, GError **error)
{
    static guint count;
    int status = -1;
    (void)note;
    g_autofree char *options = spice_expand(session, c->options, error);
    g_autofree char *name = g_strdup_printf("spice-refused-%u", ++count);
    g_autofree char *log = g_strdup_printf("%s/%s.log", harness_logs(), name);
    g_unlink(log);
    session->share = share_start(name, options, "--no-retry", error);
    if (!session->share)
        return FALSE;
    if (!process_wait(share_process(session->share), WAIT_MS, &status))
        return fail(error, "it does not end");
    if (status != 4)
        return fail(error, "status %d", status);
    g_clear_pointer(&session->share, share_free);
    return check_line(log, c->says, error);
}

/* ---- what happens on the way ---- */

gboolean spice_begin(const SpiceCase *c, const char *name, Session *session, guint *ret_stream,
                     GError **error)
{
    g_autofree char *options = spice_expand(session, c->options ? c->options : SPICE_BULK, error);
    if (!session_plug(session, name, options, c->port, error))
        return FALSE;
    *ret_stream = session_begin(session, &endless);
    return session_wait_frames(session, *ret_stream, 10, WAIT_MS, error);
}

gboolean spice_wait_lost(Session *session, guint stream, GError **error)
{
    g_autofree char *text = agent_wait(vm_agent(session->vm), stream, 20000, NULL);
    return !text || fail(error, "the stream in the guest ended as if it were complete: %s", text);
}

static gboolean find_and_stream(Session *session, GString *note, GError **error)
{
    return session_find(session, WAIT_MS, error) &&
           check_stream(session, "YUYV", 320, 240, 30, 15, note, error);
}

/* What the guest has may be the camera of before, which it lets go of a moment later. */
gboolean spice_find_and_end(Session *session, GString *note, GError **error)
{
    g_autoptr(GError) gone = NULL;
    gboolean good = find_and_stream(session, note, &gone);
    if (!good && strstr(gone->message, "No such "))
        good = find_and_stream(session, note, error);
    else if (!good)
        g_propagate_error(error, g_steal_pointer(&gone));
    return good && session_unplug(session, error);
}

static gboolean end_stream(Session *session, guint stream, guint least, GString *note,
                           GError **error)
{
    Outcome outcome;
    g_autofree char *text = agent_run(vm_agent(session->vm), WAIT_MS, error, "stop");
    if (!text || !session_end(session, stream, &endless, &outcome, NULL, error))
        return FALSE;
    g_string_append_printf(note, "%u frames", outcome.frames);
    return check_intact(session, &outcome, least, error);
}

static gboolean check_memory(Session *session, GString *note, GError **error)
{
    gint64 peak_kib = process_peak_kib(share_process(session->share));
    g_string_append_printf(note, ", peak %d KiB", (int)peak_kib);
    return peak_kib <= HARNESS_MEMORY_KIB || fail(error, "camredir took %d KiB", (int)peak_kib);
}

gboolean spice_pause_and_go(const SpiceCase *c, Session *session, GString *note, GError **error)
{
    guint stream;
    if (!spice_begin(c, "spice-paused", session, &stream, error) ||
        !vm_qmp(session->vm, "stop", error))
        return FALSE;
    g_usleep(10 * G_USEC_PER_SEC);
    guint before = agent_count_frames(vm_agent(session->vm), stream);
    gint64 continued_us = g_get_monotonic_time();
    /* What was on its way counts for nothing: a stream goes on. */
    if (!vm_qmp(session->vm, "cont", error) ||
        !session_wait_frames(session, stream, before + 15, WAIT_MS, error))
        return FALSE;
    gint64 took_ms = (g_get_monotonic_time() - continued_us) / 1000;
    g_string_append_printf(note, "15 frames %d ms after cont, ", (int)took_ms);
    return end_stream(session, stream, before + 15, note, error) &&
           check_memory(session, note, error) && session_unplug(session, error);
}

/* Asked to end while the VM is paused, it says why it waits, and ends when the VM goes on. */
static gboolean leave_paused(const SpiceCase *c, Session *session, GString *note, GError **error)
{
    guint stream;
    int status = -1;
    if (!spice_begin(c, "spice-leave", session, &stream, error) ||
        !vm_qmp(session->vm, "stop", error))
        return FALSE;
    g_usleep(2 * G_USEC_PER_SEC);
    Process *process = share_process(session->share);
    process_signal(process, SIGTERM);
    if (process_wait(process, 2000, &status))
        return fail(error, "it left a VM that was paused");
    if (!session_wait_said(session, "does not let go of the camera", error) ||
        !vm_qmp(session->vm, "cont", error))
        return FALSE;
    if (!process_wait(process, WAIT_MS, &status) || status != 0)
        return fail(error, "it did not leave when the VM went on (status %d)", status);
    g_clear_pointer(&session->share, share_free);
    return spice_wait_lost(session, stream, error) &&
           session_plug(session, "spice-leave", SPICE_BULK, c->port, error) &&
           check_stream(session, "YUYV", 320, 240, 30, 15, note, error) &&
           session_unplug(session, error);
}

gboolean spice_reboot(const SpiceCase *c, Session *session, GString *note, GError **error)
{
    guint stream;
    return spice_begin(c, "spice-reboot", session, &stream, error) &&
           vm_qmp(session->vm, "system_reset", error) &&
           agent_wait_ready(vm_agent(session->vm), WAIT_MS, error) &&
           spice_find_and_end(session, note, error);
}

gboolean spice_kill_server(const SpiceCase *c, Session *session, GString *note, GError **error)
{
    guint stream;
    if (!spice_begin(c, "spice-killed", session, &stream, error))
        return FALSE;
    vm_kill(session->vm);
    g_usleep(1500000);
    return vm_boot(session->vm, error) && spice_find_and_end(session, note, error);
}

/* The first ends and says so, instead of taking the VM back for ever. */
static gboolean take_over(const SpiceCase *c, Session *session, GString *note, GError **error)
{
    int status = -1;
    guint stream;
    if (!spice_begin(c, "spice-first", session, &stream, error))
        return FALSE;
    Share *first = g_steal_pointer(&session->share);
    session->share =
        share_start("spice-second", SPICE_BULK, vm_address(session->vm, c->port), error);
    gboolean ended = session->share && process_wait(share_process(first), WAIT_MS, &status);
    g_autofree char *log = NULL;
    g_file_get_contents(share_log(first), &log, NULL, NULL);
    share_free(first);
    if (!ended || status != 4 || !log || !strstr(log, "another SPICE client"))
        return fail(error, "the first ended with status %d: %s", status, log);
    return spice_wait_lost(session, stream, error) && spice_find_and_end(session, note, error);
}

#define PORT      .port = VM_SPICE_PORT
#define USBREDIR  .port = VM_SPICE_USBREDIR
#define LOCKED(o) .locked = TRUE, .options = o
#define YUY2      .fourcc = "YUYV", .width = 640, .height = 480
#define JPEG      .fourcc = "MJPG", .width = 1280, .height = 720

static const GuestTest tests[] = {
    SPICE_ROW("SPICE port, YUY2", spice_stream, PORT, YUY2),
    SPICE_ROW("SPICE port, MJPEG", spice_stream, PORT, JPEG),
    SPICE_ROW("SPICE port, iso", spice_stream, PORT, YUY2, .options = SPICE_BULK " --transfer iso"),
    SPICE_ROW("SPICE usbredir channel, YUY2", spice_stream, USBREDIR, YUY2),
    SPICE_ROW("SPICE usbredir channel, MJPEG", spice_stream, USBREDIR, JPEG),
    SPICE_ROW("SPICE port: VM stopped for 10 s and continued", spice_pause_and_go, PORT),
    SPICE_ROW("SPICE usbredir: VM stopped for 10 s and continued", spice_pause_and_go, USBREDIR),
    SPICE_ROW("SPICE port: camredir ends while the VM is stopped", leave_paused, PORT),
    SPICE_ROW("SPICE usbredir: camredir ends while the VM is stopped", leave_paused, USBREDIR),
    SPICE_ROW("SPICE port: guest reset while streaming", spice_reboot, PORT),
    SPICE_ROW("SPICE usbredir: guest reset while streaming", spice_reboot, USBREDIR),
    SPICE_ROW("SPICE: another client takes the VM", take_over, PORT),
    SPICE_ROW("SPICE: no such port", spice_refuse,
              .options = "pattern %U --way port --port-name org.none",
              .says = "no SPICE port org.none"),
    SPICE_ROW("SPICE: nobody there", spice_refuse, .options = "pattern --to spice://127.0.0.1:1",
              .says = "no SPICE server answers"),
    SPICE_ROW("SPICE port: QEMU killed and started again", spice_kill_server, PORT),
    SPICE_ROW("SPICE usbredir: QEMU killed and started again", spice_kill_server, USBREDIR),
    SPICE_ROW("SPICE by TCP with a password", spice_stream, LOCKED(SPICE_BULK " %A %P"), JPEG),
    SPICE_ROW("SPICE by TLS with a password, port", spice_stream,
              LOCKED(SPICE_BULK " %T %P %C --way port"), YUY2),
    SPICE_ROW("SPICE by TLS with a password, usbredir", spice_stream,
              LOCKED(SPICE_BULK " %T %P %C --way usbredir"), JPEG),
    SPICE_ROW("SPICE: wrong password", spice_refuse, LOCKED("pattern %T %W %C"),
              .says = "refuses the password"),
    SPICE_ROW("SPICE: no password", spice_refuse, LOCKED("pattern %A"),
              .says = "asks for a password"),
    SPICE_ROW("SPICE: wrong CA", spice_refuse, LOCKED("pattern %T %P %O"),
              .says = "certificate is not trusted"),
};

const GuestTestTable spice_tests = {tests, G_N_ELEMENTS(tests)};
