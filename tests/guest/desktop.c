/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A desktop without a screen. No window manager: windows lie where they put themselves, in their
   own size, and have the keyboard when the test gives it to them. */
#include "tests/guest/desktop.h"

#include <X11/Xlib.h>
#include <X11/Xutil.h>
#include <X11/extensions/XTest.h>
#include <X11/keysym.h>
#include <glib/gstdio.h>
#include <png.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/guest/notifications.h"
#include "tests/guest/process.h"

#define STEP_US 20000
#define SCREEN  "1280x1024x24"

struct Desktop {
    Process *server;
    Display *display;
    Notifications *notifications;
    char *home;
    GPtrArray *environment;
};

/* A window may be gone between being found and being looked at. */
static int ignore_error(Display *display, XErrorEvent *event)
{
    (void)display, (void)event;
    return 0;
}

/* ---- its beginning and end ---- */

/* Xvfb looks for a free display by itself, and tells which. */
static char *start_server(Desktop *desktop, GError **error)
{
    g_autofree char *log = g_build_filename(harness_logs(), "xvfb.log", NULL);
    int tell[2];
    char number[16] = "";
    if (pipe(tell) < 0)
        return NULL;
    g_autofree char *fd = g_strdup_printf("%d", tell[1]);
    const char *argv[] = {"Xvfb",      "-displayfd", fd,    "-screen",  "0", SCREEN,
                          "-nolisten", "tcp",        "-ac", "-noreset", NULL};
    desktop->server = process_start(argv, log, error);
    close(tell[1]);
    FILE *answer = fdopen(tell[0], "r");
    gboolean told = fgets(number, sizeof number, answer) != NULL;
    fclose(answer);
    if (!told) {
        fail(error, "Xvfb does not start: %s", log);
        return NULL;
    }
    return g_strdup_printf(":%s", g_strchomp(number));
}

static void set_environment(Desktop *desktop, const char *display)
{
    const char *const own[][2] = {
        {"DISPLAY", display},
        {"DBUS_SESSION_BUS_ADDRESS", notifications_bus(desktop->notifications)},
        {"HOME", desktop->home},
        {"XDG_CONFIG_HOME", desktop->home},
        {"XDG_DATA_HOME", desktop->home},
        {"XDG_CACHE_HOME", desktop->home},
        {"XDG_RUNTIME_DIR", desktop->home},
        {"GSETTINGS_BACKEND", "memory"},
        {"GDK_BACKEND", "x11"},
        {"NO_AT_BRIDGE", "1"},
        {"LC_ALL", "C.UTF-8"},
    };
    desktop->environment = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < G_N_ELEMENTS(own); i++)
        g_ptr_array_add(desktop->environment, g_strdup_printf("%s=%s", own[i][0], own[i][1]));
    g_ptr_array_add(desktop->environment, NULL);
}

Desktop *desktop_new(GError **error)
{
    Desktop *desktop = g_new0(Desktop, 1);
    g_autofree char *display = start_server(desktop, error);
    desktop->home = g_build_filename(harness_folder(), "home", NULL);
    g_mkdir(desktop->home, 0700);
    if (display && !(desktop->display = XOpenDisplay(display)))
        fail(error, "no connection to the X server %s", display);
    if (!desktop->display || !(desktop->notifications = notifications_new(error))) {
        desktop_free(desktop);
        return NULL;
    }
    XSetErrorHandler(ignore_error);
    set_environment(desktop, display);
    return desktop;
}

static void remove_tree(const char *path)
{
    const char *argv[] = {"rm", "-rf", path, NULL};
    g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL,
                 NULL);
}

void desktop_free(Desktop *desktop)
{
    if (!desktop)
        return;
    if (desktop->display)
        XCloseDisplay(desktop->display);
    process_free(desktop->server);
    notifications_free(desktop->notifications);
    remove_tree(desktop->home);
    g_free(desktop->home);
    if (desktop->environment)
        g_ptr_array_unref(desktop->environment);
    g_free(desktop);
}

const char *const *desktop_environment(const Desktop *desktop)
{
    return (const char *const *)desktop->environment->pdata;
}

char *desktop_notifications(Desktop *desktop)
{
    return notifications_text(desktop->notifications);
}

/* ---- windows ---- */

static gboolean is_called(Desktop *desktop, Window window, const char *title)
{
    XWindowAttributes attributes;
    XTextProperty name = {0};
    Atom property = XInternAtom(desktop->display, "_NET_WM_NAME", False);
    if (!XGetWindowAttributes(desktop->display, window, &attributes) ||
        attributes.map_state != IsViewable ||
        !XGetTextProperty(desktop->display, window, &name, property) || !name.value)
        return FALSE;
    gboolean found = strstr((const char *)name.value, title) != NULL;
    XFree(name.value);
    return found;
}

/* Without a window manager all are children of the root. */
static DesktopWindow find_now(Desktop *desktop, const char *title)
{
    Window root, parent, *children = NULL, found = 0;
    unsigned n = 0;
    XQueryTree(desktop->display, DefaultRootWindow(desktop->display), &root, &parent, &children,
               &n);
    for (unsigned i = 0; i < n && !found; i++)
        if (is_called(desktop, children[i], title))
            found = children[i];
    if (children)
        XFree(children);
    return found;
}

static gboolean wait_for(Desktop *desktop, const char *title, gboolean there, gint64 timeout_ms)
{
    gint64 deadline = g_get_monotonic_time() + timeout_ms * 1000;
    while ((find_now(desktop, title) != 0) != there) {
        if (g_get_monotonic_time() > deadline)
            return FALSE;
        g_usleep(STEP_US);
    }
    return TRUE;
}

DesktopWindow desktop_find(Desktop *desktop, const char *title, gint64 timeout_ms, GError **error)
{
    if (wait_for(desktop, title, TRUE, timeout_ms))
        return find_now(desktop, title);
    fail(error, "no window is called '%s'", title);
    return 0;
}

gboolean desktop_wait_gone(Desktop *desktop, const char *title, gint64 timeout_ms)
{
    return wait_for(desktop, title, FALSE, timeout_ms);
}

static void press(Desktop *desktop, KeySym key, Bool down)
{
    XTestFakeKeyEvent(desktop->display, XKeysymToKeycode(desktop->display, key), down, 0);
}

void desktop_press_alt(Desktop *desktop, DesktopWindow window, const char *key)
{
    KeySym letter = XStringToKeysym(key);
    /* Where the pointer is on a VM's display, that has the keyboard for itself. */
    XTestFakeMotionEvent(desktop->display, -1, 0, DisplayHeight(desktop->display, 0) - 1, 0);
    XSetInputFocus(desktop->display, window, RevertToPointerRoot, CurrentTime);
    XSync(desktop->display, False);
    g_usleep(10 * STEP_US); /* the window gets to know that it has it */
    press(desktop, XK_Alt_L, True);
    press(desktop, letter, True);
    press(desktop, letter, False);
    press(desktop, XK_Alt_L, False);
    XSync(desktop->display, False);
}

void desktop_close(Desktop *desktop, DesktopWindow window)
{
    XEvent event = {
        .xclient = {.type = ClientMessage,
                    .window = window,
                    .message_type = XInternAtom(desktop->display, "WM_PROTOCOLS", False),
                    .format = 32}};
    event.xclient.data.l[0] = (long)XInternAtom(desktop->display, "WM_DELETE_WINDOW", False);
    event.xclient.data.l[1] = CurrentTime;
    XSendEvent(desktop->display, window, False, NoEventMask, &event);
    XSync(desktop->display, False);
}

/* ---- what is to be seen ---- */

gboolean desktop_look(Desktop *desktop, const char *path, DesktopPicture *ret_picture,
                      GError **error)
{
    Window root = DefaultRootWindow(desktop->display);
    XWindowAttributes size;
    XGetWindowAttributes(desktop->display, root, &size);
    XImage *image = XGetImage(desktop->display, root, 0, 0, (unsigned)size.width,
                              (unsigned)size.height, AllPlanes, ZPixmap);
    if (!image)
        return fail(error, "the X server shows nothing");
    DesktopPicture picture = {(guint)size.width, (guint)size.height, NULL};
    guint8 *next = picture.rgb = g_malloc((gsize)size.width * (gsize)size.height * 3);
    for (int y = 0; y < size.height; y++)
        for (int x = 0; x < size.width; x++) {
            unsigned long pixel = XGetPixel(image, x, y);
            *next++ = (guint8)(pixel >> 16);
            *next++ = (guint8)(pixel >> 8);
            *next++ = (guint8)pixel;
        }
    XDestroyImage(image);
    png_image file = {.version = PNG_IMAGE_VERSION,
                      .width = picture.width,
                      .height = picture.height,
                      .format = PNG_FORMAT_RGB};
    *ret_picture = picture;
    return png_image_write_to_file(&file, path, FALSE, picture.rgb, 0, NULL) ||
           fail(error, "%s: %s", path, file.message);
}

static gboolean is_at(const DesktopPicture *whole, const guint8 *rgb, guint width, guint height,
                      guint x, guint y)
{
    for (guint row = 0; row < height; row++)
        if (memcmp(whole->rgb + ((gsize)(y + row) * whole->width + x) * 3,
                   rgb + (gsize)row * width * 3, (gsize)width * 3) != 0)
            return FALSE;
    return TRUE;
}

gboolean desktop_shows(const DesktopPicture *whole, const char *part, GError **error)
{
    g_autofree char *text = NULL;
    gsize size = 0;
    guint width = 0, height = 0;
    int header = 0;
    if (!g_file_get_contents(part, &text, &size, error))
        return FALSE;
    if (sscanf(text, "P6 %u %u 255%n", &width, &height, &header) != 2 ||
        size < (gsize)header + 1 + (gsize)width * height * 3)
        return fail(error, "%s is no picture", part);
    const guint8 *rgb = (const guint8 *)text + header + 1;
    for (guint y = 0; y + height <= whole->height; y++)
        for (guint x = 0; x + width <= whole->width; x++)
            if (is_at(whole, rgb, width, height, x, y))
                return TRUE;
    return fail(error, "what the VM shows (%s) is not to be seen", part);
}
