/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* camredir inside a program that shows a VM by SPICE: puts a camera of this machine into the VM,
   over the program's own SpiceSession. The guest finds an ordinary USB camera.

   The VM needs a usb-redir device for it, behind a SPICE port of its own
       -chardev spiceport,name=org.camredir.camera.0,id=cam -device usb-redir,chardev=cam
   or behind one of the usbredir channels that libvirt gives each machine; of these one is taken,
   the rest stays with the program's own USB redirection.

   All functions are to be called in the thread that runs the default main context, as spice-gtk
   itself; all callbacks come from there. None blocks, but for what the camera's driver takes to
   open. Messages for people go to GLib's log, domain "camredir".

   Compile and link with 'pkg-config --cflags --libs camredir-spice'. */
#pragma once

#include <glib.h>

#ifndef REDIR_SPICE_API
#define REDIR_SPICE_API __attribute__((visibility("default")))
#endif

G_BEGIN_DECLS

typedef struct _SpiceSession SpiceSession; /* spice-client.h's */
typedef struct RedirSpiceAttachment RedirSpiceAttachment;

typedef enum {
    REDIR_SPICE_STATE_WAITING,   /* no channel (yet, or any more): goes on by itself */
    REDIR_SPICE_STATE_CONNECTED, /* the VM's usb-redir answers */
    REDIR_SPICE_STATE_IN_GUEST,  /* the guest has configured the camera, which is closed */
    REDIR_SPICE_STATE_ASKING,    /* the guest wants pictures, permission is awaited; closed */
    REDIR_SPICE_STATE_STREAMING, /* the camera is open */
    REDIR_SPICE_STATE_REFUSED,   /* the guest wants pictures and gets one that says "refused" */
    REDIR_SPICE_STATE_FAILED,    /* cannot be had in this session: for good; detach */
    REDIR_SPICE_STATE_MISSING, /* the VM has no port or channel for a camera, text says what to add;
                                  as WAITING otherwise */
} RedirSpiceState;

/* Set size, and what is wanted; all else 0. Strings are copied; NULL leaves the default, which is
   that of 'camredir share'; see camredir(1). */
typedef struct {
    gsize size;            /* sizeof (RedirSpiceOptions): for later growth */
    const char *camera;    /* "/dev/videoN", a part of its name, "file:PATH", "pattern"; NULL: the
                              first    camera of the machine */
    const char *speed;     /* "full", "high" (default), "super" */
    const char *transfer;  /* "auto" (default), "bulk", "buffered", "iso" */
    const char *format;    /* only these, as "YUY2,MJPEG" */
    const char *usb_size;  /* only these, as "640x480,1280x720" */
    const char *fps;       /* only these, as "15,30" */
    const char *name;      /* the camera's in the guest; NULL: its own */
    const char *serial;    /* the same */
    const char *way;       /* "auto" (default: the port where the VM has it), "port", "usbredir" */
    const char *port_name; /* NULL: org.camredir.camera.0 */

    /* The guest starts to stream, and the camera stays closed until
       redir_spice_attachment_allow() is called, from inside this call or later; meanwhile the guest
       sees a picture that says so. Called at each start of a stream, unless remember. NULL: always
       allowed. */
    void (*ask)(RedirSpiceAttachment *attachment, gpointer user);
    /* The state has changed. text: one line for people in UTF-8, "MJPEG 1280x720 30 fps" while the
       guest wants pictures, the error where there was one; valid during the call. The first
       state, WAITING, is not told. Optional. */
    void (*state)(RedirSpiceAttachment *attachment, RedirSpiceState state, const char *text,
                  gpointer user);
    gpointer user;     /* handed to both */
    gboolean remember; /* the answer to the first ask holds until detached */
    const char *trace; /* a file that gets a line for each event of a frame; NULL: none */
} RedirSpiceOptions;

/* Call it before the session connects, or at the latest from a handler of the session's
   "channel-new" for the main channel: a usbredir channel can be had only before the program's own
   redirection hears of it. Keeps no reference to session. When the session is disconnected the
   state is WAITING; where it then connects again, the camera comes again; where it is freed,
   FAILED. A session can have several, each with a port or a usbredir channel of its own. options:
   NULL for all defaults. Nothing of the camera is on before the guest streams.

   NULL with G_OPTION_ERROR_BAD_VALUE or REDIR_ERROR (quark "redir-error") where an option cannot be
   understood; any other error: there is no such camera, or nothing of it fits. error->message is
   one line for people that says what to do. */
REDIR_SPICE_API RedirSpiceAttachment *
redir_spice_attach(SpiceSession *session, const RedirSpiceOptions *options, GError **error);

/* The owner's answer, at any time: to ask(), or another one later. FALSE closes an open camera
   before it returns. An answer that comes when the guest has stopped to stream counts for nothing,
   and the next start asks again; but where nothing is asked, or the answer is remembered, it holds.
   Calls state() where that changes. */
REDIR_SPICE_API void redir_spice_attachment_allow(RedirSpiceAttachment *attachment,
                                                  gboolean allowed);

/* Takes the camera away and frees attachment; no callback comes any more. The camera is closed when
   this returns. The VM is told, and the channel closed when it has acknowledged that (a VM that is
   paused does so when it goes on) or the session ends: the main context has to run on for that.
   May be called from both callbacks. Accepts NULL. */
REDIR_SPICE_API void redir_spice_detach(RedirSpiceAttachment *attachment);

G_END_DECLS
