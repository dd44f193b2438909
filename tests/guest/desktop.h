/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A desktop without a screen: an X server, a session bus with a daemon for notifications, and a
   user who looks at windows, presses keys and closes windows. */
#pragma once

#include <glib.h>

typedef struct Desktop Desktop;
typedef unsigned long DesktopWindow;

typedef struct {
    guint width, height;
    guint8 *rgb;
} DesktopPicture;

Desktop *desktop_new(GError **error);
void desktop_free(Desktop *desktop); /* accepts NULL */
/* What a program needs in its environment to be on it: "NAME=VALUE"; NULL at the end. */
const char *const *desktop_environment(const Desktop *desktop);

/* A visible window with that in its title. 0 and an error where there is none in time. */
DesktopWindow desktop_find(Desktop *desktop, const char *title, gint64 timeout_ms, GError **error);
/* TRUE where none is there (any more) in time. */
gboolean desktop_wait_gone(Desktop *desktop, const char *title, gint64 timeout_ms);
/* Gives the window the keyboard, and presses Alt with that key. */
void desktop_press_alt(Desktop *desktop, DesktopWindow window, const char *key);
/* As the button in a window's title bar. */
void desktop_close(Desktop *desktop, DesktopWindow window);

/* Everything that is to be seen, also as a PNG file. */
gboolean desktop_look(Desktop *desktop, const char *path, DesktopPicture *ret_picture,
                      GError **error);
/* Whether part, a PPM file as QEMU's screendump writes it, is to be seen in whole as it is. */
gboolean desktop_shows(const DesktopPicture *whole, const char *part, GError **error);

/* "SUMMARY: BODY" of each notification that came, a line each. */
char *desktop_notifications(Desktop *desktop);
