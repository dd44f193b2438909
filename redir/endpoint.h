/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The usbredir host on one open byte stream: what a guest asks comes in as packets and becomes
   calls of vcam_device; what the device answers goes out.

   Its output is bounded by holding frames back before their first byte and by not reading from a
   peer that does not read from us; nothing that a peer sends ends in more than an error for over().
 */
#pragma once

#include "redir/transport.h"
#include "vcam/device.h"
#include "vcam/log.h"

typedef struct RedirEndpoint RedirEndpoint;

/* From the main loop. The endpoint may be freed in over() alone. */
typedef struct {
    void (*greeted)(gpointer user);  /* hellos exchanged, the device is announced */
    void (*attached)(gpointer user); /* the guest has configured the device for the first time */
    /* The guest has not, for as long as the options say since it was offered the device or first
       looked at it: what the user can look for. */
    void (*ignored)(gpointer user, const char *hint);
    /* Nothing more comes; close the stream. error: REDIR_ERROR_TIMEOUT, _PROTOCOL or _REFUSED, or
       NULL after redir_endpoint_disconnect(). */
    void (*over)(gpointer user, const GError *error);
    gpointer user;
} RedirEndpointEvents;

typedef struct {
    guint hello_timeout_ms;            /* 0: the default */
    guint configure_timeout_ms;        /* 0: the default */
    struct vcam_log_limit *guest_bugs; /* borrowed: one for all connections */
    gboolean asks_distance;            /* the VM, where the transport does not know it to be far */
} RedirEndpointOptions;

#define REDIR_HELLO_TIMEOUT_MS 2000
#define REDIR_NO_HELLO                                                                             \
    "connected, but no usbredir hello came; is the VM paused or still loading, or does another "   \
    "client hold this usb-redir?"
#define REDIR_CONFIGURE_TIMEOUT_MS  10000
#define REDIR_DISCONNECT_TIMEOUT_MS 500
/* A round trip that is shorter a VM may have needed to answer. */
#define REDIR_FAR_US 10000

/* Output from which on no frame is begun, a larger one from which on nothing is answered nor read,
   and input that a transport may deliver although it was asked to pause. A frame is the most that
   comes on top of it. */
#define REDIR_HOLD_UNASKED (32 * 1024)
#define REDIR_HOLD_BULK    (1024 * 1024)
#define REDIR_MAX_BACKLOG  (1024 * 1024)
#define REDIR_MAX_INPUT    (1024 * 1024)
/* Bulk requests that wait for data; more are refused. */
#define REDIR_MAX_PENDING 64

/* What a VM is given. buffered: bulk pictures go out unasked (see buffered.h), where the peer takes
   that. */
typedef struct {
    struct vcam_device *device; /* borrowed */
    gboolean buffered;
} RedirChoice;
/* Asked when the VM has said hello, so that something has gone over the stream by then, both ways.
   round_trip_us: the shortest so far; 0: not known, or near. can_buffer: the peer said that it
   takes buffered bulk. */
typedef RedirChoice (*RedirCameraChoose)(gpointer user, gint64 round_trip_us, gboolean can_buffer);

/* transport is open, its received() and writable() events are passed on to the two functions below.
   Says hello at once. Borrows transport. */
RedirEndpoint *redir_endpoint_new(RedirTransport *transport, RedirCameraChoose choose,
                                  gpointer user, const RedirEndpointOptions *options,
                                  const RedirEndpointEvents *events);
void redir_endpoint_free(RedirEndpoint *endpoint); /* leaves device as it is; accepts NULL */

void redir_endpoint_received(RedirEndpoint *endpoint, const guint8 *data, gsize size);
void redir_endpoint_writable(RedirEndpoint *endpoint);

/* Takes the device away from the guest: over(NULL) follows when the peer knows, or after half a
 * second. */
void redir_endpoint_disconnect(RedirEndpoint *endpoint);

typedef struct {
    guint64 bytes_in, bytes_out;
    gsize outstanding; /* bytes made and not gone out */
} RedirEndpointStatistics;

void redir_endpoint_get_statistics(const RedirEndpoint *endpoint,
                                   RedirEndpointStatistics *ret_statistics);
