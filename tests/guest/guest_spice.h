/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of guest tests by SPICE have in common: their VMs, one on a unix socket and one
   that wants a password, and the steps of a test. */
#pragma once

#include "tests/guest/guest_tests.h"

#define SPICE_BULK "pattern --format YUY2,MJPEG --size 320x240,640x480,1280x720 --fps 30"

#define SPICE_VIEWER "tests/guest/attach-viewer" /* as share_start_program() */

typedef struct SpiceCase SpiceCase;
struct SpiceCase {
    gboolean (*run)(const SpiceCase *c, Session *session, GString *note, GError **error);
    gboolean locked; /* the VM that wants a password */
    gboolean
        viewer; /* the camera comes from inside a viewer (attach_viewer.c), the VM has a display */
    VmParts port;
    /* Of camredir, SPICE_BULK where there are none. %P: with the right password; %W: a wrong one;
       %C, %O: the right and another CA; %T, %A, %U: --to the VM by TLS, by TCP, its unix socket. */
    const char *options;
    const char *fourcc;
    guint width, height;
    const char *says; /* a part of the line that it refuses with */
};

/* A GuestTest's function: runs the case that its data is, in the VM of that kind. */
gboolean spice_run_case(const GuestTest *test, Session *outer, GString *note, GError **error);

#define SPICE_ROW(name, function, ...)                                                             \
    {                                                                                              \
        name, spice_run_case, &(const SpiceCase)                                                   \
        {                                                                                          \
            .run = function, __VA_ARGS__                                                           \
        }                                                                                          \
    }

/* Plugs the camera in and begins a stream without an end, of which some frames have come. */
gboolean spice_begin(const SpiceCase *c, const char *name, Session *session, guint *ret_stream,
                     GError **error);
/* The stream's end is an error in the guest, which has lost the camera. */
gboolean spice_wait_lost(Session *session, guint stream, GError **error);
/* The guest has the camera (again), streams, and loses it as the program ends. */
gboolean spice_find_and_end(Session *session, GString *note, GError **error);
/* SpiceCase's functions: a stream of each mode; the guest is reset, usb-redir removed and added,
   the port renamed while it streams; the program ends at once, with one line. */
gboolean spice_stream(const SpiceCase *c, Session *session, GString *note, GError **error);
gboolean spice_reboot(const SpiceCase *c, Session *session, GString *note, GError **error);
gboolean spice_hot_remove(const SpiceCase *c, Session *session, GString *note, GError **error);
gboolean spice_rename_port(const SpiceCase *c, Session *session, GString *note, GError **error);
gboolean spice_kill_server(const SpiceCase *c, Session *session, GString *note, GError **error);
gboolean spice_pause_and_go(const SpiceCase *c, Session *session, GString *note, GError **error);
gboolean spice_refuse(const SpiceCase *c, Session *session, GString *note, GError **error);
/* options as a SpiceCase has them. */
char *spice_expand(const Session *session, const char *options, GError **error);

/* The image in harness_folder() of the CD drive that spice-gtk plays, by USB redirection of its
   own; and the guest has that drive. */
#define SPICE_CD "cd.iso"
char *spice_make_cd(GError **error);
gboolean spice_wait_cd(Session *session, gboolean there, GError **error);

/* By QMP, the ids as QEMU was started with: "cam-port" a port, "cam-usbredir" a channel. */
gboolean spice_remove_device(Session *session, const char *id, GError **error);
/* port: its name; NULL: a usbredir channel. */
gboolean spice_add_device(Session *session, const char *id, const char *port, GError **error);
