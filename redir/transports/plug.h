/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What puts a port for one camera into a running VM, through whoever controls that VM, and takes it
   out again. Asking blocks, so it is done in a thread. */
#pragma once

#include <gio/gio.h>

typedef struct RedirPlug RedirPlug;

/* In a thread, one call at a time in the program. Each is bounded in time and ends early when it is
 * cancelled. */
typedef struct {
    /* Removes what an earlier run left there, puts a port in, and returns the connected end of its
       stream. REDIR_ERROR_FINAL: trying again cannot help. */
    GSocket *(*put)(RedirPlug *plug, GCancellable *cancellable, GError **error);
    /* Removes what put() made, also where it failed on the way. The VM may be gone: that is no
       error. */
    gboolean (*remove)(RedirPlug *plug, GCancellable *cancellable, GError **error);
    void (*free)(RedirPlug *plug);
} RedirPlugOps;

struct RedirPlug {
    const RedirPlugOps *ops;
    char *address; /* for messages */
    gatomicrefcount references;
    gboolean began; /* set by put() once there may be something to remove */
};

/* The USB speeds that a port may have to offer: a set of bits, slowest first. */
typedef enum {
    REDIR_SPEED_FULL = 1 << 0,
    REDIR_SPEED_HIGH = 1 << 1,
    REDIR_SPEED_SUPER = 1 << 2,
} RedirSpeeds;

const char *redir_speed_name(RedirSpeeds one);

/* For who implements one: takes the address. */
void redir_plug_init(RedirPlug *plug, const RedirPlugOps *ops, char *address);
void redir_plug_unref(RedirPlug *plug); /* accepts NULL */
/* A line for people from inside put() or remove(): goes out from the main loop. */
void redir_plug_say(const char *format, ...) G_GNUC_PRINTF(1, 2);

/* For who uses one, from the main loop. */
void redir_plug_put_async(RedirPlug *plug, GCancellable *cancellable, GAsyncReadyCallback done,
                          gpointer user);
GSocket *redir_plug_put_finish(GAsyncResult *result, GError **error);
void redir_plug_remove_async(RedirPlug *plug, GCancellable *cancellable, GAsyncReadyCallback done,
                             gpointer user);
gboolean redir_plug_remove_finish(GAsyncResult *result, GError **error);
