/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which of a device's isochronous streams have fallen silent. A controller completes a transfer
   when its time is over, whether the device has sent anything or not: where nothing comes for a
   while, it is the controller that has lost the stream, and no guest could find out. */
#pragma once

#include "redir/packet_view.h"

typedef enum {
    REDIR_STREAMS_ALIVE,
    REDIR_STREAMS_SILENT, /* to be begun anew: see redir_silence_packets() */
    REDIR_STREAMS_LOST,   /* that has not helped */
} RedirStreamsState;

/* Those to the VM, by the number of the endpoint. */
typedef struct {
    gboolean on; /* begun by the VM and not ended */
    struct usb_redir_start_iso_stream_header start;
    gboolean heard;   /* since the last look */
    guint silent;     /* looks in a row that heard nothing */
    gboolean revived; /* and not heard since */
} RedirSilenceStream;

/* Starts as {0} with each device. */
typedef struct {
    guint8 alternate[32]; /* of each interface */
    RedirSilenceStream streams[16];
} RedirSilence;

/* To be shown each packet. owner: the interface of each endpoint, as ep_info has them. */
void redir_silence_note(RedirSilence *silence, RedirDirection direction,
                        const RedirPacketView *packet, const guint8 owner[32]);

#define REDIR_SILENCE_LOOKS 3 /* in vain, before a stream is taken for lost */

/* To be called once a second, and never twice without anything else in between: who stood still
   himself has heard nothing either. */
RedirStreamsState redir_silence_look(RedirSilence *silence, guint8 *ret_endpoint);

/* What begins the endpoint's stream anew, as if the VM had sent it: its interface is set to no
   alternate setting and back, by which a controller forgets all that it had. The answers are not
   the VM's. */
GByteArray *redir_silence_packets(const RedirSilence *silence, guint8 endpoint,
                                  const guint8 owner[32], gboolean long_ids);
