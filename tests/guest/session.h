/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A camera plugged into a guest, and streams of it that are compared with what was sent: the steps
   that tests, demo and benchmark have in common. */
#pragma once

#include "tests/guest/share.h"
#include "tests/guest/vm.h"

typedef struct {
    Vm *vm;                               /* the caller's */
    Share *share;                         /* NULL while nothing is plugged in */
    gboolean iso;                         /* it was plugged in for isochronous transfer */
    const char *part;                     /* of the camera's name; NULL: there is one only */
    guint number;                         /* of the camera in its share, from 0 */
    const char *program;                  /* as share_start_program(); NULL: camredir share */
    char device[32], speed[16], name[64]; /* as the guest sees it: "/dev/video0", "480" */
    guint dropped; /* frames that the last stream's camera let go, overtaken by newer ones */
} Session;

typedef struct {
    const char *fourcc; /* V4L2's */
    guint width, height;
    guint interval;  /* 100 ns */
    guint frames;    /* stop after so many; 0: no limit */
    guint ms;        /* and after so long; 0: no limit */
    guint hash_each; /* compare each so manieth byte for byte; 1: all */
    guint save;      /* the so manieth frame (from 1) is wanted whole; 0: none */
} StreamOrder;

guint interval_of_fps(double fps);

/* Starts camredir with the options and waits until the guest has the camera. name is for its logs.
   port 0: the options say where to. */
gboolean session_plug(Session *session, const char *name, const char *options, VmParts port,
                      GError **error);
/* Waits until the guest has the camera (again). */
gboolean session_find(Session *session, gint64 timeout_ms, GError **error);
/* Waits until the program has said this. */
gboolean session_wait_said(Session *session, const char *says, GError **error);
/* Waits until the guest has it no more. */
gboolean session_wait_gone(Session *session, GError **error);
/* Ends camredir and waits until the camera is gone from the guest. */
gboolean session_unplug(Session *session, GError **error);
/* After a failure: whatever is left goes. */
void session_reset(Session *session);
/* Of a VM that only some tests use: tells what both said, and ends both. */
void session_give_up(Session *session);

/* Begins a stream; its number goes to session_end(), or to agent_count_frames() meanwhile. */
guint session_begin(Session *session, const StreamOrder *order);
/* Waits for its end. ret_picture may be NULL. */
gboolean session_end(Session *session, guint stream, const StreamOrder *order, Outcome *ret_outcome,
                     GBytes **ret_picture, GError **error);
gboolean session_stream(Session *session, const StreamOrder *order, Outcome *ret_outcome,
                        GBytes **ret_picture, GError **error);
/* TRUE where n frames have come. */
gboolean session_wait_frames(Session *session, guint stream, guint n, gint64 timeout_ms,
                             GError **error);
