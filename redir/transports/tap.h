/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A transport around another one that shows every packet to somebody: for statistics, for
   recordings. */
#pragma once

#include "redir/packet_view.h"
#include "redir/transport.h"

typedef struct {
    /* A stream begins: packets have short ids again. */
    void (*opened)(gpointer user);
    /* bytes: the whole packet with its header; packet: the same, taken apart. */
    void (*packet)(gpointer user, RedirDirection direction, const guint8 *bytes, gsize size,
                   const RedirPacketView *packet);
    gpointer user;
} RedirTapEvents;

/* Takes inner over, whose events are to be set through this one. What breaks the protocol is passed
   on and shown no further. */
RedirTransport *redir_tap_new(RedirTransport *inner, const RedirTapEvents *events);
