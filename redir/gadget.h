/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is plugged into the VM, whatever it is: our camera, a real device, a recording of one. The
   host (host.h) finds it an open stream, again and again; it speaks usbredir there. */
#pragma once

#include "redir/endpoint.h"
#include "redir/transport.h"

typedef struct RedirGadget RedirGadget;

typedef struct {
    guint64 bytes_in, bytes_out; /* since creation */
    gsize outstanding;           /* bytes made and not gone out */
} RedirGadgetStatistics;

/* Between open and close come the transport's events; both are called in pairs. */
typedef struct {
    /* transport is open and borrowed until close(): says hello, then tells events. */
    void (*open)(RedirGadget *gadget, RedirTransport *transport,
                 const RedirEndpointOptions *options, const RedirEndpointEvents *events);
    void (*received)(RedirGadget *gadget, const guint8 *data, gsize size);
    void (*writable)(RedirGadget *gadget);
    /* Takes it away from the guest: over(NULL) follows. */
    void (*disconnect)(RedirGadget *gadget);
    /* The stream is lost or to be left: as if unplugged, at once. May be called inside over(). */
    void (*close)(RedirGadget *gadget);
    void (*get_statistics)(const RedirGadget *gadget, RedirGadgetStatistics *ret_statistics);
} RedirGadgetOps;

struct RedirGadget {
    const RedirGadgetOps *ops;
};

/* The virtual camera, in one form or several: choose() says with each stream which it is there. */
RedirGadget *redir_camera_new(RedirCameraChoose choose, gpointer user);
void redir_camera_free(RedirGadget *camera); /* accepts NULL */
