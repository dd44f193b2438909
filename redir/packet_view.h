/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* usbredir packets as bytes, for those who look at them on their way. */
#pragma once

#include <glib.h>
#include <usbredirproto.h>

typedef enum { REDIR_FROM_VM, REDIR_TO_VM } RedirDirection;

/* Both hellos decide how an id is written; starts as {0}. */
typedef struct {
    gboolean greeted[2], long_ids[2]; /* by direction */
} RedirPacketIds;

typedef struct {
    guint32 type;
    guint64 id;
    const guint8 *body; /* behind the header */
    gsize size;         /* of it */
} RedirPacketView;

gboolean redir_packet_long_ids(const RedirPacketIds *ids);
/* bytes: one whole packet. FALSE: it is not. Notes in ids what a hello says. */
gboolean redir_packet_look(RedirPacketIds *ids, RedirDirection direction, const guint8 *bytes,
                           gsize size, RedirPacketView *ret_view);

/* The body's own header, of that size. FALSE: the body is shorter. */
gboolean redir_packet_body(const RedirPacketView *packet, void *ret_header, gsize size);
