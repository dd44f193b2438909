/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A GTK 3 module that shares the camera in each SPICE session of the program that loads it, which
   knows nothing of it: whatever goes wrong here, the program goes on without a camera. */
#include <gtk/gtk.h>
#include <spice-client.h>

#include "tools/camredir-spice.h"
#include "tools/conf.h"
#include "tools/gtk_ask.h"
#include "tools/gtk_notify.h"

#define OWN_DATA       "camredir-viewer"
#define LONGEST_NAME   64 /* of a machine, which calls itself as it likes */
#define UNKNOWN_CAMERA "camera"

/* One session's. */
struct viewer_camera {
    SpiceSession *session; /* to which we belong */
    struct viewer_conf *conf;
    RedirSpiceAttachment *attachment;
    GtkWidget *question; /* while it is being asked */
    gboolean streaming;
    gboolean missed;              /* the user knows that the machine has no place for a camera */
    gboolean remembered, allowed; /* the answer, where it holds for the next time too */
};

int gtk_module_init(int *argc, char ***argv);

/* ---- what the user sees ---- */

/* Of the machine, or NULL. */
static char *machine_name(SpiceSession *session)
{
    g_autofree char *raw = NULL;
    g_object_get(session, "name", &raw, NULL);
    if (!raw || !*raw)
        return NULL;
    g_autofree char *valid = g_utf8_make_valid(raw, -1);
    return g_utf8_substring(valid, 0, MIN(g_utf8_strlen(valid, -1), LONGEST_NAME));
}

static const char *camera_name(const struct viewer_camera *camera)
{
    const char *name = camera->conf->values[CONF_NAME], *spec = camera->conf->values[CONF_CAMERA];
    return name ? name : spec ? spec : UNKNOWN_CAMERA;
}

static void show_failure(const struct viewer_conf *conf, const char *text)
{
    if (!conf || conf_is(conf, CONF_NOTIFICATIONS, "true"))
        notify_show("No camera in the virtual machine", text);
}

static void tell_failure(const struct viewer_conf *conf, const char *text)
{
    g_printerr("camredir: %s\n", text);
    show_failure(conf, text);
}

/* The library's log has a line of it already. */
static void tell_missing(struct viewer_camera *camera, const char *text)
{
    if (!camera->missed)
        show_failure(camera->conf, text);
    camera->missed = TRUE;
}

static void tell_use(const struct viewer_camera *camera)
{
    if (!conf_is(camera->conf, CONF_NOTIFICATIONS, "true"))
        return;
    g_autofree char *machine = machine_name(camera->session);
    g_autofree char *body =
        g_strdup_printf(camera->streaming ? "%s uses \"%s\"." : "%s no longer uses \"%s\".",
                        machine ? machine : "The virtual machine", camera_name(camera));
    notify_show(camera->streaming ? "Camera on" : "Camera off", body);
}

/* ---- the question ---- */

static void withdraw_question(struct viewer_camera *camera)
{
    GtkWidget *question = camera->question;
    if (!question)
        return;
    g_clear_weak_pointer(&camera->question);
    gtk_widget_destroy(question);
}

static void on_answer(gboolean allowed, gboolean remember, gpointer user)
{
    struct viewer_camera *camera = user;
    camera->remembered = remember;
    camera->allowed = allowed;
    redir_spice_attachment_allow(camera->attachment, allowed);
}

static void on_ask(RedirSpiceAttachment *attachment, gpointer user)
{
    struct viewer_camera *camera = user;
    if (camera->remembered) {
        redir_spice_attachment_allow(attachment, camera->allowed);
        return;
    }
    withdraw_question(camera);
    g_autofree char *machine = machine_name(camera->session);
    g_set_weak_pointer(&camera->question,
                       ask_new(camera->session, machine, camera_name(camera), on_answer, camera));
}

static void on_state(RedirSpiceAttachment *attachment, RedirSpiceState state, const char *text,
                     gpointer user)
{
    struct viewer_camera *camera = user;
    gboolean was_streaming = camera->streaming;
    (void)attachment;
    camera->streaming = state == REDIR_SPICE_STATE_STREAMING;
    if (state != REDIR_SPICE_STATE_ASKING)
        withdraw_question(camera);
    if (camera->streaming != was_streaming)
        tell_use(camera);
    if (state == REDIR_SPICE_STATE_MISSING)
        tell_missing(camera, text);
    if (state == REDIR_SPICE_STATE_FAILED)
        tell_failure(camera->conf, text);
}

/* ---- sessions ---- */

static void on_session_gone(gpointer user, GObject *session)
{
    struct viewer_camera *camera = user;
    (void)session;
    withdraw_question(camera);
    redir_spice_detach(camera->attachment);
    conf_free(camera->conf);
    g_free(camera);
}

static void attach(struct viewer_camera *camera)
{
    char **values = camera->conf->values;
    g_autoptr(GError) error = NULL;
    const RedirSpiceOptions options = {
        .size = sizeof options,
        .camera = values[CONF_CAMERA],
        .speed = values[CONF_SPEED],
        .transfer = values[CONF_TRANSFER],
        .format = values[CONF_FORMAT],
        .usb_size = values[CONF_SIZE],
        .fps = values[CONF_FPS],
        .name = values[CONF_NAME],
        .serial = values[CONF_SERIAL],
        .way = values[CONF_WAY],
        .port_name = values[CONF_PORT_NAME],
        .ask = conf_is(camera->conf, CONF_USE, "ask") ? on_ask : NULL,
        .state = on_state,
        .user = camera,
    };
    camera->attachment = redir_spice_attach(camera->session, &options, &error);
    if (!camera->attachment)
        tell_failure(camera->conf, error->message);
}

static void share_in(SpiceSession *session)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(viewer_conf) conf = conf_load(&error);
    if (!conf)
        tell_failure(NULL, error->message);
    if (!conf || conf_is(conf, CONF_USE, "never"))
        return;
    struct viewer_camera *camera = g_new0(struct viewer_camera, 1);
    camera->session = session;
    camera->conf = g_steal_pointer(&conf);
    g_object_set_data(G_OBJECT(session), OWN_DATA, camera);
    /* Before the library's: that a session has ended is no failure. */
    g_object_weak_ref(G_OBJECT(session), on_session_gone, camera);
    attach(camera);
}

/* The main channel is the first of a session, and comes again with each new connection. To migrate,
   the library makes a second session, whose channels then move to the first: not a session of ours.
   Nothing is connected here, where the viewer itself has not heard of the channel yet. */
static gboolean on_channel_new(GSignalInvocationHint *hint, guint n_values, const GValue *values,
                               gpointer user)
{
    SpiceSession *session = g_value_get_object(&values[0]);
    GObject *channel = g_value_get_object(&values[1]);
    (void)hint, (void)n_values, (void)user;
    if (SPICE_IS_MAIN_CHANNEL(channel) && !spice_session_is_for_migration(session) &&
        !g_object_get_data(G_OBJECT(session), OWN_DATA))
        share_in(session);
    return G_SOURCE_CONTINUE;
}

G_MODULE_EXPORT int gtk_module_init(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    gpointer session_class = g_type_class_ref(SPICE_TYPE_SESSION);
    guint signal = g_signal_lookup("channel-new", G_TYPE_FROM_CLASS(session_class));
    if (signal)
        g_signal_add_emission_hook(signal, 0, on_channel_new, NULL, NULL);
    return 0;
}
