/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The viewer, the guest's steps, and the watch over what camredir writes. */
#include "tests/unit/attach_scene.h"

#include <dlfcn.h>
#include <glib/gstdio.h>
#include <string.h>

#include "redir/endpoint.h"
#include "vcam/sources/sources.h"

#define GONE "scene-gone" /* a channel that may not be written to any more */

static Scene *watched; /* there is one at a time */

/* early: camredir has not heard of it. */
static void happens(const char *word, gboolean early)
{
    if (!early)
        g_string_append_printf(watched->steps, "%s(%c) ", word, "WCGASRFM"[watched->state]);
    if (early == watched->early && g_strcmp0(word, watched->detach_at) == 0)
        scene_detach(watched);
}

gboolean scene_has(const Scene *scene, const char *step)
{
    return strstr(scene->steps->str, step) != NULL;
}

static int type_of(SpiceChannel *channel)
{
    int type;
    g_object_get(channel, "channel-type", &type, NULL);
    return type;
}

static gboolean is_cameras(SpiceChannel *channel)
{
    return SPICE_IS_PORT_CHANNEL(channel) && type_of(channel) != SPICE_CHANNEL_WEBDAV;
}

/* ---- each write ---- */

typedef struct {
    GAsyncReadyCallback callback;
    gpointer user;
} Write;

static void on_written(GObject *channel, GAsyncResult *result, gpointer user)
{
    g_autofree Write *write = user;
    watched->pending--;
    if (g_object_get_data(channel, GONE))
        happens("written", FALSE);
    write->callback(channel, result, write->user);
}

/* Instead of the library's: the dynamic linker finds this one first. */
__attribute__((visibility("default"))) void
spice_port_channel_write_async(SpicePortChannel *channel, const void *buffer, gsize count,
                               GCancellable *cancellable, GAsyncReadyCallback callback,
                               gpointer user)
{
    static __typeof__(&spice_port_channel_write_async) write_async;
    if (!write_async)
        write_async = dlsym(RTLD_NEXT, "spice_port_channel_write_async");
    if (g_object_get_data(G_OBJECT(channel), GONE))
        g_error("camredir bug: %zu bytes are written to a channel that is gone", count);
    g_assert_cmpuint(count, >, 0); /* would close it */
    Write *write = g_new(Write, 1);
    *write = (Write){callback, user};
    watched->writes++;
    watched->pending++;
    write_async(channel, buffer, count, cancellable, on_written, write);
}

/* ---- the viewer ---- */

static void on_finalized(gpointer user, GObject *object)
{
    Scene *scene = user;
    (void)object;
    scene->alive--;
}

static void on_camera_finalized(gpointer user, GObject *object)
{
    Scene *scene = user;
    if ((gpointer)scene->channel == (gpointer)object)
        scene->channel = NULL;
    happens("finalized", FALSE);
}

static void keep_watch(Scene *scene, gpointer object)
{
    scene->alive++;
    g_object_weak_ref(object, on_finalized, scene);
}

static const char *event_word(SpiceChannelEvent event)
{
    return event == SPICE_CHANNEL_OPENED   ? "opened"
           : event == SPICE_CHANNEL_CLOSED ? "closed"
                                           : "error";
}

static void on_channel_event(SpiceChannel *channel, SpiceChannelEvent event, gpointer user)
{
    (void)user;
    g_object_set_data(G_OBJECT(channel), GONE, GINT_TO_POINTER(event != SPICE_CHANNEL_OPENED));
    happens(event_word(event), TRUE);
}

static void on_channel_event_after(SpiceChannel *channel, SpiceChannelEvent event, gpointer user)
{
    (void)channel, (void)user;
    happens(event_word(event), FALSE);
}

static void on_first_event(SpiceChannel *channel, SpiceChannelEvent event, gpointer user)
{
    Scene *scene = user;
    (void)event;
    scene->connecting--;
    g_signal_handlers_disconnect_by_func(channel, on_first_event, user);
}

static void on_channel_new(SpiceSession *session, SpiceChannel *channel, gpointer user)
{
    Scene *scene = user;
    (void)session;
    keep_watch(scene, channel);
    if (is_cameras(channel)) {
        scene->channel = channel;
        g_signal_connect(channel, "channel-event", G_CALLBACK(on_channel_event), scene);
        g_object_weak_ref(G_OBJECT(channel), on_camera_finalized, scene);
    }
}

/* What viewers do, after camredir has seen the channel. */
static void on_channel_new_after(SpiceSession *session, SpiceChannel *channel, gpointer user)
{
    Scene *scene = user;
    (void)session;
    if (is_cameras(channel))
        g_signal_connect_after(channel, "channel-event", G_CALLBACK(on_channel_event_after), user);
    if (SPICE_IS_USBREDIR_CHANNEL(channel)) /* these are the USB device manager's */
        return;
    scene->connecting++;
    g_signal_connect(channel, "channel-event", G_CALLBACK(on_first_event), scene);
    spice_channel_connect(channel);
}

static void on_channel_destroy(SpiceSession *session, SpiceChannel *channel, gpointer user)
{
    (void)session, (void)user;
    if (is_cameras(channel))
        happens("destroy", TRUE);
    g_object_set_data(G_OBJECT(channel), GONE, GINT_TO_POINTER(TRUE));
}

static void on_channel_destroy_after(SpiceSession *session, SpiceChannel *channel, gpointer user)
{
    (void)session, (void)user;
    if (is_cameras(channel))
        happens("destroy", FALSE);
}

static void on_disconnected(SpiceSession *session, gpointer user)
{
    (void)session, (void)user;
    happens("disconnected", TRUE);
}

static void on_disconnected_after(SpiceSession *session, gpointer user)
{
    (void)session, (void)user;
    happens("disconnected", FALSE);
}

static void on_state(RedirSpiceAttachment *attachment, RedirSpiceState state, const char *text,
                     gpointer user)
{
    Scene *scene = user;
    g_assert_true(attachment == scene->attachment);
    scene->state = state;
    g_free(scene->text);
    scene->text = g_strdup(text);
    if (g_strcmp0(scene->detach_at, "state") == 0)
        scene_detach(scene);
}

static void on_ask(RedirSpiceAttachment *attachment, gpointer user)
{
    Scene *scene = user;
    g_assert_true(attachment == scene->attachment);
    scene->asked++;
    if (g_strcmp0(scene->detach_at, "ask") == 0)
        scene_detach(scene);
    else if (scene->answer)
        redir_spice_attachment_allow(attachment, *scene->answer);
}

/* ---- preparing it ---- */

void scene_attach(Scene *scene, const RedirSpiceOptions *options)
{
    static const char *const ways[] = {"port", "usbredir"};
    g_autoptr(GError) error = NULL;
    RedirSpiceOptions own = {.size = sizeof own};
    if (options)
        own = *options;
    if (!own.camera)
        own.camera = "pattern";
    if (!own.format)
        own.format = "YUY2";
    if (!own.usb_size)
        own.usb_size = "320x240";
    own.fps = "30";
    own.way = own.way ? own.way : ways[scene->way];
    own.ask = own.ask ? on_ask : NULL;
    own.state = on_state;
    own.user = scene;
    scene->state = REDIR_SPICE_STATE_WAITING;
    scene->attachment = redir_spice_attach(scene->session, &own, &error);
    g_assert_no_error(error);
    scene->guest.mode = (struct vcam_mode){
        strcmp(own.format, "MJPEG") == 0 ? VCAM_MJPEG : VCAM_YUY2, 320, 240, 333333};
}

void scene_new_session(Scene *scene)
{
    scene->session = spice_session_new();
    keep_watch(scene, scene->session);
    g_object_set(scene->session, "unix-path", scene->path, NULL);
    g_signal_connect(scene->session, "channel-new", G_CALLBACK(on_channel_new), scene);
    g_signal_connect(scene->session, "channel-destroy", G_CALLBACK(on_channel_destroy), scene);
    g_signal_connect(scene->session, "disconnected", G_CALLBACK(on_disconnected), scene);
    g_signal_connect_after(scene->session, "channel-new", G_CALLBACK(on_channel_new_after), scene);
    g_signal_connect_after(scene->session, "channel-destroy", G_CALLBACK(on_channel_destroy_after),
                           scene);
    g_signal_connect_after(scene->session, "disconnected", G_CALLBACK(on_disconnected_after),
                           scene);
}

void scene_prepare(Scene *scene, Way way, const RedirSpiceOptions *options)
{
    *scene = (Scene){.way = way, .steps = g_string_new(NULL)};
    watched = scene;
    scene->folder = g_dir_make_tmp("camredir-attach-XXXXXX", NULL);
    scene->path = g_build_filename(scene->folder, "spice.sock", NULL);
    scene->vm = spice_vm_new(scene->path);
    scene->device = spice_vm_add(scene->vm, way == WAY_PORT ? "org.camredir.camera.0" : NULL);
    scene_new_session(scene);
    scene_attach(scene, options);
}

void scene_connect(Scene *scene)
{
    g_assert_true(spice_session_connect(scene->session));
}

void scene_run(guint ms)
{
    for (gint64 end = g_get_monotonic_time() + ms * 1000; g_get_monotonic_time() < end;)
        fake_step();
}

void scene_disconnect(Scene *scene)
{
    spice_session_disconnect(scene->session);
    FAKE_WAIT(scene_has(scene, "disconnected"));
}

void scene_detach(Scene *scene)
{
    RedirSpiceAttachment *attachment = g_steal_pointer(&scene->attachment);
    scene->detach_at = NULL;
    redir_spice_detach(attachment);
}

void scene_stream(Scene *scene, Way way)
{
    scene_prepare(scene, way, NULL);
    scene_connect(scene);
    guest_find(scene);
    guest_configure(scene);
    guest_stream(scene, 2);
    g_assert_cmpint(scene->state, ==, REDIR_SPICE_STATE_STREAMING);
    g_string_truncate(scene->steps, 0);
}

void scene_end(Scene *scene)
{
    scene_detach(scene);
    if (scene->session)
        spice_session_disconnect(scene->session);
    g_clear_object(&scene->session);
    FAKE_WAIT(scene->alive == 0 && scene->pending == 0);
    spice_vm_free(scene->vm);
    while (g_main_context_iteration(NULL, FALSE))
        ;
    watched = NULL;
    g_unlink(scene->path);
    g_assert_cmpint(g_rmdir(scene->folder), ==, 0);
    g_free(scene->folder);
    g_free(scene->path);
    g_free(scene->text);
    g_string_free(scene->steps, TRUE);
}

/* ---- the guest ---- */

void guest_find(Scene *scene)
{
    FAKE_WAIT((scene->guest.qemu = spice_vm_qemu(scene->device)) &&
              strstr(scene->guest.qemu->order->str, "device_connect"));
}

void guest_configure(Scene *scene)
{
    scene->guest.state = REDIR_HOST_ATTACHED; /* what configure() waits for is told by state() */
    configure(&scene->guest);
    FAKE_WAIT(scene->state == REDIR_SPICE_STATE_IN_GUEST);
}

void guest_read(Scene *scene, guint n)
{
    g_autoptr(GByteArray) frame = g_byte_array_new();
    guint64 number, last = 0;
    gint64 capture_us;
    for (guint i = 0; i < n; i++) {
        read_frame(&scene->guest, frame, 16384);
        g_assert_true(vcam_pattern_read_frame(&scene->guest.mode, frame->data, frame->len, &number,
                                              &capture_us));
        g_assert_true(i == 0 || number > last);
        last = number;
    }
}

void guest_read_notice(Scene *scene)
{
    g_autoptr(GByteArray) frame = g_byte_array_new();
    guint64 number;
    gint64 capture_us;
    read_frame(&scene->guest, frame, 16384);
    g_assert_cmpuint(frame->len, ==, vcam_mode_max_frame_size(&scene->guest.mode));
    g_assert_false(
        vcam_pattern_read_frame(&scene->guest.mode, frame->data, frame->len, &number, &capture_us));
}

void guest_commit(Scene *scene)
{
    commit(&scene->guest);
}

void guest_stream(Scene *scene, guint n)
{
    guest_commit(scene);
    guest_read(scene, n);
}

/* Requests of that size are answered by a message each, of which the server queues 128. */
#define REQUEST 8192
/* Nothing has gone out for so long, and for some turns of the main loop: the server is full. */
#define FULL_US 300000

void guest_fill(Scene *scene)
{
    guint before = scene->writes, asked = 0;
    fake_qemu_set_reading(scene->guest.qemu, FALSE);
    gint64 went_us = g_get_monotonic_time();
    for (guint still = 0; still < 20 || g_get_monotonic_time() - went_us < FULL_US;) {
        guint ended = scene->writes - scene->pending;
        for (; asked < scene->writes - before + REDIR_MAX_PENDING / 2; asked++)
            fake_qemu_bulk(scene->guest.qemu, VCAM_STREAM_ENDPOINT, REQUEST, NULL);
        fake_step();
        if (scene->pending > 0 && scene->writes - scene->pending == ended) {
            still++;
        } else {
            still = 0;
            went_us = g_get_monotonic_time();
        }
    }
}

/* USB 2.0, 9.4.1: CLEAR_FEATURE(ENDPOINT_HALT). */
void guest_stop(Scene *scene)
{
    guint64 id = fake_qemu_control(scene->guest.qemu, 0x02, 0x01, 0, VCAM_STREAM_ENDPOINT, 0, NULL);
    fake_answer_free(fake_qemu_wait(scene->guest.qemu, id));
}
