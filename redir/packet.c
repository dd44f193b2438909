/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The packets' four parts in a row. */
#include "redir/packet.h"

#include <stddef.h>
#include <string.h>
#include <usbredirproto.h>

static guint8 *put(guint8 *at, const void *bytes, gsize size)
{
    if (size > 0)
        memcpy(at, bytes, size);
    return at + size;
}

static gsize payload_size(const struct vcam_payload *payload)
{
    return payload->header_len + payload->len;
}

/* g_malloc() is malloc() that does not come back without memory. */
static RedirPacket assemble(RedirPacketCaps caps, guint32 type, guint64 id, const void *header,
                            gsize header_size, const struct vcam_payload *payload)
{
    const struct usb_redir_header common = {
        .type = GUINT32_TO_LE(type),
        .length = GUINT32_TO_LE(header_size + payload_size(payload)),
        .id = GUINT64_TO_LE(id),
    };
    /* Little-endian: a short id is the first half of a long one. */
    const gsize common_size = sizeof common - (caps.long_ids ? 0 : sizeof(guint32));
    RedirPacket packet = {.size = common_size + header_size + payload_size(payload)};

    guint8 *at = packet.data = g_malloc(packet.size);
    at = put(at, &common, common_size);
    at = put(at, header, header_size);
    at = put(at, payload->header, payload->header_len);
    put(at, payload->data, payload->len);
    return packet;
}

RedirPacket redir_packet_bulk(RedirPacketCaps caps, guint64 id, guint8 bEndpointAddress,
                              guint32 stream_id, const struct vcam_payload *payload)
{
    const struct usb_redir_bulk_packet_header header = {
        .endpoint = bEndpointAddress,
        .status = usb_redir_success,
        .length = GUINT16_TO_LE(payload_size(payload) & 0xffff),
        .stream_id = GUINT32_TO_LE(stream_id),
        .length_high = GUINT16_TO_LE(payload_size(payload) >> 16),
    };

    return assemble(caps, usb_redir_bulk_packet, id, &header,
                    caps.long_lengths ? sizeof header : offsetof(typeof(header), length_high),
                    payload);
}

RedirPacket redir_packet_buffered_bulk(RedirPacketCaps caps, guint64 id, guint8 bEndpointAddress,
                                       guint32 stream_id, const struct vcam_payload *payload)
{
    const struct usb_redir_buffered_bulk_packet_header header = {
        .stream_id = GUINT32_TO_LE(stream_id),
        .length = GUINT32_TO_LE(payload_size(payload)),
        .endpoint = bEndpointAddress,
        .status = usb_redir_success,
    };

    return assemble(caps, usb_redir_buffered_bulk_packet, id, &header, sizeof header, payload);
}

RedirPacket redir_packet_iso(RedirPacketCaps caps, guint64 id, guint8 bEndpointAddress,
                             const struct vcam_payload *payload)
{
    const struct usb_redir_iso_packet_header header = {
        .endpoint = bEndpointAddress,
        .status = usb_redir_success,
        .length = GUINT16_TO_LE(payload_size(payload)),
    };

    return assemble(caps, usb_redir_iso_packet, id, &header, sizeof header, payload);
}

RedirPacket redir_packet_interrupt(RedirPacketCaps caps, guint64 id, guint8 bEndpointAddress,
                                   const struct vcam_payload *payload)
{
    const struct usb_redir_interrupt_packet_header header = {
        .endpoint = bEndpointAddress,
        .status = usb_redir_success,
        .length = GUINT16_TO_LE(payload_size(payload)),
    };

    return assemble(caps, usb_redir_interrupt_packet, id, &header, sizeof header, payload);
}
