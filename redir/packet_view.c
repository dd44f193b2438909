/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The header before every packet: type, length, id. */
#include "redir/packet_view.h"

#include <string.h>

#define SHORT_HEADER 12u /* the id is 32 bits wide */
#define LONG_HEADER  16u

gboolean redir_packet_long_ids(const RedirPacketIds *ids)
{
    return ids->long_ids[REDIR_FROM_VM] && ids->long_ids[REDIR_TO_VM];
}

static guint32 word(const guint8 *at)
{
    guint32 value;

    memcpy(&value, at, sizeof value);
    return GUINT32_FROM_LE(value);
}

static void note_hello(RedirPacketIds *ids, RedirDirection direction, const RedirPacketView *hello)
{
    const gsize at = sizeof(struct usb_redir_hello_header);

    ids->greeted[direction] = TRUE;
    ids->long_ids[direction] =
        hello->size >= at + 4 && word(hello->body + at) & 1u << usb_redir_cap_64bits_ids;
}

gboolean redir_packet_look(RedirPacketIds *ids, RedirDirection direction, const guint8 *bytes,
                           gsize size, RedirPacketView *ret_view)
{
    gboolean is_long = redir_packet_long_ids(ids);
    gsize header = is_long ? LONG_HEADER : SHORT_HEADER;

    if (size < header || word(bytes + 4) != size - header)
        return FALSE;
    *ret_view = (RedirPacketView){
        .type = word(bytes),
        .id = word(bytes + 8) | (is_long ? (guint64)word(bytes + 12) << 32 : 0),
        .body = bytes + header,
        .size = size - header,
    };
    if (ret_view->type == usb_redir_hello && !ids->greeted[direction])
        note_hello(ids, direction, ret_view);
    return TRUE;
}

gboolean redir_packet_body(const RedirPacketView *packet, void *ret_header, gsize size)
{
    if (packet->size < size)
        return FALSE;
    memcpy(ret_header, packet->body, size);
    return TRUE;
}
