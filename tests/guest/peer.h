/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The other end of a usbredir stream, as QEMU would be it, but free to break every rule. */
#pragma once

#include <glib.h>
#include <usbredirproto.h>

typedef struct Peer Peer;

/* Listens on a unix socket. */
Peer *peer_new(const char *path, GError **error);
void peer_free(Peer *peer); /* accepts NULL */

/* Waits for camredir to connect (again). */
gboolean peer_accept(Peer *peer, gint64 timeout_ms, GError **error);
/* Sends raw bytes; FALSE where the other side has closed, or takes nothing for timeout_ms. */
gboolean peer_write(Peer *peer, const void *data, gsize size, gint64 timeout_ms);
/* TRUE where the other side closes within that time; what it sends is thrown away. */
gboolean peer_wait_closed(Peer *peer, gint64 timeout_ms);

/* Says hello as QEMU does. */
gboolean peer_hello(Peer *peer, GError **error);
/* A packet: its header by type, then data. */
gboolean peer_send(Peer *peer, guint32 type, const void *header, gsize header_size,
                   const void *data, gsize size);
/* The next packet of the type, others are passed over; header and data in one. */
GBytes *peer_receive(Peer *peer, guint32 type, gint64 timeout_ms, GError **error);
/* A control request and its answer's data; NULL where the answer is not success. */
GBytes *peer_control(Peer *peer, guint8 requesttype, guint8 request, guint16 value, guint16 index,
                     const void *data, guint16 length, GError **error);
/* From hello to a stream that waits for requests on the bulk endpoint returned. */
gboolean peer_start_stream(Peer *peer, guint8 *ret_endpoint, GError **error);
gboolean peer_ask_bulk(Peer *peer, guint8 endpoint, guint32 size);
