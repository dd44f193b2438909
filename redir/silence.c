/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Counts looks, not time. */
#include "redir/silence.h"

enum { IN = 0x80 };

static guint8 owner_of(const guint8 owner[32], guint8 endpoint)
{
    return owner[(endpoint & IN) >> 3 | (endpoint & 0x0f)];
}

static RedirSilenceStream *stream_of(RedirSilence *silence, guint8 endpoint)
{
    return &silence->streams[endpoint & 0x0f];
}

/* ---- what the VM asks for ---- */

static void note_start(RedirSilence *silence, const RedirPacketView *packet)
{
    struct usb_redir_start_iso_stream_header start;

    if (!redir_packet_body(packet, &start, sizeof start))
        return;
    RedirSilenceStream *stream = stream_of(silence, start.endpoint);
    if (start.endpoint & IN)
        *stream = (RedirSilenceStream){.on = TRUE, .start = start, .revived = stream->revived};
}

static void note_stop(RedirSilence *silence, const RedirPacketView *packet)
{
    if (packet->size >= 1 && packet->body[0] & IN)
        stream_of(silence, packet->body[0])->on = FALSE;
}

static void note_set_alternate(RedirSilence *silence, const RedirPacketView *packet,
                               const guint8 owner[32])
{
    for (guint i = 0; packet->size >= 1 && i < G_N_ELEMENTS(silence->streams); i++)
        if (owner_of(owner, IN | i) == packet->body[0])
            silence->streams[i].on = FALSE;
}

/* ---- what the device answers ---- */

static void note_packet(RedirSilence *silence, const RedirPacketView *packet)
{
    struct usb_redir_iso_packet_header iso;

    if (!redir_packet_body(packet, &iso, sizeof iso))
        return;
    RedirSilenceStream *stream = stream_of(silence, iso.endpoint);
    if (iso.status != usb_redir_success)
        return;
    stream->heard = TRUE;
    stream->revived = FALSE;
}

static void note_status(RedirSilence *silence, const RedirPacketView *packet)
{
    struct usb_redir_iso_stream_status_header status;

    if (!redir_packet_body(packet, &status, sizeof status))
        return;
    if (status.status != usb_redir_success && status.endpoint & IN)
        stream_of(silence, status.endpoint)->on = FALSE; /* the VM knows */
}

static void note_alternate(RedirSilence *silence, const RedirPacketView *packet)
{
    struct usb_redir_alt_setting_status_header status;

    if (!redir_packet_body(packet, &status, sizeof status))
        return;
    if (status.status == usb_redir_success && status.interface < 32)
        silence->alternate[status.interface] = status.alt;
}

static void note_asked(RedirSilence *silence, const RedirPacketView *packet, const guint8 owner[32])
{
    switch (packet->type) {
    case usb_redir_reset:
    case usb_redir_set_configuration:
        *silence = (RedirSilence){0};
        break;
    case usb_redir_set_alt_setting:
        note_set_alternate(silence, packet, owner);
        break;
    case usb_redir_start_iso_stream:
        note_start(silence, packet);
        break;
    case usb_redir_stop_iso_stream:
        note_stop(silence, packet);
        break;
    }
}

static void note_answered(RedirSilence *silence, const RedirPacketView *packet)
{
    switch (packet->type) {
    case usb_redir_alt_setting_status:
        note_alternate(silence, packet);
        break;
    case usb_redir_iso_stream_status:
        note_status(silence, packet);
        break;
    case usb_redir_iso_packet:
        note_packet(silence, packet);
        break;
    }
}

void redir_silence_note(RedirSilence *silence, RedirDirection direction,
                        const RedirPacketView *packet, const guint8 owner[32])
{
    if (direction == REDIR_FROM_VM)
        note_asked(silence, packet, owner);
    else
        note_answered(silence, packet);
}

/* ---- silence ---- */

static RedirStreamsState look_at(RedirSilenceStream *stream)
{
    stream->silent = stream->heard || !stream->on ? 0 : stream->silent + 1;
    stream->heard = FALSE;
    if (stream->silent < REDIR_SILENCE_LOOKS)
        return REDIR_STREAMS_ALIVE;
    stream->silent = 0;
    if (stream->revived)
        return REDIR_STREAMS_LOST;
    stream->revived = TRUE;
    return REDIR_STREAMS_SILENT;
}

RedirStreamsState redir_silence_look(RedirSilence *silence, guint8 *ret_endpoint)
{
    RedirStreamsState worst = REDIR_STREAMS_ALIVE;

    for (guint i = 0; i < G_N_ELEMENTS(silence->streams); i++) {
        RedirStreamsState state = look_at(&silence->streams[i]);
        if (state <= worst)
            continue;
        worst = state;
        *ret_endpoint = IN | i;
    }
    return worst;
}

static void append(GByteArray *packets, gboolean long_ids, guint32 type, const void *body,
                   gsize size)
{
    const struct usb_redir_header header = {.type = GUINT32_TO_LE(type),
                                            .length = GUINT32_TO_LE(size)};

    g_byte_array_append(packets, (gconstpointer)&header,
                        sizeof header - (long_ids ? 0 : sizeof(guint32)));
    g_byte_array_append(packets, body, size);
}

GByteArray *redir_silence_packets(const RedirSilence *silence, guint8 endpoint,
                                  const guint8 owner[32], gboolean long_ids)
{
    GByteArray *packets = g_byte_array_new();
    struct usb_redir_set_alt_setting_header set = {.interface = owner_of(owner, endpoint)};

    append(packets, long_ids, usb_redir_set_alt_setting, &set, sizeof set);
    set.alt = silence->alternate[set.interface & 31];
    append(packets, long_ids, usb_redir_set_alt_setting, &set, sizeof set);
    for (guint i = 0; i < G_N_ELEMENTS(silence->streams); i++) {
        const RedirSilenceStream *stream = &silence->streams[i];
        if (stream->on && owner_of(owner, IN | i) == set.interface)
            append(packets, long_ids, usb_redir_start_iso_stream, &stream->start,
                   sizeof stream->start);
    }
    return packets;
}
