/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of guest tests by viewers have in common: the viewer that a case starts, and what
   its camera shows. */
#pragma once

#include "tests/guest/desktop.h"
#include "tests/guest/guest_tests.h"

typedef struct ViewerCase ViewerCase;
struct ViewerCase {
    /* What the VM has to have, or not to have, before the viewer comes. Optional. */
    gboolean (*prepare)(Session *session, GError **error);
    gboolean (*run)(const ViewerCase *c, Session *session, Process *viewer, GString *note,
                    GError **error);
    const char *variables, *command; /* as in a shell; see expand() */
    const char *title;               /* of the window */
    gboolean late;                   /* run() finds no camera in the guest yet */
};

/* Pictures of 640x480 30 times a second, without an end. */
extern const StreamOrder viewer_mjpeg, viewer_yuy2;

/* With the command and the variables of a case, or with others. */
Process *viewer_start(const char *variables, const char *command, GError **error);
char *viewer_log(void); /* the path */
/* The user closes the window: neither the viewer, nor a process that it started, nor a camera in
   the guest is left. */
gboolean viewer_close(const ViewerCase *c, Session *session, Process *viewer, GError **error);

/* Waits for so many frames of the camera. */
gboolean viewer_wait_own(Session *session, guint stream, guint n, GError **error);
/* Ends it: how many frames were the camera's, and how many anything else. */
gboolean viewer_stop_stream(Session *session, guint stream, guint *ret_own, guint *ret_other,
                            GError **error);
/* Waits until the last of all notifications is this one. */
gboolean viewer_check_notified(const char *text, GError **error);
char *viewer_notifications(void); /* a line each */

/* Functions of a case (guest_viewer_channels.c): a CD drive redirected by the viewer itself, its
   agent and its other ports are there with the camera as they are without; a VM that has no place
   for a camera, until it is given one. */
gboolean viewer_add_channel(Session *session, GError **error);
gboolean viewer_beside(const ViewerCase *c, Session *session, Process *viewer, GString *note,
                       GError **error);
gboolean viewer_remove_places(Session *session, GError **error);
gboolean viewer_missing(const ViewerCase *c, Session *session, Process *viewer, GString *note,
                        GError **error);
