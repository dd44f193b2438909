/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An open stream on which a gadget speaks usbredir in whole packets: what goes out waits here where
   the transport is full, what comes in is cut, the hello is waited for, and the end is told. */
#pragma once

#include "redir/error.h"
#include "redir/gadget.h"
#include "redir/heartbeat.h"
#include "redir/input.h"
#include "redir/packet_view.h"

typedef struct {
    /* to be read */
    RedirTransport *transport;   /* NULL: closed */
    RedirPacketIds ids;          /* how both sides write a packet's id */
    guint64 bytes_in, bytes_out; /* also of earlier streams */
    gboolean greeted;            /* the VM has said hello */
    gboolean leaving, ended;

    /* ours */
    RedirEndpointEvents events;
    RedirInput input;
    GQueue queue; /* what the transport does not take yet */
    gsize queued; /* bytes in it */
    guint hello_timer, leave_timer, end_idle;
    GError *error; /* for over() */
    RedirHeartbeat heartbeat;
    GBytes *interface_info; /* the last packet of that kind, for the heartbeat */
} RedirLine;

/* The fields of *line are 0 at first. */
void redir_line_open(RedirLine *line, RedirTransport *transport,
                     const RedirEndpointOptions *options, const RedirEndpointEvents *events);
void redir_line_close(RedirLine *line); /* accepts one that is closed */

/* Takes a whole packet, malloc()ed. It goes out at the next flush. */
void redir_line_send(RedirLine *line, guint8 *data, gsize size);
void redir_line_flush(RedirLine *line);
gsize redir_line_backlog(const RedirLine *line); /* bytes that have not gone out */

void redir_line_get_statistics(const RedirLine *line, RedirGadgetStatistics *ret_statistics);

void redir_line_append(RedirLine *line, const guint8 *data, gsize size);
/* The next packet of the VM's, valid until the next call; FALSE: not here yet, or the end. */
gboolean redir_line_take(RedirLine *line, RedirPacketView *ret_packet, const guint8 **ret_bytes,
                         gsize *ret_size);

/* over() follows from an idle source. Takes error; NULL: as it was told to. */
void redir_line_end(RedirLine *line, GError *error);
void redir_line_fail(RedirLine *line, RedirError code, const char *text);
/* device_disconnect is on its way where told; ends when the VM acknowledges it, or soon. */
void redir_line_leave(RedirLine *line, gboolean told);
/* To be called once a second. owed: the VM has still to answer; see heartbeat.h. */
void redir_line_beat(RedirLine *line, gboolean owed);
