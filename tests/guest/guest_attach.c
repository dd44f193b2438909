/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Guest tests: the camera comes from inside a viewer, through its own SPICE session
   (attach_viewer.c), whatever the viewer, the server and the VM do. The viewer ends with an error
   where anything of a session is left. */
#include "tests/guest/guest_spice.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

/* ---- the viewer ---- */

static gboolean tell(Session *session, const char *command, GError **error)
{
    g_autofree char *path = g_strconcat(share_trace_path(session->share), ".control", NULL);
    g_autofree char *line = g_strconcat(command, "\n", NULL);
    int fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    gboolean good = fd >= 0 && write(fd, line, strlen(line)) == (ssize_t)strlen(line);
    if (fd >= 0)
        close(fd);
    return good || fail(error, "%s: the viewer takes no command", path);
}

/* It ends by itself, and cleanly. */
static gboolean wait_ended(Session *session, GError **error)
{
    int status = -1;
    if (!process_wait(share_process(session->share), WAIT_MS, &status))
        return fail(error, "the viewer does not end");
    g_clear_pointer(&session->share, share_free);
    return status == 0 || fail(error, "the viewer ended with status %d", status);
}

/* ---- what it does ---- */

/* The window is closed. Camera and guest hear of it from the session alone. */
static gboolean close_streaming(const SpiceCase *c, Session *session, GString *note, GError **error)
{
    guint stream;
    return spice_begin(c, "attach-closed", session, &stream, error) &&
           tell(session, "disconnect", error) && wait_ended(session, error) &&
           spice_wait_lost(session, stream, error) && session_wait_gone(session, error) &&
           session_plug(session, "attach-closed", SPICE_BULK, c->port, error) &&
           spice_find_and_end(session, note, error);
}

/* The viewer comes back by a session of its own, in the same process. */
static gboolean lose_main(const SpiceCase *c, Session *session, GString *note, GError **error)
{
    guint stream;
    return spice_begin(c, "attach-main", session, &stream, error) &&
           tell(session, "lose-main", error) && spice_wait_lost(session, stream, error) &&
           session_wait_said(session, "disconnected", error) &&
           spice_find_and_end(session, note, error);
}

static gboolean detach_streaming(const SpiceCase *c, Session *session, GString *note,
                                 GError **error)
{
    guint stream;
    return spice_begin(c, "attach-detached", session, &stream, error) &&
           tell(session, "detach", error) && spice_wait_lost(session, stream, error) &&
           session_wait_gone(session, error) && tell(session, "attach", error) &&
           spice_find_and_end(session, note, error);
}

/* ---- permission ---- */

static gboolean stream_some(Session *session, guint frames, guint *ret_stream, GError **error)
{
    const StreamOrder order = {
        .fourcc = "YUYV", .width = 640, .height = 480, .interval = 333333, .hash_each = 1};
    *ret_stream = session_begin(session, &order);
    return session_wait_frames(session, *ret_stream, frames, WAIT_MS, error);
}

static gboolean stop_stream(Session *session, guint stream, GError **error)
{
    g_free(agent_run(vm_agent(session->vm), WAIT_MS, error, "stop"));
    if (*error)
        return FALSE;
    g_autofree char *text = agent_wait(vm_agent(session->vm), stream, WAIT_MS, error);
    return text != NULL;
}

/* The guest streams all the while: pictures that say why, the camera's, others again. */
static gboolean ask(const SpiceCase *c, Session *session, GString *note, GError **error)
{
    guint stream;
    (void)note;
    return session_plug(session, "attach-ask", SPICE_BULK " --ask", c->port, error) &&
           stream_some(session, 3, &stream, error) &&
           session_wait_said(session, "state asking", error) && tell(session, "allow", error) &&
           session_wait_said(session, "state streaming", error) &&
           session_wait_frames(session, stream, 33, WAIT_MS, error) &&
           tell(session, "refuse", error) && session_wait_said(session, "state refused", error) &&
           session_wait_frames(session, stream, 36, WAIT_MS, error) &&
           stop_stream(session, stream, error) && session_unplug(session, error);
}

/* ---- beside the viewer's own redirection ---- */

/* Of two usbredir channels the camera takes one; by the other the viewer redirects a CD drive. */
static gboolean beside_redirection(const SpiceCase *c, Session *session, GString *note,
                                   GError **error)
{
    g_autofree char *image = spice_make_cd(error);
    g_autofree char *command = g_strconcat("cd ", image, NULL);
    guint stream;
    return image && spice_add_device(session, "cam-other", NULL, error) &&
           spice_begin(c, "attach-beside", session, &stream, error) &&
           tell(session, command, error) && session_wait_said(session, "cd redirected", error) &&
           spice_wait_cd(session, TRUE, error) &&
           session_wait_frames(session, stream,
                               agent_count_frames(vm_agent(session->vm), stream) + 30, 20000,
                               error) &&
           stop_stream(session, stream, error) && spice_find_and_end(session, note, error) &&
           spice_remove_device(session, "cam-other", error);
}

/* ---- migration ---- */

typedef struct {
    VmParts port, seamless;
    const char *program;
} Migration;

#define MIGRATION_PARTS (VM_XHCI | VM_SPICE_PORT | VM_SPICE_USBREDIR | VM_SPICE_LOCKED | VM_DISPLAY)

/* The VM goes to another QEMU while its guest streams. There the guest loses the camera and gets it
   again, and a stream is whole. */
static gboolean follow(const Migration *m, Session *session, Vm *target, GString *note,
                       GError **error)
{
    const SpiceCase c = {.options = m->port == VM_SPICE_PORT ? SPICE_BULK " %A %P --way port"
                                                             : SPICE_BULK " %A %P --way usbredir"};
    guint stream;
    const char *name = m->program ? "attach-migrated" : "spice-migrated";
    if (!spice_begin(&c, name, session, &stream, error))
        return FALSE;
    guint gone = agent_send(vm_agent(session->vm), "gone uvcvideo 60"); /* answered there */
    if (!vm_migrate(session->vm, target, error))
        return FALSE;
    vm_kill(session->vm);
    session->vm = target;
    g_autofree char *stopped = agent_run(vm_agent(target), WAIT_MS, error, "stop");
    g_autofree char *lost = stopped ? agent_wait(vm_agent(target), gone, WAIT_MS, error) : NULL;
    return lost && session_wait_said(session, "trying again", error) &&
           spice_find_and_end(session, note, error);
}

static gboolean migrate(const GuestTest *test, Session *outer, GString *note, GError **error)
{
    const Migration *m = test->data;
    (void)outer;
    spice_end();
    Vm *source = vm_new("migration-source", MIGRATION_PARTS | m->seamless);
    Vm *target = vm_new("migration-target", MIGRATION_PARTS | m->seamless);
    Session session = {.vm = source, .program = m->program};
    gboolean good = vm_boot(source, error) && follow(m, &session, target, note, error);
    if (!good) {
        if (session.share)
            log_tell_tail(share_log(session.share), 10);
        vm_tell_log(session.vm);
        g_clear_pointer(&session.share, share_free);
    }
    vm_free(source);
    vm_free(target);
    return good;
}

#define MIGRATION(...)                                                                             \
    migrate, &(const Migration)                                                                    \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }
#define VIEWER   .viewer = TRUE
#define PORT     VIEWER, .port = VM_SPICE_PORT
#define USBREDIR VIEWER, .port = VM_SPICE_USBREDIR
#define YUY2     .fourcc = "YUYV", .width = 640, .height = 480
#define JPEG     .fourcc = "MJPG", .width = 1280, .height = 720

static const GuestTest tests[] = {
    SPICE_ROW("attach, port: YUY2", spice_stream, PORT, YUY2),
    SPICE_ROW("attach, port: MJPEG", spice_stream, PORT, JPEG),
    SPICE_ROW("attach, usbredir: YUY2", spice_stream, USBREDIR, YUY2),
    SPICE_ROW("attach, usbredir: MJPEG", spice_stream, USBREDIR, JPEG),
    SPICE_ROW("attach, port: closed while streaming", close_streaming, PORT),
    SPICE_ROW("attach, usbredir: closed while streaming", close_streaming, USBREDIR),
    SPICE_ROW("attach, port: main channel lost", lose_main, PORT),
    SPICE_ROW("attach, usbredir: main channel lost", lose_main, USBREDIR),
    SPICE_ROW("attach, port: detached and attached", detach_streaming, PORT),
    SPICE_ROW("attach, usbredir: detached and attached", detach_streaming, USBREDIR),
    SPICE_ROW("attach: asked, allowed, refused", ask, PORT),
    SPICE_ROW("attach, usbredir: beside its own redirection", beside_redirection, USBREDIR),
    SPICE_ROW("attach, port: guest reset", spice_reboot, PORT),
    SPICE_ROW("attach, usbredir: guest reset", spice_reboot, USBREDIR),
    SPICE_ROW("attach, port: usb-redir removed and added", spice_hot_remove, PORT),
    SPICE_ROW("attach, usbredir: usb-redir removed and added", spice_hot_remove, USBREDIR),
    SPICE_ROW("attach, port: renamed and back", spice_rename_port, PORT),
    SPICE_ROW("attach, port: VM stopped for 10 s and continued", spice_pause_and_go, PORT),
    SPICE_ROW("attach, usbredir: VM stopped for 10 s and continued", spice_pause_and_go, USBREDIR),
    SPICE_ROW("attach, port: QEMU killed and started again", spice_kill_server, PORT),
    SPICE_ROW("attach, usbredir: QEMU killed and started again", spice_kill_server, USBREDIR),
    {"attach, port: VM migrated", MIGRATION(VM_SPICE_PORT, 0, SPICE_VIEWER)},
    {"attach, usbredir: VM migrated", MIGRATION(VM_SPICE_USBREDIR, 0, SPICE_VIEWER)},
    {"attach, port: VM migrated, seamless", MIGRATION(VM_SPICE_PORT, VM_SEAMLESS, SPICE_VIEWER)},
    {"attach, usbredir: VM migrated, seamless",
     MIGRATION(VM_SPICE_USBREDIR, VM_SEAMLESS, SPICE_VIEWER)},
    {"SPICE port: VM migrated", MIGRATION(VM_SPICE_PORT, 0, NULL)},
    {"SPICE usbredir: VM migrated, seamless", MIGRATION(VM_SPICE_USBREDIR, VM_SEAMLESS, NULL)},
};

const GuestTestTable attach_tests = {tests, G_N_ELEMENTS(tests)};
