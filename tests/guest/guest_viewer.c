/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Guest tests: viewers of SPICE that know nothing of us, with our module in them. One VM with a
   display and both ways in, and a desktop with a user. */
#include "tests/guest/guest_tests.h"

#include <string.h>

#include "tests/guest/desktop.h"
#include "tests/guest/jpeg_file.h"
#include "vcam/hash.h"

#define N_PICTURES 4
#define WINDOW_MS  15000
#define QUESTION   "Camera"

static const StreamOrder endless = {
    .fourcc = "MJPG", .width = 640, .height = 480, .interval = 333333, .hash_each = 1};

static Vm *machine;
static Desktop *desktop;
static guint64 pictures[N_PICTURES]; /* hashes of what the camera sees */

void viewer_end(void)
{
    g_clear_pointer(&machine, vm_free);
    g_clear_pointer(&desktop, desktop_free);
}

typedef struct ViewerCase ViewerCase;
struct ViewerCase {
    gboolean (*run)(const ViewerCase *c, Session *session, Process *viewer, GString *note,
                    GError **error);
    const char *variables, *command; /* as in a shell; see expand() */
    const char *title;               /* of the window */
};

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

static gboolean make_camera(GError **error)
{
    g_autofree char *path = camera_path();
    g_autoptr(GByteArray) stream = g_byte_array_new();
    for (guint i = 0; i < N_PICTURES; i++) {
        g_autoptr(GByteArray) jpeg = jpeg_make(endless.width, endless.height, 8, i + 1);
        pictures[i] = vcam_hash(jpeg->data, jpeg->len);
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
        machine = vm_new("viewer", VM_XHCI | VM_SPICE_PORT | VM_SPICE_USBREDIR | VM_DISPLAY);
    return vm_agent(machine) || vm_boot(machine, error);
}

/* %C: camredir, %M: the module's folder, %V: the camera, %U: where the VM's SPICE is. */
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

static Process *viewer_start(const ViewerCase *c, GError **error)
{
    g_autoptr(GPtrArray) argv = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *log = g_build_filename(harness_logs(), "viewer.log", NULL);
    const char *const *environment = desktop_environment(desktop);
    add_words(argv, "env CAMREDIR_ABORT_ON_BUG=1 CAMREDIR_CAMERA=file:%V CAMREDIR_FORMAT=MJPEG "
                    "CAMREDIR_NAME=test");
    for (guint i = 0; environment[i]; i++)
        g_ptr_array_add(argv, g_strdup(environment[i]));
    add_sanitizer(argv);
    if (c->variables)
        add_words(argv, c->variables);
    add_words(argv, c->command);
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
        for (guint p = 0; p < N_PICTURES; p++)
            own += !frame->record.flagged && frame->record.hash == pictures[p];
    }
    *ret_own = own;
    *ret_other = frames->len - own;
}

static gboolean wait_own(Session *session, guint stream, guint n, GError **error)
{
    guint own, other;
    for (guint waited_ms = 0; waited_ms < 20000; waited_ms += 50) {
        count_frames(session, stream, 0, &own, &other);
        if (own >= n)
            return TRUE;
        g_usleep(50000);
    }
    return fail(error, "%u of %u frames of the camera, %u others", own, n, other);
}

static gboolean stop_stream(Session *session, guint stream, guint *ret_own, guint *ret_other,
                            GError **error)
{
    g_autofree char *stopped = agent_run(vm_agent(session->vm), 10000, error, "stop");
    g_autofree char *ended =
        stopped ? agent_wait(vm_agent(session->vm), stream, 20000, error) : NULL;
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

static gboolean check_notified(const char *text, GError **error)
{
    g_autofree char *all = NULL;
    for (guint waited_ms = 0; waited_ms < 5000; waited_ms += 50) {
        g_free(all);
        all = desktop_notifications(desktop);
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
    if (!process_wait(viewer, 15000, &status))
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
    g_autofree char *gone = agent_run(vm_agent(session->vm), 20000, error, "gone uvcvideo 15");
    return gone != NULL;
}

static gboolean close_viewer(const ViewerCase *c, Session *session, Process *viewer, GError **error)
{
    DesktopWindow window = desktop_find(desktop, c->title, WINDOW_MS, error);
    if (!window)
        return FALSE;
    desktop_close(desktop, window);
    return check_gone(session, viewer, error);
}

/* ---- cases ---- */

/* Streams twice: the guest ends the first stream, the user closes the window on the second. */
static gboolean stream(const ViewerCase *c, Session *session, Process *viewer, GString *note,
                       GError **error)
{
    guint own, other;
    guint first = session_begin(session, &endless);
    if (!wait_own(session, first, 30, error) ||
        !check_notified("Camera on: camredir-test-viewer uses \"test\".\n", error) ||
        !look(c, "streams", FALSE, error) || !stop_stream(session, first, &own, &other, error) ||
        !check_notified("Camera off: camredir-test-viewer no longer uses \"test\".\n", error))
        return FALSE;
    g_string_append_printf(note, "%u frames", own);
    if (other > 0)
        return fail(error, "%u frames are not the camera's", other);
    guint second = session_begin(session, &endless);
    if (!wait_own(session, second, 10, error) || !close_viewer(c, session, viewer, error))
        return FALSE;
    g_free(agent_wait(vm_agent(session->vm), second, 20000, NULL)); /* it ends in an error */
    return check_notified("Camera off: camredir-test-viewer no longer uses \"test\".\n", error);
}

/* Presses Alt with each of the keys in the question, of which the last one answers it. */
static gboolean answer(const char *keys, GError **error)
{
    DesktopWindow window = desktop_find(desktop, QUESTION, WINDOW_MS, error);
    for (; window && *keys; keys++)
        desktop_press_alt(desktop, window, (const char[]){*keys, 0});
    return window &&
           (desktop_wait_gone(desktop, QUESTION, WINDOW_MS) || fail(error, "the question stays"));
}

static gboolean check_hidden(Session *session, guint stream, GError **error)
{
    guint own, other;
    if (!session_wait_frames(session, stream,
                             agent_count_frames(vm_agent(session->vm), stream) + 15, 20000, error))
        return FALSE;
    count_frames(session, stream, 0, &own, &other);
    return own == 0 || fail(error, "the guest saw %u frames of the camera", own);
}

static gboolean refuse(const ViewerCase *c, Session *session, Process *viewer, GString *note,
                       GError **error)
{
    guint own, other;
    guint stream = session_begin(session, &endless);
    (void)note;
    return desktop_find(desktop, QUESTION, WINDOW_MS, error) &&
           check_hidden(session, stream, error) && look(c, "asks", TRUE, error) &&
           answer("r", error) && check_hidden(session, stream, error) &&
           stop_stream(session, stream, &own, &other, error) &&
           (own == 0 || fail(error, "the guest saw the camera")) &&
           close_viewer(c, session, viewer, error);
}

/* The question goes with the stream that it is about; an answer that is to be remembered is not
   asked for again. */
static gboolean allow(const ViewerCase *c, Session *session, Process *viewer, GString *note,
                      GError **error)
{
    guint own, other;
    guint unanswered = session_begin(session, &endless);
    if (!desktop_find(desktop, QUESTION, WINDOW_MS, error) ||
        !stop_stream(session, unanswered, &own, &other, error))
        return FALSE;
    if (!desktop_wait_gone(desktop, QUESTION, WINDOW_MS))
        return fail(error, "the question stays when the guest no longer asks");
    guint asked = session_begin(session, &endless);
    if (!answer("na", error) || !wait_own(session, asked, 30, error) ||
        !stop_stream(session, asked, &own, &other, error))
        return FALSE;
    g_string_append_printf(note, "%u frames, %u before the answer", own, other);
    guint remembered = session_begin(session, &endless);
    return wait_own(session, remembered, 10, error) &&
           stop_stream(session, remembered, &own, &other, error) &&
           close_viewer(c, session, viewer, error);
}

static gboolean run_case(const GuestTest *test, Session *outer, GString *note, GError **error)
{
    const ViewerCase *c = test->data;
    (void)outer;
    if (!set_stage(error))
        return FALSE;
    Session session = {.vm = machine};
    Process *viewer = viewer_start(c, error);
    gboolean good =
        viewer && session_find(&session, 20000, error) && c->run(c, &session, viewer, note, error);
    process_free(viewer);
    if (!good) {
        g_autofree char *log = g_build_filename(harness_logs(), "viewer.log", NULL);
        log_print_tail(log, 15);
        vm_print_log(machine);
        session_reset(&session);
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

static const GuestTest tests[] = {
    ROW("viewer remote-viewer with the module, SPICE port", stream, REMOTE_VIEWER,
        .variables = MODULE "CAMREDIR_USE=always CAMREDIR_WAY=port",
        .command = "remote-viewer spice+unix://%U"),
    ROW("viewer by camredir, usbredir channel", stream, REMOTE_VIEWER,
        .command = "%C viewer --use always --way usbredir spice+unix://%U"),
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
