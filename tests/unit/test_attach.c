/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* camredir inside somebody else's SpiceSession, before a real spice-server: both ways in, and each
   step by which a session can end, with the camera off and nothing left at each. Every test ends by
   scene_end(), which waits until all objects of the session are gone and all writes have ended. */
#include <string.h>

#include "tests/unit/attach_scene.h"

static Way way_of(gconstpointer data)
{
    return GPOINTER_TO_INT(data);
}

/* ---- streams ---- */

static void check_stream(Way way, const char *format)
{
    const RedirSpiceOptions options = {.size = sizeof options, .format = format};
    Scene scene;
    scene_prepare(&scene, way, &options);
    g_assert_cmpint(scene.state, ==, REDIR_SPICE_STATE_WAITING);
    scene_connect(&scene);
    guest_find(&scene);
    guest_configure(&scene);
    guest_stream(&scene, 10);
    g_assert_cmpint(scene.state, ==, REDIR_SPICE_STATE_STREAMING);
    g_assert_nonnull(strstr(scene.text, "320x240 30 fps"));
    guest_stop(&scene);
    FAKE_WAIT(scene.state == REDIR_SPICE_STATE_IN_GUEST);
    guest_stream(&scene, 2);
    scene_end(&scene);
}

static void test_yuy2(gconstpointer way)
{
    check_stream(way_of(way), "YUY2");
}

static void test_mjpeg(gconstpointer way)
{
    check_stream(way_of(way), "MJPEG");
}

/* ---- the owner's permission ---- */

static void never_called(RedirSpiceAttachment *attachment, gpointer user)
{
    (void)attachment, (void)user;
    g_assert_not_reached();
}

/* Up to the first picture of a stream that has to be asked for. */
static void ask(Scene *scene, gboolean remember, const gboolean *answer)
{
    const RedirSpiceOptions options = {
        .size = sizeof options, .ask = never_called, .remember = remember};
    scene_prepare(scene, WAY_PORT, &options);
    scene->answer = answer;
    scene_connect(scene);
    guest_find(scene);
    guest_configure(scene);
    g_assert_cmpuint(scene->asked, ==, 0);
    guest_commit(scene);
}

static void stop_and_start(Scene *scene)
{
    guest_stop(scene);
    FAKE_WAIT(scene->state == REDIR_SPICE_STATE_IN_GUEST);
    guest_commit(scene);
}

static const gboolean yes = TRUE, no = FALSE;

/* And lets a newer picture overtake the one that waits for the guest. */
static void allow(Scene *scene, gboolean allowed)
{
    redir_spice_attachment_allow(scene->attachment, allowed);
    scene_run(300);
}

static void test_ask_later(void)
{
    Scene scene;
    ask(&scene, FALSE, NULL);
    guest_read_notice(&scene);
    g_assert_cmpint(scene.state, ==, REDIR_SPICE_STATE_ASKING);
    g_assert_cmpuint(scene.asked, ==, 1);
    allow(&scene, TRUE);
    g_assert_cmpint(scene.state, ==, REDIR_SPICE_STATE_STREAMING);
    guest_read(&scene, 3);
    stop_and_start(&scene);
    guest_read_notice(&scene);
    g_assert_cmpint(scene.state, ==, REDIR_SPICE_STATE_ASKING);
    g_assert_cmpuint(scene.asked, ==, 2);
    scene_end(&scene);
}

static void test_ask_yes(void)
{
    Scene scene;
    ask(&scene, FALSE, &yes);
    guest_read(&scene, 3);
    g_assert_cmpint(scene.state, ==, REDIR_SPICE_STATE_STREAMING);
    scene.answer = &no;
    stop_and_start(&scene);
    guest_read_notice(&scene);
    g_assert_cmpint(scene.state, ==, REDIR_SPICE_STATE_REFUSED);
    g_assert_cmpuint(scene.asked, ==, 2);
    scene_end(&scene);
}

static void test_ask_remember(void)
{
    Scene scene;
    ask(&scene, TRUE, &no);
    guest_read_notice(&scene);
    stop_and_start(&scene);
    guest_read_notice(&scene);
    g_assert_cmpint(scene.state, ==, REDIR_SPICE_STATE_REFUSED);
    allow(&scene, TRUE);
    guest_read(&scene, 3);
    stop_and_start(&scene);
    guest_read(&scene, 3);
    g_assert_cmpuint(scene.asked, ==, 1);
    scene_end(&scene);
}

/* The guest did not wait for it: it counts for nothing. */
static void test_ask_too_late(void)
{
    Scene scene;
    ask(&scene, FALSE, NULL);
    guest_read_notice(&scene);
    guest_stop(&scene);
    FAKE_WAIT(scene.state == REDIR_SPICE_STATE_IN_GUEST);
    redir_spice_attachment_allow(scene.attachment, TRUE);
    g_assert_cmpint(scene.state, ==, REDIR_SPICE_STATE_IN_GUEST);
    guest_commit(&scene);
    guest_read_notice(&scene);
    g_assert_cmpint(scene.state, ==, REDIR_SPICE_STATE_ASKING);
    scene_end(&scene);
}

/* What was allowed can be taken back, asked for or not. */
static void test_take_back(void)
{
    Scene scene;
    scene_stream(&scene, WAY_PORT);
    allow(&scene, FALSE);
    g_assert_cmpint(scene.state, ==, REDIR_SPICE_STATE_REFUSED);
    guest_read_notice(&scene);
    allow(&scene, TRUE);
    g_assert_cmpint(scene.state, ==, REDIR_SPICE_STATE_STREAMING);
    guest_read(&scene, 3);
    scene_end(&scene);
}

static void test_ask_detach(void)
{
    Scene scene;
    const RedirSpiceOptions options = {.size = sizeof options, .ask = never_called};
    scene_prepare(&scene, WAY_PORT, &options);
    scene.detach_at = "ask";
    scene_connect(&scene);
    guest_find(&scene);
    guest_configure(&scene);
    guest_commit(&scene);
    fake_qemu_bulk(scene.guest.qemu, VCAM_STREAM_ENDPOINT, 16384, NULL);
    FAKE_WAIT(scene_has(&scene, "closed"));
    g_assert_cmpuint(scene.asked, ==, 1);
    g_assert_null(scene.attachment);
    scene_end(&scene);
}

/* ---- what else a VM has ---- */

static gboolean is_served_by(const SpiceVmDevice *device, const char *program)
{
    const FakeQemu *qemu = spice_vm_qemu(device);
    return qemu && g_str_has_prefix(qemu->peer, program);
}

/* Of two usbredir channels one is taken, the other one goes to the viewer's own redirection; which
   of them is the VM's choice. */
static void test_two_channels(void)
{
    Scene scene;
    scene_prepare(&scene, WAY_USBREDIR, NULL);
    SpiceVmDevice *other = spice_vm_add(scene.vm, NULL);
    scene_connect(&scene);
    FAKE_WAIT(is_served_by(scene.device, "spice-gtk ") || is_served_by(other, "spice-gtk "));
    if (is_served_by(scene.device, "spice-gtk "))
        scene.device = other;
    guest_find(&scene);
    guest_configure(&scene);
    guest_stream(&scene, 5);
    scene_detach(&scene);
    FAKE_WAIT(g_str_has_suffix(scene.guest.qemu->order->str, "device_disconnect "));
    scene_end(&scene);
}

/* Two cameras take both. */
static void test_two_cameras(void)
{
    Scene scene;
    scene_prepare(&scene, WAY_USBREDIR, NULL);
    SpiceVmDevice *other = spice_vm_add(scene.vm, NULL);
    const RedirSpiceOptions options = {
        .size = sizeof options, .camera = "pattern", .way = "usbredir", .name = "second"};
    RedirSpiceAttachment *second = redir_spice_attach(scene.session, &options, NULL);
    scene_connect(&scene);
    FAKE_WAIT(is_served_by(scene.device, "camredir ") && is_served_by(other, "camredir "));
    redir_spice_detach(second);
    scene_end(&scene);
}

/* Where the VM has the port, the usbredir channel stays the viewer's. */
static void test_both_ways(void)
{
    const RedirSpiceOptions options = {.size = sizeof options, .way = "auto"};
    Scene scene;
    scene_prepare(&scene, WAY_PORT, &options);
    SpiceVmDevice *other = spice_vm_add(scene.vm, NULL);
    scene_connect(&scene);
    guest_find(&scene);
    FAKE_WAIT(is_served_by(other, "spice-gtk "));
    g_assert_true(is_served_by(scene.device, "camredir "));
    scene_end(&scene);
}

/* ---- spice_session_disconnect(), step by step ---- */

/* It only asks for an idle call: until then the guest streams on. */
static void test_disconnect_asked(gconstpointer way)
{
    Scene scene;
    scene_stream(&scene, way_of(way));
    spice_session_disconnect(scene.session);
    g_assert_cmpint(scene.state, ==, REDIR_SPICE_STATE_STREAMING);
    g_assert_cmpstr(scene.steps->str, ==, "");
    FAKE_WAIT(scene_has(&scene, "disconnected"));
    scene_end(&scene);
}

/* Whoever hears of "channel-destroy" after us finds the camera off. */
static void test_channel_destroy(gconstpointer way)
{
    Scene scene;
    scene_stream(&scene, way_of(way));
    spice_session_disconnect(scene.session);
    FAKE_WAIT(scene.steps->len);
    g_assert_cmpstr(scene.steps->str, ==, "destroy(W) ");
    scene_end(&scene);
}

/* The channel's own end comes later, and finds nobody who has still to act. */
static void test_channel_closed(gconstpointer way)
{
    Scene scene;
    scene_stream(&scene, way_of(way));
    scene_disconnect(&scene);
    g_assert_true(g_str_has_prefix(scene.steps->str, "destroy(W) closed(W) "));
    scene_end(&scene);
}

/* Writes that were on their way end late: camredir has let go of the stream, the channel of the
   session. */
static void test_late_writes(gconstpointer way)
{
    Scene scene;
    scene_stream(&scene, way_of(way));
    guest_fill(&scene);
    guint writes = scene.writes;
    scene_disconnect(&scene);
    g_assert_true(g_str_has_prefix(scene.steps->str, "written("));
    g_assert_cmpuint(scene.pending, ==, 0);
    g_assert_cmpuint(scene.writes, ==, writes);
    scene_end(&scene);
}

/* The same with camredir gone too by then. */
static void test_late_writes_detached(gconstpointer way)
{
    Scene scene;
    scene_stream(&scene, way_of(way));
    guest_fill(&scene);
    scene.detach_at = "destroy";
    scene_disconnect(&scene);
    g_assert_null(scene.attachment);
    g_assert_true(scene_has(&scene, "written("));
    scene_end(&scene);
}

/* The channel goes before the session says "disconnected", and that with the session's last
   reference but the viewer's. */
static void test_unref(gconstpointer way)
{
    Scene scene;
    scene_stream(&scene, way_of(way));
    scene_disconnect(&scene);
    g_assert_true(g_str_has_suffix(scene.steps->str, "finalized(W) disconnected(W) "));
    g_assert_cmpuint(scene.alive, ==, 1);
    g_clear_object(&scene.session);
    g_assert_cmpuint(scene.alive, ==, 0);
    FAKE_WAIT(scene.state == REDIR_SPICE_STATE_FAILED);
    g_assert_nonnull(strstr(scene.text, "session is gone"));
    scene_end(&scene);
}

/* The viewer drops its session without a word. */
static void test_unref_alone(gconstpointer way)
{
    Scene scene;
    scene_stream(&scene, way_of(way));
    spice_session_disconnect(scene.session);
    g_clear_object(&scene.session);
    FAKE_WAIT(scene.state == REDIR_SPICE_STATE_FAILED);
    g_assert_cmpuint(scene.alive, ==, 0);
    scene_end(&scene);
}

/* Nor does one that waits for the next connection keep it. */
static void test_unref_later(gconstpointer way)
{
    Scene scene;
    scene_stream(&scene, way_of(way));
    scene_disconnect(&scene);
    scene_run(500);
    g_assert_cmpint(scene.state, ==, REDIR_SPICE_STATE_WAITING);
    g_clear_object(&scene.session);
    g_assert_cmpuint(scene.alive, ==, 0);
    g_assert_cmpint(scene.state, ==, REDIR_SPICE_STATE_WAITING); /* not from inside the unref */
    FAKE_WAIT(scene.state == REDIR_SPICE_STATE_FAILED);
    scene_end(&scene);
}

/* ---- afterwards ---- */

static void serve_again(Scene *scene)
{
    g_string_truncate(scene->steps, 0);
    scene_connect(scene);
    guest_find(scene);
    guest_configure(scene);
    guest_stream(scene, 2);
}

static void test_same_session(gconstpointer way)
{
    Scene scene;
    scene_stream(&scene, way_of(way));
    for (guint i = 0; i < 3; i++) {
        scene_disconnect(&scene);
        g_assert_cmpint(scene.state, ==, REDIR_SPICE_STATE_WAITING);
        serve_again(&scene);
    }
    scene_end(&scene);
}

static void test_new_session(gconstpointer way)
{
    Scene scene;
    scene_stream(&scene, way_of(way));
    for (guint i = 0; i < 3; i++) {
        scene_disconnect(&scene);
        scene_detach(&scene);
        g_clear_object(&scene.session);
        scene_new_session(&scene);
        scene_attach(&scene, NULL);
        serve_again(&scene);
    }
    scene_end(&scene);
}

/* ---- a channel's other ends ---- */

/* Each takes the camera from the guest at once; what is left of the session serves it again. */
static void test_channel_events(gconstpointer way)
{
    static const SpiceChannelEvent events[] = {
        SPICE_CHANNEL_CLOSED,    SPICE_CHANNEL_SWITCHING,  SPICE_CHANNEL_ERROR_CONNECT,
        SPICE_CHANNEL_ERROR_TLS, SPICE_CHANNEL_ERROR_LINK, SPICE_CHANNEL_ERROR_AUTH,
        SPICE_CHANNEL_ERROR_IO,
    };
    for (gsize i = 0; i < G_N_ELEMENTS(events); i++) {
        Scene scene;
        scene_stream(&scene, way_of(way));
        g_signal_emit_by_name(scene.channel, "channel-event", events[i]);
        g_assert_true(g_str_has_suffix(scene.steps->str, "(W) "));
        g_assert_cmpint(scene.state, ==, REDIR_SPICE_STATE_WAITING);
        FAKE_WAIT(scene.state == REDIR_SPICE_STATE_CONNECTED);
        guest_find(&scene);
        guest_configure(&scene);
        guest_stream(&scene, 2);
        scene_end(&scene);
    }
}

static void test_server_killed(gconstpointer way)
{
    Scene scene;
    scene_stream(&scene, way_of(way));
    g_clear_pointer(&scene.vm, spice_vm_free);
    FAKE_WAIT(scene_has(&scene, "closed") || scene_has(&scene, "error"));
    g_assert_cmpint(scene.state, ==, REDIR_SPICE_STATE_WAITING);
    scene_end(&scene);
}

/* The server gives the client up with its main channel. */
static void test_main_lost(gconstpointer way)
{
    Scene scene;
    scene_stream(&scene, way_of(way));
    g_autoptr(GList) channels = spice_session_get_channels(scene.session);
    for (GList *l = channels; l; l = l->next)
        if (SPICE_IS_MAIN_CHANNEL(l->data))
            spice_channel_disconnect(l->data, SPICE_CHANNEL_NONE);
    FAKE_WAIT(scene.state == REDIR_SPICE_STATE_WAITING);
    scene_end(&scene);
}

static void test_other_client(gconstpointer way)
{
    Scene scene;
    scene_stream(&scene, way_of(way));
    SpiceSession *other = spice_session_new();
    g_object_set(other, "unix-path", scene.path, NULL);
    g_assert_true(spice_session_connect(other));
    FAKE_WAIT(scene.state == REDIR_SPICE_STATE_WAITING);
    spice_session_disconnect(other);
    g_object_unref(other);
    scene_end(&scene);
}

static void test_hot_remove(gconstpointer way)
{
    Scene scene;
    scene_stream(&scene, way_of(way));
    spice_vm_remove(scene.device);
    FAKE_WAIT(scene.state == REDIR_SPICE_STATE_WAITING);
    scene.device = spice_vm_add(scene.vm, scene.way == WAY_PORT ? "org.camredir.camera.0" : NULL);
    guest_find(&scene);
    guest_configure(&scene);
    guest_stream(&scene, 2);
    scene_end(&scene);
}

/* A port that goes by another name is not ours, whatever it was before. */
static void test_renamed(void)
{
    Scene scene;
    scene_stream(&scene, WAY_PORT);
    spice_vm_remove(scene.device);
    FAKE_WAIT(scene.state == REDIR_SPICE_STATE_WAITING);
    scene.device = spice_vm_add(scene.vm, "org.camredir.camera.1");
    FAKE_WAIT(scene.state == REDIR_SPICE_STATE_MISSING);
    g_assert_nonnull(strstr(scene.text, "no SPICE port org.camredir.camera.0"));
    spice_vm_remove(scene.device);
    scene.device = spice_vm_add(scene.vm, "org.camredir.camera.0");
    guest_find(&scene);
    guest_configure(&scene);
    guest_stream(&scene, 2);
    scene_end(&scene);
}

/* ---- detaching ---- */

static const struct detach_case {
    const char *name, *at;
    gboolean early;
} detach_cases[] = {
    {"state", "state", FALSE},
    {"channel-destroy/before", "destroy", TRUE},
    {"channel-destroy/after", "destroy", FALSE},
    {"closed/before", "closed", TRUE},
    {"closed/after", "closed", FALSE},
    {"finalized", "finalized", FALSE},
    {"disconnected/before", "disconnected", TRUE},
    {"disconnected/after", "disconnected", FALSE},
};

/* At each step of a disconnect: nothing is told any more (on_state() asserts it), nothing is left.
 */
static void test_detach_at(gconstpointer data)
{
    const struct detach_case *c = data;
    for (Way way = 0; way < N_WAYS; way++) {
        Scene scene;
        scene_stream(&scene, way);
        scene.detach_at = c->at;
        scene.early = c->early;
        scene_disconnect(&scene);
        g_assert_null(scene.attachment);
        scene_end(&scene);
    }
}

/* While the guest streams: device_disconnect goes first. The session stays. */
static void test_detach_streaming(gconstpointer way)
{
    Scene scene;
    scene_stream(&scene, way_of(way));
    scene_detach(&scene);
    FAKE_WAIT(g_str_has_suffix(scene.guest.qemu->order->str, "device_disconnect "));
    FAKE_WAIT(scene_has(&scene, "closed"));
    scene_attach(&scene, NULL);
    FAKE_WAIT(scene.state == REDIR_SPICE_STATE_CONNECTED);
    guest_find(&scene);
    guest_configure(&scene);
    guest_stream(&scene, 2);
    scene_end(&scene);
}

/* The VM does not answer: camredir waits, and goes with the session. */
static void test_detach_paused(gconstpointer way)
{
    Scene scene;
    scene_stream(&scene, way_of(way));
    spice_vm_set_running(scene.vm, FALSE);
    scene_detach(&scene);
    scene_run(700);
    g_assert_cmpstr(scene.steps->str, ==, "");
    scene_disconnect(&scene);
    spice_vm_set_running(scene.vm, TRUE);
    scene_end(&scene);
}

static void test_detach_unconnected(gconstpointer way)
{
    Scene scene;
    scene_prepare(&scene, way_of(way), NULL);
    scene_detach(&scene);
    scene_end(&scene);
    scene_prepare(&scene, way_of(way), NULL);
    scene_connect(&scene);
    FAKE_WAIT(scene.alive > 2); /* the first channel beside the main one */
    scene_detach(&scene);
    /* spice-client-glib 0.42 neither frees nor forgets a channel that is still being connected. */
    FAKE_WAIT(scene.connecting == 0);
    scene_run(300);
    scene_end(&scene);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(gconstpointer way);
    } tests[] = {
        {"stream/yuy2", test_yuy2},
        {"stream/mjpeg", test_mjpeg},
        {"disconnect/1 asked", test_disconnect_asked},
        {"disconnect/2 channel-destroy", test_channel_destroy},
        {"disconnect/3 closed", test_channel_closed},
        {"disconnect/4 late writes", test_late_writes},
        {"disconnect/4 late writes, detached", test_late_writes_detached},
        {"disconnect/5 unref", test_unref},
        {"disconnect/5 unref alone", test_unref_alone},
        {"disconnect/5 unref later", test_unref_later},
        {"disconnect/6 same session again", test_same_session},
        {"disconnect/6 new session", test_new_session},
        {"lost/each channel event", test_channel_events},
        {"lost/server killed", test_server_killed},
        {"lost/main channel", test_main_lost},
        {"lost/other client", test_other_client},
        {"lost/removed and added", test_hot_remove},
        {"detach/streaming", test_detach_streaming},
        {"detach/paused", test_detach_paused},
        {"detach/unconnected", test_detach_unconnected},
    };
    static const char *const ways[N_WAYS] = {"port", "usbredir"};
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(tests); i++)
        for (int way = 0; way < N_WAYS; way++) {
            g_autofree char *path = g_strdup_printf("/attach/%s/%s", tests[i].name, ways[way]);
            g_test_add_data_func(path, GINT_TO_POINTER(way), tests[i].run);
        }
    for (gsize i = 0; i < G_N_ELEMENTS(detach_cases); i++) {
        g_autofree char *path = g_strdup_printf("/attach/detach/in %s", detach_cases[i].name);
        g_test_add_data_func(path, &detach_cases[i], test_detach_at);
    }
    g_test_add_func("/attach/ask/later", test_ask_later);
    g_test_add_func("/attach/ask/yes", test_ask_yes);
    g_test_add_func("/attach/ask/remember", test_ask_remember);
    g_test_add_func("/attach/ask/too late", test_ask_too_late);
    g_test_add_func("/attach/ask/take back", test_take_back);
    g_test_add_func("/attach/ask/detach", test_ask_detach);
    g_test_add_func("/attach/lost/renamed", test_renamed);
    g_test_add_func("/attach/channels/one of two", test_two_channels);
    g_test_add_func("/attach/channels/both of two", test_two_cameras);
    g_test_add_func("/attach/channels/port beside usbredir", test_both_ways);
    return g_test_run();
}
