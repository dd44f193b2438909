/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* usbredir packets that carry a slice of a picture, made here and not by libusbredirparser: it
   wants the payload's header and the picture in one piece and copies that, so each byte would be
   copied twice. */
#pragma once

#include <glib.h>

#include "vcam/device.h"

/* What both sides said in their hellos. */
typedef struct {
    gboolean long_ids;     /* usb_redir_cap_64bits_ids */
    gboolean long_lengths; /* usb_redir_cap_32bits_bulk_length */
    gboolean buffers;      /* usb_redir_cap_bulk_receiving */
} RedirPacketCaps;

typedef struct {
    guint8 *data; /* from malloc(), as transports take it */
    gsize size;
} RedirPacket;

/* The answer to the bulk request of that id. */
RedirPacket redir_packet_bulk(RedirPacketCaps caps, guint64 id, guint8 bEndpointAddress,
                              guint32 stream_id, const struct vcam_payload *payload);
/* Unasked, where that was begun. */
RedirPacket redir_packet_buffered_bulk(RedirPacketCaps caps, guint64 id, guint8 bEndpointAddress,
                                       guint32 stream_id, const struct vcam_payload *payload);
/* Of at most 65535 bytes. */
RedirPacket redir_packet_iso(RedirPacketCaps caps, guint64 id, guint8 bEndpointAddress,
                             const struct vcam_payload *payload);
/* The same, without a request before it. */
RedirPacket redir_packet_interrupt(RedirPacketCaps caps, guint64 id, guint8 bEndpointAddress,
                                   const struct vcam_payload *payload);
