/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The viewers' module and the sessions of the program that it is in: one camera each, with what the
   configuration says, and one line where it cannot be. The library behind it is played here. */
#include <spice-client.h>

#include "tools/camredir-spice.h"
#include "tools/conf.h"

#define MANY 4

int gtk_module_init(int *argc, char ***argv);

struct RedirSpiceAttachment {
    SpiceSession *session;
    RedirSpiceOptions options; /* its strings are the caller's */
};

static RedirSpiceAttachment attachments[MANY];
static guint n_attached, n_detached;
static const char *refusal; /* the next attempt's */
static GString *lines;      /* on standard error */

/* ---- the library ---- */

RedirSpiceAttachment *redir_spice_attach(SpiceSession *session, const RedirSpiceOptions *options,
                                         GError **error)
{
    if (refusal) {
        g_set_error_literal(error, G_FILE_ERROR, G_FILE_ERROR_FAILED, refusal);
        return NULL;
    }
    g_assert_cmpuint(n_attached, <, MANY);
    g_assert_cmpuint(options->size, ==, sizeof *options);
    attachments[n_attached] = (RedirSpiceAttachment){session, *options};
    return &attachments[n_attached++];
}

void redir_spice_attachment_allow(RedirSpiceAttachment *attachment, gboolean allowed)
{
    (void)attachment, (void)allowed;
    g_assert_not_reached();
}

void redir_spice_detach(RedirSpiceAttachment *attachment)
{
    if (attachment)
        n_detached++;
}

/* ---- the program ---- */

static void take_line(const char *text)
{
    g_string_append(lines, text);
}

static guint count_lines(void)
{
    guint n = 0;
    for (const char *c = lines->str; *c; c++)
        n += *c == '\n';
    return n;
}

static void begin(void)
{
    n_attached = n_detached = 0;
    refusal = NULL;
    g_string_truncate(lines, 0);
}

/* A program makes the main channel when it connects; what it connects to is no matter here. */
static void add_channel(SpiceSession *session, int type)
{
    g_assert_nonnull(spice_channel_new(session, type, 0));
}

static SpiceSession *session_new(void)
{
    SpiceSession *session = spice_session_new();
    add_channel(session, SPICE_CHANNEL_MAIN);
    return session;
}

static void session_end(SpiceSession *session)
{
    spice_session_disconnect(session);
    g_object_unref(session);
    while (g_main_context_iteration(NULL, FALSE))
        ;
}

/* ---- tests ---- */

static void test_sessions(void)
{
    SpiceSession *sessions[2];
    begin();
    for (guint i = 0; i < 2; i++)
        sessions[i] = session_new();
    g_assert_cmpuint(n_attached, ==, 2);
    for (guint i = 0; i < 2; i++)
        g_assert_true(attachments[i].session == sessions[i]);
    add_channel(sessions[0], SPICE_CHANNEL_USBREDIR);
    add_channel(sessions[0], SPICE_CHANNEL_MAIN);
    g_assert_cmpuint(n_attached, ==, 2);
    session_end(sessions[1]);
    g_assert_cmpuint(n_detached, ==, 1);
    session_end(sessions[0]);
    g_assert_cmpuint(n_detached, ==, 2);
    g_assert_cmpstr(lines->str, ==, "");
}

static void test_options(void)
{
    static const struct {
        enum conf_key key;
        const char *value;
        gsize at;
    } strings[] = {
        {CONF_CAMERA, "pattern", G_STRUCT_OFFSET(RedirSpiceOptions, camera)},
        {CONF_SPEED, "super", G_STRUCT_OFFSET(RedirSpiceOptions, speed)},
        {CONF_TRANSFER, "iso", G_STRUCT_OFFSET(RedirSpiceOptions, transfer)},
        {CONF_FORMAT, "MJPEG", G_STRUCT_OFFSET(RedirSpiceOptions, format)},
        {CONF_SIZE, "640x480", G_STRUCT_OFFSET(RedirSpiceOptions, usb_size)},
        {CONF_FPS, "15", G_STRUCT_OFFSET(RedirSpiceOptions, fps)},
        {CONF_NAME, "a name", G_STRUCT_OFFSET(RedirSpiceOptions, name)},
        {CONF_SERIAL, "0002", G_STRUCT_OFFSET(RedirSpiceOptions, serial)},
        {CONF_WAY, "usbredir", G_STRUCT_OFFSET(RedirSpiceOptions, way)},
        {CONF_PORT_NAME, "org.example.0", G_STRUCT_OFFSET(RedirSpiceOptions, port_name)},
    };
    begin();
    for (guint i = 0; i < G_N_ELEMENTS(strings); i++) {
        g_autofree char *variable = conf_variable(strings[i].key);
        g_setenv(variable, strings[i].value, TRUE);
    }
    SpiceSession *session = session_new();
    for (guint i = 0; i < G_N_ELEMENTS(strings); i++) {
        g_autofree char *variable = conf_variable(strings[i].key);
        g_unsetenv(variable);
        g_assert_cmpstr(G_STRUCT_MEMBER(char *, &attachments[0].options, strings[i].at), ==,
                        strings[i].value);
    }
    session_end(session);
}

/* Each one in a session of its own: the configuration is read again. */
static void test_use(void)
{
    static const struct {
        const char *use;
        gboolean attached, asks;
        guint lines;
    } cases[] = {
        {"ask", TRUE, TRUE, 0},
        {"always", TRUE, FALSE, 0},
        {"never", FALSE, FALSE, 0},
        {"sometimes", FALSE, FALSE, 1},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        begin();
        g_test_message("%s", cases[i].use);
        g_setenv("CAMREDIR_USE", cases[i].use, TRUE);
        SpiceSession *session = session_new();
        g_unsetenv("CAMREDIR_USE");
        g_assert_cmpuint(n_attached, ==, cases[i].attached);
        g_assert_cmpint(attachments[0].options.ask != NULL, ==, cases[i].asks && n_attached);
        g_assert_cmpuint(count_lines(), ==, cases[i].lines);
        session_end(session);
        attachments[0].options.ask = NULL;
    }
}

static void test_failures(void)
{
    begin();
    refusal = "no camera";
    SpiceSession *session = session_new();
    g_assert_cmpstr(lines->str, ==, "camredir: no camera\n");
    session_end(session);
    g_assert_cmpuint(n_detached, ==, 0);

    begin();
    session = session_new();
    const RedirSpiceOptions *options = &attachments[0].options;
    options->state(attachments, REDIR_SPICE_STATE_FAILED, "the VM is gone", options->user);
    g_assert_cmpstr(lines->str, ==, "camredir: the VM is gone\n");
    session_end(session);
    g_assert_cmpuint(n_detached, ==, 1);
}

/* No desktop is there: one line, however often the guest uses the camera. */
static void test_no_notifications(void)
{
    begin();
    g_unsetenv("CAMREDIR_NOTIFICATIONS");
    SpiceSession *session = session_new();
    const RedirSpiceOptions *options = &attachments[0].options;
    for (guint i = 0; i < 3; i++) {
        options->state(attachments, REDIR_SPICE_STATE_STREAMING, "MJPEG", options->user);
        options->state(attachments, REDIR_SPICE_STATE_IN_GUEST, "off", options->user);
    }
    gint64 deadline = g_get_monotonic_time() + 10 * G_USEC_PER_SEC;
    while (!lines->len && g_get_monotonic_time() < deadline)
        g_main_context_iteration(NULL, FALSE);
    session_end(session);
    g_assert_true(g_str_has_prefix(lines->str, "camredir: no notification can be shown: "));
    g_assert_cmpuint(count_lines(), ==, 1);
    g_setenv("CAMREDIR_NOTIFICATIONS", "false", TRUE);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (guint k = 0; k < N_CONF_KEYS; k++) {
        g_autofree char *variable = conf_variable(k);
        g_unsetenv(variable);
    }
    g_unsetenv(CONF_FILE_VARIABLE);
    g_setenv("XDG_CONFIG_HOME", "/nonexistent", TRUE);
    g_setenv("CAMREDIR_NOTIFICATIONS", "false", TRUE);
    g_setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus", TRUE);
    lines = g_string_new(NULL);
    g_set_printerr_handler(take_line);
    gtk_module_init(NULL, NULL);
    /* The first: the line comes once in a process. */
    g_test_add_func("/viewer-module/no notifications", test_no_notifications);
    g_test_add_func("/viewer-module/sessions", test_sessions);
    g_test_add_func("/viewer-module/options", test_options);
    g_test_add_func("/viewer-module/use", test_use);
    g_test_add_func("/viewer-module/failures", test_failures);
    int failed = g_test_run();
    g_string_free(lines, TRUE);
    return failed;
}
