/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Guest tests: viewers of SPICE that know nothing of us, with our module in them. One VM with a
   display and both ways in, and a desktop with a user. */
#include "tests/guest/guest_viewer.h"

#include <string.h>

#include "tests/guest/jpeg_file.h"
#include "vcam/hash.h"
#include "vcam/sources/jpeg.h"

#define N_PICTURES 4
#define WIDTH      640
#define HEIGHT     480
#define QUESTION   "Camera"

const StreamOrder viewer_mjpeg = {
    .fourcc = "MJPG", .width = WIDTH, .height = HEIGHT, .interval = 333333, .hash_each = 1};
const StreamOrder viewer_yuy2 = {
    .fourcc = "YUYV", .width = WIDTH, .height = HEIGHT, .interval = 333333, .hash_each = 1};

static Vm *machine;
static Desktop *desktop;
static guint64 pictures[2 * N_PICTURES]; /* hashes of what the camera sees, as MJPEG and as YUY2 */

void viewer_end(void)
{
    g_clear_pointer(&machine, vm_free);
    g_clear_pointer(&desktop, desktop_free);
}

/* ---- the stage ---- */

/* remote-viewer would ask whether the user means it. */
static gboolean set_preferences(GError **error)
{
    g_autofree char *folder = g_build_filename(harness_folder(), "home", "virt-viewer", NULL);
    g_autofree char *path = g_build_filename(folder, "settings", NULL);
    g_mkdir_with_parents(folder, 0700);
    return g_file_set_contents(path, "[virt-viewer]\nask-quit=false\n", -1, error);
}

static char *camera_path(void)
{
    return g_build_filename(harness_folder(), "viewer.mjpeg", NULL);
}

static guint64 hash_yuy2(const GByteArray *jpeg)
{
    static guint8 yuy2[WIDTH * HEIGHT * 2];
    struct vcam_jpeg_decoder *decoder = vcam_jpeg_decoder_new();
    if (vcam_jpeg_decode_yuy2(decoder, jpeg->data, jpeg->len, yuy2, WIDTH, HEIGHT) < 0)
        g_error("a picture of the test cannot be decoded");
    vcam_jpeg_decoder_free(decoder);
    return vcam_hash(yuy2, sizeof yuy2);
}

static gboolean make_camera(GError **error)
{
    g_autofree char *path = camera_path();
    g_autoptr(GByteArray) stream = g_byte_array_new();
    for (guint i = 0; i < N_PICTURES; i++) {
        g_autoptr(GByteArray) jpeg = jpeg_make(WIDTH, HEIGHT, 8, i + 1);
        pictures[i] = vcam_hash(jpeg->data, jpeg->len);
        pictures[N_PICTURES + i] = hash_yuy2(jpeg);
        g_byte_array_append(stream, jpeg->data, jpeg->len);
    }
    return g_file_set_contents(path, (char *)stream->data, stream->len, error);
}

static gboolean set_stage(GError **error)
{
    if (!desktop &&
        !(make_camera(error) && (desktop = desktop_new(error)) && set_preferences(error)))
        return FALSE;
    if (!machine)
        machine =
            vm_new("viewer", VM_XHCI | VM_SPICE_PORT | VM_SPICE_USBREDIR | VM_DISPLAY | VM_DESKTOP);
    return vm_agent(machine) || vm_boot(machine, error);
}

/* %C: camredir, %M: the module's folder, %V: the camera, %U: where the VM's SPICE is, %F: the
   folder of the test's files. */
static char *expand(const char *text)
{
    g_autofree char *camredir = harness_camredir();
    g_autofree char *build = g_path_get_dirname(camredir);
    g_autofree char *absolute = g_canonicalize_filename(build, NULL);
    g_autofree char *camera = camera_path();
    g_autoptr(GString) result = g_string_new(text);
    g_string_replace(result, "%C", camredir, 0);
    g_string_replace(result, "%M", absolute, 0);
    g_string_replace(result, "%V", camera, 0);
    g_string_replace(result, "%U", vm_spice(machine).path, 0);
    g_string_replace(result, "%F", harness_folder(), 0);
    return g_string_free(g_steal_pointer(&result), FALSE);
}

/* The module alone is built with the sanitizer, and its library has to be the first of the process;
   what the viewer leaks is not ours. */
static void add_sanitizer(GPtrArray *argv)
{
#ifdef __SANITIZE_ADDRESS__
    g_autofree char *maps = NULL;
    g_autoptr(GRegex) name = g_regex_new("/\\S*/libasan\\.so\\S*", 0, 0, NULL);
    g_autoptr(GMatchInfo) match = NULL;
    g_file_get_contents("/proc/self/maps", &maps, NULL, NULL);
    if (g_regex_match(name, maps, 0, &match)) {
        g_autofree char *path = g_match_info_fetch(match, 0);
        g_ptr_array_add(argv, g_strconcat("LD_PRELOAD=", path, NULL));
        g_ptr_array_add(argv, g_strdup("ASAN_OPTIONS=detect_leaks=0"));
    }
#else
    (void)argv;
#endif
}

static void add_words(GPtrArray *argv, const char *text)
{
    g_autofree char *expanded = expand(text);
    g_auto(GStrv) words = g_strsplit(expanded, " ", -1);
    for (guint i = 0; words[i]; i++)
        g_ptr_array_add(argv, g_strdup(words[i]));
}

char *viewer_log(void)
{
    return g_build_filename(harness_logs(), "viewer.log", NULL);
}

Process *viewer_start(const char *variables, const char *command, GError **error)
{
    g_autoptr(GPtrArray) argv = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *log = viewer_log();
    const char *const *environment = desktop_environment(desktop);
    add_words(argv, "env CAMREDIR_ABORT_ON_BUG=1 CAMREDIR_CAMERA=file:%V CAMREDIR_NAME=test "
                    "CAMREDIR_FORMAT=MJPEG,YUY2");
    for (guint i = 0; environment[i]; i++)
        g_ptr_array_add(argv, g_strdup(environment[i]));
    add_sanitizer(argv);
    if (variables)
        add_words(argv, variables);
    add_words(argv, command);
    g_ptr_array_add(argv, NULL);
    return process_start((const char *const *)argv->pdata, log, error);
}

/* ---- what the guest sees ---- */

/* Of the stream's frames so far: how many are the camera's, and how many anything else. */
static void count_frames(Session *session, guint stream, guint expected, guint *ret_own,
                         guint *ret_other)
{
    g_autoptr(GArray) frames = agent_frames(vm_agent(session->vm), stream, expected);
    guint own = 0;
    for (guint i = 0; i < frames->len; i++) {
        const SeenFrame *frame = &g_array_index(frames, SeenFrame, i);
        for (guint p = 0; p < G_N_ELEMENTS(pictures); p++)
            own += !frame->record.flagged && frame->record.hash == pictures[p];
    }
    *ret_own = own;
    *ret_other = frames->len - own;
}

gboolean viewer_wait_own(Session *session, guint stream, guint n, GError **error)
{
    guint own, other;
    for (guint waited_ms = 0; waited_ms < WAIT_MS; waited_ms += 50) {
        count_frames(session, stream, 0, &own, &other);
        if (own >= n)
            return TRUE;
        g_usleep(50000);
    }
    return fail(error, "%u of %u frames of the camera, %u others", own, n, other);
}

gboolean viewer_stop_stream(Session *session, guint stream, guint *ret_own, guint *ret_other,
                            GError **error)
{
    g_autofree char *stopped = agent_run(vm_agent(session->vm), WAIT_MS, error, "stop");
    g_autofree char *ended =
        stopped ? agent_wait(vm_agent(session->vm), stream, WAIT_MS, error) : NULL;
    if (!ended)
        return FALSE;
    count_frames(session, stream, (guint)g_ascii_strtoull(ended, NULL, 10), ret_own, ret_other);
    return TRUE;
}

/* ---- what the user sees ---- */

/* Something else may be in front of the VM's display. */
static gboolean look(const ViewerCase *c, const char *what, gboolean covered, GError **error)
{
    g_autofree char *viewer = g_strndup(c->title, strcspn(c->title, " "));
    g_autofree char *path = g_strdup_printf("%s/%s-%s.png", harness_logs(), viewer, what);
    g_autofree char *folder = g_canonicalize_filename(harness_logs(), NULL);
    g_autofree char *dump = g_build_filename(folder, "display.ppm", NULL);
    g_autofree char *command = g_strdup_printf(
        "{\"execute\": \"screendump\", \"arguments\": {\"filename\": \"%s\"}}", dump);
    DesktopPicture picture = {0};
    gboolean shown = vm_qmp(machine, command, error) &&
                     desktop_look(desktop, path, &picture, error) &&
                     (covered || desktop_shows(&picture, dump, error));
    g_free(picture.rgb);
    return shown;
}

char *viewer_notifications(void)
{
    return desktop_notifications(desktop);
}

gboolean viewer_check_notified(const char *text, GError **error)
{
    g_autofree char *all = NULL;
    for (guint waited_ms = 0; waited_ms < WAIT_MS; waited_ms += 50) {
        g_free(all);
        all = viewer_notifications();
        if (g_str_has_suffix(all, text))
            return TRUE;
        g_usleep(50000);
    }
    return fail(error, "no notification says '%s': %s", text, all);
}

/* Neither the viewer, nor a process that it started, nor the camera in the guest is left. */
static gboolean check_gone(Session *session, Process *viewer, GError **error)
{
    int status = -1;
    if (!process_wait(viewer, WAIT_MS, &status))
        return fail(error, "the viewer does not end");
    if (status != 0)
        return fail(error, "the viewer ended with status %d", status);
    g_autofree char *command =
        g_strdup_printf("grep -alsF 'HOME=%s/' /proc/[0-9]*/environ", harness_folder());
    const char *argv[] = {"sh", "-c", command, NULL};
    g_autofree char *left = NULL;
    g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &left, NULL, NULL,
                 NULL);
    if (!left || *left)
        return fail(error, "the viewer leaves processes: %s", left);
    return session_wait_gone(session, error);
}

gboolean viewer_close(const ViewerCase *c, Session *session, Process *viewer, GError **error)
{
    DesktopWindow window = desktop_find(desktop, c->title, WAIT_MS, error);
    if (!window)
        return FALSE;
    desktop_close(desktop, window);
    return check_gone(session, viewer, error);
}

/* ---- cases ---- */

#define ON  "Camera on: camredir-test-viewer uses \"test\".\n"
#define OFF "Camera off: camredir-test-viewer no longer uses \"test\".\n"

/* The guest begins it and ends it, and the user sees both. */
static gboolean stream_whole(const ViewerCase *c, Session *session, const StreamOrder *order,
                             GString *note, GError **error)
{
    guint own, other;
    guint stream = session_begin(session, order);
    if (!viewer_wait_own(session, stream, 30, error) || !viewer_check_notified(ON, error) ||
        !look(c, order->fourcc, FALSE, error) ||
        !viewer_stop_stream(session, stream, &own, &other, error) ||
        !viewer_check_notified(OFF, error))
        return FALSE;
    g_string_append_printf(note, "%s%u frames of %s", note->len ? ", " : "", own, order->fourcc);
    return other == 0 || fail(error, "%u frames are not the camera's", other);
}

/* A stream of each format, and one on which the user closes the window. */
static gboolean stream(const ViewerCase *c, Session *session, Process *viewer, GString *note,
                       GError **error)
{
    if (!stream_whole(c, session, &viewer_mjpeg, note, error) ||
        !stream_whole(c, session, &viewer_yuy2, note, error))
        return FALSE;
    guint last = session_begin(session, &viewer_mjpeg);
    if (!viewer_wait_own(session, last, 10, error) || !viewer_close(c, session, viewer, error))
        return FALSE;
    g_free(agent_wait(vm_agent(session->vm), last, 20000, NULL)); /* it ends in an error */
    return viewer_check_notified(OFF, error);
}

/* Presses Alt with each of the keys in the question, of which the last one answers it. */
static gboolean answer(const char *keys, GError **error)
{
    DesktopWindow window = desktop_find(desktop, QUESTION, WAIT_MS, error);
    for (; window && *keys; keys++)
        desktop_press_alt(desktop, window, (const char[]){*keys, 0});
    return window &&
           (desktop_wait_gone(desktop, QUESTION, WAIT_MS) || fail(error, "the question stays"));
}

static gboolean check_hidden(Session *session, guint stream, GError **error)
{
    guint own, other;
    if (!session_wait_frames(session, stream,
                             agent_count_frames(vm_agent(session->vm), stream) + 15, WAIT_MS,
                             error))
        return FALSE;
    count_frames(session, stream, 0, &own, &other);
    return own == 0 || fail(error, "the guest saw %u frames of the camera", own);
}

static gboolean refuse(const ViewerCase *c, Session *session, Process *viewer, GString *note,
                       GError **error)
{
    guint own, other;
    guint stream = session_begin(session, &viewer_mjpeg);
    (void)note;
    return desktop_find(desktop, QUESTION, WAIT_MS, error) &&
           check_hidden(session, stream, error) && look(c, "asks", TRUE, error) &&
           answer("r", error) && check_hidden(session, stream, error) &&
           viewer_stop_stream(session, stream, &own, &other, error) &&
           (own == 0 || fail(error, "the guest saw the camera")) &&
           viewer_close(c, session, viewer, error);
}

/* The question goes with the stream that it is about; an answer that is to be remembered is not
   asked for again. */
static gboolean allow(const ViewerCase *c, Session *session, Process *viewer, GString *note,
                      GError **error)
{
    guint own, other;
    guint unanswered = session_begin(session, &viewer_mjpeg);
    if (!desktop_find(desktop, QUESTION, WAIT_MS, error) ||
        !viewer_stop_stream(session, unanswered, &own, &other, error))
        return FALSE;
    if (!desktop_wait_gone(desktop, QUESTION, WAIT_MS))
        return fail(error, "the question stays when the guest no longer asks");
    guint asked = session_begin(session, &viewer_mjpeg);
    if (!answer("na", error) || !viewer_wait_own(session, asked, 30, error) ||
        !viewer_stop_stream(session, asked, &own, &other, error))
        return FALSE;
    g_string_append_printf(note, "%u frames, %u before the answer", own, other);
    guint remembered = session_begin(session, &viewer_mjpeg);
    return viewer_wait_own(session, remembered, 10, error) &&
           viewer_stop_stream(session, remembered, &own, &other, error) &&
           viewer_close(c, session, viewer, error);
}

static gboolean run_case(const GuestTest *test, Session *outer, GString *note, GError **error)
{
    const ViewerCase *c = test->data;
    Process *viewer = NULL;
    (void)outer;
    if (!set_stage(error))
        return FALSE;
    Session session = {.vm = machine};
    if (!c->prepare || c->prepare(&session, error))
        viewer = viewer_start(c->variables, c->command, error);
    gboolean good = viewer && (c->late || session_find(&session, WAIT_MS, error)) &&
                    c->run(c, &session, viewer, note, error);
    process_free(viewer);
    if (!good) {
        g_autofree char *log = viewer_log();
        log_tell_tail(log, 15);
        vm_tell_log(machine);
        session_reset(&session);
        vm_kill(machine); /* which devices it has is unknown */
    }
    return good;
}

#define ROW(name, function, ...)                                                                   \
    {                                                                                              \
        name, run_case, &(const ViewerCase)                                                        \
        {                                                                                          \
            .run = function, __VA_ARGS__                                                           \
        }                                                                                          \
    }
#define REMOTE_VIEWER .title = "camredir-test-viewer"
#define SPICY         .title = "spice display"
#define MODULE        "GTK_MODULES=%M/libcamredir.so "
/* spice-gtk's own option redirects the CD drive that it plays, and nothing that this machine has.
 */
#define WITH_CD                                                                                    \
    "remote-viewer --spice-share-cd=%F/cd.iso "                                                    \
    "--spice-usbredir-redirect-on-connect=-1,-1,0xcdcd,-1,1|-1,-1,-1,-1,0 spice+unix://%U"

static const GuestTest tests[] = {
    ROW("viewer remote-viewer with the module, SPICE port", stream, REMOTE_VIEWER,
        .variables = MODULE "CAMREDIR_USE=always CAMREDIR_WAY=port",
        .command = "remote-viewer spice+unix://%U"),
    ROW("viewer by camredir, usbredir channel", stream, REMOTE_VIEWER,
        .command = "%C viewer --use always --way usbredir spice+unix://%U"),
    ROW("viewer remote-viewer beside its own redirection and channels, SPICE port", viewer_beside,
        REMOTE_VIEWER, .prepare = viewer_add_channel,
        .variables = MODULE "CAMREDIR_USE=always CAMREDIR_WAY=port", .command = WITH_CD),
    ROW("viewer remote-viewer beside its own redirection and channels, usbredir channel",
        viewer_beside, REMOTE_VIEWER, .prepare = viewer_add_channel,
        .variables = MODULE "CAMREDIR_USE=always CAMREDIR_WAY=usbredir", .command = WITH_CD),
    ROW("viewer by camredir: VM without port and channel, then with one", viewer_missing,
        REMOTE_VIEWER, .prepare = viewer_remove_places, .late = TRUE,
        .command = "%C viewer --use always spice+unix://%U"),
    ROW("viewer by camredir: asks, the user refuses", refuse, REMOTE_VIEWER,
        .command = "%C viewer spice+unix://%U"),
    ROW("viewer by camredir: asks, the user allows", allow, REMOTE_VIEWER,
        .command = "%C viewer spice+unix://%U"),
#ifndef __SANITIZE_ADDRESS__ /* preloaded, it stops spicy in its libraries' constructors */
    ROW("viewer spicy with the module, usbredir channel", stream, SPICY,
        .variables = MODULE "CAMREDIR_USE=always CAMREDIR_WAY=usbredir",
        .command = "spicy --uri=spice+unix://%U"),
    ROW("viewer by camredir, spicy, SPICE port", stream, SPICY,
        .command = "%C viewer --use=always --way=port --viewer spicy -- --uri=spice+unix://%U"),
#endif
};

const GuestTestTable viewer_tests = {tests, G_N_ELEMENTS(tests)};
