/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What endpoint.c (the connection, endpoint 0), announcement.c (what the VM is told of the camera)
   and streams.c (the other endpoints) share. */
#pragma once

#include <usbredirfilter.h>
#include <usbredirparser.h>

#include "redir/buffered.h"
#include "redir/endpoint.h"
#include "redir/error.h"
#include "redir/heartbeat.h"
#include "redir/input.h"
#include "redir/pacing.h"
#include "redir/packet.h"

typedef struct {
    guint64 id;
    guint8 endpoint;
    guint32 stream_id, length;
} BulkRequest;

typedef struct {
    BulkRequest pending[REDIR_MAX_PENDING];
    guint n_pending;
    gboolean bulk_on;  /* requests came since the guest last ended such a stream */
    guint32 stream_id; /* of buffered bulk */
    RedirBuffered shape;

    struct {
        gboolean on;
        guint8 endpoint;
        guint64 id; /* of the next packet */
    } iso, interrupt, buffered;
    RedirPacing pacing;
    GSource *iso_timer;
} Streams;

struct RedirEndpoint {
    RedirTransport *transport;
    struct vcam_device *device; /* NULL: not chosen yet, nor announced */
    gboolean buffered;          /* as RedirChoice */
    RedirCameraChoose choose;
    gpointer choose_user;
    RedirEndpointEvents events;
    RedirEndpointOptions options;
    struct usbredirparser *parser;
    RedirInput input;
    const guint8 *feed; /* what the parser may read now: the rest of one packet */
    gsize feed_size;
    RedirPacket refused; /* of ours, by a transport that was full; it goes before all else */
    guint8 *control;     /* 64 KiB: the data of a control IN */
    guint8 iso_interval; /* as ep_info has it, see pacing.h */
    struct usbredirfilter_rule *rules; /* the VM's; NULL: none came */
    int rules_count;
    struct {
        gint64 asked_us, shortest_us;
        gint64 until_us;   /* while all answers say far */
        guint left, timer; /* timer: while answers are awaited */
    } distance;
    Streams streams;

    gboolean running, again; /* run() is at work; something came up meanwhile */
    gboolean asked;          /* something of endpoint 0: there is a guest */
    gboolean attached, held;
    gboolean leaving; /* device_disconnect was sent */
    gboolean ended;   /* over() is due */
    GError *error;
    char *complaint; /* the parser's last */
    guint hello_timer, configure_timer, leave_timer, report_idle, second_timer;

    guint64 bytes_in, bytes_out;
    guint64 gone; /* bytes out at the peer, when they last moved: gone_us */
    gint64 gone_us;
    gboolean stuck; /* and the log has it */
    RedirHeartbeat heartbeat;
};

/* Bytes made and not gone out. */
gsize redir_endpoint_backlog(const RedirEndpoint *ep);
/* After each packet: queued in the transport it costs no walk through the parser's list. */
void redir_endpoint_write(RedirEndpoint *ep);
/* A packet that the parser did not make, behind all those that it made; only where there is room.
   Takes its data. */
gboolean redir_endpoint_has_room(RedirEndpoint *ep);
void redir_endpoint_send(RedirEndpoint *ep, RedirPacket packet);
RedirPacketCaps redir_endpoint_caps(const RedirEndpoint *ep);
/* Does whatever can be done now. Safe to call from anywhere, inside itself too. */
void redir_endpoint_run(RedirEndpoint *ep);
/* Endpoint bEndpointAddress as it is in the selected alternate setting. */
gboolean redir_endpoint_find(const RedirEndpoint *ep, guint8 bEndpointAddress,
                             struct vcam_endpoint *ret_endpoint);

G_GNUC_PRINTF(3, 4)
void redir_endpoint_fail(RedirEndpoint *ep, RedirError code, const char *format, ...);
/* The device has something for the guest. */
void redir_endpoint_ready(void *endpoint, uint8_t bEndpointAddress);
/* From now on a guest that does not take the camera is worth a line, after a while. */
void redir_endpoint_await_configuration(RedirEndpoint *ep);

static inline const struct vcam_profile_options *redir_endpoint_options(const RedirEndpoint *ep)
{
    return vcam_profile_options(vcam_device_profile(ep->device));
}

void redir_announce_set_callbacks(struct usbredirparser *parser);
/* The VM has said hello: chooses the device and announces it, when it is known how far it is. */
void redir_announce_greeted(RedirEndpoint *ep);
void redir_announce_acknowledged(RedirEndpoint *ep); /* device_disconnect_ack has come */
/* Again, or for another alternate setting. */
void redir_announce_interfaces(RedirEndpoint *ep);
void redir_announce_endpoints(RedirEndpoint *ep);

void redir_streams_init(RedirEndpoint *ep);
void redir_streams_clear(RedirEndpoint *ep);
void redir_streams_set_callbacks(struct usbredirparser *parser);
/* Answers what waits on that endpoint (0: on all) with "cancelled", and stops its streams. */
void redir_streams_stop(RedirEndpoint *ep, guint8 bEndpointAddress);
/* The same for the endpoints of an interface. */
void redir_streams_stop_interface(RedirEndpoint *ep, guint8 bInterfaceNumber);
/* Only the answers. */
void redir_streams_cancel(RedirEndpoint *ep, guint8 bEndpointAddress);
/* Moves what can be moved. */
void redir_streams_pump(RedirEndpoint *ep);
