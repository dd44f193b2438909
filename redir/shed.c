/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Decides at a picture's first byte. */
#include "redir/shed.h"

#include <string.h>

enum { CLASS_VIDEO = 0x0e, SUBCLASS_STREAMING = 0x02 };

/* UVC 1.1, 2.4.3.3: bmHeaderInfo */
enum { FRAME_ID = 1 << 0, END_OF_FRAME = 1 << 1 };

static void note_interfaces(RedirShed *shed, const RedirPacketView *packet)
{
    struct usb_redir_interface_info_header info;

    if (!redir_packet_body(packet, &info, sizeof info))
        return;
    shed->video = 0;
    for (guint i = 0; i < MIN(GUINT32_FROM_LE(info.interface_count), 32); i++)
        if (info.interface_class[i] == CLASS_VIDEO &&
            info.interface_subclass[i] == SUBCLASS_STREAMING && info.interface[i] < 32)
            shed->video |= 1u << info.interface[i];
}

/* Older peers get the first fields alone. */
static void note_endpoints(RedirShed *shed, const RedirPacketView *packet)
{
    const gsize at = G_STRUCT_OFFSET(struct usb_redir_ep_info_header, interface);

    if (packet->size >= at + sizeof shed->owner)
        memcpy(shed->owner, packet->body + at, sizeof shed->owner);
}

static gboolean is_video(const RedirShed *shed, guint8 endpoint)
{
    guint8 owner = shed->owner[(endpoint & 0x80) >> 3 | (endpoint & 0x0f)];

    return owner < 32 && shed->video & 1u << owner;
}

static void begin_picture(RedirShedStream *stream, guint8 toggle, gsize backlog)
{
    stream->left_out = backlog > REDIR_SHED_BACKLOG;
    stream->given_up = FALSE;
    if (stream->left_out)
        stream->turned ^= stream->toggle ^ toggle;
    stream->toggle = toggle;
    stream->between = FALSE;
}

/* payload: what came in one interval. */
static gboolean shed_video(RedirShedStream *stream, guint8 *payload, gsize size, gsize backlog)
{
    if (size < 2 || payload[0] < 2 || payload[0] > size) /* nothing, or nothing that we know */
        return stream->left_out || backlog > REDIR_SHED_BACKLOG;
    guint8 toggle = payload[1] & FRAME_ID;
    if (toggle != stream->toggle || (stream->between && size > payload[0]))
        begin_picture(stream, toggle, backlog);
    if (stream->given_up && backlog == 0) /* it may be one that never ends */
        stream->left_out = stream->given_up = FALSE;
    if (backlog > REDIR_SHED_MOST)
        stream->left_out = stream->given_up = TRUE;
    gboolean leave_out = stream->left_out || (stream->between && backlog > REDIR_SHED_BACKLOG);
    stream->between |= (payload[1] & END_OF_FRAME) != 0;
    payload[1] ^= stream->turned;
    return leave_out;
}

static gboolean shed_iso(RedirShed *shed, const RedirPacketView *packet, guint8 *bytes, gsize size,
                         gsize backlog)
{
    struct usb_redir_iso_packet_header iso;

    if (!redir_packet_body(packet, &iso, sizeof iso))
        return FALSE;
    if (!is_video(shed, iso.endpoint))
        return backlog > REDIR_SHED_BACKLOG;
    gsize length = packet->size - sizeof iso;
    return shed_video(&shed->streams[iso.endpoint & 0x0f], bytes + size - length, length, backlog);
}

gboolean redir_shed(RedirShed *shed, const RedirPacketView *packet, guint8 *bytes, gsize size,
                    gsize backlog)
{
    switch (packet->type) {
    case usb_redir_interface_info:
        note_interfaces(shed, packet);
        return FALSE;
    case usb_redir_ep_info:
        note_endpoints(shed, packet);
        return FALSE;
    case usb_redir_iso_packet:
        return shed_iso(shed, packet, bytes, size, backlog);
    default:
        return FALSE;
    }
}
