/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A viewer, as small as one can be: a SpiceSession that connects each channel it is told of, and
   camredir inside of it; at the other end a VM (spice_vm.h) whose guest does what a test says.
   Keeps watch over every write that camredir makes, and over the life of each object of the
   session. */
#pragma once

#include <spice-client.h>

#include "tests/unit/redir_fixture.h"
#include "tests/unit/spice_vm.h"
#include "tools/camredir-spice.h"

typedef enum { WAY_PORT, WAY_USBREDIR, N_WAYS } Way;

typedef struct {
    Way way;
    char *folder, *path;
    SpiceVm *vm;
    SpiceVmDevice *device; /* the camera's */
    Fixture guest;         /* qemu and mode alone; see guest_find() */

    SpiceSession *session;
    RedirSpiceAttachment *attachment;
    RedirSpiceState state; /* as told last */
    char *text;
    guint asked;
    const gboolean *answer; /* from inside ask(); NULL: none */

    /* What has happened to session and camera's channel, in the order in which viewers hear of it:
       "opened closed error destroy written finalized disconnected", "written" a late one. Behind
       each in brackets the state as camredir had told it by then: W(aiting) C(onnected) (in)
       G(uest) A(sking) S(treaming) R(efused) F(ailed) M(issing). */
    GString *steps;
    const char *detach_at; /* one of these words, or "state", "ask", and detach in it */
    gboolean early;        /* before camredir has heard of it */
    SpiceChannel *channel; /* the camera's, while it lives */
    guint alive;           /* sessions and channels that have not been finalized */
    guint connecting;      /* channels that the viewer connects, without an event so far */
    guint writes;          /* that camredir began, */
    guint pending;         /* and that have not ended */
} Scene;

/* A VM, and a viewer with camredir inside; not connected. options: NULL for a camera with one mode,
   raw, never asked for. */
void scene_prepare(Scene *scene, Way way, const RedirSpiceOptions *options);
/* Its ask() is the scene's, where options have one at all. */
void scene_attach(Scene *scene, const RedirSpiceOptions *options);
void scene_new_session(Scene *scene);
void scene_connect(Scene *scene);
void scene_disconnect(Scene *scene); /* until the session has said so */
void scene_detach(Scene *scene);
void scene_run(guint ms);
gboolean scene_has(const Scene *scene, const char *step);
/* All of it, then up to where the guest streams and frames of it have been looked at. */
void scene_stream(Scene *scene, Way way);
/* The camera's usb-redir as it is now, when it has been announced. */
void guest_find(Scene *scene);
void guest_configure(Scene *scene);
void guest_commit(Scene *scene);
/* Commits and reads n frames, each of which has to be whole. */
void guest_stream(Scene *scene, guint n);
void guest_read(Scene *scene, guint n);
/* Streams on, but takes nothing, until the server is full and writes of camredir wait. */
void guest_fill(Scene *scene);
/* One frame, which has to be something else than what the camera shows. */
void guest_read_notice(Scene *scene);
/* Ends the stream as uvcvideo does. */
void guest_stop(Scene *scene);

/* Detaches and disconnects what is left. Everything has to be gone then. */
void scene_end(Scene *scene);
